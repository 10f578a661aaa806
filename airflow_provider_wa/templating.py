# SPDX-License-Identifier: Apache-2.0
"""Templates of operators and sensors: rules for rendering, its moment, and the visible variables."""

from __future__ import annotations

import copy
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sized
from contextlib import contextmanager
from typing import Any

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.connections.retry import airflow_errors

TEMPLATE_FILES = (".j2", ".jinja", ".jinja2")
"""Suffixes of template files, which are beside the DAG file or in the DAG's ``template_searchpath``."""

SOURCES = frozenset({"params", "var", "ti", "task_instance", "dag_run"})
"""Variables of Airflow that may supply a whole row template, in a text with only one expression."""

_NUMBERS = ("max_invalid", "min_balance")
"""Arguments that stay numbers; in all others a number becomes a text of its digits."""


class OutsideText(str):
    """A row template from outside of the DAG file: from an XCom, a param or a variable.

    It sees the row, the recipient and Airflow's plain values such as ``ds``: no connections, variables, macros or task.
    """

    __slots__ = ()


class RendersTexts:
    """Mix-in for classes with templates: with ``render_template_as_native_obj``, a text remains a text.

    Only a template that is a single expression returns the expression's value, a dict for instance.
    """

    def _render(self, template: Any, context: Any, dag: Any = None) -> Any:
        from jinja2.nativetypes import NativeEnvironment

        if isinstance(template.environment, NativeEnvironment):
            return _native(template, context)
        return super()._render(template, context, dag)  # type: ignore[misc]


class RendersOwnTemplates(RendersTexts):
    """Mix-in for operators and sensors: render only the templates that the DAG's author wrote.

    Airflow renders the values that ``expand_kwargs()`` takes from an XCom like values in the DAG file. Such a value may
    be a text that a stranger sent by WhatsApp: as a template it could read every connection and variable, and with
    ``render_template_as_native_obj`` run Python on the worker. Here these values remain unchanged. Literals in
    ``expand_kwargs([...])``, ``partial(...)`` and plain arguments are rendered as usual; Airflow's ``expand(...)``
    never renders an XCom.

    A number in an argument that is a text becomes the text of its digits.
    """

    def _do_render_template_fields(
        self,
        parent: Any,
        template_fields: Iterable[str],
        context: Mapping[str, Any],
        jinja_env: Any,
        seen_oids: set[int],
    ) -> None:
        if parent is not self:
            super()._do_render_template_fields(parent, template_fields, context, jinja_env, seen_oids)  # type: ignore[misc]
            return
        written = _written(self, context)
        for name in template_fields:
            value = getattr(self, name)
            if value is None:
                continue
            # Airflow notes which values of expand() come from XComs.
            if (written is None or name in written) and id(value) not in seen_oids:
                with airflow_errors():
                    value = self._rendered(name, value, context, jinja_env, seen_oids)
            else:
                value = self._taken(name, value)
            setattr(self, name, value if name in _NUMBERS else digits_as_text(value))

    def _rendered(self, name: str, value: Any, context: Mapping[str, Any], jinja_env: Any, seen_oids: set[int]) -> Any:
        """Return an argument of the DAG file with rendered texts, and with XComs replaced by their values.

        :raises BadInput: a template file is missing.
        """
        if callable(value):
            return value(context=context, jinja_env=jinja_env)
        if isinstance(value, os.PathLike):
            value = str(value)
        with _template_files(name):
            # Airflow's own method, which also renders inside of lists and dicts.
            return self.render_template(value, context, jinja_env, seen_oids)  # type: ignore[attr-defined]

    def _taken(self, name: str, value: Any) -> Any:
        """Return an argument from an XCom."""
        return value


class RendersRowTemplates(RendersOwnTemplates):
    """Mix-in for operators with row templates, which are rendered for each row while the task processes its list.

    When Airflow renders the other arguments, the row templates are only prepared: XComs and template files are replaced
    by their contents, and so is a text with only one expression, if it uses no variables except ``SOURCES``.
    """

    row_templates: Collection[str] = ()

    def _rendered(self, name: str, value: Any, context: Mapping[str, Any], jinja_env: Any, seen_oids: set[int]) -> Any:
        if name not in self.row_templates:
            return super()._rendered(name, value, context, jinja_env, seen_oids)
        with _template_files(name):
            return _row_template(value, context, jinja_env)

    def _taken(self, name: str, value: Any) -> Any:
        return outside(value) if name in self.row_templates else value


def as_template(message: Any) -> Any:
    """Return a message object as a dict, so that templates in its values are rendered; other values unchanged."""
    return message.to_dict() if hasattr(message, "to_dict") else message


def with_message_template(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments with ``message``, if it exists, replaced by ``as_template`` of it."""
    return {name: as_template(value) if name == "message" else value for name, value in arguments.items()}


def outside(value: Any) -> Any:
    """Return a value with all its texts as ``OutsideText``."""
    if isinstance(value, str):
        return OutsideText(value)
    if isinstance(value, Mapping):
        return {name: outside(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [outside(part) for part in value]
    return outside(as_template(value)) if hasattr(value, "to_dict") else value


def digits_as_text(value: Any) -> Any:
    """Return a number as text; other values unchanged."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return value


def _row_template(value: Any, context: Mapping[str, Any], jinja_env: Any) -> Any:
    if isinstance(value, str):
        return _row_text(value, context, jinja_env)
    if hasattr(value, "iter_references"):  # an XComArg
        return outside(value.resolve(context))
    if callable(value):
        return outside(value(context=context, jinja_env=jinja_env))
    if isinstance(value, Mapping):
        return {name: _row_template(part, context, jinja_env) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_row_template(part, context, jinja_env) for part in value]
    return value


def _row_text(text: str, context: Mapping[str, Any], jinja_env: Any) -> Any:
    from jinja2 import Undefined

    if text.endswith(TEMPLATE_FILES):
        # Only an environment of a DAG can find files.
        return jinja_env.loader.get_source(jinja_env, text)[0] if jinja_env.loader else text
    expression = _single_expression(text, jinja_env)
    if expression is None:
        return text
    value = jinja_env.compile_expression(expression, undefined_to_none=False)(**context)
    return outside(str(value) if isinstance(value, Undefined) else digits_as_text(value))


def _single_expression(text: str, jinja_env: Any) -> str | None:
    """Return the expression of a text with only one expression, if it uses no variables except ``SOURCES``."""
    from jinja2 import TemplateSyntaxError, meta, nodes

    try:
        tree = jinja_env.parse(text.strip())
    except (TemplateSyntaxError, RecursionError):
        return None  # compiling the row template raises the error
    names = meta.find_undeclared_variables(tree)
    if not names or not names <= SOURCES or len(tree.body) != 1:
        return None
    (only,) = tree.body
    if not isinstance(only, nodes.Output) or len(only.nodes) != 1:
        return None
    start, end = len(jinja_env.variable_start_string), len(jinja_env.variable_end_string)
    return text.strip()[start:-end].strip("-+")


def _native(template: Any, context: Any) -> Any:
    """Return the result of a native template: the value of a single expression, or a text."""
    from jinja2 import Undefined

    known, environment = copy.copy(context), template.environment
    known.update((name, value) for name, value in template.globals.items() if name not in known)
    try:
        scope = environment.context_class(environment, known, template.name, template.blocks)
        parts = list(template.root_render_func(scope))
    except Exception:  # noqa: BLE001 - the next line raises it with the template's line numbers
        environment.handle_exception()
    if len(parts) == 1 and not isinstance(parts[0], (str, Undefined)):
        return parts[0]
    return "".join(map(str, parts))


@contextmanager
def _template_files(name: str) -> Iterator[None]:
    from jinja2 import TemplateNotFound

    try:
        yield
    except TemplateNotFound as error:
        raise BadInput(
            f"{name}: there is no template file {error.name!r}; expected one beside the DAG file or in the DAG's "
            "template_searchpath"
        ) from None


def _written(task: Any, context: Mapping[str, Any]) -> set[str] | None:
    """Return the names of the arguments with values from the DAG file; None if all values are from there."""
    dag = context.get("dag")
    mapped = dag.task_dict.get(task.task_id) if dag is not None else None
    given = getattr(getattr(mapped, "expand_input", None), "value", None)
    if mapped is None or given is None or isinstance(given, Mapping):
        return None  # no mapped task, or expand(): Airflow does not render its XComs
    if isinstance(given, Sized):
        row = given[context["ti"].map_index]  # type: ignore[index]
        if isinstance(row, Mapping):
            return None  # a literal of the DAG file
    # expand_kwargs(..., strict=False) lets an XCom replace an argument of partial(): equal values are the author's.
    partial: Mapping[str, Any] = mapped.partial_kwargs
    return {name for name, value in partial.items() if as_template(value) == getattr(task, name, None)}
