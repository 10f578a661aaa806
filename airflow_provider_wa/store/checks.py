# SPDX-License-Identifier: Apache-2.0
"""Checks: the answer for each row of a list, kept while a run goes on and after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite

from airflow_provider_wa.api.records import CheckStatus
from airflow_provider_wa.api.webhooks import EventKind
from airflow_provider_wa.store.database import Database
from airflow_provider_wa.store.events import answer_checks, clean, cleaned
from airflow_provider_wa.store.tables import NAME, events
from airflow_provider_wa.store.tables import checks as table

_CHUNK = 2000


@dataclass(frozen=True, kw_only=True)
class CheckRow:
    """A row of a batch, by its place in the list (from 1): how the number was given, what it is, and the answer.

    ``number`` is E.164, or the text as given if it is no phone number (255 characters of it); ``reference`` is what a
    pending check is known by at the vendor.
    """

    row: int
    input: str
    number: str
    status: str
    jid: str | None = None
    checked_at: datetime
    detail: str = ""
    reference: str | None = None


class Checks:
    """The questions asked of the checks. A ``batch`` is one run of one task over one list."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, batch: str, conn_id: str, rows: Sequence[CheckRow]) -> None:
        """Store rows of a batch, all or none, in place of those that it has for these places."""
        if not rows:
            return
        dialect = sqlite if self._database.is_sqlite else postgresql
        statement = dialect.insert(table)
        replaced = {name: statement.excluded[name] for name in ("conn_id", *_ANSWER)}
        statement = statement.on_conflict_do_update(index_elements=["batch", "row"], set_=replaced)
        with self._database.writing() as connection:
            connection.execute(statement, [{"batch": batch, "conn_id": conn_id, **_values(row)} for row in rows])

    def settle(self, batch: str) -> None:
        """Enter the callbacks that came before their check was stored.

        Whatever comes after this finds its check: events are stored one transaction at a time, as is this.
        """
        with self._database.writing() as connection:
            statement = (
                select(events.c.kind, events.c.conn_id, events.c.reference, events.c.status, events.c.content,
                       events.c.received_at)
                .join(table, (table.c.conn_id == events.c.conn_id) & (table.c.reference == events.c.reference))
                .where(
                    table.c.batch == batch,
                    table.c.status == CheckStatus.PENDING.value,
                    events.c.kind == EventKind.CHECK.value,
                )
                .order_by(events.c.id)
            )  # fmt: skip
            answer_checks(connection, [dict(row._mapping) for row in connection.execute(statement)])

    def counts(self, batch: str) -> Counter[str]:
        """How many rows of a batch there are of each status."""
        statement = select(table.c.status, func.count()).where(table.c.batch == batch).group_by(table.c.status)
        with self._database.reading() as connection:
            return Counter({status: number for status, number in connection.execute(statement)})

    def rows(
        self, batch: str, *, status: str | None = None, after: int = 0, limit: int | None = None
    ) -> Iterator[CheckRow]:
        """The rows of a batch in the order of the list, read in parts: of one status only, at most ``limit``.

        :param after: from the row after this one on.
        """
        last, left = after, limit
        while left is None or left > 0:
            size = _CHUNK if left is None else min(left, _CHUNK)
            statement = select(*_COLUMNS).where(table.c.batch == batch, table.c.row > last)
            if status is not None:
                statement = statement.where(table.c.status == status)
            with self._database.reading() as connection:
                part = [CheckRow(**row._mapping) for row in connection.execute(statement.order_by("row").limit(size))]
            yield from part
            if len(part) < size:
                return
            last, left = part[-1].row, None if left is None else left - len(part)


_ANSWER = ("input", "number", "status", "jid", "checked_at", "detail", "reference")
_COLUMNS = [table.c.row, *(table.c[name] for name in _ANSWER)]


def _values(row: CheckRow) -> dict[str, Any]:
    return {
        "row": row.row,
        "input": clean(row.input),
        "number": clean(row.number)[:NAME],
        "status": row.status,
        "jid": cleaned(row.jid),
        "checked_at": row.checked_at,
        "detail": clean(row.detail),
        "reference": cleaned(row.reference, NAME),
    }
