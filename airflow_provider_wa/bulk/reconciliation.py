# SPDX-License-Identifier: Apache-2.0
"""Clears up messages whose reply was lost, by the vendor's report of sent messages."""

from __future__ import annotations

import asyncio
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from types import MappingProxyType

from airflow_provider_wa.api import jids
from airflow_provider_wa.api.capabilities import HasSession, ReportsDeliveries
from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.messages import MediaMessage, Message, Text
from airflow_provider_wa.api.numbers import person
from airflow_provider_wa.api.records import DeliveryStatus
from airflow_provider_wa.bulk.progress import Log
from airflow_provider_wa.store.send_changes import Settle
from airflow_provider_wa.store.send_states import PROVEN, TOO_EARLY, Evidence
from airflow_provider_wa.store.sends import SendRow
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.transport.channel import AsyncChannel
from airflow_provider_wa.transport.drive import adrive

CLOCKS = timedelta(minutes=2)
"""Maximum difference between the vendor's clock and ours."""

WITNESS_AGE = timedelta(hours=1)
"""Maximum age, before the first message in doubt, of an accepted message that a report must show."""

DETAILS: Mapping[Evidence, str] = {
    Evidence.FOUND: "its reply was lost; it was found among the messages that were sent",
    Evidence.ANOTHER_TEXT: "its reply was lost; the recipient was sent something, but the report has another text",
    Evidence.ANOTHER_NAME: "its reply was lost; the report has its text under a LID whose number is not known",
    Evidence.INCOMPLETE: "its reply was lost, and the vendor's report lacks even a message that was accepted",
    Evidence.LOGGED_OUT: "its reply was lost, and while the account is logged out it may wait in the vendor's queue",
    Evidence.NOT_FOUND: "it was not accepted: it is not among the messages that were sent",
}
"""Explanation of each evidence, as it is stored."""


def is_too_early(verdict: Settle) -> bool:
    """Return True if a later report may prove more."""
    return verdict.detail in {DETAILS[evidence] for evidence in TOO_EARLY}


class Reconciler:
    """Clears up the messages in doubt of one batch, sent over one account.

    :param doubt_seconds: maximum duration of a request: the request of a younger intent may still be under way.
    """

    def __init__(
        self, channel: AsyncChannel, store: Store, batch: str, conn_id: str, log: Log, doubt_seconds: float
    ) -> None:
        self._channel = channel
        self._store = store
        self._batch = batch
        self._conn_id = conn_id
        self._log = log
        self._doubt_seconds = doubt_seconds
        self._accepted = (_LONG_AGO, "")
        self._report: SentReport | None = None

    def note_accepted(self, at: datetime, message_id: str) -> None:
        """Take note of a message that was accepted: a report must show it."""
        self._accepted = max(self._accepted, (at, message_id))

    def forget_reports(self) -> None:
        """Ask for a new report the next time that one is needed."""
        self._report = None

    async def verdict(self, vendor: object, to: str, message: Message, row: SendRow) -> Settle | SendRow:
        """Return the outcome of a message in doubt, or its row in the store if the vendor cannot say.

        :param to: the recipient: digits or a JID.
        :raises WaError: the vendor could not be asked.
        """
        text = comparable_text(message)
        if not isinstance(vendor, ReportsDeliveries) or not text or not row.intended_at:
            return row
        try:
            report = await self._what_was_sent(vendor, row)
        except BadInput:
            return row  # it is too long ago for the vendor's reports
        # Another try that is still at work may have entered an outcome meanwhile, or sent it again.
        standing = (await asyncio.to_thread(self._store.sends.known, [row.key])).get(row.key, row)
        if (standing.state, standing.intended_at) != (row.state, row.intended_at):
            return standing
        found = None
        if report.lacks_the_accepted:
            evidence = Evidence.INCOMPLETE
        elif found := report.take(to, text, row.intended_at):
            evidence = Evidence.FOUND
        elif report.may_hold(to, row.intended_at):
            evidence = Evidence.ANOTHER_TEXT
        elif report.may_name(to, text, row.intended_at):
            evidence = Evidence.ANOTHER_NAME
        elif not report.is_logged_in:
            evidence = Evidence.LOGGED_OUT
        else:
            evidence = Evidence.NOT_FOUND
        return Settle(
            key=row.key,
            state=PROVEN[evidence],
            message_id=found.message_id if found else None,
            detail=DETAILS[evidence],
            intended_at=row.intended_at,
        )

    async def _what_was_sent(self, vendor: ReportsDeliveries, doubted: SendRow) -> SentReport:
        """Return the report of sent messages since the first message in doubt, once it must show all of them."""
        if self._report and self._report.shows(_began(doubted), self._shown_at(vendor, doubted)):
            return self._report
        in_doubt = [doubted, *await asyncio.to_thread(self._store.sends.in_doubt, self._batch)]
        shown_at, since = max(self._shown_at(vendor, row) for row in in_doubt), min(map(_began, in_doubt))
        # A long queue or a wrong clock would hide what was accepted: so a report counts only if it shows a message that
        # was accepted for certain.
        accepted_at, accepted_id = self._accepted
        if accepted_at > since - WITNESS_AGE:
            shown_at = max(shown_at, accepted_at + timedelta(seconds=vendor.report_seconds))
            since = min(since, accepted_at)
        else:
            accepted_id = ""
        wait = max(0.0, (shown_at - datetime.now(timezone.utc)).total_seconds())
        self._log.info(
            "%s messages are in doubt; they are looked for in the vendor's report in %.0f s, when it must show them",
            f"{len(in_doubt) - 1:,}",
            wait,
        )
        await asyncio.sleep(wait)
        asked_at = datetime.now(timezone.utc)
        is_logged_in = not isinstance(vendor, HasSession) or (await adrive(vendor.session(), self._channel)).logged_in
        statuses = await adrive(vendor.delivery_report(since=since - CLOCKS), self._channel)
        ids = [status.message_id for status in statuses]
        claimed = await asyncio.to_thread(self._store.sends.claimed, self._conn_id, ids)
        known_as = await asyncio.to_thread(self._named, statuses)
        lacks_the_accepted = bool(accepted_id) and accepted_id not in ids
        self._report = SentReport(statuses, claimed, since, asked_at, lacks_the_accepted, is_logged_in, known_as)
        return self._report

    def _named(self, statuses: Sequence[DeliveryStatus]) -> Mapping[str, Sequence[str]]:
        """Return all names of the recipients in a report: what went to a number may be reported under its LID."""
        self._store.identities.learn_from(statuses)
        return self._store.identities.names({status.to for status in statuses if status.to})

    def _shown_at(self, vendor: ReportsDeliveries, row: SendRow) -> datetime:
        """Return the moment from which a report must show a message that was accepted."""
        ended = row.settled_at or _began(row) + timedelta(seconds=self._doubt_seconds)
        return ended + timedelta(seconds=vendor.report_seconds)


def _began(row: SendRow) -> datetime:
    """Return the earliest moment at which a message may have gone out."""
    return row.intended_at or _LONG_AGO


_LONG_AGO = datetime(1970, 1, 1, tzinfo=timezone.utc)


class SentReport:
    """A vendor's report of the messages that an account has sent. Each of them is matched with one message of ours.

    :param statuses: the messages as the vendor lists them, with their texts.
    :param claimed: ids of messages in the report that are matched with other messages already.
    :param since: beginning of the report's period, but for a tolerance of ``CLOCKS``.
    :param asked_at: the moment at which the vendor was asked.
    :param lacks_the_accepted: a message that was accepted is not among them, so that the report is not complete.
    :param is_logged_in: the account is logged in; while it is not, messages may wait at the vendor.
    :param known_as: all names of recipients; those that are not in it have one.
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

    def shows(self, sent_from: datetime, shown_at: datetime) -> bool:
        """Return True if the report must show a message.

        :param sent_from: the earliest moment at which the message may have been sent.
        :param shown_at: the moment from which reports must show it.
        """
        return self._since_when <= sent_from and shown_at <= self._asked_at

    def take(self, recipient: str, text: str, since: datetime) -> DeliveryStatus | None:
        """Return the message with this text that went to a recipient after a moment; None if it is not there.

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
        """Return True if a message with this text went to a LID that may be that of the recipient, a number."""
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

    On its way a text may lose blanks at its ends or have its line ends changed. Texts that differ in nothing else count
    as the same, since a message that is not recognised may be sent twice. A text that is empty or missing equals none.
    """
    return _normal(one) == _normal(other) != ""


def _normal(text: str | None) -> str:
    return " ".join(unicodedata.normalize("NFC", text or "").split())
