# SPDX-License-Identifier: Apache-2.0
"""Charts as shapes: the positions of bars and columns, which the templates draw as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

WIDTH = 640
"""Width of a chart in SVG units; the page scales it."""

POINTS = 60
"""Maximum number of columns of a chart over time."""

HEIGHT = 160


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
class Column:
    """A column of a chart over time: its position, title, and parts from the bottom up."""

    x: float
    width: float
    title: str
    parts: Sequence[tuple[str, float, float]]


@dataclass(frozen=True)
class OverTime:
    """A chart over time: its columns, the first and the last moment, and the count at the top."""

    columns: Sequence[Column]
    first: datetime
    last: datetime
    top: int


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
    """Return the chart of counts over time, as stacked columns; None without counts.

    :param counted: counts by the beginning of each step, oldest first; steps may be missing.
    :param names: the counts to show, from the bottom up.
    """
    found = [(moment, counts) for moment, counts in counted if any(counts.get(name) for name in names)]
    if not found:
        return None
    first, last = found[0][0], found[-1][0]
    steps = int((last - first) / step) + 1
    wide = -(-steps // POINTS)
    sums: list[dict[str, int]] = [{} for _ in range(-(-steps // wide))]
    for moment, counts in found:
        column = sums[int((moment - first) / step) // wide]
        for name in names:
            column[name] = column.get(name, 0) + counts.get(name, 0)
    top = max(sum(column.values()) for column in sums)
    width = WIDTH / len(sums)
    columns = [
        _column(place, column, names, width, top, first + step * wide * place) for place, column in enumerate(sums)
    ]
    return OverTime(columns, first, last + step, top)


def _column(
    place: int, counts: Mapping[str, int], names: Sequence[str], width: float, top: int, at: datetime
) -> Column:
    parts, bottom = [], float(HEIGHT)
    for name in names:
        height = HEIGHT * counts.get(name, 0) / top
        bottom -= height
        parts.append((name, bottom, height))
    title = f"{at:%Y-%m-%d %H:%M} UTC: " + ", ".join(f"{counts.get(name, 0):,} {name}" for name in names)
    return Column(place * width, max(width - 2, width * 0.8), title, parts)
