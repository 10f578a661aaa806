# SPDX-License-Identifier: Apache-2.0
"""Sends a message to each of many recipients, at most once: an intent is stored before a request, its outcome after.

A further try, or a further pass of the same try, reads the list again and finds the sent messages in the store.
A message in doubt may or may not have gone out. It delays no other message: the passes that send skip it, and the
passes that clear up come last. It is sent again only when the doubt is cleared up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from airflow_provider_wa.api.errors import VendorUnavailable, WaError
from airflow_provider_wa.api.records import SentMessage
from airflow_provider_wa.bulk.dedupe import DiskFirstRows
from airflow_provider_wa.bulk.pause import PauseWatch
from airflow_provider_wa.bulk.progress import Progress
from airflow_provider_wa.bulk.reconciliation import NOT_SHOWN_YET, Reconciler
from airflow_provider_wa.bulk.send_entries import Entries
from airflow_provider_wa.bulk.send_facts import Facts
from airflow_provider_wa.bulk.send_job import PASSES, SendJob, TrySoFar
from airflow_provider_wa.bulk.send_one import Sender
from airflow_provider_wa.bulk.send_results import SendCounts
from airflow_provider_wa.bulk.send_rows import Due, RowsToSend
from airflow_provider_wa.bulk.workers import CircuitBreaker, for_each, refuse_if
from airflow_provider_wa.store.send_changes import Forget
from airflow_provider_wa.store.send_states import Step
from airflow_provider_wa.store.sends import Change, Recent
from airflow_provider_wa.transport.steady import SteadyClock

__all__ = ["PASSES", "BulkSend"]

SECONDS_BETWEEN_PASSES = 5.0

PREPARED = 0.2
"""Messages whose intents are stored while all workers send, as a share of the workers: no worker waits for the disk."""


@dataclass
class BulkSend(SendJob):
    """One try to send to a list, with the arguments of ``SendJob``."""

    def __post_init__(self) -> None:
        self._entries = Entries(self)
        self._reconciler = Reconciler(self)
        self._sender = Sender(self, self._entries, self._reconciler)
        self._clock = SteadyClock()
        self._paused = PauseWatch(lambda: self.store.pauses.of(self.batch), self.log, self.interrupted)

    @property
    def sent(self) -> SentMessage | None:
        """The last message that was accepted in this try."""
        return self._sender.sent

    @property
    def outcomes(self) -> Mapping[str, int]:
        """Number of requests of this try by resulting state."""
        return self._entries.outcomes

    @property
    def error(self) -> WaError | None:
        """Error of the last message that was not accepted."""
        return self._sender.error

    async def run(
        self, rows: Callable[[], Iterator[Mapping[str, Any]]], workers: int, length: int | None
    ) -> SendCounts:
        """Send to the list, in as many passes as can help; return the counts of the last pass.

        If the vendor's report on messages in doubt is due later than ``patience``, the run ends before it. The counts
        then have its moment (``report_due``), and ``so_far`` is the argument of the run that continues this try, once
        that time has passed.

        :param rows: returns the list, from its beginning each time.
        :param workers: maximum number of requests at once.
        :raises WaError: an error that would stop every other send as well (credentials, quota, a session that is down,
            an unreachable vendor or store). Sends in progress have an outcome in the store, and no further send is
            begun.
        """
        further, so_far = self.so_far is not None, self.so_far or TrySoFar(datetime.now(timezone.utc))
        self._entries.share(workers)
        self._sender.share(workers)
        self._seen = self._clock.now()
        self._began, clear_ups, sendings = so_far.began, so_far.clear_ups, 1
        counts = await self._pass(rows(), workers, length, further=further)
        while True:
            if counts.failure and sendings < self.passes:
                sendings += 1
                await self._pause(SECONDS_BETWEEN_PASSES)
                counts = await self._pass(rows(), workers, length, further=True)
            elif self._reconciler.doubts.count and clear_ups < self.passes - 1:
                if not await self._looked(counts):
                    self.so_far = TrySoFar(self._began, clear_ups, waited=True)
                    return counts
                clear_ups += 1
                counts = await self._pass(rows(), workers, length, further=True, clears_up=True)
            else:
                break
        if (doubts := self._reconciler.doubts).count:
            counts.failure = counts.failure or doubts.error or VendorUnavailable(NOT_SHOWN_YET)
        self._see_clock()
        await self._entries.commits.add(Forget(batch=self.batch, before=self._began))
        return counts

    async def _looked(self, counts: SendCounts) -> bool:
        """Get the vendor's report once it must show the messages in doubt; return False if the wait is too long."""
        due = await self._reconciler.due()
        wait = self._reconciler.seconds_until(due)
        if wait:
            self.log.info(
                "%s messages are in doubt; the vendor's report must show them in %.0f s, and is requested then",
                f"{self._reconciler.doubts.count:,}",
                wait,
            )
        if wait > self.patience:
            counts.report_due, counts.report_wait = datetime.now(timezone.utc) + timedelta(seconds=wait), wait
            return False
        await self._pause(max(wait, SECONDS_BETWEEN_PASSES))
        await self._reconciler.look(due)
        return True

    def _see_clock(self) -> None:
        """Keep the earliest moment that the wall clock has shown: what this try has noted is not older."""
        last, self._seen = self._seen, self._clock.now()
        # If it was set back, then perhaps right after the last look.
        self._began = min(self._began, datetime.now(timezone.utc) - (self._seen - last))

    async def _pause(self, seconds: float) -> None:
        """Wait in steps of a second: the task may be ended meanwhile."""
        while seconds > 0:
            refuse_if(self.interrupted)
            await asyncio.sleep(min(seconds, 1.0))
            seconds -= 1.0

    async def _pass(
        self,
        rows: Iterator[Mapping[str, Any]],
        workers: int,
        length: int | None,
        *,
        further: bool,
        clears_up: bool = False,
    ) -> SendCounts:
        counts = self._entries.counts = SendCounts()
        self._sender.breaker = CircuitBreaker()
        self._reconciler.begin_pass()
        self._progress = Progress(
            self.log, "messages", counts, length, watch=self.watch, worked_on=lambda: counts.sent_now
        )
        try:
            with DiskFirstRows() as seen:
                self._rows = RowsToSend(
                    self,
                    self._entries,
                    self._reconciler,
                    seen,
                    further=further,
                    clears_up=clears_up,
                    pause=self._paused,
                )
                async with aclosing(self._rows.to_send(rows)) as messages:
                    await for_each(messages, self._send, workers + int(workers * PREPARED), self.interrupted)
        finally:
            await self._entries.all_entered()
            self._progress.finish()
        self._entries.require_entered()
        return counts

    async def _send(self, due: Due) -> None:
        """Send to one recipient, or enter the reason for not sending."""
        await self._paused.over()
        self._see_clock()
        addressed, changes = due.message, list[Change]()
        if await self._was_suppressed_in_a_pause(due):
            self._rows.carried_out(Step.SKIP_SUPPRESSED, Facts(addressed, None), changes)
        elif (in_the_way := await self._sender.send(addressed)) is None:
            self._entries.counts.sent_now += self._entries.counts.hold is None
        elif isinstance(in_the_way, Recent):
            self._rows.carried_out(Step.SKIP_CAPPED, Facts(addressed, None, capped=in_the_way), changes)
        else:
            facts = Facts(replace(addressed, key=in_the_way.key), in_the_way)
            self._rows.leave_to_another(facts, changes)
        for change in changes:
            await self._entries.commits.add(change)
        self._progress.report()

    async def _was_suppressed_in_a_pause(self, due: Due) -> bool:
        """Return True if a recipient has opted out since the look-up: a pause may have been long."""
        if self._paused.ended == due.pauses_before:
            return False
        return bool(await asyncio.to_thread(self.store.suppressions.among, [due.message.to]))
