# SPDX-License-Identifier: Apache-2.0
"""A message with a template in it, rendered for each row of a list."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from jinja2 import TemplateError, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.messages import Message
from airflow_provider_wa.bulk.columns import places_of
from airflow_provider_wa.operators._run.row_values import ROW, Missing, Parts, Refused, printed
from airflow_provider_wa.operators._run.template_names import SHOW, TemplateNames, show_values
from airflow_provider_wa.templating import OutsideText

Render = Callable[["_Values"], Any]

RECIPIENT = ("to", "jid")
"""Names of the recipient: in E.164, or the JID of a group or a LID; and as a JID."""


class RowTemplate:
    """A message or another value whose texts are Jinja templates over a row's columns.

    A template may also use the recipient (``to``, ``jid``), the whole row (``row``) and the variables of Airflow's
    templates (``ds``, ``params`` ...) that no column hides. A name may differ from its column's in upper and lower
    case, if only one column matches and no other variable has exactly this name. A missing or empty value is an error
    where it would be printed: a message must not have gaps. For expected gaps, give the template a ``default`` or a
    test.

    An ``OutsideText`` may be written by anybody. Of Airflow's variables it sees only texts, numbers and moments.

    :param spec: a text, a dict or list of texts at any depth, or a message.
    :param name: the argument's name in messages.
    :param context: Airflow's context.
    :param filled: refuse an expression with an empty text, even from a ``default``; for keys.
    :raises BadInput: a text is not a valid template.
    """

    def __init__(self, spec: Any, name: str, context: Mapping[str, Any], filled: bool = False) -> None:
        plain = {each: value for each, value in context.items() if isinstance(value, _PLAIN)}
        self._written = RowTexts(name, dict(context), context.get("dag"), filled)
        self._outside = RowTexts(name, plain, None, filled)
        self._render = self._compiled(spec.to_dict() if isinstance(spec, Message) else spec)

    def prove(self, columns: Collection[Any], repeated: Collection[str] = ()) -> None:
        """Check the names in the templates against the columns. A column hides every other variable with its name.

        :param repeated: names that several columns have.
        :raises BadInput: the templates use an unknown name without a default or a test for it, a repeated name, or a
            name that matches several columns.
        """
        for texts in (self._written, self._outside):
            texts.prove(columns, repeated)

    @property
    def takes_from_row(self) -> bool:
        """True if a template uses the row or the recipient; valid after ``prove``."""
        return self._written.takes_from_row or self._outside.takes_from_row

    def render(self, row: Mapping[str, Any], recipient: Mapping[str, str] | None = None) -> Any:
        """Return the value with rendered texts.

        :param recipient: the values of ``RECIPIENT``.
        :raises BadInput: a template fails with this row.
        """
        return self._render(_Values(self._written, self._outside, row, recipient or {}))

    def _compiled(self, spec: Any) -> Render:
        if isinstance(spec, OutsideText):
            text = self._outside.compiled(spec)
            return lambda values: text(values.outside)
        if isinstance(spec, str):
            text = self._written.compiled(spec)
            return lambda values: text(values.written)
        if isinstance(spec, Mapping):
            parts = {name: self._compiled(value) for name, value in spec.items()}
            return lambda values: {name: render(values) for name, render in parts.items()}
        if isinstance(spec, (list, tuple)):
            items = [self._compiled(value) for value in spec]
            return lambda values: [render(values) for render in items]
        return lambda values: spec


@dataclass(frozen=True)
class _Values:
    """Variables of one row's templates, collected at the first use."""

    texts: RowTexts
    outside_texts: RowTexts
    row: Mapping[str, Any]
    recipient: Mapping[str, str]

    @cached_property
    def written(self) -> Mapping[str, Any]:
        return self.texts.values(self.row, self.recipient)

    @cached_property
    def outside(self) -> Mapping[str, Any]:
        return self.outside_texts.values(self.row, self.recipient)


class RowTexts:
    """Templates with the same variables, besides the row's.

    :param context: the common variables by name.
    :param dag: the DAG whose filters, macros and template files they may use.
    """

    def __init__(self, name: str, context: dict[str, Any], dag: Any, filled: bool) -> None:
        self._name = name
        self._filled = filled
        self._context = context
        self._columns: frozenset[str] = frozenset()
        self._spelled: dict[str, str] = {}
        self._names = TemplateNames()
        self._environment = ImmutableSandboxedEnvironment(
            undefined=Missing, keep_trailing_newline=True, finalize=lambda value: printed(value, "an expression")
        )
        if dag:
            # Airflow's filters (ds, ts ...) and the DAG's own.
            airflows = dag.get_template_env(force_sandboxed=True)
            self._environment.filters.update(airflows.filters)
            self._environment.globals.update(airflows.globals)
            self._environment.loader = airflows.loader
        self._environment.filters[SHOW] = _show
        self._keep_common()

    def prove(self, columns: Collection[Any], repeated: Collection[str]) -> None:
        """Check the names, as ``RowTemplate.prove`` does."""
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
        self._keep_common()

    @property
    def takes_from_row(self) -> bool:
        """True if a template uses a name other than Airflow's, or a name that a column hides."""
        return bool(self._names.used(with_row=True) - (self._context.keys() - self._columns))

    def values(self, row: Mapping[str, Any], recipient: Mapping[str, str]) -> Mapping[str, Any]:
        """Return the variables of the templates for a row."""
        values = Parts(row, "", self._spelled)
        own = {name: value for name, value in {**recipient, ROW: values}.items() if name not in self._columns}
        spelled = {name: values[column] for name, column in self._spelled.items() if column in values}
        return {
            **self._globals,
            **spelled,
            **self._common,
            **own,
            **{str(name): value for name, value in values.items()},
        }

    def compiled(self, text: str) -> Callable[[Mapping[str, Any]], str]:
        """Return a function that renders a text with the variables of ``values``.

        :raises BadInput: the text is not a valid template. The function raises it if rendering fails.
        """
        try:
            tree = self._environment.parse(text)
            self._names.add(tree)
            show_values(tree, {*self._context, *self._environment.globals}, always=self._filled)
            template = self._environment.from_string(tree)
        except TemplateError as error:
            raise BadInput(f"{self._name}: {error}") from None
        except RecursionError:
            raise BadInput(f"{self._name}: the template is nested too deep; simplify it") from None
        except _FAILURES as error:  # of constant expressions, which Jinja evaluates now
            raise BadInput(f"{self._name}: {type(error).__name__}: {error}") from None

        concat = self._environment.concat

        def rendered(values: Mapping[str, Any]) -> str:
            try:
                # As Template.render does, which copies all variables once more, one by one.
                return concat(template.root_render_func(template.new_context(dict(values), shared=True)))
            except (UndefinedError, Refused) as error:
                raise BadInput(f"{self._name}: {error}") from None
            except _FAILURES as error:
                raise BadInput(f"{self._name}: {type(error).__name__}: {error}") from None

        return rendered

    def _keep_common(self) -> None:
        """Keep the variables that are the same for all rows."""
        self._globals = dict(self._environment.globals)
        self._common = {name: value for name, value in self._context.items() if name not in self._columns}

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


_PLAIN = (str, int, float, date)
"""Types of Airflow's variables without access to other data."""

_FAILURES = (
    *(TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, NameError, RecursionError),
)
"""Errors of expressions. In Jinja's code the constant NaN is an undefined name, hence NameError."""


def _show(value: Any, name: str, filled: bool) -> Any:
    """Return the value of an expression as the message shows it.

    :param name: the names in the expression.
    :param filled: it must not be empty.
    """
    shown = printed(value, name)
    if filled and isinstance(shown, str) and not shown.strip():
        raise Refused(f"the value of {name!r} is empty; give the template a default: {{{{ {name} | default('...') }}}}")
    return shown
