# SPDX-License-Identifier: Apache-2.0
"""A message with a template in it, rendered for each row of a list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import StrictUndefined, TemplateError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.messages import Message

Render = Callable[[Mapping[str, Any]], Any]

ROW = "row"
"""Name of the whole row, for columns whose names Jinja does not allow: ``{{ row["first name"] }}``."""


class RowTemplate:
    """A message or another value whose texts are Jinja templates over a row's columns.

    A template may also use the variables of Airflow's templates (``ds``, ``params`` ...) that no column hides.

    :param spec: a text, a dict or list of texts at any depth, or a message.
    :param name: the argument's name in messages.
    :param context: Airflow's context.
    :raises BadInput: a text is not a valid template.
    """

    def __init__(self, spec: Any, name: str, context: Mapping[str, Any]) -> None:
        self._name = name
        self._context = dict(context)
        self._names: set[str] = set()
        # A missing value is an error, not a gap in a message.
        self._environment = ImmutableSandboxedEnvironment(
            undefined=StrictUndefined, keep_trailing_newline=True, finalize=_refuse_none
        )
        if dag := context.get("dag"):
            # Airflow's filters (ds, ts ...) and the DAG's own.
            airflows = dag.get_template_env(force_sandboxed=True)
            self._environment.filters.update(airflows.filters)
            self._environment.globals.update(airflows.globals)
        self._render = self._compiled(spec.to_dict() if isinstance(spec, Message) else spec)

    def refuse_unknown(self, columns: Mapping[str, Any]) -> None:
        """Raise ``BadInput`` if the templates use a name that is neither a column nor a variable of Airflow's."""
        unknown = sorted(self._names - set(map(str, columns)) - set(self._context) - {ROW})
        if unknown:
            known = ", ".join(map(repr, columns))
            raise BadInput(f"{self._name}: there is no column {', '.join(map(repr, unknown))}; the list has {known}")

    def render(self, row: Mapping[str, Any]) -> Any:
        """Return the value with its texts rendered.

        :raises BadInput: a template fails with this row.
        """
        try:
            return self._render({**self._context, **{str(name): value for name, value in row.items()}, ROW: row})
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
            raise BadInput(f"{self._name}: {type(error).__name__}: {error}") from None

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
            self._names |= meta.find_undeclared_variables(self._environment.parse(text))
            template = self._environment.from_string(text)
        except TemplateError as error:
            raise BadInput(f"{self._name}: {error}") from None
        return template.render


def _refuse_none(value: Any) -> Any:
    # A NULL of a database or a null of JSON, which people would read as the word None.
    if value is None:
        raise ValueError("a value is missing (None)")
    return value
