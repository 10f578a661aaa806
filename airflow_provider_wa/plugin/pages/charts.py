# SPDX-License-Identifier: Apache-2.0
"""Charts as shapes: the positions of bars and columns, which the templates draw as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import chain, count

WIDTH = 640
"""Width of a chart in SVG units; the page scales it."""

POINTS = 60
"""Maximum number of columns of a chart over time."""

HEIGHT = 160

WIDEST = 36.0
"""Maximum width of a bar in a chart over time: a single one is not a block."""

DAY = 86_400

_LENGTHS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 21_600, 43_200)
"""Lengths of a column's time in seconds; longer ones are whole days."""


@dataclass(frozen=True)
class Bar:
    """A bar of the funnel: its name, count, share of the first bar in percent, and length."""

    name: str
    count: int
    percent: float | None
    length: float
    tone: str = ""
    filter: str = ""


@dataclass(frozen=True)
class Part:
    """A bar of a column, as a rectangle."""

    name: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Column:
    """A column of a chart over time: its title, and one bar for each count, side by side."""

    title: str
    parts: Sequence[Part]


@dataclass(frozen=True)
class OverTime:
    """A chart over time: its columns, the first and the last moment, and the highest count.

    ``step`` is the time of one column in seconds.
    """

    columns: Sequence[Column]
    first: datetime
    last: datetime
    top: int
    step: int


def funnel(steps: Sequence[tuple[str, int, str, str]]) -> list[Bar]:
    """Return the bars of a funnel, each in proportion to the longest.

    :param steps: name, count, tone and filter of each bar.
    """
    longest = max((count for _, count, _, _ in steps), default=0) or 1
    first = steps[0][1] if steps else 0
    return [
        Bar(name, count, 100 * count / first if first else None, WIDTH * count / longest, tone, filter_)
        for name, count, tone, filter_ in steps
    ]


def over_time(
    counted: Sequence[tuple[datetime, Mapping[str, int]]], names: Sequence[str], step: timedelta
) -> OverTime | None:
    """Return the chart of counts over time; None without counts.

    :param counted: counts by the beginning of each step, oldest first; steps may be missing.
    :param names: the counts to show, from left to right.
    :param step: length of a step in whole seconds.
    """
    found = [(int(moment.timestamp()), counts) for moment, counts in counted if any(counts.get(name) for name in names)]
    if not found:
        return None
    length = _length(found[0][0], found[-1][0], int(step.total_seconds()))
    first, last = found[0][0] // length, found[-1][0] // length
    sums: list[dict[str, int]] = [dict.fromkeys(names, 0) for _ in range(first, last + 1)]
    for at, counts in found:
        for name in names:
            sums[at // length - first][name] += counts.get(name, 0)
    top = max(max(each.values()) for each in sums)
    columns = [
        _column(place, each, WIDTH / len(sums), top, (first + place) * length) for place, each in enumerate(sums)
    ]
    return OverTime(columns, _moment(first * length), _moment((last + 1) * length), top, length)


def _length(first: int, last: int, step: int) -> int:
    """Return the shortest time of a column with which all columns fit: a multiple of the step."""
    lengths = chain(_LENGTHS, count(DAY, DAY))
    return next(each for each in lengths if each % step == 0 and last // each - first // each < POINTS)


def _column(place: int, counts: Mapping[str, int], width: float, top: int, at: int) -> Column:
    bar = min(width * 0.8 / len(counts), WIDEST)
    left = place * width + (width - bar * len(counts)) / 2
    heights = {name: HEIGHT * count / top for name, count in counts.items()}
    parts = [
        Part(name, left + bar * number, HEIGHT - height, bar, height)
        for number, (name, height) in enumerate(heights.items())
    ]
    title = f"{_moment(at):%Y-%m-%d %H:%M:%S} UTC: " + ", ".join(f"{n:,} {name}" for name, n in counts.items())
    return Column(title, parts)


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)
