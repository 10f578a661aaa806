# SPDX-License-Identifier: Apache-2.0
"""Counts requests, and holds them to a maximum."""

from __future__ import annotations

from typing import TypeVar

from airflow_provider_wa.api.errors import QuotaExceeded, WaError
from airflow_provider_wa.api.flow import Flow, Request, relayed

T = TypeVar("T")


class CallBudget:
    """A counter of requests: ``calls`` is their number, ``budget`` their maximum, or None."""

    def __init__(self, budget: int | None = None) -> None:
        self.calls = 0
        self.budget = budget

    def spend(self) -> WaError | None:
        """Count a request that is about to leave, or return the error that keeps it here."""
        if self.budget is not None and self.calls >= self.budget:
            return QuotaExceeded("budget: all calls are used up; to go on, clear the task with a higher budget")
        self.calls += 1
        return None


def within_budget(flow: Flow[T], budget: CallBudget) -> Flow[T]:
    """Return a flow with the requests of ``flow``, counted and limited by a budget: for a channel that others share."""
    return relayed(flow, before=lambda step: budget.spend() if isinstance(step, Request) else None)
