# SPDX-License-Identifier: Apache-2.0
"""One rate limiter per connection. It only does arithmetic: who sleeps, and how, is the driver's business."""

from __future__ import annotations

import re
import threading

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.flow import Pace

_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def calls_per_second(rate: str | None) -> float | None:
    """Read a rate such as ``10/s``, ``20/m`` or ``1000/h``; None or an empty text is no limit.

    :raises BadInput: it is no such rate.
    """
    if not rate or not str(rate).strip():
        return None
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*/\s*([smhd])[a-z]*\s*", str(rate), re.IGNORECASE)
    if not found or float(found[1]) <= 0:
        raise BadInput(f"rate_limit: {rate!r} is no rate; write for example 10/s, 20/m or 1000/h")
    return float(found[1]) / _UNIT_SECONDS[found[2].lower()]


class RateLimiter:
    """Spaces calls evenly, at most ``rate`` a second, and lets all wait when the vendor says that it is too much.

    Calls of a kind that has a pace of its own are spaced by that as well, on the same line: with a ``rate``, a place
    far ahead for one of them moves those behind it, of whatever kind. Without one, the kinds do not hinder each other.

    Safe to share between threads. Moments are those of a monotonic clock, in seconds.
    """

    def __init__(self, rate: float | None = None) -> None:
        self._interval = 1 / rate if rate else 0.0
        self._lock = threading.Lock()
        self._next = 0.0
        self._next_of: dict[str, float] = {}
        self._paused_until = 0.0

    def reserve(self, now: float, pace: Pace | None = None) -> float:
        """Take the next free place and return how many seconds there are until then."""
        with self._lock:
            place = max(now, self._next, self._paused_until)
            if pace is not None:
                place = max(place, self._next_of.get(pace.name, 0.0))
                self._next_of[pace.name] = place + 1 / pace.rate
            if self._interval:
                self._next = place + self._interval
            return place - now

    def pause(self, now: float, seconds: float) -> None:
        """Let nobody call for so many seconds, those included who have a place already."""
        with self._lock:
            self._paused_until = max(self._paused_until, now + seconds)

    def still(self, now: float, pace: Pace | None = None) -> float:
        """Seconds to wait still, for who comes to take a reserved place: 0, unless a pause lies upon it.

        There is a new place behind the pause then, in line with all others: they must not call at once when it ends.
        """
        return self.reserve(now, pace) if self.paused_for(now) > 0 else 0.0

    def paused_for(self, now: float) -> float:
        """Seconds that are left of a pause; 0 or less: none."""
        return self._paused_until - now
