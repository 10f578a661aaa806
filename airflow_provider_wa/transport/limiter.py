# SPDX-License-Identifier: Apache-2.0
"""One rate limiter per connection. It only does arithmetic: its callers sleep."""

from __future__ import annotations

import re
import threading

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.flow import MethodRate

_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def calls_per_second(rate: str | None) -> float | None:
    """Return the rate in a text such as ``10/s``, ``20/m`` or ``1000/h``; None without a limit.

    :raises BadInput: it is another text.
    """
    if not rate or not str(rate).strip():
        return None
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*/\s*([smhd])[a-z]*\s*", str(rate), re.IGNORECASE)
    if not found or float(found[1]) <= 0:
        raise BadInput(f"rate_limit: invalid rate {rate!r}; expected for example 10/s, 20/m or 1000/h")
    return float(found[1]) / _UNIT_SECONDS[found[2].lower()]


class RateLimiter:
    """Spaces calls evenly, at most ``rate`` a second, and lets all wait when the vendor refuses calls as too fast.

    Calls of a method with a rate of its own are spaced by that rate as well. With a ``rate``, all calls stand in one
    line: a call that waits for its method's rate also delays every later call. Without a ``rate``, calls of different
    methods do not delay each other.

    Safe to share between threads. Moments are those of a monotonic clock, in seconds.
    """

    def __init__(self, rate: float | None = None) -> None:
        self._interval = 1 / rate if rate else 0.0
        self._lock = threading.Lock()
        self._next = 0.0
        self._next_of: dict[str, float] = {}
        self._paused_until = 0.0

    def reserve(self, now: float, method_rate: MethodRate | None = None) -> float:
        """Take the next free place, and return the seconds until its moment."""
        with self._lock:
            place = max(now, self._next, self._paused_until)
            if method_rate is not None:
                place = max(place, self._next_of.get(method_rate.name, 0.0))
                self._next_of[method_rate.name] = place + 1 / method_rate.rate
            if self._interval:
                self._next = place + self._interval
            return place - now

    def pause(self, now: float, seconds: float) -> None:
        """Hold all callers for this time, also those that have a place already."""
        with self._lock:
            self._paused_until = max(self._paused_until, now + seconds)

    def rest(self, now: float, method_rate: MethodRate | None = None) -> float:
        """Return the seconds that are left to wait at the moment of a reserved place: 0, unless there is a pause.

        During a pause a new place after it is taken, so that callers do not all call at once when it ends.
        """
        return self.reserve(now, method_rate) if self.paused_for(now) > 0 else 0.0

    def paused_for(self, now: float) -> float:
        """Return the seconds that are left of a pause; 0 or less without one."""
        return self._paused_until - now
