# SPDX-License-Identifier: Apache-2.0
"""Checks: the answer for each row of a list, kept while a run goes on and after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import CheckStatus
from airflow_provider_wa.api.webhooks import EventKind
from airflow_provider_wa.store.database import Database
from airflow_provider_wa.store.events import PARAMETERS, answer_checks, clean, cleaned
from airflow_provider_wa.store.positions import set_position
from airflow_provider_wa.store.tables import NAME, events
from airflow_provider_wa.store.tables import checks as table

_CHUNK = 2000


class CheckRow(NamedTuple):
    """A row of a batch, by its place in the list (from 1): how the number was given, what it is, and the answer.

    ``number`` is E.164, or the text as given if it is no phone number (255 characters of it); ``reference`` is what a
    pending check is known by at the vendor. ``reused`` tells that the answer is that of an earlier run.
    """

    row: int
    input: str
    number: str
    status: str
    checked_at: datetime
    jid: str | None = None
    detail: str = ""
    reference: str | None = None
    reused: bool = False


class Known(NamedTuple):
    """What is known of a row: its place, how the number was given, what it is, and the status."""

    row: int
    input: str
    number: str
    status: str


class Checks:
    """The questions asked of the checks. A ``batch`` is one run of one task over one list."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, batch: str, conn_id: str, rows: Sequence[CheckRow]) -> None:
        """Store rows of a batch, all or none, in place of those that it has for these places."""
        self.put_all([(batch, conn_id, row) for row in rows])

    def put_all(self, rows: Sequence[tuple[str, str, CheckRow]], cursor: tuple[str, Any] | None = None) -> None:
        """Store rows of several batches in the same way.

        :param rows: each with its batch's name and its connection.
        :param cursor: a name and a value to be kept in the same transaction.
        """
        if not rows and not cursor:
            return
        values = [{"batch": batch, "conn_id": conn_id, **_values(row)} for batch, conn_id, row in rows]
        with self._database.writing() as connection:
            if values:
                connection.execute(_PUT[self._database.is_sqlite], values)
            if cursor:
                set_position(connection, *cursor)

    def last(self, batch: str) -> int:
        """The place of the last row of a batch; 0 if it has none."""
        with self._database.reading() as connection:
            return connection.execute(select(func.max(table.c.row)).where(table.c.batch == batch)).scalar() or 0

    def known(self, batch: str, first: int, last: int) -> list[Known]:
        """What is known of these places, in their order."""
        statement = (
            select(*_KNOWN).where(table.c.batch == batch, table.c.row.between(first, last)).order_by(table.c.row)
        )
        with self._database.reading() as connection:
            return list(map(Known._make, connection.execute(statement)))

    def correct(self, batch: str, respelt: Mapping[int, str], stale: Sequence[int]) -> None:
        """Give rows of a batch another spelling, and remove others, by their places."""
        with self._database.writing() as connection:
            if respelt:
                values = [{"_batch": batch, "_row": row, "_input": clean(text)} for row, text in respelt.items()]
                connection.execute(_RESPELL, values)
            if stale:
                connection.execute(_REMOVE, [{"_batch": batch, "_row": row} for row in stale])

    def answers(self, conn_id: str, numbers: Sequence[str], since: datetime) -> dict[str, CheckRow]:
        """The newest clear answer for each of these numbers that a connection has given since a moment.

        A number that a callback called absent, and whose country has another form of it, is no clear answer.
        """
        found: dict[str, CheckRow] = {}
        with self._database.reading() as connection:
            for start in range(0, len(numbers), PARAMETERS):
                statement = (
                    select(*_COLUMNS)
                    .where(
                        table.c.conn_id == conn_id,
                        table.c.number.in_(numbers[start : start + PARAMETERS]),
                        table.c.checked_at >= since,
                        table.c.status.in_(_CLEAR),
                    )
                    .order_by(table.c.checked_at)
                )
                for row in connection.execute(statement):
                    answer = CheckRow._make(row)
                    if answer.status == CheckStatus.EXISTS.value or other_form(answer) is None:
                        found[answer.number] = answer
        return found

    def enter_early_callbacks(self, batch: str) -> None:
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
                part = list(map(CheckRow._make, connection.execute(statement.order_by("row").limit(size))))
            yield from part
            if len(part) < size:
                return
            last, left = part[-1].row, None if left is None else left - len(part)


def other_form(row: CheckRow) -> PhoneNumber | None:
    """What else a row's number may be asked for as. One without a reference was answered at once, and so has been."""
    digits = row.number.removeprefix("+")
    # Read without libphonenumber, which takes its time: all countries with two forms have codes of two digits.
    return PhoneNumber(digits, digits[:2]).other_form if row.reference else None


_CLEAR = (CheckStatus.EXISTS.value, CheckStatus.ABSENT.value)
_COLUMNS = [table.c[name] for name in CheckRow._fields]


_AT = (table.c.batch == bindparam("_batch")) & (table.c.row == bindparam("_row"))
_RESPELL = update(table).where(_AT).values(input=bindparam("_input"))
_REMOVE = delete(table).where(_AT)


def _put(dialect: Any) -> Any:
    statement = dialect.insert(table)
    replaced = {name: statement.excluded[name] for name in ("conn_id", *CheckRow._fields[1:])}
    return statement.on_conflict_do_update(index_elements=["batch", "row"], set_=replaced)


_PUT = {True: _put(sqlite), False: _put(postgresql)}
_KNOWN = [table.c[name] for name in Known._fields]


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
        "reused": row.reused,
    }
