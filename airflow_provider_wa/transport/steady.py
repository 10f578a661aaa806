# SPDX-License-Identifier: Apache-2.0
"""Time that passes evenly: setting the wall clock does not change it."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

_WITH_SUSPENSION = getattr(time, "CLOCK_BOOTTIME", None)
"""Linux's clock that also runs while the machine is suspended, unlike ``time.monotonic``."""

_TOGETHER = 0.04
"""Maximum seconds between two clocks that are read together; it disappears in the rounding to 0.1 s."""


def suspended() -> float:
    """Return the seconds since its start that the machine was suspended; 0 where the system does not say."""
    if _WITH_SUSPENSION is None:
        return 0.0
    while True:
        before = time.monotonic()
        with_suspension = time.clock_gettime(_WITH_SUSPENSION)
        # A busy machine may stop this thread between the two: only clocks that were read together are compared.
        if time.monotonic() - before < _TOGETHER:
            return round(with_suspension - before, 1)


class SteadyClock:
    """A clock that begins at the present moment and is never set. It is not for dates: the wall clock may be right."""

    def __init__(self) -> None:
        self._began = datetime.now(timezone.utc)
        self._start = time.monotonic() + suspended()

    def now(self) -> datetime:
        """Return the moment of the beginning, plus the time since."""
        return self._began + timedelta(seconds=time.monotonic() + suspended() - self._start)
