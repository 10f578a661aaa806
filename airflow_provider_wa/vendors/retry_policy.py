# SPDX-License-Identifier: Apache-2.0
"""Decides whether and when a request is repeated, by its error and by the effect of a repeat. Pure functions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timezone

from airflow_provider_wa.api.errors import RateLimited, VendorUnavailable, WaError
from airflow_provider_wa.api.flow import Effect


@dataclass(frozen=True)
class RepeatPolicy:
    """Number of tries of a request, and the waits between them in seconds.

    The waits double from ``first_wait`` up to ``longest_wait``. What a vendor asks for (Retry-After) is honoured up to
    ``longest_retry_after``; a vendor that asks for more is left alone, and its error goes to the caller.
    """

    tries: int = 4
    first_wait: float = 0.5
    longest_wait: float = 20.0
    longest_retry_after: float = 120.0


DEFAULT_POLICY = RepeatPolicy()

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TIME = r"(?P<time>\d\d:\d\d:\d\d)"
# Not by email.utils, which loads socket.
_HTTP_DATE = re.compile(rf"[A-Z][a-z]+, (?P<day>\d\d)[ -](?P<month>\w{{3}})[ -](?P<year>\d{{4}}|\d\d) {_TIME} GMT")
_ASCTIME = re.compile(rf"[A-Z][a-z]+ (?P<month>\w{{3}}) +(?P<day>\d\d?) {_TIME} (?P<year>\d{{4}})")


def seconds_before_repeat(
    error: WaError, effect: Effect, tries: int, draw: float, policy: RepeatPolicy = DEFAULT_POLICY
) -> float | None:
    """Return the seconds to wait before the request is repeated; None if it must not be repeated.

    A READ is repeated when the vendor could not be reached or was failing (connection error, time-out, 5xx) or
    refused it as too fast. A SEND is repeated only when it was refused as too fast or provably never left.

    :param tries: number of tries so far, including the one that failed.
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


def retry_after_seconds(value: str, now: datetime | None) -> float | None:
    """Return the seconds that a Retry-After header asks to wait, at least 0; None if it cannot be read.

    :param value: seconds, or the HTTP date from which on a repeat is welcome (RFC 9110, 10.2.3).
    :param now: the moment that a date is counted from: that of the reply's own ``Date`` header, by the same clock.
    """
    try:
        return max(0.0, float(value))
    except ValueError:
        until = http_date(value)
    return max(0.0, (until - now).total_seconds()) if until and now else None


def http_date(value: str) -> datetime | None:
    """Return the moment of an HTTP date, in any of its three forms (RFC 9110, 5.6.7); None if it cannot be read."""
    form = _HTTP_DATE.fullmatch(value.strip()) or _ASCTIME.fullmatch(value.strip())
    if form is None or form["month"] not in _MONTHS:
        return None
    year, month = int(form["year"]), _MONTHS.index(form["month"]) + 1
    if len(form["year"]) == 2:
        year += 2000 if year < 70 else 1900
    try:
        clock = time.fromisoformat(form["time"])
        return datetime.combine(date(year, month, int(form["day"])), clock, timezone.utc)
    except ValueError:
        return None
