# SPDX-License-Identifier: Apache-2.0
"""Checks: the answer for each row of a list, kept during a run and after it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, bindparam, case, delete, func, literal_column, select, update

from airflow_provider_wa.api import jids
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import CheckStatus
from airflow_provider_wa.api.webhooks import EventKind
from airflow_provider_wa.store.batches import enter_calls
from airflow_provider_wa.store.database import Database
from airflow_provider_wa.store.events import answer_checks
from airflow_provider_wa.store.identities import learn
from airflow_provider_wa.store.sql import DIALECTS, PARAMETERS, clean, cleaners, joined_texts, pages, replacing, upsert
from airflow_provider_wa.store.tables import NOT_EXISTS, events
from airflow_provider_wa.store.tables import checks as table

SKEW = timedelta(minutes=5)
"""Time by which the clocks of two machines may differ."""


class CheckRow(NamedTuple):
    """A row of a batch: its place in the list (from 1), the number as given and as read, and the answer.

    ``number`` is E.164, or the text as given if it is not a phone number (255 characters of it); ``reference`` is the
    vendor's name for a pending check. ``reused`` is True if an earlier run got the answer. A row with ``form`` 1 is the
    check of the other form of that row's number.
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
    form: int = 0


class Known(NamedTuple):
    """A stored row in short: its place, the number as given and in E.164, and the status."""

    row: int
    input: str
    number: str
    status: str


class Stretch(NamedTuple):
    """Stored rows at consecutive places, without an object for each.

    ``inputs`` are the numbers as given, in the order of the list. ``digits`` are the numbers in E.164 without ``+``,
    joined by commas; rows with the excluded status are missing there. ``statuses`` is the number of rows by status.
    """

    inputs: list[str]
    digits: str
    statuses: Counter[str]


class Checks:
    """The checks in the store. A ``batch`` is one run of one task over one list."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, batch: str, conn_id: str, rows: Sequence[CheckRow], *, calls: int | None = None) -> None:
        """Store rows of a batch, all or none. They replace rows with the same place and form.

        :param calls: the number of calls that the batch has made so far, stored in the same transaction.
        """
        if not rows and calls is None:
            return
        values = [{"batch": batch, "conn_id": conn_id, **_values(row)} for row in rows]
        with self._database.writing() as connection:
            if values:
                connection.execute(_PUT[connection.dialect.name], values)
                learn(connection, _lids(rows))
            if calls is not None:
                enter_calls(connection, batch, conn_id, calls)

    def last(self, batch: str) -> int:
        """Return the place of the last row of a batch; 0 if it has no rows."""
        with self._database.reading() as connection:
            statement = select(func.max(table.c.row)).where(table.c.batch == batch, table.c.form == 0)
            return connection.execute(statement).scalar() or 0

    def known(self, batch: str, first: int, last: int) -> list[Known]:
        """Return the stored rows at these places, in their order."""
        statement = (
            select(*_KNOWN)
            .where(table.c.batch == batch, table.c.form == 0, table.c.row.between(first, last))
            .order_by(table.c.row)
        )
        with self._database.reading() as connection:
            return list(map(Known._make, connection.execute(statement)))

    def stretch(self, batch: str, first: int, last: int, *, without_digits: str) -> Stretch:
        """Return the stored rows at these places together. ``digits`` excludes the status ``without_digits``."""
        asked = {"_batch": batch, "_first": first, "_last": last, "_without": without_digits}
        with self._database.reading() as connection:
            inputs, numbers, statuses = connection.execute(_STRETCH[connection.dialect.name], asked).one()
        return Stretch(json.loads(inputs or "[]"), numbers or "", Counter(statuses.split(",") if statuses else ()))

    def correct(self, batch: str, respelt: Mapping[int, str], stale: Sequence[int]) -> None:
        """Replace the given spelling of some rows of a batch, and remove others, by their places."""
        with self._database.writing() as connection:
            if respelt:
                values = [{"_batch": batch, "_row": row, "_input": clean(text)} for row, text in respelt.items()]
                connection.execute(_RESPELL, values)
            if stale:
                connection.execute(_REMOVE, [{"_batch": batch, "_row": row} for row in stale])

    def answers(self, conn_id: str, numbers: Sequence[str], since: datetime) -> dict[str, CheckRow]:
        """Return the newest clear answer for each of these numbers that a connection has given since a moment.

        Answers from the future are left out: they were stored before the clock was set back, and their age is unknown.
        A number that a callback called absent, and whose country has another form of it, does not have a clear answer.
        """
        found: dict[str, CheckRow] = {}
        until = datetime.now(timezone.utc) + SKEW
        with self._database.reading() as connection:
            for start in range(0, len(numbers), PARAMETERS):
                statement = (
                    select(*_COLUMNS)
                    .where(
                        table.c.conn_id == conn_id,
                        table.c.number.in_(numbers[start : start + PARAMETERS]),
                        table.c.checked_at.between(since, until),
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

        Every later callback finds its check: events are stored one transaction at a time, and so are checks. Where
        there is nothing to enter, nothing is written.
        """
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
        with self._database.reading() as connection:
            early = [dict(row._mapping) for row in connection.execute(statement)]
        if any(row["status"] != CheckStatus.PENDING.value for row in early):
            with self._database.writing() as connection:
                answer_checks(connection, early)

    def count(self, batch: str) -> int:
        """Return the number of rows of a batch, those of the other forms included. An index alone answers it."""
        with self._database.reading() as connection:
            statement = select(func.count()).where(table.c.batch == batch)
            return connection.execute(statement).scalar_one()

    def counts(self, batch: str) -> Counter[str]:
        """Return the number of rows of a batch by status, those of the other forms included."""
        return self.counts_of([batch])[batch]

    def counts_of(self, batches: Collection[str]) -> dict[str, Counter[str]]:
        """Return the number of rows by status for each of several batches, all in few queries."""
        ordered = sorted(set(batches))
        counts: dict[str, Counter[str]] = {name: Counter() for name in ordered}
        with self._database.reading() as connection:
            for start in range(0, len(ordered), PARAMETERS):
                statement = (
                    select(table.c.batch, table.c.status, func.count())
                    .where(table.c.batch.in_(ordered[start : start + PARAMETERS]))
                    .group_by(table.c.batch, table.c.status)
                )
                for name, status, count in connection.execute(statement):
                    counts[name][status] = count
        return counts

    def rows(
        self, batch: str, *, form: int = 0, status: str | None = None, after: int = 0, limit: int | None = None
    ) -> Iterator[CheckRow]:
        """Return the rows of a batch in the order of the list, read in parts: of one form, at most ``limit``.

        :param status: only rows with this status.
        :param after: only rows behind this one.
        """
        statement = select(*_COLUMNS).where(table.c.batch == batch, table.c.form == form)
        if status is not None:
            in_index = [] if status == CheckStatus.EXISTS.value else [_IN_INDEX]
            statement = statement.where(*in_index, table.c.status == status)
        return pages(self._database, statement, [table.c.row], CheckRow._make, after=[after], limit=limit)


def other_form(row: CheckRow) -> PhoneNumber | None:
    """Return the other form of a row's number, if it was not asked for: a check that is answered at once tries both."""
    digits = row.number.removeprefix("+")
    # Read without libphonenumber, which takes its time: all countries with two forms have codes of two digits.
    return PhoneNumber(digits, digits[:2]).other_form if row.reference else None


def _lids(rows: Iterable[CheckRow]) -> dict[str, str]:
    """Return the digits of the number by LID, where a check gave one."""
    found = ((row.jid, row.number) for row in rows if row.jid and row.status == CheckStatus.EXISTS.value)
    return {jids.without_device(jid): number.removeprefix("+") for jid, number in found if jids.is_lid(jid)}


_CLEAR = (CheckStatus.EXISTS.value, CheckStatus.ABSENT.value)
_COLUMNS = [table.c[name] for name in CheckRow._fields]


_FORMS = (0, 1)
_AT = (table.c.batch == bindparam("_batch")) & table.c.form.in_(_FORMS) & (table.c.row == bindparam("_row"))
_RESPELL = update(table).where(_AT).values(input=bindparam("_input"))
_REMOVE = delete(table).where(_AT)


_IN_INDEX: ColumnElement[bool] = literal_column(NOT_EXISTS)
"""Condition of the rows that the index by status has. Without it in words, a database that is given the status as a
parameter does not use the index."""

_STRETCH = {
    dialect: joined_texts(
        dialect,
        table.c.input,
        case((table.c.status != bindparam("_without"), func.substr(table.c.number, 2))),
        table.c.status,
        order=table.c.row,
        where=(
            table.c.batch == bindparam("_batch"),
            table.c.form == 0,
            table.c.row.between(bindparam("_first"), bindparam("_last")),
        ),
    )
    for dialect in DIALECTS
}
_PUT = upsert(table, replacing(table))
_KNOWN = [table.c[name] for name in Known._fields]
_CLEANERS = cleaners(table)


def _values(row: CheckRow) -> dict[str, Any]:
    """Return the columns of a row: all that the row has."""
    return {
        name: _CLEANERS[name](value) if name in _CLEANERS else value
        for name, value in zip(row._fields, row, strict=True)
    }
