# SPDX-License-Identifier: Apache-2.0
"""Checks many numbers: normalises them, asks for each once, and gives each an answer of its own."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from itertools import islice
from typing import Any, NamedTuple

from airflow_provider_wa.api import both_forms
from airflow_provider_wa.api.capabilities import ChecksNumbers
from airflow_provider_wa.api.errors import BadInput, WaError
from airflow_provider_wa.api.number_text import given_text
from airflow_provider_wa.api.numbers import NumberRules, PhoneNumber
from airflow_provider_wa.api.records import CheckStatus
from airflow_provider_wa.bulk.check_results import ANSWERS, INVALID, CheckBatch, pending_reference
from airflow_provider_wa.bulk.dedupe import DiskIntSet
from airflow_provider_wa.bulk.progress import Log, Progress, Watch, unwatched
from airflow_provider_wa.bulk.workers import CircuitBreaker, for_each, never
from airflow_provider_wa.store.checks import CheckRow, Known, Stretch
from airflow_provider_wa.store.database import StoreUnavailable
from airflow_provider_wa.transport.channel import AsyncChannel
from airflow_provider_wa.transport.drive import adrive

ROWS_AT_ONCE = 25
"""Rows that are read ahead. With more of them, normalising would delay answers that have arrived."""

LOOKED_UP_AT_ONCE = 100
"""Rows that are read ahead if answers of earlier runs are looked up for them: a look-up takes as long as many rows."""

KNOWN_AT_ONCE = 5000
"""Rows that are read ahead as far as an earlier try has come: for most of them a look-up is enough."""

REASONS_LOGGED = 5
"""Maximum different failures that are logged, each once; all are in the results."""

_UNKNOWN = CheckStatus.UNKNOWN.value
_NOTHING = Stretch([], "", Counter())


@dataclass
class CheckCounts:
    """Counts of a run: rows read, answers by status, duplicates, answers reused from earlier runs, requests."""

    total: int = 0
    duplicates: int = 0
    reused: int = 0
    calls: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    """Answers to the requests of this run, by status."""

    def to_dict(self) -> dict[str, int]:
        """Counts as the operator returns them; ``total`` is the sum of the statuses and the duplicates."""
        by_status = {status: self.statuses[status] for status in ANSWERS}
        return {
            "total": self.total,
            **by_status,
            "duplicates": self.duplicates,
            "reused": self.reused,
            "calls": self.calls,
        }

    def so_far(self) -> dict[str, int]:
        """Counts of a run in progress."""
        return self.to_dict()

    @property
    def done(self) -> int:
        """Number of rows that are finished."""
        return self.statuses.total() + self.duplicates

    @property
    def remark(self) -> str:
        """The share of numbers on WhatsApp among those that got a clear answer."""
        known = self.statuses["exists"] + self.statuses["absent"]
        return f"{self.statuses['exists'] / known:.0%} on WhatsApp" if known else "no clear answer yet"


class InCountry(str):
    """A number as the list has it, with the ``country`` that its row names."""

    country: Any = None

    @classmethod
    def of(cls, given: Any, country: Any) -> InCountry:
        """Return a value of a list with its row's country."""
        number = cls(given_text(given))
        number.country = country
        return number


class _Asked(NamedTuple):
    """A number to ask the vendor for: its place in the list, the text as given, and the number read from it."""

    row: int
    given: str
    number: PhoneNumber


@dataclass
class _SortedOut:
    """Rows of the list, sorted by the work that they need.

    ``to_ask`` are numbers to ask the vendor for; ``invalid`` are rows for texts that are not phone numbers. The other
    two correct stored rows after the list has changed: ``respelt`` has new spellings of known numbers by their place,
    ``stale`` the places whose stored row is now a duplicate of an earlier one.
    """

    to_ask: list[_Asked] = field(default_factory=list)
    invalid: list[CheckRow] = field(default_factory=list)
    respelt: dict[int, str] = field(default_factory=dict)
    stale: list[int] = field(default_factory=list)


@dataclass
class BulkCheck:
    """One try to check a list of numbers. A worker stores each answer in the ``batch`` before it makes its next call.

    Answers that an earlier try has stored are kept; only ``unknown`` numbers are checked again.

    :param log: logger for the progress.
    :param rules: how to read numbers without + and country code.
    :param reuse_since: answers of earlier runs since this moment are used instead of a call; None uses no such answers.
    :param first: place of the first number; above 1 for a later part of a divided list.
    :param interrupted: returns True once the run must end; then no further call is made.
    :param watch: function that is called with the progress of the run.
    """

    vendor: ChecksNumbers
    channel: AsyncChannel
    batch: CheckBatch
    log: Log
    rules: NumberRules = field(default_factory=NumberRules)
    reuse_since: datetime | None = None
    first: int = 1
    interrupted: Callable[[], bool] = never
    watch: Watch = unwatched
    counts: CheckCounts = field(default_factory=CheckCounts)

    async def run(self, spellings: Iterable[Any], workers: int, length: int | None = None) -> CheckCounts:
        """Check all numbers, each once; a number that failed is ``unknown``, with the reason in ``detail``.

        :raises WaError: an error that every other call would meet as well (credentials, quota, session, vendor or store
            out of reach). Answers to calls under way are stored first.
        """
        self._progress = Progress(self.log, "numbers", self.counts, length, watch=self.watch)
        self._breaker = CircuitBreaker()
        self._reasons: set[str] = set()
        self.batch.expect(workers)
        try:
            with DiskIntSet() as self._seen:
                await for_each(self._calls(spellings), self._check, workers, self.interrupted)
        finally:
            with suppress(StoreUnavailable):
                await self.batch.keep([])  # calls without an answer count as well
            self.counts.calls = self.channel.calls
            self._progress.finish()
        return self.counts

    async def _calls(self, spellings: Iterable[Any]) -> AsyncIterator[list[_Asked]]:
        """Yield the numbers to ask for, in groups of the size that the vendor takes in one call."""
        size = self.vendor.numbers_per_check
        waiting: list[_Asked] = []
        async for asked in self._to_ask(iter(spellings)):
            waiting.append(asked)
            if len(waiting) == size:
                yield waiting
                waiting = []
        if waiting:
            yield waiting

    async def _to_ask(self, spellings: Iterator[Any]) -> AsyncIterator[_Asked]:
        place, last = self.first, await asyncio.to_thread(self.batch.last)
        ahead = self._look_up(place, last)
        unknown_at_once = LOOKED_UP_AT_ONCE if self.reuse_since else ROWS_AT_ONCE
        while chunk := list(islice(spellings, KNOWN_AT_ONCE if place <= last else unknown_at_once)):
            given = chunk if set(map(type, chunk)) <= {str, InCountry} else [*map(given_text, chunk)]
            known = await ahead
            # While these are sorted out, the next ones are looked up.
            ahead = self._look_up(place + len(given), last)
            self.counts.total += len(given)
            to_ask: list[_Asked] = []
            if not self._needs_nothing(given, known):
                rows = await self._known(place, min(place + len(given) - 1, last))
                sorted_out = self._sorted_out(place, given, rows)
                await self._store_changes(sorted_out)
                to_ask = sorted_out.to_ask
            if self.reuse_since and to_ask:
                to_ask = await self._without_reused(to_ask, self.reuse_since)
            if place <= last < place + len(given):
                self._log_what_is_known()
            place += len(given)
            for asked in to_ask:
                yield asked

    def _look_up(self, first: int, last: int) -> asyncio.Future[Stretch]:
        """Return a future of the next stored rows, which has no rows at once if there are no more."""
        loop = asyncio.get_running_loop()
        if first <= last:
            # Unlike a task, which would only begin when it is waited for, this begins now.
            return loop.run_in_executor(None, self.batch.stretch, first, first + KNOWN_AT_ONCE - 1)
        nothing: asyncio.Future[Stretch] = loop.create_future()
        nothing.set_result(_NOTHING)
        return nothing

    async def _known(self, first: int, last: int) -> list[Known]:
        return await asyncio.to_thread(self.batch.known, first, last) if first <= last else []

    def _needs_nothing(self, given: Sequence[str], known: Stretch) -> bool:
        """Count the rows and return True, if an earlier try has read the same texts and got all answers.

        The rows are counted together, without an object for each: there may be a million rows.
        """
        if known.statuses[_UNKNOWN] or known.inputs != given:
            return False
        self.counts.statuses += known.statuses
        self._seen.add_all([known.digits] if known.digits else [])
        return True

    def _log_what_is_known(self) -> None:
        if self.counts.done:
            self.log.info("%s numbers need no call: an earlier try has asked for them", f"{self.counts.done:,}")
            self._progress.restart_rate()

    def _sorted_out(self, first: int, given: Sequence[str], known: Sequence[Known]) -> _SortedOut:
        """Sort rows by the work that they need, and count the rows that need none; ``first`` is their first place."""
        found = _SortedOut()
        by_place = {row.row: row for row in known}
        for place, spelling in enumerate(given, first):
            self._sort_out(place, spelling, by_place.get(place), found)
        return found

    def _sort_out(self, place: int, spelling: str, known: Known | None, found: _SortedOut) -> None:
        if known and known.input == spelling and known.status == INVALID:
            self.counts.statuses[INVALID] += 1
            return
        number = None
        # A text that an earlier try has read is not parsed again: parsing takes the most time.
        if known is None or known.input != spelling or known.status == _UNKNOWN:
            try:
                number = self._number(spelling)
            except BadInput as error:
                self.counts.statuses[INVALID] += 1
                found.invalid.append(_row(place, str(spelling), str(spelling), INVALID, detail=str(error)))
                return
        e164 = number.e164 if number else known.number if known else ""
        if not self._seen.add(int(e164[1:])):
            self.counts.duplicates += 1
            if known:
                found.stale.append(place)
        elif known and known.number == e164 and known.status != _UNKNOWN:
            self.counts.statuses[known.status] += 1
            if known.input != spelling:
                found.respelt[place] = str(spelling)
        elif number:
            found.to_ask.append(_Asked(place, str(spelling), number))

    def _number(self, spelling: str) -> PhoneNumber:
        country = spelling.country if isinstance(spelling, InCountry) else None
        return self.rules.within(country).parse(spelling)

    async def _store_changes(self, found: _SortedOut) -> None:
        if found.invalid:
            await self.batch.keep(found.invalid)
        if found.respelt or found.stale:
            await asyncio.to_thread(self.batch.correct, found.respelt, found.stale)

    async def _without_reused(self, to_ask: Sequence[_Asked], since: datetime) -> list[_Asked]:
        """Store the numbers that an earlier run has an answer for, with that answer; return the others."""
        answers = await asyncio.to_thread(self.batch.answers, [asked.number.e164 for asked in to_ask], since)
        reused = [
            # Its age is kept: it must not grow younger from run to run.
            answers[asked.number.e164]._replace(row=asked.row, input=asked.given, reference=None, reused=True, form=0)
            for asked in to_ask
            if asked.number.e164 in answers
        ]
        if reused:
            await self.batch.keep(reused)
            self.counts.statuses.update(row.status for row in reused)
            self.counts.reused += len(reused)
        return [asked for asked in to_ask if asked.number.e164 not in answers]

    async def _check(self, group: Sequence[_Asked]) -> None:
        flow = both_forms.check(self.vendor, [asked.number for asked in group])
        try:
            results = await adrive(flow, self.channel)
        except WaError as error:
            await self._failed(group, error)
            return
        self._breaker.answered()
        now = datetime.now(timezone.utc)
        await self._keep([
            CheckRow(
                row, given, number.e164, result.status.value, now,
                jid=result.jid, detail=result.detail, reference=pending_reference(result),
            )
            for (row, given, number), result in zip(group, results, strict=True)
        ])  # fmt: skip

    async def _failed(self, group: Sequence[_Asked], error: WaError) -> None:
        if error.stops_all:
            raise error
        if isinstance(error, BadInput) and len(group) > 1:
            # One number that the vendor refuses must not fail those that share its call.
            middle = len(group) // 2
            await self._check(group[:middle])
            await self._check(group[middle:])
            return
        detail = f"{type(error).__name__}: {error}"
        if detail not in self._reasons and len(self._reasons) < REASONS_LOGGED:
            self._reasons.add(detail)
            self.log.warning("No answer for %s: %s", group[0].number, detail)
        await self._keep([_row(asked.row, asked.given, asked.number.e164, _UNKNOWN, detail) for asked in group])
        self._breaker.failed(error)

    async def _keep(self, rows: Sequence[CheckRow]) -> None:
        await self.batch.keep(rows)
        self.counts.statuses.update(row.status for row in rows)
        self.counts.answers.update(row.status for row in rows)
        self._progress.report()


def _row(row: int, given: str, number: str, status: str, detail: str = "") -> CheckRow:
    return CheckRow(row, given, number, status, datetime.now(timezone.utc), detail=detail)
