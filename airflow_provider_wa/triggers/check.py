# SPDX-License-Identifier: Apache-2.0
"""Waits in the triggerer for pending checks: of one number, or of a whole batch."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import TriggerEvent

from airflow_provider_wa.waiting.patience import MAX_FAILURES
from airflow_provider_wa.waiting.source import Found, NotYet, Source
from airflow_provider_wa.waiting.trigger import WaTrigger

if TYPE_CHECKING:
    from airflow_provider_wa.hooks.base import WaHook
    from airflow_provider_wa.waiting.store_poller import StorePoller
    from airflow_provider_wa.waiting.vendor_source import Run


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
        from airflow_provider_wa.waiting.vendor_source import asking

        return asking(self.wa_conn_id, self._ask)

    async def _ask(self, hook: WaHook, run: Run) -> Found | NotYet:
        from airflow_provider_wa.api import numbers
        from airflow_provider_wa.api.capabilities import ChecksAgain
        from airflow_provider_wa.api.records import CheckStatus

        (result,) = await run(hook.able(ChecksAgain).check_again([numbers.parse(self.number)]))
        if result.status is CheckStatus.PENDING:
            return NotYet(f"the check is pending: {result.detail}")
        return {"check": result.to_dict()}


class WaBatchCheckTrigger(WaTrigger):
    """Waits until no row of a batch in the store is pending; its event has ``carry``, whatever its status.

    A vendor that answers when it is asked again is asked for each pending number at each look, and the answers are
    stored; a number that it refuses is ``unknown``. For other vendors the receiver stores the answers.

    :param batch: the name of a bulk check in the store.
    :param budget: maximum calls for the batch, those of the operator included.
    :param carry: data that the operator needs to go on, as JSON. It is an argument of the trigger since ``dag.test()``
        of Airflow 3.3 loses the ``kwargs`` of a deferral.
    """

    arguments = (*WaTrigger.arguments, "batch", "carry", "budget")
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
        budget: int | None = None,
    ) -> None:
        super().__init__(wa_conn_id, poll_interval, deadline, max_failures)
        self.batch = batch
        self.carry = carry or {}
        self.budget = budget

    async def run(self) -> AsyncIterator[TriggerEvent]:
        async for event in super().run():
            yield TriggerEvent({**event.payload, "carry": self.carry})

    @asynccontextmanager
    async def source(self) -> AsyncIterator[Source]:
        from airflow_provider_wa.api.capabilities import ChecksAgain
        from airflow_provider_wa.api.webhooks import EventKind
        from airflow_provider_wa.waiting.store_source import notified
        from airflow_provider_wa.waiting.vendor_source import asking, look_up

        hook = await look_up(self.wa_conn_id)
        if isinstance(hook.vendor, ChecksAgain):
            chosen = asking(self.wa_conn_id, self._ask_again)
        else:
            chosen = notified(self.wa_conn_id, EventKind.CHECK, self.poll_interval, self._count)
        async with chosen as source:
            yield source

    async def _ask_again(self, hook: WaHook, run: Run) -> Found | NotYet:
        from airflow_provider_wa.waiting.pending_checks import ask_again

        return await ask_again(hook, run, self.batch, self.budget)

    async def _count(self, poller: StorePoller) -> Found | NotYet:
        from airflow_provider_wa.waiting.pending_checks import count_pending

        return await count_pending(poller, self.batch)
