# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from airflow_provider_wa.sandbox.rate_limiter import RateLimiter


def test_so_many_within_any_second_and_no_more() -> None:
    limiter = RateLimiter()
    moments = (0.0, 0.4, 0.5, 0.99, 1.0, 1.3, 1.5)
    assert [limiter.allow(("v", "r"), 2, moment) for moment in moments] == [
        True, True, False, False, True, False, True,
    ]  # fmt: skip


def test_routes_do_not_count_for_each_other() -> None:
    limiter = RateLimiter()
    assert [limiter.allow(("v", route), 1, 0.0) for route in "aab"] == [True, False, True]
    limiter.clear()
    assert limiter.allow(("v", "a"), 1, 0.0)
