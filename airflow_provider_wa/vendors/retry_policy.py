# SPDX-License-Identifier: Apache-2.0
"""Whether to repeat a request, and when: a pure function of what went wrong and what a repeat would do."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_wa.api.errors import RateLimited, VendorUnavailable, WaError
from airflow_provider_wa.api.flow import Effect


@dataclass(frozen=True)
class RepeatPolicy:
    """How often a request is tried in all, and the waits in between, in seconds.

    The waits double from ``first_wait`` up to ``longest_wait``. What a vendor asks for (Retry-After) is honoured up to
    ``longest_retry_after``; a vendor that asks for more is left alone, and its error goes to the caller.
    """

    tries: int = 4
    first_wait: float = 0.5
    longest_wait: float = 20.0
    longest_retry_after: float = 120.0


DEFAULT_POLICY = RepeatPolicy()


def seconds_before_repeat(
    error: WaError, effect: Effect, tries: int, draw: float, policy: RepeatPolicy = DEFAULT_POLICY
) -> float | None:
    """How long to wait before the request is repeated, or None: do not repeat it.

    A READ is repeated when the vendor could not be reached or was failing (connection error, time-out, 5xx) or
    refused it as too fast. A SEND is repeated only when it was refused as too fast or provably never left.

    :param tries: how often the request has been tried so far, this failure included.
    :param draw: a random number from 0 to 1, for the jitter: a wait is cut by up to half.
    """
    if tries >= policy.tries or not _repeatable(error, effect):
        return None
    if error.retry_after is not None:
        return error.retry_after if error.retry_after <= policy.longest_retry_after else None
    wait = min(policy.first_wait * 2.0 ** (tries - 1), policy.longest_wait)
    return wait * (1 - draw / 2)


def _repeatable(error: WaError, effect: Effect) -> bool:
    if isinstance(error, RateLimited):
        return True
    if isinstance(error, VendorUnavailable):
        return effect is Effect.READ or error.never_left
    return False
