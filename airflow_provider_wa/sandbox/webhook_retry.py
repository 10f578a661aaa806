# SPDX-License-Identifier: Apache-2.0
"""Retry policies of webhooks and callbacks, and the options by which a test changes them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

MIN_GAP = 0.01  # seconds: a policy without a limit of attempts must leave time for other work
MAX_FACTOR = 16
DAY = 24 * 3600.0


@dataclass(frozen=True)
class RetryPolicy:
    """One vendor's way of posting a webhook or callback.

    `attempts`: maximum number of attempts; None retries for 24 hours. `gap`: seconds between the first two attempts;
    each further gap is twice as long as the last, up to 16 times the first. `delay`: seconds before the first attempt.
    `copies`: number of times that each request is posted. `shuffle`: requests of one `gap` go out in reverse order.

    A test cannot change the last two. `in_turn`: requests never overlap. `blocking`: later requests wait until the
    first one is delivered.
    """

    attempts: int | None
    gap: float = MIN_GAP
    delay: float = 0.0
    copies: int = 1
    shuffle: bool = False
    in_turn: bool = False
    blocking: bool = False

    @property
    def one_by_one(self) -> bool:
        """True if requests never overlap; overlapping would also undo a shuffled order."""
        return self.shuffle or self.in_turn

    def pauses(self) -> Iterator[float]:
        """Yield the seconds to wait before each attempt."""
        yield 0.0
        factor = 1
        for _ in itertools.count() if self.attempts is None else range(self.attempts - 1):
            yield self.gap * factor
            factor = min(2 * factor, MAX_FACTOR)

    def as_json(self) -> dict[str, Any]:
        """Return the options that a test may change."""
        return {name: value for name, value in asdict(self).items() if name in OPTIONS}


class Option(NamedTuple):
    """An option of the control API: its check, and its accepted values in words."""

    is_valid: Callable[[Any], bool]
    meaning: str


def _seconds(least: float) -> Option:
    def is_valid(value: Any) -> bool:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and least <= value <= DAY

    return Option(is_valid, f"{least:g} to {DAY:g} seconds")


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 100


OPTIONS = {
    "attempts": Option(
        lambda value: value is None or _count(value), "1 to 100, or null: until it is delivered, for 24 hours"
    ),
    "gap": _seconds(MIN_GAP),
    "delay": _seconds(0),
    "copies": Option(_count, "1 to 100"),
    "shuffle": Option(lambda value: isinstance(value, bool), "true or false"),
}


def changed(policy: RetryPolicy, options: dict[str, Any]) -> RetryPolicy:
    """Return a policy with some options changed; ValueError names the option that is wrong."""
    for name, value in options.items():
        if name not in OPTIONS:
            raise ValueError(f"{name}: unknown option; expected one of {', '.join(OPTIONS)}")
        if not OPTIONS[name].is_valid(value):
            raise ValueError(f"{name}: invalid value; expected {OPTIONS[name].meaning}")
    return replace(policy, **options)


def with_gap(policy: RetryPolicy, gap: float) -> RetryPolicy:
    """Return a vendor's own policy with the gap of the sandbox's settings."""
    return replace(policy, gap=max(gap, MIN_GAP))
