# SPDX-License-Identifier: Apache-2.0
"""Results of rows: counts, and changes of the store."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

from airflow_provider_wa.bulk.send_job import SendJob
from airflow_provider_wa.bulk.send_results import Addressed, SendCounts, Unaddressed
from airflow_provider_wa.store.group_commit import GroupCommit
from airflow_provider_wa.store.send_changes import Note, Report, Settle
from airflow_provider_wa.store.send_states import SendState
from airflow_provider_wa.store.sends import Change, SendRow

_GATHER = 0.01
"""Minimum seconds between the beginnings of two transactions, unless a quarter of the workers wait for the next."""


class Entries:
    """Counts the results of a pass, and enters them in the store.

    ``counts`` are the counts of the current pass, ``outcomes`` the numbers of requests of the try by resulting state;
    ``commits`` makes changes in transactions that workers share.
    """

    def __init__(self, job: SendJob) -> None:
        self._job = job
        self.counts = SendCounts()
        self.outcomes: Counter[str] = Counter()
        self.commits: GroupCommit[Change, Any] = GroupCommit(self.make, gather=_GATHER)
        self._entering: set[asyncio.Future[Any]] = set()
        self._failure: BaseException | None = None

    def share(self, workers: int) -> None:
        """Set the number of workers that share the transactions."""
        self.commits.crowd = max(workers // 4, 1)

    def make(self, changes: Sequence[Change]) -> list[Any]:
        """Make changes in one transaction. Blocking."""
        return self._job.store.sends.change(changes)

    def note(self, each: Addressed, state: SendState, detail: str) -> Note:
        """Count a message that is not sent now, and return its entry."""
        self.counts.states[state] += 1
        row = SendRow(key=each.key, row=each.row, given=each.given, recipient=each.to, state=state, detail=detail)
        return Note(batch=self._job.batch, conn_id=self._job.conn_id, row=row)

    def report(
        self, each: Addressed | Unaddressed, state: SendState, detail: str, message_id: str | None = None
    ) -> Report:
        """Count a row without a message of its own, and return its entry."""
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
        return Report(batch=self._job.batch, conn_id=self._job.conn_id, row=row)

    async def settle(self, each: Addressed, state: SendState, detail: str, message_id: str | None = None) -> None:
        """Enter and count the outcome of a request."""
        await self.commits.add(Settle(key=each.key, state=state, message_id=message_id, detail=detail))
        self._count(state)

    def settle_soon(self, each: Addressed, state: SendState, detail: str, message_id: str | None = None) -> None:
        """Enter and count the outcome of a request without waiting for its transaction.

        It is committed with the intent of the next message, or before it. A kill therefore leaves no more messages in
        doubt than there are workers and prepared messages. ``require_entered`` raises the error, if there is one.
        """
        entering = self.commits.put(Settle(key=each.key, state=state, message_id=message_id, detail=detail))
        self._entering.add(entering)
        entering.add_done_callback(partial(self._entered, state))

    async def all_entered(self) -> None:
        """Wait until all outcomes are entered, or have failed."""
        while self._entering:
            await asyncio.wait(self._entering)

    def require_entered(self) -> None:
        """Refuse to continue if an outcome could not be entered.

        :raises StoreUnavailable: the first error.
        """
        if self._failure:
            raise self._failure

    def _entered(self, state: SendState, entering: asyncio.Future[Any]) -> None:
        self._entering.discard(entering)
        if entering.cancelled():
            return
        if failure := entering.exception():
            self._failure = self._failure or failure
        else:
            self._count(state)

    def _count(self, state: SendState) -> None:
        self.counts.states[state] += 1
        self.outcomes[state.value] += 1
