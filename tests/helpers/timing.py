# SPDX-License-Identifier: Apache-2.0
"""Bounds on time that a busy machine cannot break."""

from __future__ import annotations

import time
from collections.abc import Callable

AT_ONCE = 15.0
"""Seconds that no work takes, however busy the machine, and far less than the wait that is not to happen."""


def any_round_within(seconds: float, round_of_calls: Callable[[], object], rounds: int = 40) -> bool:
    """Return whether one of the rounds takes less: what slows down each of them is the code's fault, not the load's."""
    for _ in range(rounds):
        began = time.perf_counter()
        round_of_calls()
        if time.perf_counter() - began < seconds:
            return True
    return False
