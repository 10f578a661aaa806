# SPDX-License-Identifier: Apache-2.0
"""Arguments of operators and sensors: which of them Airflow may render as templates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sized
from typing import Any


class RendersOwnTemplates:
    """Mix-in for operators and sensors: render what the DAG's author wrote, and nothing else.

    Airflow renders the values that ``expand_kwargs()`` takes from an XCom as if they stood in the DAG file. Such a
    value may be a text that a stranger sent by WhatsApp: as a template it reads every connection and variable, and
    with ``render_template_as_native_obj`` it runs Python on the worker. Here those values stay as they are. Literals
    in ``expand_kwargs([...])``, ``partial(...)`` and plain arguments are rendered as everywhere; ``expand(...)`` never
    renders an XCom by itself.
    """

    def _do_render_template_fields(
        self,
        parent: Any,
        template_fields: Iterable[str],
        context: Mapping[str, Any],
        jinja_env: Any,
        seen_oids: set[int],
    ) -> None:
        if parent is self and (authored := _authored(self, context)) is not None:
            template_fields = [name for name in template_fields if name in authored]
        # Airflow's own: the one method through which an operator's fields are rendered, mapped or not.
        super()._do_render_template_fields(parent, template_fields, context, jinja_env, seen_oids)  # type: ignore[misc]


def _authored(task: Any, context: Mapping[str, Any]) -> set[str] | None:
    """Return the names of the arguments whose values stand in the DAG file, or None if all do."""
    dag = context.get("dag")
    mapped = dag.task_dict.get(task.task_id) if dag is not None else None
    given = getattr(getattr(mapped, "expand_input", None), "value", None)
    if mapped is None or given is None or isinstance(given, Mapping):
        return None  # no mapped task, or expand(): Airflow leaves its XComs alone
    if isinstance(given, Sized):
        row = given[context["ti"].map_index]  # type: ignore[index]
        if isinstance(row, Mapping):
            return None  # a literal of the DAG file
    # expand_kwargs(..., strict=False) lets an XCom replace an argument of partial(): equal values are the author's.
    partial: Mapping[str, Any] = mapped.partial_kwargs
    return {name for name, value in partial.items() if _plain(value) == getattr(task, name, None)}


def _plain(value: Any) -> Any:
    return value.to_dict() if hasattr(value, "to_dict") else value
