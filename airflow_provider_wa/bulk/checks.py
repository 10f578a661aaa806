# SPDX-License-Identifier: Apache-2.0
"""Checks many numbers: normalises them, asks for each once, and gives each an answer of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, NamedTuple

from airflow_provider_wa.api import checking, numbers
from airflow_provider_wa.api.capabilities import ChecksNumbers
from airflow_provider_wa.api.errors import BadInput, VendorUnavailable, WaError
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import CheckStatus
from airflow_provider_wa.bulk.engine import Log, Progress, for_each
from airflow_provider_wa.bulk.files import Write
from airflow_provider_wa.transport.channel import AsyncChannel
from airflow_provider_wa.transport.drive import adrive

COLUMNS = ("input", "number", "status", "jid", "checked_at", "detail")
"""A result's columns: the number as it was given, its E.164 spelling, the answer, and when it came."""

REFERENCE = "reference"
"""Beside its columns a result that is pending has what the check is known by at the vendor."""

ROW = "row"
"""Beside its columns a result has the place of its number in the list, from 1: results come in no particular order."""

INVALID = "invalid"
"""The status of what is no phone number, beside the four answers of a check. It costs no call."""

ANSWERS = (*(status.value for status in CheckStatus), INVALID)
"""What a row's status may be."""

FAILURES_TO_STOP = 20
"""So many calls in a row that could not reach the vendor, with no answer among them, end the run."""


@dataclass
class Tally:
    """What a run came to: rows read, answers by status, numbers that came again, requests made."""

    total: int = 0
    duplicates: int = 0
    calls: int = 0
    statuses: Counter[str] = field(default_factory=Counter)

    def to_dict(self) -> dict[str, int]:
        """Counts as the operator returns them; ``total`` is the sum of all but ``calls``."""
        by_status = {status: self.statuses[status] for status in ANSWERS}
        return {"total": self.total, **by_status, "duplicates": self.duplicates, "calls": self.calls}

    @property
    def remark(self) -> str:
        """The share of numbers on WhatsApp among those that got a clear answer."""
        known = self.statuses["exists"] + self.statuses["absent"]
        return f"{self.statuses['exists'] / known:.0%} on WhatsApp" if known else "no clear answer yet"


class _Asked(NamedTuple):
    """A number that is asked for: its place in the list, how it was given, and what it is."""

    row: int
    given: str
    number: PhoneNumber


@dataclass
class BulkCheck:
    """One run over a list of numbers. ``write`` gets each result as it comes, in no particular order.

    :param default_region: how to read numbers without + and country code.
    :param log: where progress goes.
    :param known: what an earlier try has found out: number and status by the row's place in the list. Such a number
        is not asked for again.
    """

    vendor: ChecksNumbers
    channel: AsyncChannel
    write: Write
    log: Log
    default_region: str | None = None
    known: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)

    async def run(self, spellings: Iterable[Any], workers: int, total: int | None = None) -> Tally:
        """Check all numbers, each once; a number that failed is ``unknown``, with the reason in ``detail``.

        :raises WaError: an error that would stop all others (credentials, quota, session, vendor out of reach), after
            what had been begun was written.
        """
        self._progress = Progress(self.log, "numbers", total)
        self._failures_in_a_row = 0
        try:
            await for_each(self._batches(spellings), self._check, workers)
        finally:
            self.tally.calls = self.channel.calls
            self._progress.finish(self._done, self.tally.remark)
        return self.tally

    @property
    def _done(self) -> int:
        return self.tally.statuses.total() + self.tally.duplicates

    def _batches(self, spellings: Iterable[Any]) -> Iterator[list[_Asked]]:
        """Valid numbers that were not seen before, as many as the vendor takes in one call."""
        seen: set[int] = set()
        batch: list[_Asked] = []
        for row, spelling in enumerate(spellings, 1):
            self.tally.total = row
            given = _given(spelling)
            try:
                number = numbers.parse(given, self.default_region)
            except BadInput as error:
                self._write(row, given, given, INVALID, detail=str(error))
                continue
            if int(number.digits) in seen:
                self.tally.duplicates += 1
                continue
            seen.add(int(number.digits))
            known_number, status = self.known.get(row, ("", ""))
            if known_number == number.e164:
                self.tally.statuses[status] += 1
                continue
            batch.append(_Asked(row, given, number))
            if len(batch) == self.vendor.numbers_per_check:
                yield batch
                batch = []
        if batch:
            yield batch

    async def _check(self, batch: Sequence[_Asked]) -> None:
        flow = checking.check(self.vendor, [asked.number for asked in batch])
        try:
            results = await adrive(flow, self.channel)
        except WaError as error:
            await self._failed(batch, error)
            return
        self._failures_in_a_row = 0
        for asked, result in zip(batch, results, strict=True):
            reference = result.reference if result.status is CheckStatus.PENDING else None
            self._answer(asked, result.status, jid=result.jid, detail=result.detail, reference=reference)
        self._progress.report(self._done, self.tally.remark)

    async def _failed(self, batch: Sequence[_Asked], error: WaError) -> None:
        if error.stops_all:
            raise error
        if isinstance(error, BadInput) and len(batch) > 1:
            # One number that the vendor refuses must not fail those that share its call.
            middle = len(batch) // 2
            await self._check(batch[:middle])
            await self._check(batch[middle:])
            return
        for asked in batch:
            self._answer(asked, CheckStatus.UNKNOWN, detail=f"{type(error).__name__}: {error}")
        self._failures_in_a_row += isinstance(error, VendorUnavailable)
        if self._failures_in_a_row >= FAILURES_TO_STOP:
            raise error

    def _answer(self, asked: _Asked, status: CheckStatus, **more: Any) -> None:
        self._write(asked.row, asked.given, asked.number.e164, status.value, **more)

    def _write(
        self,
        row: int,
        given: str,
        number: str,
        status: str,
        *,
        jid: str | None = None,
        detail: str = "",
        reference: str | None = None,
    ) -> None:
        self.tally.statuses[status] += 1
        self.write(
            {
                ROW: row,
                "input": given,
                "number": number,
                "status": status,
                "jid": jid,
                "checked_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
                "detail": detail,
                REFERENCE: reference,
            }
        )


def _given(spelling: Any) -> str:
    # JSON and pandas make floats of whole numbers.
    if isinstance(spelling, float) and spelling.is_integer():
        spelling = int(spelling)
    return "" if spelling is None else str(spelling)
