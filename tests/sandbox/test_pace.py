# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from airflow_provider_wa.sandbox.pace import Pace


def test_so_many_within_any_second_and_no_more() -> None:
    pace = Pace()
    moments = (0.0, 0.4, 0.5, 0.99, 1.0, 1.3, 1.5)
    assert [pace.is_exceeded(("v", "r"), 2, moment) for moment in moments] == [
        False, False, True, True, False, True, False,
    ]  # fmt: skip


def test_routes_do_not_count_for_each_other() -> None:
    pace = Pace()
    assert [pace.is_exceeded(("v", route), 1, 0.0) for route in "aab"] == [False, True, False]
    pace.clear()
    assert not pace.is_exceeded(("v", "a"), 1, 0.0)
