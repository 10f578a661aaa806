# SPDX-License-Identifier: Apache-2.0
"""Rate limiter over a sliding window of one second."""

from __future__ import annotations

from collections import defaultdict, deque

WINDOW_SECONDS = 1.0


class RateLimiter:
    """Counts the requests of each route over the last second."""

    def __init__(self) -> None:
        self._times: defaultdict[tuple[str, str], deque[float]] = defaultdict(deque)

    def allow(self, route: tuple[str, str], rate: int, now: float) -> bool:
        """Count one request; False if it exceeds the rate, and then it is not counted."""
        times = self._times[route]
        while times and times[0] <= now - WINDOW_SECONDS:
            times.popleft()
        if len(times) >= rate:
            return False
        times.append(now)
        return True

    def clear(self) -> None:
        """Forget all requests."""
        self._times.clear()
