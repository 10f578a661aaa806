# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from airflow_provider_wa.api.errors import QuotaExceeded, VendorUnavailable
from airflow_provider_wa.api.flow import Flow, Reply, Request, Sleep, advance
from airflow_provider_wa.transport.budget import CallBudget, within_budget


def two_requests() -> Flow[int]:
    statuses = []
    for path in ("/a", "/b"):
        try:
            reply = yield Request("GET", path)
        except VendorUnavailable:
            yield Sleep(1.0)
            reply = yield Request("GET", path)
        assert reply
        statuses.append(reply.status)
    return sum(statuses)


def driven(flow: Flow[int], *outcomes: Reply | VendorUnavailable) -> int:
    """What the flow returns, if its requests come to this."""
    left = list(outcomes)
    outcome: Reply | VendorUnavailable | None = None
    while True:
        try:
            step = advance(flow, outcome)
        except StopIteration as done:
            return int(done.value)
        outcome = left.pop(0) if isinstance(step, Request) else None


def test_requests_are_counted_with_their_repeats_and_sleeps_are_not() -> None:
    budget = CallBudget()
    assert driven(within_budget(two_requests(), budget), VendorUnavailable("502"), Reply(200), Reply(201)) == 401
    assert budget.calls == 3


def test_nothing_leaves_beyond_the_budget() -> None:
    budget = CallBudget(budget=3)
    assert driven(within_budget(two_requests(), budget), Reply(200), Reply(200)) == 400
    with pytest.raises(QuotaExceeded, match="budget: all calls are used up"):
        driven(within_budget(two_requests(), budget), Reply(200))
    assert budget.calls == 3


def test_an_error_goes_through_to_the_flow_and_out_of_it() -> None:
    with pytest.raises(VendorUnavailable, match="again"):
        driven(within_budget(two_requests(), CallBudget()), VendorUnavailable("once"), VendorUnavailable("again"))
