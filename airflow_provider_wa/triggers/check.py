# SPDX-License-Identifier: Apache-2.0
"""Waits in the triggerer for checks that are pending: of one number, or of all that a bulk check left open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from typing import Any

import anyio
from airflow.triggers.base import TriggerEvent

from airflow_provider_wa.api import numbers
from airflow_provider_wa.api.capabilities import ChecksAgain
from airflow_provider_wa.api.errors import BadInput, WaError
from airflow_provider_wa.api.records import CheckStatus
from airflow_provider_wa.api.webhooks import EventKind
from airflow_provider_wa.bulk.batches import count_rows, parts
from airflow_provider_wa.bulk.checks import FAILURES_TO_STOP
from airflow_provider_wa.bulk.engine import for_each
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.hooks.store import aget_store
from airflow_provider_wa.store.checks import CheckRow
from airflow_provider_wa.store.events import Subject
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.triggers.base import MAX_FAILURES, Found, NotYet, Source, WaTrigger
from airflow_provider_wa.triggers.poller import StorePoller
from airflow_provider_wa.triggers.store import notified
from airflow_provider_wa.triggers.vendor import Run, asking, look_up

ROWS_AT_ONCE = 500
"""How many pending rows of a batch are held in memory while they are asked for again."""


class WaPendingCheckTrigger(WaTrigger):
    """Asks for a number again until its check is no longer pending; its event has the ``check``.

    :param number: the number, in E.164.
    """

    arguments = (*WaTrigger.arguments, "number")
    expired = "the check was still pending at the deadline"

    def __init__(
        self, wa_conn_id: str, poll_interval: float, deadline: float, max_failures: int = MAX_FAILURES, *, number: str
    ) -> None:
        super().__init__(wa_conn_id, poll_interval, deadline, max_failures)
        self.number = number

    def source(self) -> AbstractAsyncContextManager[Source]:
        return asking(self.wa_conn_id, self._ask)

    async def _ask(self, hook: WaHook, run: Run) -> Found | NotYet:
        (result,) = await run(hook.able(ChecksAgain).check_again([numbers.parse(self.number)]))
        if result.status is CheckStatus.PENDING:
            return NotYet(f"the check is pending: {result.detail}")
        return {"check": result.to_dict()}


class WaBatchCheckTrigger(WaTrigger):
    """Waits until no row of a batch in the store is pending any more; its event has ``carry``, whatever its status.

    A vendor that answers who asks again is asked, each number anew at each look, and the answers are stored; a number
    that it refuses is ``unknown``. For all others the receiver enters the answers.

    :param batch: the batch's name in the store.
    :param carry: what the operator needs to go on, as JSON. It travels here since ``dag.test()`` of Airflow 3.3 forgets
        the ``kwargs`` of a deferral.
    """

    arguments = (*WaTrigger.arguments, "batch", "carry")
    expired = "checks were still pending at the deadline"

    def __init__(
        self,
        wa_conn_id: str,
        poll_interval: float,
        deadline: float,
        max_failures: int = MAX_FAILURES,
        *,
        batch: str,
        carry: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(wa_conn_id, poll_interval, deadline, max_failures)
        self.batch = batch
        self.carry = carry or {}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        async for event in super().run():
            yield TriggerEvent({**event.payload, "carry": self.carry})

    @asynccontextmanager
    async def source(self) -> AsyncIterator[Source]:
        hook = await look_up(self.wa_conn_id)
        if isinstance(hook.vendor, ChecksAgain):
            chosen = asking(self.wa_conn_id, self._ask_again)
        else:
            chosen = notified(Subject(self.wa_conn_id, EventKind.CHECK), self.poll_interval, self._count)
        async with chosen as source:
            yield source

    async def _ask_again(self, hook: WaHook, run: Run) -> Found | NotYet:
        """Ask for all rows that are pending, and store what is answered."""
        store = await aget_store()
        again = _Again(hook.able(ChecksAgain), run)
        for part in parts(self.batch):
            last = 0
            while rows := await asyncio.to_thread(_pending, store, part, last):
                last = rows[-1].row
                answers: list[CheckRow] = []
                try:
                    await for_each(rows, partial(again.ask, answers), hook.endpoint.concurrency)
                finally:
                    # What was answered is kept, even if another's failure or the deadline ends the look.
                    with anyio.CancelScope(shield=True):
                        await asyncio.to_thread(store.checks.put, part, self.wa_conn_id, answers)
        again.raise_if_unheard()
        counts = await asyncio.to_thread(count_rows, store, parts(self.batch))
        return _how_many(*counts.values())

    async def _count(self, poller: StorePoller) -> Found | NotYet:
        return _how_many(*await asyncio.gather(*map(poller.counts, parts(self.batch))))


class _Again:
    """Asks for numbers again, one by one, and gives up when the vendor seems to be away."""

    def __init__(self, vendor: ChecksAgain, run: Run) -> None:
        self._vendor = vendor
        self._run = run
        self._heard = False
        self._failures: list[WaError] = []

    async def ask(self, answers: list[CheckRow], row: CheckRow) -> None:
        """Ask for one row, and add it to ``answers`` unless it is still pending."""
        try:
            (result,) = await self._run(self._vendor.check_again([numbers.parse(row.number)]))
        except BadInput as error:
            # It is this number that is refused, which is no reason not to wait for the others.
            detail = f"{type(error).__name__}: {error}"
            answers.append(_answered(row, status=CheckStatus.UNKNOWN.value, detail=detail))
        except WaError as error:
            self._failures.append(error)
            if error.stops_all or len(self._failures) >= FAILURES_TO_STOP:
                raise
        else:
            self._heard = True
            self._failures.clear()
            if result.status is not CheckStatus.PENDING:
                answers.append(_answered(row, status=result.status.value, jid=result.jid, detail=result.detail))

    def raise_if_unheard(self) -> None:
        """Raise the last failure if there was nothing else: a vendor that answers some will answer the others."""
        if self._failures and not self._heard:
            raise self._failures[-1]


def _pending(store: Store, part: str, after: int) -> list[CheckRow]:
    return list(store.checks.rows(part, status=CheckStatus.PENDING.value, after=after, limit=ROWS_AT_ONCE))


def _answered(row: CheckRow, **answer: Any) -> CheckRow:
    return replace(row, checked_at=datetime.now(timezone.utc), **answer)


def _how_many(first: Mapping[str, int], second: Mapping[str, int]) -> Found | NotYet:
    """Whether rows are pending still: of the numbers as they are, or in their country's other form."""
    pending = first.get(CheckStatus.PENDING.value, 0) + second.get(CheckStatus.PENDING.value, 0)
    total = sum(first.values()) + sum(second.values())
    return NotYet(f"{pending:,} of {total:,} checks are pending") if pending else {}
