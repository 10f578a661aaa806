# SPDX-License-Identifier: Apache-2.0
"""A period between two moments, for requests of reports and inboxes, in minutes or in days."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo

from airflow_provider_wa.api.errors import BadInput

LONG_AGO = datetime(1970, 1, 1, tzinfo=timezone.utc)
"""A moment before every message, to sort the messages by that have no moment."""

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """The time from ``since`` until before ``until``; either may be open. Its days are those of their time zone."""

    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def of(
        cls, since: datetime | None, until: datetime | None, *, zone: tzinfo = timezone.utc, vendor: str = ""
    ) -> Period:
        """Return the period between two moments, in a time zone. A moment without a time zone is read as UTC.

        :raises BadInput: the period ends before it begins, or a moment is outside the calendar.
        """
        begin, end = _local("since", since, zone, vendor), _local("until", until, zone, vendor)
        if begin and end and end < begin:
            raise BadInput(f"until: {until} is before since ({since}); it must be later", vendor=vendor)
        return cls(begin, end)

    @property
    def is_empty(self) -> bool:
        """True if the period ends as it begins, so that nothing can have happened in it."""
        return self.since is not None and self.since == self.until

    @property
    def is_open(self) -> bool:
        """True if the period has neither a beginning nor an end."""
        return self.since is None and self.until is None

    @property
    def is_whole_days(self) -> bool:
        """True if the period is all time, or begins and ends at midnight; its end may be open, its beginning not."""
        bounds = [bound for bound in (self.since, self.until) if bound is not None]
        return (self.since is not None or not bounds) and all(bound.time() == time() for bound in bounds)

    def holds(self, moment: datetime) -> bool:
        """Return whether a moment lies in the period."""
        return (self.since is None or moment >= self.since) and (self.until is None or moment < self.until)

    def days(self, today: date) -> tuple[date, date] | None:
        """Return the first and the last day of the period, at most until ``today``; None without a beginning."""
        if self.since is None:
            return None
        first = self.since.date()
        last = min((self.until - timedelta(microseconds=1)).date(), today) if self.until else today
        return first, max(first, last)

    def minutes_back(self, now: datetime) -> int | None:
        """Return the minutes from the beginning until ``now``, rounded up, at least 1; None for an open period.

        Without a beginning the period is the day before its end.
        """
        begin = self.since or (self.until and max(self.until, LONG_AGO + _DAY) - _DAY)
        # One more: the vendor's clock is not ours, and time passes until it reads the request.
        return max(1, math.ceil((now - begin).total_seconds() / 60) + 1) if begin else None

    def require_kept(self, days: int, today: date, *, vendor: str = "") -> None:
        """Refuse a period with a bound before the last ``days`` days: the vendor has deleted older data.

        :raises BadInput: a bound is too old; the message names it, and the first day that can be asked for.
        """
        first = today - timedelta(days=days)
        for name, bound in (("since", self.since), ("until", self.until)):
            if bound is not None and bound.date() < first:
                ago = (today - bound.date()).days
                raise BadInput(
                    f"{name}: {bound:%Y-%m-%d} is {ago:,} days ago; the vendor keeps at most {days}: from {first} on",
                    vendor=vendor,
                )


def require_limit(limit: int | None, *, vendor: str = "") -> None:
    """Refuse a maximum number of rows that is below 1.

    :raises BadInput: it is.
    """
    if limit is not None and limit < 1:
        raise BadInput(f"limit: {limit} is below 1; it must be 1 or more", vendor=vendor)


def _local(name: str, bound: datetime | None, zone: tzinfo, vendor: str) -> datetime | None:
    if bound is None:
        return None
    aware = bound if bound.utcoffset() is not None else bound.replace(tzinfo=timezone.utc)
    try:
        local = aware.astimezone(zone)
    except OverflowError:
        raise BadInput(f"{name}: {bound} is outside the calendar", vendor=vendor) from None
    # A datetime of pendulum's, as Airflow has them, loses a zone of another kind when something is subtracted from it.
    return datetime.combine(local.date(), local.timetz())
