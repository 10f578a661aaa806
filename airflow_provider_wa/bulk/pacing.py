# SPDX-License-Identifier: Apache-2.0
"""Quiet hours, intervals between messages, and the day of a daily limit: when and how fast messages go out."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from functools import lru_cache
from random import Random

import pendulum

from airflow_provider_wa.api import numbers
from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.bulk.caps import Cap
from airflow_provider_wa.store.send_intents import DailyLimit

HORIZON = timedelta(hours=48)
"""Longest search for a moment that is not quiet in any of a number's time zones."""

LONGEST_INTERVAL = 86_400
"""Maximum interval in seconds: more than a day is a slip."""

EARLIER, LATER = 0, 1
"""The two readings of a local time that clocks show twice, or skip (pendulum's and PEP 495's ``fold``)."""

_TIME_OF_DAY = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_SECONDS = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*s?")


@dataclass(frozen=True)
class QuietHours:
    """Hours without messages, by the recipient's clock: from ``start`` until before ``end``.

    They go over midnight if they end before they begin. If clocks change within them, they run from the earlier reading
    of ``start`` to the later reading of ``end``.
    """

    start: time
    end: time

    @classmethod
    def of(cls, value: str | Sequence[str]) -> QuietHours:
        """Return quiet hours from ``("21:00", "08:00")`` or ``"21:00-08:00"``.

        :raises BadInput: the value is not two different times of day.
        """
        given = value.split("-") if isinstance(value, str) else value
        found = [_TIME_OF_DAY.fullmatch(str(part).strip()) for part in given] if isinstance(given, Sequence) else []
        times = [time(int(match[1]), int(match[2])) for match in found if match]
        if len(found) != 2 or len(times) != 2:
            raise BadInput(f"quiet_hours: {str(value)[:60]!r} is invalid; expected two times of day: 21:00-08:00")
        if times[0] == times[1]:
            raise BadInput(
                f"quiet_hours: {str(value)[:60]!r} begin and end at the same time; expected two times of day"
            )
        return cls(*times)

    def ends(self, recipient: str, now: datetime, fallback_zone: str) -> datetime | None:
        """Return the moment from which a recipient may be written to, in UTC; None if that is now.

        A number whose country has several time zones is left in peace while it is quiet in any of them. If that leaves
        no moment within ``HORIZON``, ``fallback_zone`` alone decides, as it does for a recipient without a known zone.
        An example is a free call number of all North America with quiet hours from 20:00 to 10:00.

        :param recipient: digits or a JID, as ``api.numbers.recipient`` returns them.
        :param now: a moment without a time zone is read as UTC.
        :param fallback_zone: an IANA name; check it with ``time_zone`` before the first recipient.
        :raises BadInput: ``fallback_zone`` was needed and does not exist.
        """
        # Quiet hours begin and end with a minute, so that all of a minute has one answer, which is kept.
        minute = _utc(now).replace(second=0, microsecond=0)
        for zones in filter(None, (numbers.time_zones(recipient), (fallback_zone,))):
            if end := _first_free(self, zones, minute):
                break
        return None if end == minute else end

    def end_in(self, zone: pendulum.Timezone, moment: datetime) -> datetime | None:
        """Return the end, in UTC, of the quiet hours of a time zone that a moment lies in; None if it is not quiet."""
        today = moment.astimezone(zone).date()
        over_midnight = timedelta(days=self.end < self.start)
        # The later reading of yesterday's end may be today, and the earlier one of tomorrow's start as well.
        for day in (today + timedelta(days=days) for days in (-1, 0, 1)):
            start = _at(datetime.combine(day, self.start), zone, EARLIER)
            end = _at(datetime.combine(day + over_midnight, self.end), zone, LATER)
            if start <= moment < end:
                return end
        return None


@dataclass(frozen=True)
class SendInterval:
    """Interval between two sends, in seconds: evenly random from ``shortest`` to ``longest``, which may be the same."""

    shortest: float
    longest: float

    @classmethod
    def of(cls, value: float | str | Sequence[float | str]) -> SendInterval:
        """Return an interval from ``5`` or ``"5s"``, or from ``(3, 8)`` or ``"3-8s"``.

        :raises BadInput: the value is neither a number of seconds nor a range of them.
        """
        given = value.split("-") if isinstance(value, str) else value if isinstance(value, Sequence) else (value,)
        seconds = [_seconds(part) for part in given]
        if len(seconds) not in (1, 2) or any(map(math.isnan, seconds)):
            raise BadInput(
                f"pace: {str(value)[:60]!r} is invalid; expected seconds, such as 5, or a range, such as 3-8s, "
                "of up to a day"
            )
        if seconds[0] > seconds[-1]:
            raise BadInput(f"pace: {str(value)[:60]!r} ends before it begins; expected a range such as 3-8s")
        return cls(seconds[0], seconds[-1])

    def times(self, factor: float) -> SendInterval:
        """Return the interval of one of several tasks that send at the same time."""
        return SendInterval(self.shortest * factor, self.longest * factor)

    def draw(self, random: Random) -> float:
        """Return the seconds until the next send."""
        return random.uniform(self.shortest, self.longest)


@dataclass(frozen=True)
class Hold:
    """Reason for not sending a message now, and the moment from which it may be sent.

    ``for_all``: no other message may be sent before that moment.
    """

    reason: str
    until: datetime
    for_all: bool = False

    def and_then(self, other: Hold | None) -> Hold:
        """Return the hold to wait for first: one that is for all messages, else the one that ends first."""
        if other is None or other.for_all == self.for_all:
            return self if other is None or self.until < other.until else other
        return self if self.for_all else other


@dataclass(frozen=True)
class SendingPolicy:
    """Limits on when and how fast messages go out.

    :param interval: the interval between two sends.
    :param zone: the time zone in which a day begins, and of recipients without a known zone.
    :param daily_limit: maximum messages a day over the connection, of all senders.
    :param wait: a message that must not be sent now is sent later, and not skipped.
    :param cap: maximum messages to one person in a period, over all connections.
    """

    interval: SendInterval | None = None
    quiet_hours: QuietHours | None = None
    zone: str = "UTC"
    daily_limit: int | None = None
    wait: bool = True
    cap: Cap | None = None

    def hold(self, recipient: str, now: datetime) -> Hold | None:
        """Return the hold on a recipient; None if they may be written to."""
        if self.quiet_hours is None:
            return None
        end = self.quiet_hours.ends(recipient, now, self.zone)
        return Hold(f"quiet hours until {end.isoformat(timespec='minutes')}", end) if end else None

    def limit_at(self, now: datetime) -> DailyLimit | None:
        """Return the limit of the current day; None if there is no limit."""
        return None if self.daily_limit is None else DailyLimit(limit=self.daily_limit, since=self.day_began(now))

    def day_began(self, now: datetime) -> datetime:
        """Return the beginning of the day that the limit is for."""
        return daily_since(now, self.zone)

    def next_day(self, now: datetime) -> Hold:
        """Return the hold on all once the day's limit is reached."""
        # Days have 23 to 25 hours: this takes a moment that is surely tomorrow, and the beginning of its day.
        began = daily_since(now, self.zone)
        tomorrow = daily_since(began + timedelta(hours=36), self.zone)
        return Hold(f"the daily limit of {self.daily_limit:,} messages is reached", tomorrow, for_all=True)


def daily_since(now: datetime, zone: str) -> datetime:
    """Return the beginning of the current day in a time zone, in UTC. A daily limit counts from this moment.

    Where clocks are turned at midnight, a day begins when it is first midnight, or at 1 o'clock if midnight is skipped.

    :param now: a moment without a time zone is read as UTC.
    :raises BadInput: the time zone does not exist.
    """
    local = time_zone(zone)
    day = _utc(now).astimezone(local).date()
    readings = [_at(datetime.combine(day, time()), local, reading) for reading in (EARLIER, LATER)]
    # The earlier reading of a midnight that clocks skip is still the day before.
    return next(moment for moment in readings if moment.astimezone(local).date() == day)


def time_zone(name: str) -> pendulum.Timezone:
    """Return a time zone by its IANA name.

    :raises BadInput: it does not exist.
    """
    try:
        return pendulum.timezone(name)
    # A name may be that of a directory or no path at all.
    except (KeyError, ValueError, OSError):
        raise BadInput(f"timezone: {name[:60]!r} does not exist; expected an IANA name, such as America/Lima") from None


@lru_cache(maxsize=4096)
def _first_free(quiet: QuietHours, zones: tuple[str, ...], start: datetime) -> datetime | None:
    """Return the first moment from ``start`` on that is not quiet in any zone; None if ``HORIZON`` has none."""
    moment, found = start, [time_zone(name) for name in zones]
    while moment - start <= HORIZON:
        ends = [end for zone in found if (end := quiet.end_in(zone, moment))]
        if not ends:
            return moment
        moment = max(ends)
    return None


def _at(local: datetime, zone: pendulum.Timezone, reading: int) -> datetime:
    """Return a local time of a zone in UTC. A time that clocks skip is moved by the length of the gap."""
    return zone.convert(local.replace(fold=reading)).astimezone(timezone.utc)


def _utc(moment: datetime) -> datetime:
    aware = moment if moment.utcoffset() is not None else moment.replace(tzinfo=timezone.utc)
    return aware.astimezone(timezone.utc)


def _seconds(part: float | str) -> float:
    """Return a number of seconds, or NaN for anything else."""
    if isinstance(part, str):
        match = _SECONDS.fullmatch(part.strip())
        return _seconds(float(match[1])) if match else math.nan
    valid = isinstance(part, (int, float)) and not isinstance(part, bool) and 0 <= part <= LONGEST_INTERVAL
    return float(part) if valid else math.nan
