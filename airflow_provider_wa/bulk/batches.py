# SPDX-License-Identifier: Apache-2.0
"""A bulk check's rows in the store: kept while answers are still to come, and read back when they are there.

A number that is called absent by a callback may be asked for again in its country's other form. Those questions are a
second part of the batch, with the same rows under a name of its own: the first answers stay as they are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from datetime import datetime, timezone
from functools import cached_property
from itertools import takewhile
from typing import Any

from sqlalchemy import func, select

from airflow_provider_wa.api.capabilities import ChecksNumbers
from airflow_provider_wa.api.errors import VendorUnavailable, WaError
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import CheckStatus
from airflow_provider_wa.bulk.checks import COLUMNS, FAILURES_TO_STOP, REFERENCE, ROW
from airflow_provider_wa.bulk.engine import for_each
from airflow_provider_wa.bulk.files import Row
from airflow_provider_wa.store import tables
from airflow_provider_wa.store.checks import CheckRow, Checks
from airflow_provider_wa.store.events import PARAMETERS
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.transport.channel import AsyncChannel
from airflow_provider_wa.transport.drive import adrive

ROWS_AT_ONCE = 200

_ABSENT, _PENDING, _UNKNOWN = (
    status.value for status in (CheckStatus.ABSENT, CheckStatus.PENDING, CheckStatus.UNKNOWN)
)


class Batch:
    """The rows of one run of a task over a list, whatever its retries. A context manager: it stores what is left.

    :param find_checks: gives the store's checks; called when they are needed, which with most vendors is never.
    :param name: the batch's name in the store.
    """

    def __init__(self, find_checks: Callable[[], Checks], name: str, conn_id: str) -> None:
        self.name = name
        self._find_checks = find_checks
        self._conn_id = conn_id
        self._waiting: defaultdict[str, list[CheckRow]] = defaultdict(list)

    def __enter__(self) -> Batch:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.flush()

    @cached_property
    def _checks(self) -> Checks:
        return self._find_checks()

    def write(self, result: Row) -> None:
        """Take a bulk check's result; it is stored with others, soon."""
        self._keep(self.name, _row(result))

    def flush(self) -> None:
        """Store what was taken. If that fails it is kept, to be tried again at the end at the latest."""
        for part, rows in tuple(self._waiting.items()):
            self._checks.put(part, self._conn_id, rows)
            del self._waiting[part]

    def known(self) -> dict[int, tuple[str, str]]:
        """What an earlier try has found out: number and status by the row's place in the list."""
        return {row.row: (row.number, row.status) for row in self._checks.rows(self.name) if row.status != _UNKNOWN}

    def is_open(self) -> bool:
        """Whether answers are still to come."""
        return any(self._checks.counts(part)[_PENDING] for part in parts(self.name))

    def settle(self) -> None:
        """Enter callbacks that were faster than the storing of their check."""
        for part in parts(self.name):
            self._checks.settle(part)

    def results(self, total: int | None = None) -> Iterator[dict[str, Any]]:
        """The rows as results, in the order of the list: those of its first ``total`` places, or all."""
        rows = takewhile(lambda row: total is None or row.row <= total, self._checks.rows(self.name))
        for row, second in self._with_second(rows):
            answer = _together(row, second)
            result = {name: getattr(answer, name) for name in COLUMNS}
            yield {**result, "checked_at": answer.checked_at.isoformat(timespec="seconds")}

    def may_need_other_forms(self) -> bool:
        """Whether one of the numbers that are pending has another form, to be asked for if it is called absent."""
        return any(_other_form(row) for row in self._checks.rows(self.name, status=_PENDING))

    def other_forms(self) -> Iterator[tuple[CheckRow, PhoneNumber]]:
        """The numbers that were called absent, with their country's other form, unless it was asked for already.

        A check that is answered at once tries it by itself (``api.checking``); these were pending first.
        """
        for row, second in self._with_second(self._checks.rows(self.name, status=_ABSENT)):
            if (other := _other_form(row)) and (second is None or second.status == _UNKNOWN):
                yield row, other

    async def ask_for_other_forms(self, vendor: ChecksNumbers, channel: AsyncChannel) -> None:
        """Ask for the absent ones again under their country's other form.

        :raises WaError: an error that would stop all others, after what had been begun was stored.
        """
        failures_in_a_row = 0

        async def ask(asked: tuple[CheckRow, PhoneNumber]) -> None:
            nonlocal failures_in_a_row
            row, other = asked
            second = replace(row, number=other.e164, checked_at=datetime.now(timezone.utc), reference=None)
            try:
                (result,) = await adrive(vendor.check([other]), channel)
            except WaError as error:
                if error.stops_all:
                    raise
                self._keep(self._second, replace(second, status=_UNKNOWN, detail=f"asking for {other} failed: {error}"))
                failures_in_a_row += isinstance(error, VendorUnavailable)
                if failures_in_a_row >= FAILURES_TO_STOP:
                    raise
                return
            failures_in_a_row = 0
            answer = replace(second, status=result.status.value, jid=result.jid, detail=result.detail)
            self._keep(self._second, replace(answer, reference=result.reference))

        try:
            # A list: while rows are read, none should be written.
            await for_each(list(self.other_forms()), ask, channel.endpoint.concurrency)
        finally:
            self.flush()
            self.settle()

    @property
    def _second(self) -> str:
        return parts(self.name)[1]

    def _keep(self, part: str, row: CheckRow) -> None:
        self._waiting[part].append(row)
        if len(self._waiting[part]) >= ROWS_AT_ONCE:
            self.flush()

    def _with_second(self, rows: Iterator[CheckRow]) -> Iterator[tuple[CheckRow, CheckRow | None]]:
        """Rows of the first part, each with its row of the second. Both are read in the order of the list."""
        seconds = self._checks.rows(self._second)
        second = next(seconds, None)
        for row in rows:
            while second is not None and second.row < row.row:
                second = next(seconds, None)
            yield row, second if second is not None and second.row == row.row else None


def parts(name: str) -> tuple[str, str]:
    """The names in the store of a batch's two parts: the numbers as they are, and in their country's other form."""
    return name, f"{name}-other"


def count_rows(store: Store, names: Collection[str]) -> dict[str, Counter[str]]:
    """How many rows of each status there are under each of these names, by as few queries as may be."""
    ordered = sorted(names)
    counts: dict[str, Counter[str]] = {name: Counter() for name in ordered}
    table = tables.checks
    with store.database.reading() as connection:
        for start in range(0, len(ordered), PARAMETERS):
            statement = (
                select(table.c.batch, table.c.status, func.count())
                .where(table.c.batch.in_(ordered[start : start + PARAMETERS]))
                .group_by(table.c.batch, table.c.status)
            )
            for name, status, count in connection.execute(statement):
                counts[name][status] = count
    return counts


def _other_form(row: CheckRow) -> PhoneNumber | None:
    """What else a row's number may be asked for as. One without a reference was answered at once, and so has been."""
    digits = row.number.removeprefix("+")
    # Read without libphonenumber, which takes its time: all countries with two forms have codes of two digits.
    return PhoneNumber(digits, digits[:2]).other_form if row.reference else None


def _together(row: CheckRow, second: CheckRow | None) -> CheckRow:
    """A row's answer, given that of its number's other form: it is absent only if both are."""
    other = _other_form(row) if row.status == _ABSENT else None
    if other is None:
        return row
    if second is None:
        return replace(row, status=_UNKNOWN, detail=f"absent as {row.number}; {other} was not asked for")
    if second.status == _ABSENT:
        return row
    detail = f"absent as {row.number}; {second.detail}" if second.status == _UNKNOWN else f"as {other}"
    return replace(row, status=second.status, jid=second.jid, checked_at=second.checked_at, detail=detail)


def _row(result: Row) -> CheckRow:
    return CheckRow(
        row=result[ROW],
        input=result["input"],
        number=result["number"],
        status=result["status"],
        jid=result["jid"],
        checked_at=datetime.fromisoformat(result["checked_at"]),
        detail=result["detail"],
        reference=result[REFERENCE],
    )
