# SPDX-License-Identifier: Apache-2.0
"""Counts requests, and lets no more of them leave than may be paid for."""

from __future__ import annotations

from typing import TypeVar

from airflow_provider_wa.api.errors import QuotaExceeded, WaError
from airflow_provider_wa.api.flow import Flow, Reply, Request, advance

T = TypeVar("T")


class CallBudget:
    """``calls`` counts the requests that were tried, ``budget`` is how many may be; None is any number."""

    def __init__(self, budget: int | None = None) -> None:
        self.calls = 0
        self.budget = budget

    def spend(self) -> WaError | None:
        """Count a request that is about to leave, or tell why it must not."""
        if self.budget is not None and self.calls >= self.budget:
            return QuotaExceeded("the budget is spent: the task has made as many calls as it may")
        self.calls += 1
        return None


def metered(flow: Flow[T], meter: CallBudget) -> Flow[T]:
    """The same flow, whose requests the meter counts and limits, on a channel that others use as well."""
    outcome: Reply | WaError | None = None
    while True:
        try:
            step = advance(flow, outcome)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
        outcome = meter.spend() if isinstance(step, Request) else None
        if outcome is None:
            try:
                outcome = yield step
            except WaError as error:
                outcome = error
