# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from airflow_provider_wa.plugin.pages.charts import HEIGHT, POINTS, WIDTH, funnel, over_time

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)


def test_a_funnel_shows_shares_of_its_first_bar_and_lengths_of_its_longest() -> None:
    rows, read, accepted = funnel([("rows", 200, "calm", ""), ("read", 50, "good", "read"), ("accepted", 400, "", "")])
    assert (rows.percent, read.percent, accepted.percent) == (100, 25, 200)
    assert (rows.length, read.length, accepted.length) == (WIDTH / 2, WIDTH / 8, WIDTH)
    assert (read.tone, read.filter) == ("good", "read")


def test_a_funnel_of_nothing_has_no_shares() -> None:
    assert funnel([]) == []
    (bar,) = funnel([("rows", 0, "", "")])
    assert (bar.percent, bar.length) == (None, 0)


def test_columns_are_stacked_to_the_height_of_the_greatest_sum() -> None:
    chart = over_time([(NOON, {"sent": 1, "read": 3}), (NOON + 2 * MINUTE, {"sent": 2})], ["sent", "read"], MINUTE)
    assert chart is not None
    assert (chart.first, chart.last, chart.top) == (NOON, NOON + 3 * MINUTE, 4)
    full, gap, half = chart.columns
    assert full.parts == [("sent", HEIGHT * 3 / 4, HEIGHT / 4), ("read", 0, HEIGHT * 3 / 4)]
    assert [height for _, _, height in gap.parts] == [0, 0]
    assert half.parts[0] == ("sent", HEIGHT / 2, HEIGHT / 2)
    assert full.title == "2026-03-01 12:00 UTC: 1 sent, 3 read"
    assert (full.x, gap.x) == (0, WIDTH / 3)


@pytest.mark.parametrize("steps", [1, POINTS, POINTS + 1, 10_000])
def test_however_long_it_took_the_columns_fit_and_hold_every_count(steps: int) -> None:
    chart = over_time([(NOON + place * MINUTE, {"sent": 1}) for place in range(steps)], ["sent"], MINUTE)
    assert chart is not None
    assert len(chart.columns) <= POINTS
    assert chart.columns[-1].x + chart.columns[-1].width <= WIDTH
    assert sum(round(height * chart.top / HEIGHT) for each in chart.columns for _, _, height in each.parts) == steps


def test_there_is_no_chart_without_counts() -> None:
    assert over_time([], ["sent"], MINUTE) is None
    assert over_time([(NOON, {"sent": 0, "other": 7})], ["sent"], MINUTE) is None
