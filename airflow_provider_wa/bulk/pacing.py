# SPDX-License-Identifier: Apache-2.0
"""When and how fast people are written to: hours in which they sleep, gaps between messages, a day's beginning."""

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

HORIZON = timedelta(hours=48)
"""For so long a moment is looked for that is quiet in none of a number's time zones."""

LONGEST_GAP = 86_400
"""Seconds: a gap of more than a day is a slip."""

EARLIER, LATER = 0, 1
"""Which reading of a local time is meant that clocks show twice, or skip (pendulum's and PEP 495's ``fold``)."""

_TIME_OF_DAY = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_SECONDS = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*s?")


@dataclass(frozen=True)
class QuietHours:
    """The hours in which nobody is to be written to, by the recipient's clock: from ``start`` until before ``end``.

    They go over midnight if they end before they begin. Where clocks are turned within them they last as long as may
    be: from the earlier reading of ``start`` to the later one of ``end``.
    """

    start: time
    end: time

    @classmethod
    def of(cls, value: str | Sequence[str]) -> QuietHours:
        """Quiet hours from ``("21:00", "08:00")`` or ``"21:00-08:00"``.

        :raises BadInput: these are not two times of day, or they are the same.
        """
        given = value.split("-") if isinstance(value, str) else value
        found = [_TIME_OF_DAY.fullmatch(str(part).strip()) for part in given] if isinstance(given, Sequence) else []
        times = [time(int(match[1]), int(match[2])) for match in found if match]
        if len(found) != 2 or len(times) != 2:
            raise BadInput(f"quiet hours {str(value)[:60]!r} are not two times of day, such as 21:00-08:00")
        if times[0] == times[1]:
            raise BadInput(f"quiet hours {str(value)[:60]!r} begin and end at the same time")
        return cls(*times)

    def ends(self, recipient: str, now: datetime, fallback_zone: str) -> datetime | None:
        """From when on a recipient may be written to, in UTC; None if that is now.

        A number whose country has several time zones is left in peace while it is quiet in any of them. If that leaves
        no moment in ``HORIZON``, as a night from 20:00 to 10:00 does for a free call number of all North America, its
        zones say too little, and ``fallback_zone`` decides as for a recipient of whom none is known.

        :param recipient: digits or a JID, as ``api.numbers.recipient`` returns them.
        :param now: one without a time zone is read as UTC.
        :param fallback_zone: an IANA name; ``time_zone`` tells before the first recipient whether it is one.
        :raises BadInput: it is none, and it was needed.
        """
        # Quiet hours begin and end with a minute, so that all of a minute has one answer, which is kept.
        minute = _utc(now).replace(second=0, microsecond=0)
        for zones in filter(None, (numbers.time_zones(recipient), (fallback_zone,))):
            if end := _first_free(self, zones, minute):
                break
        return None if end == minute else end

    def end_in(self, zone: pendulum.Timezone, moment: datetime) -> datetime | None:
        """When the quiet hours that ``moment`` lies in end in one time zone, in UTC; None if it lies in none."""
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
class Pace:
    """The gap between two sends, in seconds: evenly random from ``shortest`` to ``longest``, which may be the same."""

    shortest: float
    longest: float

    @classmethod
    def of(cls, value: float | str | Sequence[float | str]) -> Pace:
        """A pace from ``5`` or ``"5s"``, or from ``(3, 8)`` or ``"3-8s"``.

        :raises BadInput: this is no number of seconds, or a range that ends before it begins.
        """
        given = value.split("-") if isinstance(value, str) else value if isinstance(value, Sequence) else (value,)
        seconds = [_seconds(part) for part in given]
        if len(seconds) not in (1, 2) or any(map(math.isnan, seconds)):
            raise BadInput(
                f"pace {str(value)[:60]!r} is no number of seconds up to a day, such as 5, nor a range: 3-8s"
            )
        if seconds[0] > seconds[-1]:
            raise BadInput(f"pace {str(value)[:60]!r} ends before it begins")
        return cls(seconds[0], seconds[-1])

    def draw(self, random: Random) -> float:
        """The seconds until the next send."""
        return random.uniform(self.shortest, self.longest)


def daily_since(now: datetime, zone: str) -> datetime:
    """When the day began that it is ``now`` in a time zone, in UTC: what a daily limit counts from.

    Where clocks are turned at midnight, a day begins when it is first midnight, or at 1 o'clock if there is none.

    :param now: one without a time zone is read as UTC.
    :raises BadInput: there is no such time zone.
    """
    local = time_zone(zone)
    day = _utc(now).astimezone(local).date()
    readings = [_at(datetime.combine(day, time()), local, reading) for reading in (EARLIER, LATER)]
    # The earlier reading of a midnight that there is not is still the day before.
    return next(moment for moment in readings if moment.astimezone(local).date() == day)


def time_zone(name: str) -> pendulum.Timezone:
    """A time zone by its IANA name.

    :raises BadInput: there is none of that name.
    """
    try:
        return pendulum.timezone(name)
    # A name may be that of a directory or no path at all.
    except (KeyError, ValueError, OSError):
        raise BadInput(f"time zone {name[:60]!r} is no IANA name, such as America/Lima") from None


@lru_cache(maxsize=4096)
def _first_free(quiet: QuietHours, zones: tuple[str, ...], start: datetime) -> datetime | None:
    """The first moment from ``start`` on that is quiet in none of the zones; None if there is none in sight."""
    moment, found = start, [time_zone(name) for name in zones]
    while moment - start <= HORIZON:
        ends = [end for zone in found if (end := quiet.end_in(zone, moment))]
        if not ends:
            return moment
        moment = max(ends)
    return None


def _at(local: datetime, zone: pendulum.Timezone, reading: int) -> datetime:
    """A time of a zone's clocks in UTC; one that they skip is before the gap or behind it, as far as it is into it."""
    return zone.convert(local.replace(fold=reading)).astimezone(timezone.utc)


def _utc(moment: datetime) -> datetime:
    aware = moment if moment.utcoffset() is not None else moment.replace(tzinfo=timezone.utc)
    return aware.astimezone(timezone.utc)


def _seconds(part: float | str) -> float:
    """A number of seconds, or NaN for what is none."""
    if isinstance(part, str):
        match = _SECONDS.fullmatch(part.strip())
        return _seconds(float(match[1])) if match else math.nan
    is_gap = isinstance(part, (int, float)) and not isinstance(part, bool) and 0 <= part <= LONGEST_GAP
    return float(part) if is_gap else math.nan
