# SPDX-License-Identifier: Apache-2.0
"""How vendors post webhooks and callbacks: how often they try, and what a test lets go wrong on the way."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

LEAST_GAP = 0.01  # seconds: who tries until it is taken must not do nothing else
GROWTH = 16
DAY = 24 * 3600.0


@dataclass(frozen=True)
class Posting:
    """How one vendor posts.

    `attempts`: how often a post is tried until it is taken; None is a day long. `gap`: seconds between the first two
    attempts; each further gap is twice as long as the last, up to 16 times the first. `delay`: seconds that each post
    comes late. `copies`: how often each post is made. `shuffle`: what comes up within `gap` seconds goes out
    in reverse.

    Not for a test to change: `in_turn` is whether its requests never overlap, `waits` whether later posts wait behind
    one that is not taken yet.
    """

    attempts: int | None
    gap: float
    delay: float = 0.0
    copies: int = 1
    shuffle: bool = False
    in_turn: bool = False
    waits: bool = False

    @property
    def one_by_one(self) -> bool:
        """Whether a request waits for the one before; overlapping would undo a shuffled order as well."""
        return self.shuffle or self.in_turn

    def pauses(self) -> Iterator[float]:
        """Yield the seconds to wait before each attempt."""
        yield 0.0
        factor = 1
        for _ in itertools.count() if self.attempts is None else range(self.attempts - 1):
            yield self.gap * factor
            factor = min(2 * factor, GROWTH)

    def as_json(self) -> dict[str, Any]:
        """Return what a test may change, as it is."""
        return {name: value for name, value in asdict(self).items() if name in OPTIONS}


class Option(NamedTuple):
    """An option of the control API: how it is checked, and what it means."""

    is_valid: Callable[[Any], bool]
    meaning: str


def _seconds(least: float) -> Option:
    def is_valid(value: Any) -> bool:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and least <= value <= DAY

    return Option(is_valid, f"{least:g} to {DAY:g} seconds")


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 100


OPTIONS = {
    "attempts": Option(lambda value: value is None or _count(value), "1 to 100, or null: until it is taken, for a day"),
    "gap": _seconds(LEAST_GAP),
    "delay": _seconds(0),
    "copies": Option(_count, "1 to 100"),
    "shuffle": Option(lambda value: isinstance(value, bool), "true or false"),
}


def changed(known: Posting, data: dict[str, Any]) -> Posting:
    """Return a way of posting with some options changed; ValueError names what is wrong with them."""
    for name, value in data.items():
        if name not in OPTIONS:
            raise ValueError(f"unknown option {name!r}; options are {', '.join(OPTIONS)}")
        if not OPTIONS[name].is_valid(value):
            raise ValueError(f"{name} is {OPTIONS[name].meaning}")
    return replace(known, **data)


def defaults(gap: float) -> dict[str, Posting]:
    """Return how each vendor posts by itself.

    WuzAPI's five attempts, in no order, and Green-API's queue, which is told in order until it is taken or a day old,
    are known (field-notes.md). The portal's and CheckWA's documents are silent: their numbers are assumed.
    """
    gap = max(gap, LEAST_GAP)
    return {
        "wuzapi": Posting(attempts=5, gap=gap),
        "wa_portal": Posting(attempts=1, gap=gap, in_turn=True),
        "green_api": Posting(attempts=None, gap=gap, in_turn=True, waits=True),
        "checkwa": Posting(attempts=3, gap=gap),
    }
