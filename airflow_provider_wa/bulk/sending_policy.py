# SPDX-License-Identifier: Apache-2.0
"""Whom a message has to wait for, and until when: quiet hours, the day's limit, the gap between two sends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from airflow_provider_wa.bulk.pacing import Pace, QuietHours, daily_since


@dataclass(frozen=True)
class Hold:
    """Why a message is not sent now, and from when on it may be; ``for_all`` tells that no other may either."""

    reason: str
    until: datetime
    for_all: bool = False

    def and_then(self, other: Hold | None) -> Hold:
        """The one of two that is to be looked at first."""
        if other is None or other.for_all == self.for_all:
            return self if other is None or self.until < other.until else other
        return self if self.for_all else other


@dataclass(frozen=True)
class SendingPolicy:
    """How people are treated.

    :param zone: the time zone in which a day begins, and of recipients of whom none is known.
    :param daily_limit: messages a day over the connection, whoever sends them.
    :param wait: whether who cannot be written to now is waited for, in place of being skipped.
    """

    pace: Pace | None = None
    quiet_hours: QuietHours | None = None
    zone: str = "UTC"
    daily_limit: int | None = None
    wait: bool = True

    def hold(self, recipient: str, now: datetime) -> Hold | None:
        """Until when a recipient must not be written to; None: it may be."""
        if self.quiet_hours is None:
            return None
        end = self.quiet_hours.ends(recipient, now, self.zone)
        return Hold(f"quiet hours until {end.isoformat(timespec='minutes')}", end) if end else None

    def day_began(self, now: datetime) -> datetime:
        """When the day began that the limit is for."""
        return daily_since(now, self.zone)

    def next_day(self, now: datetime) -> Hold:
        """That the day's limit is reached."""
        # Days have 23 to 25 hours: of a moment that is surely tomorrow, its day's beginning is meant.
        began = daily_since(now, self.zone)
        tomorrow = daily_since(began + timedelta(hours=36), self.zone)
        return Hold(f"the daily limit of {self.daily_limit:,} messages is reached", tomorrow, for_all=True)
