# SPDX-License-Identifier: Apache-2.0
"""Sends a message to each of many recipients, at most once: an intent is stored before a request, its outcome after.

A further try, or a further pass of the same try, reads the list again and finds in the store which messages were sent.
A message in doubt, which may or may not have gone out, is sent again only when that is cleared up.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from itertools import islice
from random import Random
from typing import Any

from airflow_provider_wa.api.capabilities import RepeatsById, ReportsDeliveries, SendsMessages
from airflow_provider_wa.api.errors import OutcomeUnknown, VendorUnavailable, WaError
from airflow_provider_wa.api.records import SentMessage
from airflow_provider_wa.bulk.dedupe import DiskFirstRows
from airflow_provider_wa.bulk.pacing import Hold, SendingPolicy
from airflow_provider_wa.bulk.progress import Log, Progress
from airflow_provider_wa.bulk.reconciliation import Reconciler, is_too_early
from airflow_provider_wa.bulk.send_facts import Facts, LookUp
from airflow_provider_wa.bulk.send_results import Addressed, SendCounts, Unaddressed
from airflow_provider_wa.bulk.session_watch import SessionWatch
from airflow_provider_wa.bulk.workers import CircuitBreaker, for_each, never, refuse_if
from airflow_provider_wa.store.group_commit import GroupCommit
from airflow_provider_wa.store.send_changes import LIMIT_REACHED, Forget, Intend, Note, Place, Report, Settle, Withdraw
from airflow_provider_wa.store.send_states import SendState, Step, held, outcome
from airflow_provider_wa.store.sends import Change, Recent, SendRow
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.transport.channel import AsyncChannel
from airflow_provider_wa.transport.drive import adrive

ROWS_AT_ONCE = 100
"""Rows that are read ahead."""

PASSES = 3
"""Maximum passes through the list in one try: a message that was delayed, or is in doubt, may succeed later."""

SECONDS_BETWEEN_PASSES = 5.0


@dataclass
class BulkSend:
    """One try to send to a list.

    :param address: makes the message for a row, given its place in the list and its values; or returns the reason why
        the row makes none.
    :param doubt_seconds: maximum duration of a request: the request of a younger intent may still be under way.
    :param watch_session: check at the beginning, and then from time to time, that the account is logged in.
    :param interrupted: returns True once the run must end; then no further message is sent.
    :param resend_unknown: send a message in doubt again, even if the doubt cannot be cleared up.
    :param first: the place of the first row, if the list is a part of a longer one; ``places`` are all its places.
    """

    vendor: SendsMessages
    channel: AsyncChannel
    store: Store
    batch: str
    conn_id: str
    log: Log
    address: Callable[[int, Mapping[str, Any]], Addressed | Unaddressed]
    policy: SendingPolicy = field(default_factory=SendingPolicy)
    doubt_seconds: float = 0.0
    watch_session: bool = True
    resend_unknown: bool = False
    interrupted: Callable[[], bool] = never
    first: int = 1
    places: range | None = None
    passes: int = PASSES
    sent: SentMessage | None = None
    """The last message that was accepted in this try."""
    error: WaError | None = None
    """Error of the last message that was not accepted."""

    def __post_init__(self) -> None:
        self._commits: GroupCommit[Change, Any] = GroupCommit(self._commit)
        self._gap = _Gap()
        self._random = Random()
        self._reconciler = Reconciler(self.channel, self.store, self.batch, self.conn_id, self.log, self.doubt_seconds)
        self._session = SessionWatch(self.vendor, self.channel, self.store, self.conn_id)

    async def run(
        self, rows: Callable[[], Iterator[Mapping[str, Any]]], workers: int, length: int | None
    ) -> SendCounts:
        """Send to the list, in further passes while these may help; return the counts of the last pass.

        :param rows: gives the list, from its beginning each time.
        :raises WaError: an error that every other send would meet as well (credentials, quota, a session that is down,
            a vendor or a store out of reach). Sends under way have an outcome in the store, and no further one is
            begun.
        """
        began = datetime.now(timezone.utc)
        for number in range(self.passes):
            if number:
                await asyncio.sleep(SECONDS_BETWEEN_PASSES)
            counts = await self._pass(rows(), workers, length, further=number > 0)
            if not (counts.failure or (counts.in_doubt and self._may_clear_up)):
                break
        await self._commits.add(Forget(batch=self.batch, before=began))
        return counts

    async def _pass(
        self, rows: Iterator[Mapping[str, Any]], workers: int, length: int | None, further: bool
    ) -> SendCounts:
        self.counts = SendCounts()
        self._breaker = CircuitBreaker()
        self._further = further
        self._reconciler.forget_reports()
        self._progress = Progress(self.log, "messages", self.counts, length)
        try:
            with DiskFirstRows() as self._seen:
                await for_each(self._to_send(rows), self._send, workers, self.interrupted)
        finally:
            self._progress.finish()
        return self.counts

    async def _to_send(self, rows: Iterator[Mapping[str, Any]]) -> AsyncIterator[Addressed]:
        place = self.first
        # With a gap between sends, people are looked up one by one: those who opt out in the meantime are skipped.
        at_once = 1 if self.policy.interval else ROWS_AT_ONCE
        while chunk := list(islice(rows, at_once)):
            made = [self.address(number, row) for number, row in enumerate(chunk, place)]
            place += len(chunk)
            self.counts.total += len(chunk)
            changes: list[Change] = []
            to_send = [found async for found in self._sorted_out(made, changes)]
            if changes:
                await asyncio.to_thread(self._commit, changes)
            for addressed in to_send:
                yield addressed

    async def _sorted_out(
        self, made: Sequence[Addressed | Unaddressed], changes: list[Change]
    ) -> AsyncIterator[Addressed]:
        """Yield the messages that are to be sent now; count the other rows."""
        known = await asyncio.to_thread(LookUp.of, self.store, made, self.policy.cap)
        for before in known.stored.values():
            # What went out over another connection is not in this one's report.
            ours = before.batch == self.batch and before.state is SendState.ACCEPTED
            if ours and before.message_id and before.settled_at:
                self._reconciler.note_accepted(before.settled_at, before.message_id)
        for each in made:
            facts = known.facts(each, self._seen)
            if facts is None:
                assert isinstance(each, Unaddressed)
                self._report(changes, each, each.state, each.reason)
                continue
            step, facts = await self._decided(facts)
            if to_send := self._carried_out(step, facts, changes):
                yield to_send

    async def _decided(self, facts: Facts) -> tuple[Step, Facts]:
        """Return the step for a message, and the facts; the vendor is asked about a message in doubt first."""
        each = facts.message
        if isinstance(each, Unaddressed):  # there is no text to look for in a report, and nothing to send
            return facts.step(self.batch, further=self._further, reconciled=True), facts
        step = facts.step(self.batch, further=self._further)
        if facts.stored and step is Step.RECONCILE:
            facts = facts.as_stored(await self._cleared_up(each, facts.stored))
            may_repeat = self._may_repeat(each)
            step = facts.step(self.batch, further=self._further, reconciled=True, may_repeat=may_repeat)
        return step, facts

    def _carried_out(self, step: Step, facts: Facts, changes: list[Change]) -> Addressed | None:
        """Carry out a step: return the message if it is to be sent now, else enter and count its result."""
        each, row = facts.message, facts.stored
        if key := facts.withdrawn(step):
            changes.append(Withdraw(key=key, batch=self.batch))
        if step in _WITHOUT_A_MESSAGE:
            self.counts.duplicates += step is Step.SKIP_REPEATED
            self._report(changes, each, _WITHOUT_A_MESSAGE[step], facts.reason(step, self.policy.cap))
            return None
        if step is Step.REPORT_OTHER_BATCH and row:
            state, detail = facts.elsewhere(self.places)
            self.counts.duplicates += state is SendState.SKIPPED
            self._report(changes, each, state, detail, row.message_id)
            return None
        if step is Step.SEND_AGAIN and row and isinstance(each, Addressed):
            # To the name that it went to: it must be the same message.
            return replace(each, to=row.recipient, message_id=row.message_id or each.message_id, again=True)
        if row and row.row != each.row:
            changes.append(Place(key=each.key, batch=self.batch, row=each.row))
        if step is Step.SEND and isinstance(each, Addressed):
            return each
        if step in (Step.SKIP_SUPPRESSED, Step.SKIP_CAPPED) and isinstance(each, Addressed):
            self._note(changes, each, SendState.SKIPPED, facts.reason(step, self.policy.cap))
        elif row:
            self.counts.states[row.state] += 1
        return None

    async def _send(self, addressed: Addressed) -> None:
        """Send to one recipient, unless they must not be written to now."""
        hold = self._hold(addressed)
        if hold is None and self.policy.interval:
            await self._gap.turn(self.policy.interval.draw(self._random))
            refuse_if(self.interrupted)
            hold = self._hold(addressed)
        if hold is None:
            if self.watch_session:
                await self._session.require()
            hold = await self._send_once(addressed)
        if hold:
            await self._held(addressed, hold)
        self._progress.report()

    def _hold(self, addressed: Addressed) -> Hold | None:
        """Return the reason not to send a message now; None if it may be sent."""
        for_all = self.counts.hold if self.counts.hold and self.counts.hold.for_all else None
        return for_all or self.policy.hold(addressed.to, datetime.now(timezone.utc))

    async def _send_once(self, addressed: Addressed) -> Hold | None:
        """Write the intent, send, and write the outcome; or return the hold if the daily limit is reached."""
        intent = SendRow(
            key=addressed.key,
            row=addressed.row,
            given=addressed.given,
            recipient=addressed.to,
            state=SendState.INTENDED,
            message_id=addressed.message_id,
        )
        now = datetime.now(timezone.utc)
        in_the_way = await self._commits.add(
            Intend(
                batch=self.batch,
                conn_id=self.conn_id,
                row=intent,
                again=addressed.again,
                daily=self.policy.limit_at(now),
                cap=self.policy.cap.limit_at(now) if self.policy.cap else None,
                names=addressed.names,
                other_keys=addressed.other_keys,
            )
        )
        if in_the_way is LIMIT_REACHED:
            return self.policy.next_day(now)
        if in_the_way is not None:
            await self._left_alone(addressed, in_the_way)
            return None
        flow = self.vendor.send(addressed.to, addressed.message, message_id=addressed.message_id)
        try:
            sent = await adrive(flow, self.channel)
        except WaError as error:
            await self._not_accepted(addressed, error)
            return None
        self._breaker.answered()
        self.sent = sent
        self._reconciler.note_accepted(datetime.now(timezone.utc), sent.message_id)
        await self._enter_outcome(addressed, SendState.ACCEPTED, sent.warning or "", sent.message_id)
        if sent.warning:
            self._session.ask_again()
        return None

    async def _left_alone(self, addressed: Addressed, in_the_way: SendRow | Recent) -> None:
        """Enter that a message is not sent: another sender has it, or its recipient has reached the cap meanwhile."""
        changes: list[Change] = []
        if isinstance(in_the_way, Recent):
            facts = Facts(addressed, None, capped=in_the_way)
            self._carried_out(Step.SKIP_CAPPED, facts, changes)
        else:
            facts = Facts(replace(addressed, key=in_the_way.key), in_the_way)
            self._carried_out(facts.step(self.batch, further=True, reconciled=True), facts, changes)
        for change in changes:
            await self._commits.add(change)

    async def _not_accepted(self, addressed: Addressed, error: WaError) -> None:
        detail = f"{type(error).__name__}: {error}"
        state = outcome(error, again=addressed.again)
        if state is SendState.DELAYED or (state is SendState.UNKNOWN and self._may_clear_up):
            self.counts.failure = self.counts.failure or error
        await self._enter_outcome(addressed, state, detail)
        self.error = error
        if error.stops_all:
            raise error
        # A vendor that no longer gives clear answers would leave every message in doubt.
        away = isinstance(error, OutcomeUnknown)
        self._breaker.failed(VendorUnavailable(error.message, vendor=error.vendor) if away else error)

    async def _enter_outcome(
        self, addressed: Addressed, state: SendState, detail: str, message_id: str | None = None
    ) -> None:
        await self._commits.add(Settle(key=addressed.key, state=state, message_id=message_id, detail=detail))
        self.counts.states[state] += 1

    async def _held(self, addressed: Addressed, hold: Hold) -> None:
        """Leave a held message for later, or skip it, as the policy says."""
        self.counts.hold = hold.and_then(self.counts.hold)
        state = held(wait=self.policy.wait, again=addressed.again)
        if state is SendState.UNKNOWN:
            self.counts.states[state] += 1
            return
        changes: list[Change] = []
        self._note(changes, addressed, state, hold.reason)
        await self._commits.add(changes[0])

    def _note(self, changes: list[Change], each: Addressed, state: SendState, detail: str) -> None:
        self.counts.states[state] += 1
        row = SendRow(key=each.key, row=each.row, given=each.given, recipient=each.to, state=state, detail=detail)
        changes.append(Note(batch=self.batch, conn_id=self.conn_id, row=row))

    def _report(
        self,
        changes: list[Change],
        each: Addressed | Unaddressed,
        state: SendState,
        detail: str,
        message_id: str | None = None,
    ) -> None:
        """Enter the result of a row that has no message of its own."""
        self.counts.states[state] += 1
        row = SendRow(
            key="",
            row=each.row,
            given=each.given,
            recipient=each.to,
            state=state,
            message_id=message_id if state is not SendState.SKIPPED else None,
            detail=detail,
        )
        changes.append(Report(batch=self.batch, conn_id=self.conn_id, row=row))

    @property
    def _may_clear_up(self) -> bool:
        """True if a further pass may clear up a message in doubt."""
        return isinstance(self.vendor, (RepeatsById, ReportsDeliveries))

    def _may_repeat(self, addressed: Addressed) -> bool:
        """Return True if a message in doubt may be sent again: it is the same message, or the author allows it."""
        by_id = isinstance(self.vendor, RepeatsById) and self.vendor.repeats_by_id(addressed.message)
        return by_id or self.resend_unknown

    async def _cleared_up(self, addressed: Addressed, row: SendRow) -> SendRow:
        """Return the stored row of a message in doubt, with its outcome if the vendor can say."""
        verdict = await self._reconciler.verdict(self.vendor, row.recipient, addressed.message, row)
        if isinstance(verdict, SendRow):
            return verdict
        if is_too_early(verdict):
            self.counts.failure = self.counts.failure or VendorUnavailable(verdict.detail)
        # Without news the row is not written: a later ``settled_at`` would mean to wait for the next report again.
        if (verdict.state, verdict.detail) != (row.state, row.detail):
            await self._commits.add(verdict)
        return replace(row, state=verdict.state)

    def _commit(self, changes: Sequence[Change]) -> list[Any]:
        return self.store.sends.change(changes)


_WITHOUT_A_MESSAGE = {Step.SKIP_REPEATED: SendState.SKIPPED, Step.REFUSE_KEY: SendState.FAILED}
"""Steps for rows whose key another message has, with the state of the row's result."""


class _Gap:
    """Gap between sends, common to all workers."""

    def __init__(self) -> None:
        self._next = 0.0

    async def turn(self, seconds: float) -> None:
        """Wait for a turn; the next one is ``seconds`` later."""
        now = time.monotonic()
        mine = max(now, self._next)
        self._next = mine + seconds
        await asyncio.sleep(mine - now)
