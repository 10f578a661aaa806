# SPDX-License-Identifier: Apache-2.0
"""How fast requests come: the last second of each route."""

from __future__ import annotations

from collections import defaultdict, deque

WINDOW = 1.0


class Pace:
    """Counts requests over a sliding second."""

    def __init__(self) -> None:
        self._moments: defaultdict[tuple[str, str], deque[float]] = defaultdict(deque)

    def is_exceeded(self, route: tuple[str, str], rate: int, now: float) -> bool:
        """Count one request; True if it is one too many, which then does not count."""
        moments = self._moments[route]
        while moments and moments[0] <= now - WINDOW:
            moments.popleft()
        if len(moments) >= rate:
            return True
        moments.append(now)
        return False

    def clear(self) -> None:
        """Forget every request."""
        self._moments.clear()
