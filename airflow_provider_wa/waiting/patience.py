# SPDX-License-Identifier: Apache-2.0
"""Counter of consecutive failures: a wait continues after temporary ones, up to a maximum, and ends on any other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from airflow_provider_wa.api.errors import Retry, WaError

T = TypeVar("T")

MAX_FAILURES = 10
"""Default maximum number of consecutive temporary failures that do not end a wait."""

SHORTEST_PAUSE = 0.05
"""Minimum seconds between two looks, even with a shorter interval: never a hot loop."""

LONGEST_PAUSE = 300.0
"""Maximum seconds between two tries, however many have failed."""


def may_pass(error: WaError) -> bool:
    """Return True if waiting may mend an error: a vendor out of reach, an account that is logged out."""
    return error.retry is not Retry.NEVER


class Patience:
    """Counter of failures in a row, for one wait or for one look at many items.

    :param max_failures: maximum number of consecutive failures that do not end the wait.
    :param bearable: returns True for an error that does not end the wait; by default a temporary one.
    """

    def __init__(self, max_failures: int = MAX_FAILURES, bearable: Callable[[WaError], bool] = may_pass) -> None:
        self.answered = False
        self._max_failures = max_failures
        self._bearable = bearable
        self._failures = 0
        self._last: WaError | None = None

    def succeeded(self) -> None:
        """Begin to count from zero."""
        self.answered = True
        self._failures, self._last = 0, None

    def failed(self, error: WaError) -> None:
        """Count a failure.

        :raises WaError: this failure, if it is not bearable or exceeds the maximum.
        """
        self._failures += 1
        self._last = error
        if not self._bearable(error) or self._failures > self._max_failures:
            raise error

    def raise_if_unanswered(self) -> None:
        """Raise the last failure if nothing has ever succeeded: a vendor that answers some will answer the others."""
        if self._last is not None and not self.answered:
            raise self._last

    def pause(self, shortest: float) -> float:
        """Return the seconds until the next try: ``shortest`` after the first failure, doubled after each further."""
        return max(SHORTEST_PAUSE, min(shortest * 2.0 ** max(self._failures - 1, 0), LONGEST_PAUSE))


async def try_again(
    work: Callable[[], Awaitable[T]], max_failures: int, pause: float, report: Callable[[WaError], None]
) -> T:
    """Return what ``work`` returns, tried again after temporary failures, with growing pauses.

    :param pause: seconds after the first failure.
    :param report: function that is called with each failure before another try.
    :raises WaError: waiting does not mend it, or has not.
    """
    patience = Patience(max_failures)
    while True:
        try:
            return await work()
        except WaError as error:
            patience.failed(error)
            report(error)
        await asyncio.sleep(patience.pause(pause))
