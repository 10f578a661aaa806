# SPDX-License-Identifier: Apache-2.0
"""Batches: the runs of tasks over lists, by the names of their rows in the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from airflow_provider_wa.store.database import Database
from airflow_provider_wa.store.sql import cleaners, replacing, upsert
from airflow_provider_wa.store.tables import batches as table


class BatchKind(str, Enum):
    """Kind of a batch: its rows are checks or sends."""

    CHECK = "check"
    SEND = "send"


@dataclass(frozen=True, kw_only=True)
class BatchInfo:
    """A batch, and the run of a task that it belongs to; outside of a DAG run the last four are None."""

    name: str
    kind: BatchKind
    conn_id: str
    dag_id: str | None = None
    run_id: str | None = None
    task_id: str | None = None
    map_index: int | None = None


@dataclass(frozen=True, kw_only=True)
class Batch(BatchInfo):
    """A batch as it is in the store.

    ``calls`` is the number of requests that all tries have made; ``counts`` is None until the batch has ended once,
    ``ended_at`` while a try is at work, or after one that failed.
    """

    counts: Mapping[str, int] | None
    calls: int
    created_at: datetime
    ended_at: datetime | None


class Batches:
    """The questions asked of the batches."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, info: BatchInfo) -> None:
        """Store a batch. If an earlier try has begun it, its beginning, calls and counts stay."""
        values = {name: getattr(info, name) for name in _INFO}
        with self._database.writing() as connection:
            new = {"counts": None, "calls": 0, "created_at": _now(), "ended_at": None}
            connection.execute(_BEGIN[connection.dialect.name], {**_clean(values), **new})

    def end(self, name: str, counts: Mapping[str, int]) -> None:
        """Store a batch's end and its counts."""
        with self._database.writing() as connection:
            connection.execute(_END, {"the_name": name, "new_counts": dict(counts), "now": _now()})

    def get(self, name: str) -> Batch | None:
        """Return a batch; None if it is not known."""
        with self._database.reading() as connection:
            row = connection.execute(select(table).where(table.c.name == name)).first()
        return Batch(**{**row._mapping, "kind": BatchKind(row.kind)}) if row else None

    def calls(self, name: str) -> int:
        """Return the number of calls that all tries of a batch have made."""
        with self._database.reading() as connection:
            return connection.execute(select(table.c.calls).where(table.c.name == name)).scalar() or 0


def enter_calls(connection: Connection, name: str, conn_id: str, calls: int) -> None:
    """Enter the number of calls of a batch of checks, in a transaction that writes something else as well."""
    values = {"name": name, "kind": BatchKind.CHECK.value, "conn_id": conn_id, "calls": calls, "created_at": _now()}
    connection.execute(_CALLS[connection.dialect.name], _clean(values))


def _clean(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _CLEANERS[name](value) if name in _CLEANERS else value for name, value in values.items()}


def _now() -> datetime:
    return datetime.now(timezone.utc)


_INFO = tuple(BatchInfo.__dataclass_fields__)
_CLEANERS = cleaners(table)
_BEGIN = upsert(table, replacing(table, but=("counts", "calls", "created_at")))
_CALLS = upsert(table, lambda new: {"calls": new.calls})
_END = (
    update(table)
    .where(table.c.name == bindparam("the_name"))
    .values(
        counts=bindparam("new_counts", type_=table.c.counts.type),
        ended_at=bindparam("now", type_=table.c.ended_at.type),
    )
)
