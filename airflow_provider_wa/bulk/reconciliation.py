# SPDX-License-Identifier: Apache-2.0
"""Clears up messages whose reply was lost, by the vendor's report of sent messages."""

from __future__ import annotations

import asyncio
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from types import MappingProxyType

from airflow_provider_wa.api import jids
from airflow_provider_wa.api.capabilities import HasSession, ReportsDeliveries
from airflow_provider_wa.api.errors import BadInput, VendorUnavailable, WaError
from airflow_provider_wa.api.messages import MediaMessage, Message, Text
from airflow_provider_wa.api.numbers import person
from airflow_provider_wa.api.records import DeliveryStatus
from airflow_provider_wa.bulk.send_job import SendJob
from airflow_provider_wa.bulk.send_results import Addressed
from airflow_provider_wa.store.send_changes import Settle
from airflow_provider_wa.store.send_states import PROVEN, TOO_EARLY, Evidence
from airflow_provider_wa.store.sends import SendRow
from airflow_provider_wa.transport.drive import adrive

CLOCKS = timedelta(minutes=2)
"""Maximum difference between the vendor's clock and ours."""

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
    Evidence.NOT_FOUND: "it was not accepted: it is not among the messages that were sent",
}
"""Explanation of each evidence, as it is stored."""


NOT_SHOWN_YET = "its reply was lost, and no report of the vendor must show it yet"
"""Reason for leaving a message in doubt to a retry: it is too young to be in a report."""


@dataclass
class Doubts:
    """Messages in doubt that a pass has put off.

    :param count: number of these messages. The other fields describe the messages that a report can show.
    :param began: earliest moment at which a message may have gone out.
    :param ended: latest moment at which a message's request may have ended.
    :param error: the last error of a message in this pass.
    """

    count: int = 0
    began: datetime | None = None
    ended: datetime | None = None
    error: WaError | None = None

    def add(self, row: SendRow, ended: datetime | None) -> None:
        """Add a message; ``ended`` is None if no report can show its outcome."""
        self.count += 1
        if ended and row.intended_at:
            self.began = min(self.began or row.intended_at, row.intended_at)
            self.ended = max(self.ended or ended, ended)


class Reconciler:
    """Clears up the messages in doubt of one list, sent over one account.

    ``doubts`` are those that the current pass has put off.
    """

    def __init__(self, job: SendJob) -> None:
        self._job = job
        self._vendor = job.vendor if isinstance(job.vendor, ReportsDeliveries) else None
        self._report: SentReport | None = None
        self.doubts = Doubts()

    def begin_pass(self) -> None:
        """Reset the count of messages that are put off."""
        self.doubts = Doubts()

    def put_off(self, each: Addressed, row: SendRow, error: WaError | None = None) -> None:
        """Put a message in doubt off to a further pass, which may clear it up or send it again."""
        if not (self._reports(each) or self._job.may_repeat(each)):
            return
        self.doubts.add(row, self._ended(row) if self._reports(each) else None)
        self.doubts.error = error or self.doubts.error

    async def due(self) -> datetime:
        """Return the moment from which a report must show all messages that were put off; now without such messages."""
        shown_at = datetime.now(timezone.utc)
        if self._vendor and self.doubts.ended:
            last = max([self.doubts.ended, *(row.settled_at for row in await self._witness() if row.settled_at)])
            shown_at = max(shown_at, last + timedelta(seconds=self._vendor.report_seconds))
        return shown_at

    async def look(self, due: datetime) -> None:
        """Ask the vendor for a report, if one is needed for the messages that were put off.

        :raises WaError: the vendor could not be asked.
        """
        self._report = None
        if self._vendor is None or self.doubts.began is None:
            return
        asked_at = max(due, datetime.now(timezone.utc))
        witness = await self._witness()
        since = min([self.doubts.began, *(row.intended_at for row in witness if row.intended_at)])
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
        if evidence in TOO_EARLY and not self._job.may_repeat(each):
            self.put_off(each, row, VendorUnavailable(DETAILS[evidence]))
        return Settle(
            key=row.key,
            state=PROVEN[evidence],
            message_id=found.message_id if found else None,
            detail=DETAILS[evidence],
            intended_at=began,
        )

    def _named(self, statuses: Sequence[DeliveryStatus]) -> Mapping[str, Sequence[str]]:
        """Return all names of a report's recipients: a message to a number may be reported under the LID."""
        identities = self._job.store.identities
        identities.learn_from(statuses)
        return identities.names({status.to for status in statuses if status.to})

    def _reports(self, each: Addressed) -> bool:
        """Return True if a report can show the outcome of a message."""
        return self._vendor is not None and bool(comparable_text(each.message))

    def _ended(self, row: SendRow) -> datetime:
        """Return the latest moment at which the request of a message can have ended."""
        return row.settled_at or _began(row) + timedelta(seconds=self._job.doubt_seconds)

    def _shown_at(self, row: SendRow) -> datetime:
        """Return the moment from which a report must show a message that was accepted."""
        return self._ended(row) + timedelta(seconds=self._vendor.report_seconds if self._vendor else 0)

    async def _witness(self) -> list[SendRow]:
        """Return a message that a complete report must show, as a list; empty without such a message.

        A long queue or a wrong clock could hide an accepted message. So a report counts only if it shows a message
        that was accepted for certain. Best is a message sent after the last one in doubt: it is later in any queue.
        """
        job, doubts = self._job, self.doubts
        assert doubts.began is not None
        assert doubts.ended is not None
        since = doubts.began - WITNESS_AGE
        return await asyncio.to_thread(job.store.sends.witness, job.batch, job.conn_id, since, doubts.ended)

    async def _is_logged_in(self, vendor: HasSession) -> bool:
        return (await adrive(vendor.session(), self._job.channel)).logged_in

    async def _statuses(self, vendor: ReportsDeliveries, since: datetime) -> tuple[list[DeliveryStatus], datetime]:
        """Return the messages since a moment, and the real start of the report: vendors delete old reports."""
        recent = datetime.now(timezone.utc) - KEPT
        for begin in sorted({since, max(since, recent)}):
            with suppress(BadInput):
                return await adrive(vendor.delivery_report(since=begin - CLOCKS), self._job.channel), begin
        return [], datetime.now(timezone.utc)


def _began(row: SendRow) -> datetime:
    """Return the earliest moment at which a message may have gone out."""
    return row.intended_at or datetime.min.replace(tzinfo=timezone.utc)


class SentReport:
    """A vendor's report of the messages that an account has sent. Each entry is matched with one message in doubt.

    :param statuses: the messages as the vendor lists them, with their texts.
    :param claimed: ids of messages in the report that are matched already.
    :param since: beginning of the report's period, with a tolerance of ``CLOCKS``.
    :param asked_at: the moment at which the vendor was asked.
    :param lacks_the_accepted: an accepted message is missing, so the report is not complete.
    :param is_logged_in: the account is logged in. Messages of a logged-out account may wait at the vendor.
    :param known_as: all names of recipients; a recipient that is missing here has one name.
    """

    def __init__(
        self,
        statuses: Iterable[DeliveryStatus],
        claimed: Collection[str],
        since: datetime,
        asked_at: datetime,
        lacks_the_accepted: bool = False,
        is_logged_in: bool = True,
        known_as: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        self._since_when, self._asked_at = since, asked_at
        self.lacks_the_accepted = lacks_the_accepted
        self.is_logged_in = is_logged_in
        self._known_as = known_as
        self._left: defaultdict[str, list[DeliveryStatus]] = defaultdict(list)
        for status in statuses:
            if status.to and status.message_id not in claimed:
                for name in self._persons(status.to):
                    self._left[name].append(status)

    def reaches(self, moment: datetime) -> bool:
        """Return True if the report's period had begun at a moment."""
        return self._since_when <= moment

    def is_after(self, shown_at: datetime) -> bool:
        """Return True if the vendor was asked at a moment or later."""
        return shown_at <= self._asked_at

    def evidence(self, to: str, text: str, since: datetime) -> tuple[Evidence, DeliveryStatus | None]:
        """Return the evidence for a message in doubt, and its entry in the report if there is one.

        :param to: the recipient: digits or a JID.
        """
        if self.lacks_the_accepted:
            return Evidence.INCOMPLETE, None
        if found := self.take(to, text, since):
            return Evidence.FOUND, found
        if self.may_hold(to, since):
            return Evidence.ANOTHER_TEXT, None
        if self.may_name(to, text, since):
            return Evidence.ANOTHER_NAME, None
        return (Evidence.NOT_FOUND if self.is_logged_in else Evidence.LOGGED_OUT), None

    def take(self, recipient: str, text: str, since: datetime) -> DeliveryStatus | None:
        """Return the message with this text that went to a recipient after a moment; None if the report lacks it.

        Each message is returned once.

        :param recipient: digits or a JID.
        """
        for status in self._since(recipient, since):
            if same_text(status.text, text):
                for name in self._persons(status.to or recipient):
                    self._left[name].remove(status)
                return status
        return None

    def may_hold(self, recipient: str, since: datetime) -> bool:
        """Return True if a message that is not accounted for went to a recipient after a moment.

        It may be one of ours although its text differs: a vendor may cut long texts, or report no text.
        """
        return any(True for _ in self._since(recipient, since))

    def may_name(self, recipient: str, text: str, since: datetime) -> bool:
        """Return True if this text went to a LID without a known number: it may be the recipient's."""
        unnamed = (name for name in self._left if jids.is_lid(name) and len(self._persons(name)) == 1)
        sent = (status for name in unnamed for status in self._since(name, since))
        return "@" not in recipient and any(same_text(status.text, text) for status in sent)

    def _persons(self, recipient: str) -> set[str]:
        return {person(name) for name in self._known_as.get(recipient, (recipient,))}

    def _since(self, recipient: str, moment: datetime) -> Iterator[DeliveryStatus]:
        for status in self._left.get(person(recipient), ()):
            if status.sent_at is None or status.sent_at >= moment - CLOCKS:
                yield status


def comparable_text(message: Message) -> str | None:
    """Return the text that a report shows of a message: a text's body, a file's caption; None if it has neither."""
    if isinstance(message, Text):
        return message.body
    if isinstance(message, MediaMessage) and message.caption.strip():
        return message.caption
    return None


def same_text(one: str | None, other: str | None) -> bool:
    """Return True if two texts read the same: blanks, line ends and the encoding of accents do not count.

    In transit a text may lose blanks at its ends, and its line ends may change. Texts without other differences are
    equal, since an unrecognised message may be sent twice. An empty or missing text equals no other text.
    """
    return _normal(one) == _normal(other) != ""


def _normal(text: str | None) -> str:
    return " ".join(unicodedata.normalize("NFC", text or "").split())
