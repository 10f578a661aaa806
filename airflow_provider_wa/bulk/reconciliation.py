# SPDX-License-Identifier: Apache-2.0
"""Clears up what became of messages whose reply was lost, by what the vendor lists as sent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

from airflow_provider_wa.api.capabilities import HasSession, ReportsDeliveries
from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.messages import Message
from airflow_provider_wa.bulk.recognition import comparable_text
from airflow_provider_wa.bulk.report_matching import CLOCKS, Outgoing
from airflow_provider_wa.bulk.workers import Log
from airflow_provider_wa.store.send_states import PROVEN, TOO_EARLY, Evidence
from airflow_provider_wa.store.sends import SendRow, Settle
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.transport.channel import AsyncChannel
from airflow_provider_wa.transport.drive import adrive

WITNESS_AGE = timedelta(hours=1)
"""How much older than what is in doubt a message may be that a report is held against."""

DETAILS: Mapping[Evidence, str] = {
    Evidence.FOUND: "its reply was lost; it was found among what was sent",
    Evidence.ANOTHER_TEXT: "its reply was lost; the recipient was sent something, but another text is told of it",
    Evidence.INCOMPLETE: "its reply was lost, and what the vendor tells of lacks even what was surely accepted",
    Evidence.LOGGED_OUT: "its reply was lost, and while the account is logged out it may wait in the vendor's queue",
    Evidence.NOT_FOUND: "it was not taken: it is not among what was sent",
}
"""Explanation of each evidence, as it is stored."""


def is_too_early(verdict: Settle) -> bool:
    """Return True if a later report may prove more."""
    return verdict.detail in {DETAILS[evidence] for evidence in TOO_EARLY}


class Reconciler:
    """The messages of one batch that are in doubt, over one account.

    :param doubt_seconds: how long a request may take, at the longest: an intent that is younger may still be under way.
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
        self._outgoing: Outgoing | None = None

    def note_accepted(self, at: datetime, message_id: str) -> None:
        """Be told of a message that was surely accepted: a report must show it."""
        self._accepted = max(self._accepted, (at, message_id))

    def forget_reports(self) -> None:
        """Ask for a report anew, the next time that one is needed."""
        self._outgoing = None

    async def verdict(self, vendor: object, to: str, message: Message, row: SendRow) -> Settle | SendRow:
        """What became of a message that is in doubt: an outcome, or the row as it stands if the vendor cannot tell.

        :param to: whom it went to: digits or a JID.
        :raises WaError: the vendor could not be asked.
        """
        text = comparable_text(message)
        if not isinstance(vendor, ReportsDeliveries) or not text or not row.intended_at:
            return row
        try:
            outgoing = await self._what_was_sent(vendor, row)
        except BadInput:
            return row  # it is longer ago than the vendor tells of
        # Another try that is still at work may have settled it meanwhile, or sent it anew.
        standing = (await asyncio.to_thread(self._store.sends.known, [row.key])).get(row.key, row)
        if (standing.state, standing.intended_at) != (row.state, row.intended_at):
            return standing
        found = None
        if outgoing.lacks_the_accepted:
            evidence = Evidence.INCOMPLETE
        elif found := outgoing.take(to, text, row.intended_at):
            evidence = Evidence.FOUND
        elif outgoing.may_hold(to, row.intended_at):
            evidence = Evidence.ANOTHER_TEXT
        elif not outgoing.is_logged_in:
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

    async def _what_was_sent(self, vendor: ReportsDeliveries, doubted: SendRow) -> Outgoing:
        """What the account has sent since the first message that is in doubt, once a report must show them all."""
        if self._outgoing and self._outgoing.shows(_began(doubted), self._shown_at(vendor, doubted)):
            return self._outgoing
        in_doubt = [doubted, *await asyncio.to_thread(self._store.sends.in_doubt, self._batch)]
        shown_at, since = max(self._shown_at(vendor, row) for row in in_doubt), min(map(_began, in_doubt))
        # A queue that is long, or a clock that is wrong, would hide what was taken: so a report counts only if it shows
        # what was surely accepted.
        accepted_at, accepted_id = self._accepted
        if accepted_at > since - WITNESS_AGE:
            shown_at = max(shown_at, accepted_at + timedelta(seconds=vendor.report_seconds))
            since = min(since, accepted_at)
        else:
            accepted_id = ""
        wait = max(0.0, (shown_at - datetime.now(timezone.utc)).total_seconds())
        self._log.info(
            "In doubt: %s. They are looked for among what was sent, in %.0f s, when the vendor must show them",
            f"{len(in_doubt) - 1:,}",
            wait,
        )
        await asyncio.sleep(wait)
        asked_at = datetime.now(timezone.utc)
        is_logged_in = not isinstance(vendor, HasSession) or (await adrive(vendor.session(), self._channel)).logged_in
        statuses = await adrive(vendor.delivery_report(since=since - CLOCKS), self._channel)
        ids = [status.message_id for status in statuses]
        claimed = await asyncio.to_thread(self._store.sends.claimed, self._conn_id, ids)
        lacks_the_accepted = bool(accepted_id) and accepted_id not in ids
        self._outgoing = Outgoing(statuses, claimed, since, asked_at, lacks_the_accepted, is_logged_in)
        return self._outgoing

    def _shown_at(self, vendor: ReportsDeliveries, row: SendRow) -> datetime:
        """From when on a report must show a message that was taken."""
        ended = row.settled_at or _began(row) + timedelta(seconds=self._doubt_seconds)
        return ended + timedelta(seconds=vendor.report_seconds)


def _began(row: SendRow) -> datetime:
    """When a message may have gone out at the earliest."""
    return row.intended_at or _LONG_AGO


_LONG_AGO = datetime(1970, 1, 1, tzinfo=timezone.utc)
