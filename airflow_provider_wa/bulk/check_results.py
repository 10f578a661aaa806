# SPDX-License-Identifier: Apache-2.0
"""Rows of a bulk check in the store: written as answers come, and read back as results.

A number that is called absent by a callback may be asked for again in its country's other form. Those questions have
rows of their own, of form 1: the first answers stay as they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from functools import cached_property
from itertools import takewhile
from typing import Any

from airflow_provider_wa.api.capabilities import ChecksNumbers
from airflow_provider_wa.api.errors import BadInput, Retry, WaError
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import CheckResult, CheckStatus
from airflow_provider_wa.bulk.workers import CircuitBreaker, for_each
from airflow_provider_wa.store.batches import BatchInfo
from airflow_provider_wa.store.checks import CheckRow, Known, Stretch, other_form
from airflow_provider_wa.store.group_commit import GroupCommit
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.transport.channel import AsyncChannel
from airflow_provider_wa.transport.drive import adrive

COLUMNS = ("input", "number", "status", "jid", "checked_at", "detail")
"""A result's columns: the number as it was given, its E.164 spelling, the answer, and when it came."""

INVALID = "invalid"
"""Status of a text that is not a phone number. It costs no call."""

ANSWERS = (*(status.value for status in CheckStatus), INVALID)
"""Statuses of a row: the four answers of a check, and invalid."""

OTHER_FORM = 1
"""The form of a row that asks for the number's other form."""

GATHERING = 0.02
"""Minimum seconds between two transactions, in which answers gather, if fewer workers wait than ``WAITING``."""

WAITING = 1 / 16
"""Share of the workers that may wait for a transaction to begin: they make no calls meanwhile."""

_ABSENT, _PENDING, _UNKNOWN = (
    status.value for status in (CheckStatus.ABSENT, CheckStatus.PENDING, CheckStatus.UNKNOWN)
)


class RowsMissing(WaError):
    """Answers are missing in the store: rows were removed, or it is another store. A retry asks for them again."""

    retry = Retry.LATER
    stops_all = True


def absent_batch(name: str) -> BadInput:
    """Return the error for a batch without rows in the store. Such a batch is never taken for a finished one."""
    return BadInput(
        f"batch: {name!r} is not in the store; expected that of a bulk check with the same store, the connection "
        "wa_store_default of all workers, the triggerer and the receiver"
    )


class CheckBatch:
    """The rows of one run of a task over a list, with all its retries.

    :param find_store: gives the store; called when it is needed.
    :param name: the batch's name in the store.
    """

    def __init__(self, find_store: Callable[[], Store], name: str, conn_id: str) -> None:
        self.name = name
        self._find_store = find_store
        self._conn_id = conn_id
        self._calls: Callable[[], int] | None = None
        self._calls_stored = 0
        self._commits: GroupCommit[Sequence[CheckRow], None] = GroupCommit(self._commit, weigh=len, gather=GATHERING)

    @cached_property
    def _store(self) -> Store:
        return self._find_store()

    def begin(self, info: BatchInfo) -> None:
        """Enter the batch in the store."""
        self._store.batches.begin(info)

    def end(self, counts: Mapping[str, int]) -> None:
        """Store the batch's end and its counts."""
        self._store.batches.end(self.name, counts)

    def count_calls(self, channel: AsyncChannel) -> int:
        """Store the channel's number of calls whenever rows are stored; return the number of calls of earlier tries."""
        before = self._calls_stored = self.calls
        self._calls = lambda: before + channel.calls
        return before

    def expect(self, workers: int) -> None:
        """Set the number of workers that may ask for rows to be stored at the same time."""
        self._commits.crowd = max(workers * WAITING, 1)

    async def keep(self, rows: Sequence[CheckRow]) -> None:
        """Store rows together with the number of calls so far, and wait until they are committed.

        They replace stored rows of the same places.

        :raises StoreUnavailable: they could not be stored.
        """
        await self._commits.add(rows)

    def last(self) -> int:
        """Return the place of the last stored row; 0 if there are no rows."""
        return self._store.checks.last(self.name)

    def known(self, first: int, last: int) -> list[Known]:
        """Return the stored rows at these places of the list, in their order."""
        return self._store.checks.known(self.name, first, last)

    def stretch(self, first: int, last: int) -> Stretch:
        """Return the stored rows at these places as one result, without an object for each row."""
        return self._store.checks.stretch(self.name, first, last, without_digits=INVALID)

    def correct(self, respelt: Mapping[int, str], stale: Sequence[int]) -> None:
        """Correct stored rows after the list has changed.

        :param respelt: new spellings by the place of their row; the number and its answer stay.
        :param stale: places whose rows are removed.
        """
        self._store.checks.correct(self.name, respelt, stale)

    def answers(self, numbers: Sequence[str], since: datetime) -> dict[str, CheckRow]:
        """Return the newest clear answer for each of these numbers since a moment, from all runs."""
        return self._store.checks.answers(self._conn_id, numbers, since)

    @property
    def calls(self) -> int:
        """The number of calls that all tries have made."""
        return self._store.batches.calls(self.name)

    def is_open(self) -> bool:
        """Return True while answers are still to come."""
        return bool(self._store.checks.counts(self.name)[_PENDING])

    def count(self) -> int:
        """Return the number of rows, those of other forms included."""
        return self._store.checks.count(self.name)

    def enter_early_callbacks(self) -> None:
        """Enter callbacks that came before their check was stored."""
        self._store.checks.enter_early_callbacks(self.name)

    def results(self, last: int | None = None) -> Iterator[dict[str, Any]]:
        """Return the rows as results, in the order of the list: those up to the place ``last``, or all."""
        return (result for _, result in self.placed_results(last))

    def placed_results(self, last: int | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
        """Return the results, each with its row's place in the list."""
        rows = takewhile(lambda row: last is None or row.row <= last, self._store.checks.rows(self.name))
        for row, second in self._with_second(rows):
            answer = _together(row, second) if row.status == _ABSENT else row
            result = {
                "input": answer.input,
                "number": answer.number,
                "status": answer.status,
                "jid": answer.jid,
                "checked_at": answer.checked_at.isoformat(timespec="seconds"),
                "detail": answer.detail,
            }
            yield row.row, result

    def may_need_other_forms(self) -> bool:
        """Return True if a pending number has another form, to be asked for if it is called absent."""
        return any(other_form(row) for row in self._store.checks.rows(self.name, status=_PENDING))

    def other_forms(self) -> Iterator[tuple[CheckRow, PhoneNumber]]:
        """Yield absent rows whose number has another form without a clear answer yet, each with that form.

        Only checks that were pending have one: a check that is answered at once tries both forms (``api.both_forms``).
        """
        for row, second in self._with_second(self._store.checks.rows(self.name, status=_ABSENT)):
            if (other := other_form(row)) and (second is None or second.status == _UNKNOWN):
                yield row, other

    async def ask_for_other_forms(self, vendor: ChecksNumbers, channel: AsyncChannel) -> None:
        """Ask again for the absent numbers, in their country's other form.

        :raises WaError: an error that every other call would meet as well. Answers to calls under way are stored first.
        """
        breaker = CircuitBreaker()
        self.expect(channel.endpoint.concurrency)

        async def ask(asked: tuple[CheckRow, PhoneNumber]) -> None:
            row, other = asked
            second = row._replace(
                number=other.e164, checked_at=datetime.now(timezone.utc), reference=None, form=OTHER_FORM
            )
            try:
                (result,) = await adrive(vendor.check([other]), channel)
            except WaError as error:
                if error.stops_all:
                    raise
                failed = second._replace(status=_UNKNOWN, detail=f"asking for {other} failed: {error}")
                await self._commits.add([failed])
                breaker.failed(error)
                return
            breaker.answered()
            await self._commits.add([_answered(second, result)])

        # A list: while rows are read, none should be written.
        await for_each(list(self.other_forms()), ask, channel.endpoint.concurrency)
        await asyncio.to_thread(self.enter_early_callbacks)

    def _commit(self, groups: Sequence[Sequence[CheckRow]]) -> list[None]:
        rows = [row for group in groups for row in group]
        calls = self._calls() if self._calls else None
        if rows or calls != self._calls_stored:
            self._store.checks.put(self.name, self._conn_id, rows, calls=calls)
            self._calls_stored = calls or 0
        return [None] * len(groups)

    def _with_second(self, rows: Iterator[CheckRow]) -> Iterator[tuple[CheckRow, CheckRow | None]]:
        """Yield each of ``rows`` with the row for its number's other form, or None, in the order of the list."""
        seconds = self._store.checks.rows(self.name, form=OTHER_FORM)
        second = next(seconds, None)
        for row in rows:
            while second is not None and second.row < row.row:
                second = next(seconds, None)
            yield row, second if second is not None and second.row == row.row else None


def pending_reference(result: CheckResult) -> str | None:
    """Return the vendor's reference of a check while its answer is still to come."""
    return result.reference if result.status is CheckStatus.PENDING else None


def _answered(row: CheckRow, result: CheckResult) -> CheckRow:
    reference = pending_reference(result)
    return row._replace(status=result.status.value, jid=result.jid, detail=result.detail, reference=reference)


def _together(row: CheckRow, second: CheckRow | None) -> CheckRow:
    """Return the answer for an absent row from the answers for both forms of its number: absent if both are absent."""
    other = other_form(row)
    if other is None:
        return row
    if second is None:
        return row._replace(status=_UNKNOWN, detail=f"absent as {row.number}; {other} was not asked for")
    if second.status == _ABSENT:
        return row
    detail = f"absent as {row.number}; {second.detail}" if second.status == _UNKNOWN else f"as {other}"
    return row._replace(status=second.status, jid=second.jid, checked_at=second.checked_at, detail=detail)
