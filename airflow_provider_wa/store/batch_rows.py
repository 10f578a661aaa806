# SPDX-License-Identifier: Apache-2.0
"""The rows of a batch for display: a page at a time, filtered by status or by person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, literal, literal_column, select, tuple_

from airflow_provider_wa.store.batches import BatchKind
from airflow_provider_wa.store.database import Database
from airflow_provider_wa.store.send_states import SendState
from airflow_provider_wa.store.sql import pages
from airflow_provider_wa.store.tables import NOT_ACCEPTED, NOT_EXISTS, batches, checks, deliveries, sends

MOST_COUNTED = 20_000
"""Maximum number of rows to count while a task has not yet reported its counts."""

MOST_REASONS = 2_000
"""Maximum number of failed rows whose reasons are counted."""

LOOKED_AT = 20_000
"""Maximum number of rows that a page reads to find those with a frequent status, which no index has."""

_BY_STAGE: Mapping[str, tuple[ColumnElement[Any], tuple[str, ...]]] = {
    "delivered": (deliveries.c.stage, ("delivered", "read")),
    "read": (deliveries.c.stage, ("read",)),
    "failed_later": (deliveries.c.stage, ("failed",)),
    "answered": (deliveries.c.answer, ("answered", "opted_out")),
    "opted_out": (deliveries.c.answer, ("opted_out",)),
}

STAGES = tuple(_BY_STAGE)
"""Filters of sent messages in addition to their states; ``failed_later``: accepted by the vendor, not delivered."""

_FREQUENT = {BatchKind.SEND: "accepted", BatchKind.CHECK: "exists"}

Place = tuple[int, str]
"""Row and key; ``BEGINNING`` is before all others."""

BEGINNING: Place = (0, "")


@dataclass(frozen=True, kw_only=True)
class BatchRow:
    """A row of a list: its place, the number as given and as parsed, its status, and for a message its delivery.

    ``key`` distinguishes rows with the same place.
    """

    row: int
    key: str
    given: str
    person: str
    status: str
    detail: str
    at: datetime | None
    message_id: str | None = None
    stage: str | None = None
    answer: str | None = None


@dataclass(frozen=True)
class RowPage:
    """Rows of a page, and the place after which the next page begins; None on the last page.

    A page may have fewer rows than asked for, or none, and still not be the last one: see ``LOOKED_AT``.
    """

    rows: list[BatchRow]
    next: Place | None


class BatchRows:
    """The rows of a batch in the store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self,
        batch: str,
        kind: BatchKind,
        limit: int,
        *,
        status: str = "",
        after: Place = BEGINNING,
        people: Sequence[str] = (),
    ) -> RowPage:
        """Return rows in the order of the list.

        :param status: only rows in this state, or one of ``STAGES``.
        :param after: only rows after this place: ``next`` of the previous page.
        :param people: only rows of these recipients, usually all names of one person.
        """
        order = _order(kind, status)
        with self._database.reading() as connection:
            looks = status == _FREQUENT[kind] and not people
            end = _end(connection, batch, kind, after) if looks else None
            parts = [
                connection.execute(_between(statement, order, after, end).order_by(*order).limit(limit + 1)).all()
                for statement in _statements(batch, kind, status, people)
            ]
        found = sorted((_row(row) for part in parts for row in part), key=_place)
        if len(found) > limit:
            return RowPage(found[:limit], _place(found[limit - 1]))
        return RowPage(found, None if end is None else _before(kind, end))

    def all(self, batch: str, kind: BatchKind, *, status: str = "") -> Iterator[BatchRow]:
        """Yield all rows in the order of the list, read in parts."""
        order = _order(kind, status)
        parts = (pages(self._database, each, order, _row) for each in _statements(batch, kind, status, ()))
        return merge(*parts, key=_place)

    def counts(self, batch: str, kind: BatchKind) -> tuple[Counter[str], bool]:
        """Return the number of rows by status, and False if only ``MOST_COUNTED`` of them were counted."""
        table = checks if kind is BatchKind.CHECK else sends
        status = checks.c.status if kind is BatchKind.CHECK else sends.c.state
        some = select(status.label("status")).where(table.c.batch == batch).limit(MOST_COUNTED).subquery()
        with self._database.reading() as connection:
            rows = connection.execute(select(some.c.status, func.count()).group_by(some.c.status))
            found = Counter({name: count for name, count in rows})
        return found, found.total() < MOST_COUNTED

    def reasons(self, batch: str, limit: int = 8) -> list[tuple[str, int]]:
        """Return the most frequent reasons among the first ``MOST_REASONS`` rows that failed."""
        some = (
            select(sends.c.detail)
            .where(sends.c.batch == batch, _PARTIAL[BatchKind.SEND], sends.c.state == SendState.FAILED.value)
            .limit(MOST_REASONS)
        )
        with self._database.reading() as connection:
            return Counter(map(str, connection.execute(some).scalars().all())).most_common(limit)


# Literals: with a parameter the databases would not use the partial indexes.
_PARTIAL: Mapping[BatchKind, ColumnElement[bool]] = {
    BatchKind.SEND: literal_column(NOT_ACCEPTED),
    BatchKind.CHECK: literal_column(NOT_EXISTS),
}

_SENT = (
    select(
        sends.c.row,
        sends.c.key,
        sends.c.given,
        sends.c.recipient.label("person"),
        sends.c.state.label("status"),
        sends.c.detail,
        sends.c.message_id,
        func.coalesce(sends.c.settled_at, sends.c.intended_at, type_=sends.c.settled_at.type).label("at"),
        deliveries.c.stage,
        deliveries.c.answer,
    )
    .select_from(sends.outerjoin(deliveries, deliveries.c.key == sends.c.key))
)  # fmt: skip
_CHECKED = select(
    checks.c.row,
    literal("").label("key"),
    checks.c.input.label("given"),
    checks.c.number.label("person"),
    checks.c.status,
    checks.c.detail,
    checks.c.checked_at.label("at"),
).where(checks.c.form == 0)


def _statements(batch: str, kind: BatchKind, status: str, people: Sequence[str]) -> list[Select[Any]]:
    """Return the statements that together find the rows. Each reads a stretch of an index that is in their order."""
    if kind is BatchKind.CHECK:
        return [_CHECKED.where(*_checks_of(batch, people), *_in_status(kind, checks.c.status, status))]
    if status not in STAGES:
        return [_SENT.where(*_of(batch, sends.c.batch, people), *_in_status(kind, sends.c.state, status))]
    joined = select(*_SENT.selected_columns).select_from(deliveries.join(sends, sends.c.key == deliveries.c.key))
    column, values = _BY_STAGE[status]
    return [joined.where(*_of(batch, deliveries.c.batch, people), column == value) for value in values]


def _of(batch: str, column: ColumnElement[str], people: Sequence[str]) -> list[ColumnElement[bool]]:
    """Return the conditions for a batch, or for some people in it. People are found by the index of recipients only."""
    if not people:
        return [column == batch]
    return [sends.c.recipient.in_(people), column.concat("") == batch]


def _checks_of(batch: str, people: Sequence[str]) -> list[ColumnElement[bool]]:
    """Return the same for checks: all of a batch have one connection, and the index has the numbers of each."""
    if not people:
        return [checks.c.batch == batch]
    conn_id = select(batches.c.conn_id).where(batches.c.name == batch).scalar_subquery()
    numbers = [f"+{name}" for name in people]
    return [checks.c.conn_id == conn_id, checks.c.number.in_(numbers), checks.c.batch.concat("") == batch]


def _in_status(kind: BatchKind, column: ColumnElement[str], status: str) -> list[ColumnElement[bool]]:
    if not status:
        return []
    return [column == status] if status == _FREQUENT[kind] else [_PARTIAL[kind], column == status]


def _order(kind: BatchKind, status: str) -> list[Any]:
    if kind is BatchKind.CHECK:
        return [checks.c.row]
    return [deliveries.c.row, deliveries.c.key] if status in STAGES else [sends.c.row, sends.c.key]


def _between(statement: Select[Any], order: Sequence[Any], after: Place, end: int | None) -> Select[Any]:
    if after > BEGINNING:
        statement = statement.where(tuple_(*order) > tuple_(*map(literal, after[: len(order)])))
    return statement if end is None else statement.where(order[0] < end)


def _end(connection: Connection, batch: str, kind: BatchKind, after: Place) -> int | None:
    """Return the row before which a page stops to look; None if it reaches the end of the list."""
    table = checks if kind is BatchKind.CHECK else sends
    whole = [table.c.form == 0] if kind is BatchKind.CHECK else []
    rows = select(table.c.row).where(table.c.batch == batch, *whole, table.c.row >= after[0])
    return connection.execute(rows.order_by(table.c.row).offset(LOOKED_AT).limit(1)).scalar()


def _before(kind: BatchKind, end: int) -> Place:
    """Return the place directly before a row. Checks, unlike sends, have no key: the row alone is their place."""
    return (end - 1, "") if kind is BatchKind.CHECK else (end, "")


def _place(row: BatchRow) -> Place:
    return row.row, row.key


def _row(row: Row[Any]) -> BatchRow:
    return BatchRow(**row._mapping)
