# SPDX-License-Identifier: Apache-2.0
"""Waits in the triggerer for pending checks: of one number, or of a whole batch."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from airflow.triggers.base import TriggerEvent

from airflow_provider_wa.waiting.patience import MAX_FAILURES
from airflow_provider_wa.waiting.source import Source
from airflow_provider_wa.waiting.trigger import WaTrigger


class WaPendingCheckTrigger(WaTrigger):
    """Asks for a number again until its check is no longer pending; its event has the ``check``.

    :param number: the number, in E.164.
    """

    arguments = (*WaTrigger.arguments, "number")
    expired = "the check was still pending at the deadline"

    def __init__(
        self,
        wa_conn_id: str,
        poll_interval: float,
        deadline: float,
        max_failures: int = MAX_FAILURES,
        store: Mapping[str, Any] | None = None,
        *,
        number: str,
    ) -> None:
        super().__init__(wa_conn_id, poll_interval, deadline, max_failures, store)
        self.number = number

    def source(self) -> AbstractAsyncContextManager[Source]:
        from airflow_provider_wa.waiting import looks

        return looks.pending_check(self.wa_conn_id, self.number)


class WaBatchCheckTrigger(WaTrigger):
    """Waits until no row of a batch in the store is pending; its event has ``carry`` with every status.

    A vendor that answers when it is asked again is asked for each pending number at each look, and the answers are
    stored; a number that it refuses is ``unknown``. For other vendors the receiver stores the answers.

    :param batch: the name of a bulk check in the store.
    :param budget: maximum number of calls for the batch, including the operator's.
    :param carry: data for the operator after the wait, as JSON. It is an argument of the trigger since ``dag.test()``
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
        store: Mapping[str, Any] | None = None,
        *,
        batch: str,
        carry: dict[str, Any] | None = None,
        budget: int | None = None,
    ) -> None:
        super().__init__(wa_conn_id, poll_interval, deadline, max_failures, store)
        self.batch = batch
        self.carry = carry or {}
        self.budget = budget

    async def run(self) -> AsyncIterator[TriggerEvent]:
        async for event in super().run():
            yield TriggerEvent({**event.payload, "carry": self.carry})

    @property
    def reads_store(self) -> bool:
        return True

    def source(self) -> AbstractAsyncContextManager[Source]:
        from airflow_provider_wa.waiting import looks

        return looks.batch(self.wa_conn_id, self.batch, self.budget, self.poll_interval)
