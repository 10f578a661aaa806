# SPDX-License-Identifier: Apache-2.0
"""Pulls a list from a vendor or the store, to a file or into an XCom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from airflow.providers.common.compat.sdk import Context

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.records import Record
from airflow_provider_wa.arguments import as_moment, refuse_over_limit
from airflow_provider_wa.operators._run.output import results_to
from airflow_provider_wa.operators._run.task import Task


def columns_of(kind: type[Record]) -> tuple[str, ...]:
    """Return the columns that are written of a kind of record."""
    return tuple(field.name for field in fields(kind) if field.repr)


def pull(
    task: Task, fetch: Callable[[], Sequence[Record]], kind: type[Record], key: str, output_path: str | None
) -> dict[str, Any]:
    """Return ``{"count", "cursor", "output", "items"}`` of a list, as ``WaPullOperator`` does.

    :param fetch: returns the list, the oldest first; called when the file can be written.
    :param kind: the kind of its records.
    :param key: the field whose value in the last record is the cursor.
    """
    with results_to(output_path, columns_of(kind), task.spreadsheet_safe) as (write, items):
        found = fetch()
        if not output_path:
            refuse_over_limit(len(found), "items")
        for record in found:
            write(record.to_dict())
    written = f", in {output_path}" if output_path else ""
    task.log.info("Connection %s: %s found%s", task.wa_conn_id, f"{len(found):,}", written)
    return {
        "count": len(found),
        "cursor": getattr(found[-1], key) if found else None,
        "output": output_path,
        "items": None if output_path else items,
    }


def period(
    context: Context, since: datetime | str | None, until: datetime | str | None
) -> tuple[datetime | None, datetime | None]:
    """Return the beginning and the end of the requested period; by default the run's data interval.

    :raises BadInput: one is not a moment, or the end is not after the beginning.
    """
    begin, end = as_moment("since", since), as_moment("until", until)
    if begin is None and end is None:
        run: Any = context
        begin, end = run.get("data_interval_start"), run.get("data_interval_end")
        if begin is None or end is None or begin >= end:
            return None, None
    if begin and end and begin >= end:
        raise BadInput(f"until: {end} is not after since ({begin}); expected a later moment")
    return begin, end
