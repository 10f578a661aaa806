# SPDX-License-Identifier: Apache-2.0
"""A message with a template in it, rendered for each row of a list."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from jinja2 import TemplateError, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.messages import Message
from airflow_provider_wa.bulk.columns import places_of
from airflow_provider_wa.operators._run.row_values import ROW, Missing, Parts, Refused, printed
from airflow_provider_wa.operators._run.template_names import SHOW, TemplateNames, show_values

Render = Callable[[Mapping[str, Any]], Any]

RECIPIENT = ("to", "jid")
"""Names of the recipient: in E.164, or the JID of a group or a LID; and as a JID."""


class RowTemplate:
    """A message or another value whose texts are Jinja templates over a row's columns.

    A template may also use the recipient (``to``, ``jid``), the whole row (``row``) and the variables of Airflow's
    templates (``ds``, ``params`` ...) that no column hides. A name in other capitals than its column's means that
    column, if only one is alike and no other variable has just this name. A value that the row lacks, or that is empty,
    is an error wherever it would be printed, not a gap in a message. An author who expects such values gives the
    template a ``default`` or a test.

    :param spec: a text, a dict or list of texts at any depth, or a message.
    :param name: the argument's name in messages.
    :param context: Airflow's context.
    :param filled: no expression may give an empty text, not even by a ``default``: for keys.
    :raises BadInput: a text is not a valid template.
    """

    def __init__(self, spec: Any, name: str, context: Mapping[str, Any], filled: bool = False) -> None:
        self._name = name
        self._filled = filled
        self._context = dict(context)
        self._columns: frozenset[str] = frozenset()
        self._spelled: dict[str, str] = {}
        self._names = TemplateNames()
        self._environment = ImmutableSandboxedEnvironment(
            undefined=Missing, keep_trailing_newline=True, finalize=lambda value: printed(value, "an expression")
        )
        if dag := context.get("dag"):
            # Airflow's filters (ds, ts ...) and the DAG's own.
            airflows = dag.get_template_env(force_sandboxed=True)
            self._environment.filters.update(airflows.filters)
            self._environment.globals.update(airflows.globals)
        self._environment.filters[SHOW] = _show
        self._render = self._compiled(spec.to_dict() if isinstance(spec, Message) else spec)

    def prove(self, columns: Collection[Any], repeated: Collection[str] = ()) -> None:
        """Check the names in the templates against the columns. A column hides every other variable of its name.

        :param repeated: names of several columns each.
        :raises BadInput: the templates use a name that is not a column, without a default or a test for it; or a
            repeated name, or one that may mean several columns.
        """
        self._columns = frozenset(map(str, columns))
        used = self._names.used(with_row=ROW not in self._columns)
        self._spelled = self._spellings(used, {*self._columns, *repeated})
        if twice := sorted({self._spelled.get(name, name) for name in used} & set(repeated)):
            raise BadInput(
                f"{self._name}: the list has several columns {', '.join(map(repr, twice))}, so that it is not clear "
                "which one is meant; rename all but one"
            )
        known = {*self._columns, *self._spelled, *self._context, *RECIPIENT, ROW}
        if unknown := sorted(used - known - self._names.answered):
            listed = ", ".join(map(repr, columns))
            raise BadInput(
                f"{self._name}: there is no column {', '.join(map(repr, unknown))}; the list has {listed}; "
                "if rows may lack a value, give it a default"
            )
        for column in self._columns & set(self._environment.globals):
            del self._environment.globals[column]

    def render(self, row: Mapping[str, Any], recipient: Mapping[str, str] | None = None) -> Any:
        """Return the value with its texts rendered.

        :param recipient: the values of ``RECIPIENT``.
        :raises BadInput: a template fails with this row.
        """
        values = Parts(row, "", self._spelled)
        others = {**self._context, **(recipient or {}), ROW: values}
        visible = {name: value for name, value in others.items() if name not in self._columns}
        spelled = {name: values[column] for name, column in self._spelled.items() if column in values}
        try:
            return self._render({**spelled, **visible, **{str(name): value for name, value in values.items()}})
        except (UndefinedError, Refused) as error:
            raise BadInput(f"{self._name}: {error}") from None
        except _FAILURES as error:
            raise BadInput(f"{self._name}: {type(error).__name__}: {error}") from None

    def _spellings(self, used: Collection[str], columns: Collection[str]) -> dict[str, str]:
        """Return the columns for names that differ from theirs only in capitals.

        :raises BadInput: a name may mean several columns.
        """
        hidden = {*self._context, *self._environment.globals, *RECIPIENT, ROW} - self._names.of_row
        found: dict[str, str] = {}
        listed = sorted(columns)
        for name in sorted({*used} - {*columns} - hidden):
            alike = [listed[place] for place in places_of(name, listed)]
            if len(alike) > 1:
                raise BadInput(
                    f"{self._name}: {name!r} may be the column {' or '.join(map(repr, alike))}; write its exact name"
                )
            if alike:
                found[name] = alike[0]
        return found

    def _compiled(self, spec: Any) -> Render:
        if isinstance(spec, str):
            return self._compiled_text(spec)
        if isinstance(spec, Mapping):
            parts = {name: self._compiled(value) for name, value in spec.items()}
            return lambda row: {name: render(row) for name, render in parts.items()}
        if isinstance(spec, (list, tuple)):
            items = [self._compiled(value) for value in spec]
            return lambda row: [render(row) for render in items]
        return lambda row: spec

    def _compiled_text(self, text: str) -> Render:
        try:
            tree = self._environment.parse(text)
            self._names.add(tree)
            show_values(tree, {*self._context, *self._environment.globals}, always=self._filled)
            template = self._environment.from_string(tree)
        except TemplateError as error:
            raise BadInput(f"{self._name}: {error}") from None
        return template.render


_FAILURES = (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, NameError)
"""Errors of expressions. In Jinja's code the constant NaN is a name, and nothing has that name."""


def _show(value: Any, name: str, filled: bool) -> Any:
    """Return the value of an expression as the message shows it.

    :param name: the names in the expression.
    :param filled: it must not be empty.
    """
    shown = printed(value, name)
    if filled and isinstance(shown, str) and not shown.strip():
        raise Refused(f"the value of {name!r} is empty; give the template a default: {{{{ {name} | default('...') }}}}")
    return shown
