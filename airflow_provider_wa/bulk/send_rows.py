# SPDX-License-Identifier: Apache-2.0
"""Selection of the rows to send now. The other rows are counted and entered in the store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from itertools import islice
from typing import Any, NamedTuple

from airflow_provider_wa.bulk.dedupe import DiskFirstRows
from airflow_provider_wa.bulk.pause import PauseWatch
from airflow_provider_wa.bulk.reconciliation import Reconciler
from airflow_provider_wa.bulk.send_entries import Entries
from airflow_provider_wa.bulk.send_facts import Facts, LookUp
from airflow_provider_wa.bulk.send_job import SendJob
from airflow_provider_wa.bulk.send_results import Addressed, Unaddressed
from airflow_provider_wa.bulk.workers import one_ahead
from airflow_provider_wa.store.send_changes import Place, Withdraw
from airflow_provider_wa.store.send_states import SendState, Step
from airflow_provider_wa.store.sends import Change, SendRow

ROWS_AT_ONCE = 50
"""Rows of a window. While the messages of one window are sent, the next one is looked up."""

ROWS_IN_A_ROW = 5
"""Rows whose messages are made before the event loop may handle replies again."""


class Due(NamedTuple):
    """A message to send now, and the number of pauses that had ended when its recipient was looked up."""

    message: Addressed
    pauses_before: int


class RowsToSend:
    """One pass through a list: finds the messages to send now.

    :param seen: the first row of each message in this pass.
    :param further: True after the first pass of the try.
    :param clears_up: clear up messages in doubt in this pass; otherwise they are put off.
    """

    def __init__(
        self,
        job: SendJob,
        entries: Entries,
        reconciler: Reconciler,
        seen: DiskFirstRows,
        *,
        further: bool,
        clears_up: bool,
        pause: PauseWatch,
    ) -> None:
        self._job = job
        self._entries = entries
        self._reconciler = reconciler
        self._seen = seen
        self._further = further
        self._clears_up = clears_up
        self._pause = pause

    async def to_send(self, rows: Iterator[Mapping[str, Any]]) -> AsyncGenerator[Due, None]:
        """Yield the messages to send now. Close it if it is not read to its end."""
        # With a gap between sends, rows are looked up one by one: a recipient may opt out during the gap.
        gap = bool(self._job.policy.interval)
        windows = self._windows(rows, 1) if gap else one_ahead(self._windows(rows, ROWS_AT_ONCE))
        async with aclosing(windows):
            async for window in windows:
                for due in window:
                    yield due

    async def _windows(self, rows: Iterator[Mapping[str, Any]], at_once: int) -> AsyncGenerator[list[Due], None]:
        """Yield the messages to send of each window of rows, with the other rows counted and entered."""
        job, place = self._job, self._job.first
        while chunk := list(islice(rows, at_once)):
            made: list[Addressed | Unaddressed] = []
            for row in chunk:
                made.append(job.address(place, row))
                place += 1
                if len(made) % ROWS_IN_A_ROW == 0:
                    await asyncio.sleep(0)
            self._entries.counts.total += len(chunk)
            await self._pause.over()
            pauses = self._pause.ended
            known = await asyncio.to_thread(LookUp.of, job.store, made, job.policy.cap)
            changes: list[Change] = []
            to_send = self._sorted_out(made, known, changes)
            if changes:
                await asyncio.to_thread(self._entries.make, changes)
            yield [Due(message, pauses) for message in to_send]

    def carried_out(self, step: Step, facts: Facts, changes: list[Change]) -> Addressed | None:
        """Carry out a step: return a message to send now; otherwise count its result and add its entry."""
        each, row, counts = facts.message, facts.stored, self._entries.counts
        if key := facts.withdrawn(step):
            changes.append(Withdraw(key=key, batch=self._job.batch))
        if step in _WITHOUT_A_MESSAGE:
            counts.duplicates += step is Step.SKIP_REPEATED
            reason = facts.reason(step, self._job.policy.cap)
            changes.append(self._entries.report(each, _WITHOUT_A_MESSAGE[step], reason))
            return None
        if step is Step.REPORT_OTHER_BATCH and row:
            state, detail = facts.elsewhere(self._job.places)
            counts.duplicates += state is SendState.SKIPPED
            changes.append(self._entries.report(each, state, detail, row.message_id))
            return None
        if step is Step.SEND_AGAIN and row and isinstance(each, Addressed):
            # Repeat it to the same name: to another name it would be another message.
            return replace(each, to=row.recipient, message_id=row.message_id or each.message_id, again=True)
        if row and row.row != each.row:
            changes.append(Place(key=each.key, batch=self._job.batch, row=each.row))
        if step is Step.SEND and isinstance(each, Addressed):
            return each
        if step in (Step.SKIP_SUPPRESSED, Step.SKIP_CAPPED) and isinstance(each, Addressed):
            changes.append(self._entries.note(each, SendState.SKIPPED, facts.reason(step, self._job.policy.cap)))
        elif row:
            counts.states[row.state] += 1
        return None

    def leave_to_another(self, facts: Facts, changes: list[Change]) -> None:
        """Count a message that another sender has taken meanwhile; it may be in doubt."""
        step = facts.step(self._job.batch, further=True)
        if step is Step.RECONCILE and facts.stored and isinstance(facts.message, Addressed):
            self._reconciler.put_off(facts.message, facts.stored)
        self.carried_out(facts.step(self._job.batch, further=True, reconciled=True), facts, changes)

    def _sorted_out(
        self, made: Sequence[Addressed | Unaddressed], known: LookUp, changes: list[Change]
    ) -> list[Addressed]:
        """Return the messages to send now; count the other rows."""
        found: list[Addressed] = []
        for each in made:
            facts = known.facts(each, self._seen)
            if facts is None:
                assert isinstance(each, Unaddressed)
                changes.append(self._entries.report(each, each.state, each.reason))
            elif to_send := self.carried_out(*self._decided(facts, changes), changes):
                found.append(to_send)
        return found

    def _decided(self, facts: Facts, changes: list[Change]) -> tuple[Step, Facts]:
        """Return the step for a message, and its facts. A message in doubt is cleared up first, if possible."""
        batch, each = self._job.batch, facts.message
        if isinstance(each, Unaddressed):  # there is no text to look for in a report, and nothing to send
            return facts.step(batch, further=self._further, reconciled=True), facts
        step = facts.step(batch, further=self._further)
        if step is not Step.RECONCILE or facts.stored is None:
            return step, facts
        verdict = self._verdict(each, facts, changes)
        if verdict is not None:
            facts = facts.as_stored(verdict)
        may_repeat = verdict is not None and self._job.may_repeat(each)
        return facts.step(batch, further=self._further, reconciled=True, may_repeat=may_repeat), facts

    def _verdict(self, each: Addressed, facts: Facts, changes: list[Change]) -> SendRow | None:
        """Return the row of a message in doubt after the vendor's report; None if it is put off."""
        row = facts.stored
        assert row is not None
        if not self._clears_up or self._reconciler.is_too_young(each, row):
            self._reconciler.put_off(each, row)
            return None
        verdict = self._reconciler.verdict(each, row)
        if verdict is None:  # the vendor does not know
            return row
        # An unchanged row is not written: a later ``settled_at`` would mean another wait for a report.
        if (verdict.state, verdict.detail) != (row.state, row.detail):
            changes.append(verdict)
        return replace(row, state=verdict.state)


_WITHOUT_A_MESSAGE = {Step.SKIP_REPEATED: SendState.SKIPPED, Step.REFUSE_KEY: SendState.FAILED}
"""Steps for rows whose key belongs to another message, with the state of the row's result."""
