# SPDX-License-Identifier: Apache-2.0
"""Log lines that strangers cause: at most one a minute of each kind."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable


class Seldom:
    """Logs one kind of line at most once in ``seconds``, with the number of omitted lines."""

    def __init__(
        self, log: logging.Logger, level: int, seconds: float = 60.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._log = log
        self._level = level
        self._seconds = seconds
        self._clock = clock
        self._next_at = float("-inf")
        self._left_out = 0

    def __call__(self, text: str, *values: object) -> None:
        """Log a line, or count it as omitted."""
        now = self._clock()
        if now < self._next_at:
            self._left_out += 1
            return
        more = f" ({self._left_out:,} more since the last line)" if self._left_out else ""
        self._next_at, self._left_out = now + self._seconds, 0
        self._log.log(self._level, f"{text}{more}", *values)
