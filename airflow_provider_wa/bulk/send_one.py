# SPDX-License-Identifier: Apache-2.0
"""Sends one message of a list: its intent is stored before the request, its outcome after it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from random import Random
from typing import NamedTuple

from airflow_provider_wa.api.errors import OutcomeUnknown, Retry, VendorUnavailable, WaError
from airflow_provider_wa.api.kept_messages import kept
from airflow_provider_wa.api.records import SentMessage
from airflow_provider_wa.bulk.pacing import Hold
from airflow_provider_wa.bulk.reconciliation import Reconciler
from airflow_provider_wa.bulk.send_entries import Entries
from airflow_provider_wa.bulk.send_job import TURN_SECONDS, SendJob
from airflow_provider_wa.bulk.send_results import Addressed
from airflow_provider_wa.bulk.session_watch import SessionWatch
from airflow_provider_wa.bulk.workers import ENDED, CircuitBreaker, Interrupted, refuse_if
from airflow_provider_wa.store.send_changes import Settle
from airflow_provider_wa.store.send_intents import LIMIT_REACHED, Intend
from airflow_provider_wa.store.send_states import SendState, held, outcome
from airflow_provider_wa.store.sends import Recent, SendRow
from airflow_provider_wa.transport.drive import adrive
from airflow_provider_wa.transport.steady import suspended

LONGEST_SUSPENSION = 120.0
"""Seconds for which the machine may be suspended during a try. Airflow gives a task up after five minutes: another try
may then have cleared up what this one was about to send."""


class Late(WaError):
    """A request was not made: its intent is so old that another try may take its message for one that went out."""

    retry = Retry.LATER


class _Intent(NamedTuple):
    """A written intent, with its moment by the wall clock and by the monotonic one."""

    row: SendRow
    moment: datetime
    began: float

    @property
    def age(self) -> float:
        """Seconds since it was begun."""
        return time.monotonic() - self.began


class Sender:
    """Sends the messages of one try, except to recipients who must not be written to now."""

    def __init__(self, job: SendJob, entries: Entries, reconciler: Reconciler) -> None:
        self._job = job
        self._entries = entries
        self._reconciler = reconciler
        self._gap = Gap()
        self._requests = asyncio.Semaphore(1)
        self._stopped: WaError | None = None
        self._random = Random()
        self._asleep = suspended()
        self._session = SessionWatch(job.vendor, job.channel, job.store, job.conn_id)
        self.breaker = CircuitBreaker()
        self.sent: SentMessage | None = None
        """The last message that was accepted in this try."""
        self.error: WaError | None = None
        """Error of the last message that was not accepted."""

    def share(self, workers: int) -> None:
        """Set the maximum number of requests at once. More messages may be prepared meanwhile."""
        self._requests = asyncio.Semaphore(workers)

    async def send(self, addressed: Addressed) -> SendRow | Recent | None:
        """Send a message.

        :returns: the conflict in the store that stopped it: another sender has the message, or its recipient has
            reached the cap meanwhile. None if it was sent, or is held.
        """
        interval, in_the_way = self._job.policy.interval, None
        hold = self._hold(addressed)
        if hold is None and interval:
            await self._gap.turn(interval.draw(self._random))
            refuse_if(self._job.interrupted)
            hold = self._hold(addressed)
        if hold is None:
            if self._job.watch_session:
                await self._session.require()
            in_the_way = await self._send_once(addressed)
        if isinstance(in_the_way, Hold):
            hold, in_the_way = in_the_way, None
        if hold:
            await self._held(addressed, hold)
        return in_the_way

    def _hold(self, addressed: Addressed) -> Hold | None:
        """Return the reason not to send a message now; None if it may be sent."""
        hold = self._entries.counts.hold
        for_all = hold if hold and hold.for_all else None
        return for_all or self._job.policy.hold(addressed.to, datetime.now(timezone.utc))

    async def _send_once(self, addressed: Addressed) -> SendRow | Recent | Hold | None:
        """Write the intent, send, and write the outcome; or return the conflict that stopped the intent."""
        intent = await self._intend(addressed)
        if not isinstance(intent, _Intent):
            return intent
        async with self._requests:
            if ended := self._ended():
                await self._give_up(addressed, intent, ended)
                raise ended
            if intent.age > TURN_SECONDS / 2:
                if not await self._give_up(addressed, intent, Late("the vendor is slow: the intent is renewed")):
                    return None
                intent = await self._intend(addressed)
                if not isinstance(intent, _Intent):
                    return intent
            try:
                await self._request(addressed, intent)
            except WaError as stop:
                self._stopped = stop
                raise
        return None

    async def _intend(self, addressed: Addressed) -> _Intent | SendRow | Recent | Hold:
        """Write the intent and return it; or return the conflict that stopped it."""
        job, policy, now, began = self._job, self._job.policy, datetime.now(timezone.utc), time.monotonic()
        row = SendRow(
            key=addressed.key,
            row=addressed.row,
            given=addressed.given,
            recipient=addressed.to,
            state=SendState.INTENDED,
            message_id=addressed.message_id,
        )
        in_the_way: SendRow | Recent | object | None = await self._entries.commits.add(
            Intend(
                batch=job.batch,
                conn_id=job.conn_id,
                row=row,
                content=kept(addressed.message) if job.store.keeps_texts else None,
                again=addressed.again,
                daily=policy.limit_at(now),
                cap=policy.cap.limit_at(now) if policy.cap else None,
                names=addressed.names,
                other_keys=addressed.other_keys,
            )
        )
        if in_the_way is LIMIT_REACHED:
            return policy.next_day(now)
        if isinstance(in_the_way, (SendRow, Recent)):
            return in_the_way
        return _Intent(row, now, began)

    def _ended(self) -> WaError | None:
        """Return the error that ended the run after a message was prepared; None if it has not ended."""
        return self._stopped or (Interrupted(ENDED) if self._job.interrupted() else None)

    async def _give_up(self, addressed: Addressed, intent: _Intent, reason: WaError) -> bool:
        """Enter that no request was made after an intent; return False if the intent is too old for that."""
        if self._stays_in_doubt(addressed, intent, reason):
            return False
        state = outcome(reason, again=addressed.again)
        await self._entries.commits.add(Settle(key=addressed.key, state=state, detail=f"not sent: {reason}"))
        return True

    def _stays_in_doubt(self, addressed: Addressed, intent: _Intent, reason: WaError) -> bool:
        """Put a message off whose intent is so old that another try may have made the message its own, and sends it."""
        if intent.age <= max(self._job.turn_seconds, self._job.doubt_seconds):
            return False
        self._entries.counts.states[SendState.INTENDED] += 1
        self._reconciler.put_off(addressed, replace(intent.row, intended_at=intent.moment), reason)
        return True

    async def _request(self, addressed: Addressed, intent: _Intent) -> None:
        """Send a message whose intent is written, and write the outcome."""
        self._entries.require_entered()
        flow = self._job.vendor.send(addressed.to, addressed.message, message_id=addressed.message_id)
        try:
            sent = await adrive(flow, self._job.channel, partial(self._refusal, intent))
        except WaError as error:
            if isinstance(error, Late) and self._stays_in_doubt(addressed, intent, error):
                return
            await self._not_accepted(addressed, replace(intent.row, intended_at=intent.moment), error)
            return
        self.breaker.answered()
        self.sent = sent
        accepted = (addressed, SendState.ACCEPTED, sent.warning or "", sent.message_id)
        if addressed.again or addressed.other_keys:
            # The same message to another name of the recipient may be next: its intent must find this outcome.
            await self._entries.settle(*accepted)
        else:
            self._entries.settle_soon(*accepted)
        if sent.warning:
            self._session.ask_again()

    def _refusal(self, intent: _Intent) -> WaError | None:
        """Return the reason not to make a request now, right before it: it might be made twice."""
        if (asleep := suspended() - self._asleep) > LONGEST_SUSPENSION:
            return Interrupted(
                f"the machine was suspended for {asleep:,.0f} s, in which another try may have begun: nothing more is "
                "sent; a retry of the task clears up what was under way"
            )
        if intent.age > self._job.turn_seconds:
            return Late(f"the request waited {intent.age:,.0f} s for its turn and was not made; it is made later")
        return None

    async def _not_accepted(self, addressed: Addressed, intent: SendRow, error: WaError) -> None:
        if isinstance(error, Interrupted):
            raise error  # and its intent stays: another try may have made it its own
        state = outcome(error, again=addressed.again)
        if state is SendState.DELAYED:
            self._entries.counts.failure = self._entries.counts.failure or error
        await self._entries.settle(addressed, state, f"{type(error).__name__}: {error}")
        if state is SendState.UNKNOWN:
            doubt = replace(intent, settled_at=datetime.now(timezone.utc))
            self._reconciler.put_off(addressed, doubt, error, just_ended=True)
        self.error = error
        if error.stops_all:
            raise error
        # A vendor without clear answers would leave every further message in doubt.
        away = isinstance(error, OutcomeUnknown)
        self.breaker.failed(VendorUnavailable(error.message, vendor=error.vendor) if away else error)

    async def _held(self, addressed: Addressed, hold: Hold) -> None:
        """Leave a held message for later or skip it, according to the policy."""
        counts = self._entries.counts
        counts.hold = hold.and_then(counts.hold)
        state = held(wait=self._job.policy.wait, again=addressed.again)
        if state is SendState.UNKNOWN:
            counts.states[state] += 1
            return
        await self._entries.commits.add(self._entries.note(addressed, state, hold.reason))


class Gap:
    """Gap between sends, shared by all workers."""

    def __init__(self) -> None:
        self._next = 0.0

    async def turn(self, seconds: float) -> None:
        """Wait for a turn; the next one is ``seconds`` later."""
        now = time.monotonic()
        mine = max(now, self._next)
        self._next = mine + seconds
        await asyncio.sleep(mine - now)
