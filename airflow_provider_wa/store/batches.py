# SPDX-License-Identifier: Apache-2.0
"""Batches: the runs of tasks over lists, by the names of their rows in the store."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from itertools import product
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, literal, select, tuple_, update

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


class BatchState(str, Enum):
    """State of a batch: ``held`` waits until a moment, ``stopped`` waits for a retry of its task."""

    RUNNING = "running"
    HELD = "held"
    STOPPED = "stopped"
    ENDED = "ended"


@dataclass(frozen=True, kw_only=True)
class BatchProgress:
    """The progress of a try: its counts so far, and its speed.

    ``rows`` is the length of the list, None if it is not known; ``done`` is the number of rows that have an outcome,
    ``rate`` the number of rows a second.
    """

    counts: Mapping[str, int]
    done: int
    rows: int | None = None
    rate: float = 0.0

    @property
    def seconds_left(self) -> float | None:
        """Estimated time until the last row is done; None if it is not known."""
        if self.rows is None or self.rate <= 0:
            return None
        return max(self.rows - self.done, 0) / self.rate


@dataclass(frozen=True, kw_only=True)
class Batch(BatchInfo):
    """A batch as it is in the store.

    ``calls`` is the number of requests that all tries of a check have made. ``counts`` is from the last report of
    progress, or from the end; ``rows``, ``done`` and ``rate`` are as in ``BatchProgress``. Before the first report they
    and ``reported_at`` are None. ``ended_at`` is None while a try is at work, or after one that failed.
    """

    counts: Mapping[str, int] | None
    calls: int
    created_at: datetime
    ended_at: datetime | None
    rows: int | None = None
    done: int | None = None
    rate: float | None = None
    reported_at: datetime | None = None
    held_until: datetime | None = None
    stopped_at: datetime | None = None

    @property
    def state(self) -> BatchState:
        """State of the batch. If its worker was killed, it stays ``running``, and ``reported_at`` no longer changes."""
        if self.ended_at:
            return BatchState.ENDED
        if self.stopped_at:
            return BatchState.STOPPED
        return BatchState.HELD if self.held_until else BatchState.RUNNING

    @property
    def seconds_left(self) -> float | None:
        """Estimated time until the last row is done; None if it is not known, or no try is at work."""
        if self.state is not BatchState.RUNNING or self.done is None:
            return None
        return BatchProgress(counts={}, done=self.done, rows=self.rows, rate=self.rate or 0.0).seconds_left


@dataclass(frozen=True, kw_only=True)
class BatchFilter:
    """Conditions for finding batches. A condition that is None is always met."""

    conn_ids: Collection[str] | None = None
    kind: BatchKind | None = None
    dag_id: str | None = None
    run_id: str | None = None
    task_id: str | None = None
    map_index: int | None = None

    def over(self, statement: Select[Any]) -> list[Select[Any]]:
        """Return statements that together find the batches that meet the conditions.

        Each reads a stretch of an index: the batches of a DAG run, or those of one connection and kind by age.
        """
        for name in ("dag_id", "run_id", "task_id", "map_index"):
            if (value := getattr(self, name)) is not None:
                statement = statement.where(table.c[name] == value)
        kinds = [kind.value for kind in BatchKind if self.kind in (None, kind)]
        if self.conn_ids is None:
            return [statement.where(table.c.kind.in_(kinds))]
        if self.run_id is not None:
            return [statement.where(table.c.kind.in_(kinds), table.c.conn_id.concat("").in_(self.conn_ids))]
        pairs = product(self.conn_ids, kinds)
        return [statement.where(table.c.conn_id == conn_id, table.c.kind == kind) for conn_id, kind in pairs]


class Batches:
    """The batches in the store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, info: BatchInfo) -> None:
        """Store a batch. If an earlier try has begun it, its start, calls, counts and progress stay unchanged."""
        values = {name: getattr(info, name) for name in _INFO}
        with self._database.writing() as connection:
            new = {**dict.fromkeys(_AT_WORK), "calls": 0, "created_at": _now()}
            connection.execute(_BEGIN[connection.dialect.name], {**_clean(values), **new})

    def report(self, name: str, progress: BatchProgress) -> None:
        """Store the progress of a try that is at work."""
        values = {"the_name": name, "now": _now(), **{f"new_{field}": value for field, value in vars(progress).items()}}
        with self._database.writing() as connection:
            connection.execute(_REPORT, values)

    def hold(self, name: str, until: datetime) -> None:
        """Store that a batch waits until a moment: for the sending hours of recipients, or for a report."""
        with self._database.writing() as connection:
            connection.execute(_HOLD, {"the_name": name, "until": until})

    def stop(self, name: str) -> None:
        """Store that a try stopped before the end of its batch. A batch that has ended stays unchanged."""
        with self._database.writing() as connection:
            connection.execute(_STOP, {"the_name": name, "now": _now()})

    def end(self, name: str, counts: Mapping[str, int]) -> None:
        """Store a batch's end and its counts; ``total`` among them is the number of its rows."""
        with self._database.writing() as connection:
            values = {"the_name": name, "new_counts": dict(counts), "total": counts.get("total"), "now": _now()}
            connection.execute(_END, values)

    def get(self, name: str) -> Batch | None:
        """Return a batch; None if it is not known."""
        with self._database.reading() as connection:
            row = connection.execute(select(table).where(table.c.name == name)).first()
        return _batch(row) if row else None

    def known(self, names: Collection[str]) -> set[str]:
        """Return those of the names that belong to a batch. Messages of other tasks and notices have a name alone."""
        with self._database.reading() as connection:
            return set(connection.execute(select(table.c.name).where(table.c.name.in_(names))).scalars())

    def newest(self, limit: int, where: BatchFilter | None = None, *, before: Batch | None = None) -> list[Batch]:
        """Return batches, the newest first.

        :param before: only batches older than this one, the last of the previous page.
        """
        statement = select(table).order_by(*(column.desc() for column in _AGE)).limit(limit)
        if before is not None:
            statement = statement.where(
                tuple_(*_AGE) < tuple_(*(literal(getattr(before, c.name), c.type) for c in _AGE))
            )
        with self._database.reading() as connection:
            found = [row for part in (where or BatchFilter()).over(statement) for row in connection.execute(part)]
        return [_batch(row) for row in sorted(found, key=lambda row: (row.created_at, row.name), reverse=True)[:limit]]

    def calls(self, name: str) -> int:
        """Return the number of calls that all tries of a batch have made."""
        with self._database.reading() as connection:
            return connection.execute(select(table.c.calls).where(table.c.name == name)).scalar() or 0


def enter_calls(connection: Connection, name: str, conn_id: str, calls: int) -> None:
    """Enter the number of calls of a batch of checks, in a transaction that writes something else as well."""
    values = {"name": name, "kind": BatchKind.CHECK.value, "conn_id": conn_id, "calls": calls, "created_at": _now()}
    connection.execute(_CALLS[connection.dialect.name], _clean(values))


def _batch(row: Row[Any]) -> Batch:
    return Batch(**{**row._mapping, "kind": BatchKind(row.kind)})


def _clean(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _CLEANERS[name](value) if name in _CLEANERS else value for name, value in values.items()}


def _now() -> datetime:
    return datetime.now(timezone.utc)


_INFO = tuple(BatchInfo.__dataclass_fields__)
_CLEANERS = cleaners(table)
_PROGRESS = ("counts", "rows", "done", "rate", "reported_at")
_AT_WORK = (*_PROGRESS, "ended_at", "held_until", "stopped_at")
_AGE = (table.c.created_at, table.c.name)
_BEGIN = upsert(table, replacing(table, but=("calls", "created_at", *_PROGRESS)))
_CALLS = upsert(table, lambda new: {"calls": new.calls})
_ONE = update(table).where(table.c.name == bindparam("the_name"))
_NOW = bindparam("now", type_=table.c.ended_at.type)
_COUNTS = bindparam("new_counts", type_=table.c.counts.type)
_REPORT = _ONE.values(
    counts=_COUNTS,
    rows=bindparam("new_rows"),
    done=bindparam("new_done"),
    rate=bindparam("new_rate"),
    reported_at=_NOW,
    held_until=None,
    stopped_at=None,
)
_HOLD = _ONE.values(held_until=bindparam("until", type_=table.c.held_until.type))
_STOP = _ONE.where(table.c.ended_at.is_(None)).values(stopped_at=_NOW)
_END = _ONE.values(
    counts=_COUNTS,
    rows=func.coalesce(bindparam("total", type_=table.c.rows.type), table.c.rows),
    done=func.coalesce(bindparam("total", type_=table.c.done.type), table.c.done),
    reported_at=_NOW,
    ended_at=_NOW,
    held_until=None,
    stopped_at=None,
)
