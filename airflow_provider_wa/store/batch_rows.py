# SPDX-License-Identifier: Apache-2.0
"""The rows of a batch for display: a page at a time, filtered by status or by person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, literal, literal_column, select, tuple_

from airflow_provider_wa.store.batches import BatchKind
from airflow_provider_wa.store.database import Database
from airflow_provider_wa.store.send_states import SendState
from airflow_provider_wa.store.sql import pages
from airflow_provider_wa.store.tables import NOT_ACCEPTED, NOT_EXISTS, checks, deliveries, sends

MOST_COUNTED = 20_000
"""Maximum number of rows to count while a task has not yet reported its counts."""

MOST_REASONS = 2_000
"""Maximum number of failed rows whose reasons are counted."""

STAGES = ("delivered", "read", "failed_later", "answered", "opted_out")
"""Filters of sent messages in addition to their states; ``failed_later``: accepted by the vendor, not delivered."""

REPLY_FILTERS = ("answered", "opted_out")


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
        after: tuple[int, str] = (0, ""),
        people: Sequence[str] = (),
    ) -> list[BatchRow]:
        """Return rows in the order of the list.

        :param status: only rows in this state, or one of ``STAGES``.
        :param after: only rows after this place and key.
        :param people: only rows of these recipients, usually all names of one person.
        """
        statement = _statement(batch, kind, status, people).limit(limit)
        order = _order(kind, status)
        if after > (0, ""):
            statement = statement.where(tuple_(*order) > tuple_(*map(literal, after[: len(order)])))
        with self._database.reading() as connection:
            return [_row(row) for row in connection.execute(statement.order_by(*order))]

    def all(self, batch: str, kind: BatchKind, *, status: str = "") -> Iterator[BatchRow]:
        """Yield all rows in the order of the list, read in parts."""
        return pages(self._database, _statement(batch, kind, status, ()), _order(kind, status), _row)

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
            return Counter(str(detail) for detail in connection.execute(some).scalars()).most_common(limit)


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


def _statement(batch: str, kind: BatchKind, status: str, people: Sequence[str]) -> Select[Any]:
    if kind is BatchKind.CHECK:
        statement = _CHECKED.where(checks.c.batch == batch)
        if people:
            statement = statement.where(checks.c.number.in_([f"+{name}" for name in people]))
        return statement.where(*_in_status(kind, checks.c.status, status, "exists"))
    if status in STAGES:
        return _stage(status).where(*_of(batch, deliveries.c.batch, people))
    in_status = _in_status(kind, sends.c.state, status, "accepted")
    return _SENT.where(*_of(batch, sends.c.batch, people), *in_status)


def _of(batch: str, column: ColumnElement[str], people: Sequence[str]) -> list[ColumnElement[bool]]:
    """Return the conditions for a batch, or for some people in it. People are found by the index of recipients only."""
    if not people:
        return [column == batch]
    return [sends.c.recipient.in_(people), column.concat("") == batch]


def _stage(status: str) -> Select[Any]:
    joined = select(*_SENT.selected_columns).select_from(deliveries.join(sends, sends.c.key == deliveries.c.key))
    if status in REPLY_FILTERS:
        answered = joined.where(deliveries.c.answer.is_not(None))
        return answered.where(deliveries.c.answer == "opted_out") if status == "opted_out" else answered
    stages = {"delivered": ["delivered", "read"], "read": ["read"], "failed_later": ["failed"]}[status]
    return joined.where(deliveries.c.stage.in_(stages))


def _in_status(kind: BatchKind, column: ColumnElement[str], status: str, usual: str) -> list[ColumnElement[bool]]:
    if not status:
        return []
    return [column == status] if status == usual else [_PARTIAL[kind], column == status]


def _order(kind: BatchKind, status: str) -> list[Any]:
    if kind is BatchKind.CHECK:
        return [checks.c.row]
    return [deliveries.c.row, deliveries.c.key] if status in STAGES else [sends.c.row, sends.c.key]


def _row(row: Row[Any]) -> BatchRow:
    return BatchRow(**row._mapping)
