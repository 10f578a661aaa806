# SPDX-License-Identifier: Apache-2.0
"""Clears up messages whose reply was lost, by the vendor's report of sent messages."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from airflow_provider_wa.api.capabilities import HasSession, ReportsDeliveries
from airflow_provider_wa.api.errors import BadInput, VendorUnavailable, WaError
from airflow_provider_wa.api.flow import Reply, relayed
from airflow_provider_wa.api.records import DeliveryStatus
from airflow_provider_wa.bulk.send_job import SendJob
from airflow_provider_wa.bulk.send_results import Addressed
from airflow_provider_wa.bulk.sent_report import CLOCKS, SentReport, comparable_text
from airflow_provider_wa.store.send_changes import Settle
from airflow_provider_wa.store.send_states import PROVEN, TOO_EARLY, Evidence
from airflow_provider_wa.store.sends import SendRow
from airflow_provider_wa.transport.drive import adrive
from airflow_provider_wa.transport.steady import SteadyClock

WITNESS_AGE = timedelta(hours=1)
"""Maximum age, before the first message in doubt, of an accepted message that a report must show."""

KEPT = timedelta(days=1)
"""Period for which every vendor keeps its reports. An older message in doubt must not hide younger ones."""

DETAILS: Mapping[Evidence, str] = {
    Evidence.FOUND: "its reply was lost; it was found among the messages that were sent",
    Evidence.ANOTHER_TEXT: "its reply was lost; the recipient was sent something, but the report has another text",
    Evidence.ANOTHER_NAME: "its reply was lost; the report has its text under a LID whose number is not known",
    Evidence.INCOMPLETE: "its reply was lost, and the vendor's report lacks even a message that was accepted",
    Evidence.LOGGED_OUT: "its reply was lost, and while the account is logged out it may wait in the vendor's queue",
    Evidence.ANOTHER_CLOCK: "its reply was lost; the report lacks it, but this machine's clock is or was wrong",
    Evidence.NOT_FOUND: "it was not accepted: it is not among the messages that were sent",
}
"""Explanation of each evidence, as it is stored."""


NOT_SHOWN_YET = "its reply was lost, and no report of the vendor must show it yet"
"""Reason for leaving a message in doubt to a retry: it is too young to be in a report."""


@dataclass
class Doubts:
    """Messages in doubt that a pass has put off.

    :param count: number of these messages. The other fields describe the messages that a report can show.
    :param began: earliest moment at which a message may have gone out, by the wall clock.
    :param ended: latest moment at which a message's request may have ended, by the wall clock.
    :param over: the same by the reconciler's clock.
    :param error: the last error of a message in this pass.
    """

    count: int = 0
    began: datetime | None = None
    ended: datetime | None = None
    over: datetime | None = None
    error: WaError | None = None

    def add(self, row: SendRow, ended: datetime | None, over: datetime | None) -> None:
        """Add a message; ``ended`` and ``over`` are None if no report can show its outcome."""
        self.count += 1
        if ended and over and row.intended_at:
            self.began = min(self.began or row.intended_at, row.intended_at)
            self.ended = max(self.ended or ended, ended)
            self.over = max(self.over or over, over)


class Reconciler:
    """Clears up the messages in doubt of one list, sent over one account.

    ``doubts`` are those that the current pass has put off. How long a message has been in doubt is measured from the
    moment at which this try met it. Its stored moments are those of a wall clock that may have been set since, or of
    another machine: by them a request in progress could look old, and its message be sent twice.
    """

    def __init__(self, job: SendJob) -> None:
        self._job = job
        self._clock = SteadyClock()
        self._met: dict[str, tuple[datetime | None, datetime]] = {}
        """Stored moment of the intent, and latest end of the request, of each message in doubt, by its key."""
        self._vendor = job.vendor if isinstance(job.vendor, ReportsDeliveries) else None
        self._report: SentReport | None = None
        self._waited = job.so_far is not None and job.so_far.waited
        self._clocks_differ = False
        self.doubts = Doubts()

    def begin_pass(self) -> None:
        """Reset the count of messages that are put off."""
        self.doubts = Doubts()

    def put_off(self, each: Addressed, row: SendRow, error: WaError | None = None, *, just_ended: bool = False) -> None:
        """Put a message in doubt off to a further pass, which may clear it up or send it again.

        :param just_ended: its request, of this try, has just ended.
        """
        if just_ended:
            self._met[row.key] = (None, self._clock.now())
        if not (self._reports(each) or self._job.may_repeat(each)):
            return
        if self._reports(each):
            over = self._met[row.key][1] if just_ended else self._over(row)
            self.doubts.add(row, self._ended(row), over)
        else:
            self.doubts.add(row, None, None)
        self.doubts.error = error or self.doubts.error

    async def due(self) -> datetime:
        """Return the moment from which a report must show all messages that were put off; now without such messages.

        Moments are by this object's clock; ``seconds_until`` measures the time until then.
        """
        now = shown_at = self._clock.now()
        if self._vendor and self.doubts.over:
            witness = [] if self._waited else await self._witness()
            ages = [datetime.now(timezone.utc) - row.settled_at for row in witness if row.settled_at]
            # It was accepted before now, even if the wall clock has been set back since.
            last = max([self.doubts.over, *(now - max(age, timedelta()) for age in ages)])
            shown_at = max(now, last + timedelta(seconds=self._report_seconds))
        return shown_at

    def seconds_until(self, due: datetime) -> float:
        """Return the time until a moment that ``due`` has returned."""
        return max((due - self._clock.now()).total_seconds(), 0.0)

    async def look(self, due: datetime) -> None:
        """Ask the vendor for a report, if one is needed for the messages that were put off.

        :raises WaError: the vendor could not be asked.
        """
        self._report, self._clocks_differ = None, False
        if self._vendor is None or self.doubts.began is None:
            return
        asked_at = max(due, self._clock.now())
        witness = await self._witness()
        # Without a witness, nothing shows that the clock was right at the intent: the message may stand elsewhere.
        first = [row.intended_at for row in witness if row.intended_at] or [datetime.now(timezone.utc) - KEPT]
        since = min([self.doubts.began, *first])
        is_logged_in = not isinstance(self._vendor, HasSession) or await self._is_logged_in(self._vendor)
        statuses, since = await self._statuses(self._vendor, since)
        ids = [status.message_id for status in statuses]
        claimed = await asyncio.to_thread(self._job.store.sends.claimed, self._job.conn_id, ids)
        lacks = any(row.message_id not in ids for row in witness if _began(row) >= since)
        known_as = await asyncio.to_thread(self._named, statuses)
        self._report = SentReport(statuses, claimed, since, asked_at, lacks, is_logged_in, known_as)

    def is_too_young(self, each: Addressed, row: SendRow) -> bool:
        """Return True for a message that is too young for this report, but must be in a later one."""
        return self._reports(each) and not (self._report and self._report.is_after(self._shown_at(row)))

    def verdict(self, each: Addressed, row: SendRow) -> Settle | None:
        """Return the outcome of a message in doubt; None if the vendor does not know it."""
        report, began, text = self._report, row.intended_at, comparable_text(each.message)
        if report is None or began is None or not text or not report.reaches(began):
            return None
        evidence, found = report.evidence(row.recipient, text, began)
        if evidence is Evidence.NOT_FOUND and (self._are_clocks_wrong(began) or report.has(row.recipient, text)):
            evidence = Evidence.ANOTHER_CLOCK
        if evidence in TOO_EARLY and not self._job.may_repeat(each):
            self.put_off(each, row, VendorUnavailable(DETAILS[evidence]))
        return Settle(
            key=row.key,
            state=PROVEN[evidence],
            message_id=found.message_id if found else None,
            detail=DETAILS[evidence],
            intended_at=began,
        )

    def _are_clocks_wrong(self, began: datetime) -> bool:
        """Return True if a message may have an unexpected time in the report: one of the clocks is or was wrong."""
        return self._clocks_differ or began > datetime.now(timezone.utc) + CLOCKS

    def _compare_clocks(self, outcome: Reply | WaError) -> None:
        """Note if the vendor's clock, in the ``Date`` header, is not this machine's."""
        if isinstance(outcome, WaError):
            return
        with suppress(KeyError, ValueError, TypeError):
            theirs = parsedate_to_datetime(outcome.headers["date"]).timestamp()
            ours = datetime.now(timezone.utc).timestamp()
            self._clocks_differ = abs(ours - theirs) > CLOCKS.total_seconds()

    def _named(self, statuses: Sequence[DeliveryStatus]) -> Mapping[str, Sequence[str]]:
        """Return all names of a report's recipients: a message to a number may be reported under the LID."""
        identities = self._job.store.identities
        identities.learn_from(statuses)
        return identities.names({status.to for status in statuses if status.to})

    def _reports(self, each: Addressed) -> bool:
        """Return True if a report can show the outcome of a message."""
        return self._vendor is not None and bool(comparable_text(each.message))

    def _ended(self, row: SendRow) -> datetime:
        """Return the latest moment at which the request of a message can have ended, by the wall clock."""
        return row.settled_at or _began(row) + timedelta(seconds=self._job.doubt_seconds)

    def _over(self, row: SendRow) -> datetime:
        """Return the same by this object's clock, from the moment at which the message was met."""
        intended_at, over = self._met.get(row.key, (row.intended_at, None))
        if over is None or intended_at not in (None, row.intended_at):
            over = self._clock.now() + self._from_now(row)
        self._met[row.key] = (row.intended_at, over)
        return over

    def _from_now(self, row: SendRow) -> timedelta:
        """Return the time until the request of a message has ended at the latest, for a message that is met now."""
        if self._waited:
            return -timedelta(seconds=self._report_seconds)
        return timedelta(seconds=0.0 if row.settled_at else self._job.doubt_seconds)

    @property
    def _report_seconds(self) -> float:
        return self._vendor.report_seconds if self._vendor else 0.0

    def _shown_at(self, row: SendRow) -> datetime:
        """Return the moment from which a report must show a message that was accepted."""
        return self._over(row) + timedelta(seconds=self._report_seconds)

    async def _witness(self) -> list[SendRow]:
        """Return messages that a complete report must show; empty without such messages.

        A long queue or a wrong clock could hide an accepted message. So a report counts only if it shows messages that
        were accepted for certain. Best is one sent after the last one in doubt: it is later in any queue. The last one
        before the first in doubt is expected as well: its time in the report is as wrong as that of the first.
        """
        job, doubts = self._job, self.doubts
        assert doubts.began is not None
        assert doubts.ended is not None
        since, sends = doubts.began - WITNESS_AGE, job.store.sends
        after = await asyncio.to_thread(sends.witness, job.batch, job.conn_id, since, doubts.ended)
        return after + await asyncio.to_thread(sends.last_witness, job.batch, job.conn_id, since, doubts.began)

    async def _is_logged_in(self, vendor: HasSession) -> bool:
        return (await adrive(vendor.session(), self._job.channel)).logged_in

    async def _statuses(self, vendor: ReportsDeliveries, since: datetime) -> tuple[list[DeliveryStatus], datetime]:
        """Return the messages since a moment, and the real start of the report: vendors delete old reports."""
        recent = datetime.now(timezone.utc) - KEPT
        for begin in sorted({since, max(since, recent)}):
            with suppress(BadInput):
                flow = relayed(vendor.delivery_report(since=begin - CLOCKS), after=self._compare_clocks)
                return await adrive(flow, self._job.channel), begin
        return [], datetime.now(timezone.utc)


def _began(row: SendRow) -> datetime:
    """Return the earliest moment at which a message may have gone out."""
    return row.intended_at or datetime.min.replace(tzinfo=timezone.utc)
