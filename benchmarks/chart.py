# SPDX-License-Identifier: Apache-2.0
"""Draw a chart as SVG: calls a second and CPU time per call by number of workers, logarithmic axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import Any, NamedTuple

from figures import cpu, rate

WIDTH, HEIGHT = 430, 300
LEFT, RIGHT, TOP, BOTTOM = 54, 128, 40, 38
LINE_HEIGHT = 14

COLOURS = {
    "ours": "#128c4a",
    "ours, SQLite": "#128c4a",
    "ours, PostgreSQL": "#5aa02c",
    "ours, without a store": "#7f8c8d",
    "aiohttp": "#2f6fb7",
    "httpx": "#c0392b",
    "requests pool": "#8a5a00",
    "Green-API SDK pool": "#7d4fa0",
}

OURS = ("ours", "ours, SQLite")
CHECKS = ("calls a second", "CPU time a call, ms")
SENDS = ("sends a second", "CPU time a send, ms")
"""Titles of the two panels."""

STYLE = "text{font:11px sans-serif;fill:#333}.title{font-weight:bold;font-size:13px}.grid{stroke:#ddd}"

Series = Mapping[str, Mapping[int, float]]


class Scale(NamedTuple):
    """Logarithmic axis: maps values to pixels."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return round(self.start + share * (self.end - self.start), 1)

    @property
    def decades(self) -> list[float]:
        return [10.0**n for n in range(round(math.log10(self.low)), round(math.log10(self.high)) + 1)]


def chart(by_workers: Mapping[str, Any], titles: tuple[str, str]) -> str:
    """Return the SVG with the two panels side by side, from the runs by number of workers and by name."""
    runs = {int(workers): run for workers, run in by_workers.items()}
    panels = list(zip(titles, (rate, cpu), strict=True))
    body = "".join(
        f'<g transform="translate({place * WIDTH},0)">{"".join(_panel(title, _series(runs, value)))}</g>\n'
        for place, (title, value) in enumerate(panels)
    )
    size = f'width="{2 * WIDTH}" height="{HEIGHT}" viewBox="0 0 {2 * WIDTH} {HEIGHT}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n<style>{STYLE}</style>\n'
        f'<rect width="100%" height="100%" fill="#fff"/>\n{body}</svg>\n'
    )


def _series(runs: Mapping[int, Mapping[str, Any]], value: Callable[[Any], float]) -> Series:
    names = {name: None for run in runs.values() for name in run}
    return {name: {workers: value(run[name]) for workers, run in runs.items() if name in run} for name in names}


def _panel(title: str, series: Series) -> Iterator[str]:
    workers = sorted({at for points in series.values() for at in points})
    values = [value for points in series.values() for value in points.values()]
    across = Scale(workers[0], max(workers[-1], 2 * workers[0]), LEFT, WIDTH - RIGHT)
    low, high = 10 ** math.floor(math.log10(min(values))), 10 ** math.ceil(math.log10(max(values)))
    up = Scale(low, max(high, 10 * low), HEIGHT - BOTTOM, TOP)
    yield f'<text class="title" x="{LEFT}" y="22">{escape(title)}</text>\n'
    for decade in up.decades:
        y = up(decade)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{decade:,g}</text>\n'
    for at in workers:
        yield f'<text x="{across(at)}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{at}</text>'
    yield f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 6}" text-anchor="middle">workers</text>\n'
    labels = _apart({name: up(points[max(points)]) for name, points in series.items()})
    for name, points in series.items():
        colour, thick = COLOURS[name], 3 if name in OURS else 1.5
        line = " ".join(f"{across(at)},{up(value)}" for at, value in sorted(points.items()))
        yield f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="{thick}"/>'
        for at, value in points.items():
            yield f'<circle cx="{across(at)}" cy="{up(value)}" r="{thick}" fill="{colour}"/>'
        weight = ";font-weight:bold" if name in OURS else ""
        x, y = across(max(points)) + 8, labels[name] + 4
        yield f'<text x="{x}" y="{y}" style="fill:{colour}{weight}">{escape(name)}</text>\n'


def _apart(places: Mapping[str, float]) -> dict[str, float]:
    """Return the heights of labels, each as close to the end of its line as the label above allows."""
    apart: dict[str, float] = {}
    last = -math.inf
    for name, place in sorted(places.items(), key=lambda item: item[1]):
        last = max(place, last + LINE_HEIGHT)
        apart[name] = round(last, 1)
    # Labels below the bottom move up, together with those that they touch.
    low = float(HEIGHT - BOTTOM)
    for name in sorted(apart, key=lambda name: -apart[name]):
        apart[name] = min(apart[name], low)
        low = apart[name] - LINE_HEIGHT
    return apart
