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


def test_bars_stand_side_by_side_with_the_height_of_the_greatest_count() -> None:
    """A message that was read was delivered as well: a stack of both would count it twice."""
    chart = over_time([(NOON, {"sent": 1, "read": 3}), (NOON + 2 * MINUTE, {"sent": 2})], ["sent", "read"], MINUTE)
    assert chart is not None
    assert (chart.first, chart.last, chart.top, chart.step) == (NOON, NOON + 3 * MINUTE, 3, 60)
    full, gap, half = chart.columns
    assert [(part.name, part.height) for part in full.parts] == [("sent", HEIGHT / 3), ("read", HEIGHT)]
    assert [part.y + part.height for part in full.parts] == [HEIGHT, HEIGHT]
    assert [part.height for part in gap.parts] == [0, 0]
    assert half.parts[0].height == HEIGHT * 2 / 3
    assert full.title == "2026-03-01 12:00:00 UTC: 1 sent, 3 read"
    sent, read = full.parts
    assert sent.x + sent.width == read.x
    assert gap.parts[0].x - sent.x == pytest.approx(WIDTH / 3)


def test_a_single_column_is_a_bar_and_no_block() -> None:
    chart = over_time([(NOON, {"sent": 7})], ["sent"], timedelta(seconds=1))
    assert chart is not None
    ((bar,),) = (column.parts for column in chart.columns)
    assert bar.width < WIDTH / 10
    assert (chart.last - chart.first, chart.step) == (timedelta(seconds=1), 1)


@pytest.mark.parametrize(
    ("seconds", "step", "length"), [(45, 1, 1), (61, 1, 2), (800, 1, 15), (3000, 10, 60), (90_000, 600, 1800)]
)
def test_columns_have_lengths_that_people_read_easily_and_begin_at_full_ones(
    seconds: int, step: int, length: int
) -> None:
    begin = NOON + timedelta(seconds=step)
    chart = over_time(
        [(begin, {"sent": 1}), (begin + timedelta(seconds=seconds - step), {"sent": 1})],
        ["sent"],
        timedelta(seconds=step),
    )
    assert chart is not None
    assert chart.step == length
    assert chart.first.timestamp() % length == chart.last.timestamp() % length == 0


@pytest.mark.parametrize("steps", [1, POINTS, POINTS + 1, 10_000])
def test_however_long_it_took_the_columns_fit_and_hold_every_count(steps: int) -> None:
    chart = over_time([(NOON + place * MINUTE, {"sent": 1}) for place in range(steps)], ["sent"], MINUTE)
    assert chart is not None
    assert len(chart.columns) <= POINTS
    assert chart.columns[-1].parts[-1].x + chart.columns[-1].parts[-1].width <= WIDTH
    assert sum(round(part.height * chart.top / HEIGHT) for each in chart.columns for part in each.parts) == steps


def test_there_is_no_chart_without_counts() -> None:
    assert over_time([], ["sent"], MINUTE) is None
    assert over_time([(NOON, {"sent": 0, "other": 7})], ["sent"], MINUTE) is None
