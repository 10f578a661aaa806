# SPDX-License-Identifier: Apache-2.0
"""People are left in peace while it is quiet where they are, whatever their clocks do."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers.timezone import TIMEZONE_DATA

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.numbers import time_zones
from airflow_provider_wa.bulk.pacing import HORIZON, QuietHours, SendInterval, daily_since, time_zone

UTC = timezone.utc
GROUP = "120363043968066561@g.us"
PERU, NEW_YORK, RUSSIA, SPAIN, FREE_CALL = "51987654321", "12125550123", "79161234567", "34666666666", "18005551234"
NIGHT = QuietHours(time(21), time(8))


def local(zone: str, *moment: int, fold: int = 0) -> datetime:
    return datetime(*moment, tzinfo=ZoneInfo(zone), fold=fold)  # type: ignore[misc, arg-type]


def ends_in(zone: str, quiet: str, now: datetime) -> datetime | None:
    """When it ends for a recipient of whom no time zone is known but this one."""
    return QuietHours.of(quiet).ends(GROUP, now, zone)


# ---- quiet hours, as they are written


@pytest.mark.parametrize(
    "given",
    ["21:00-08:00", " 21:00 - 08:00 ", "21:00-8:00", ("21:00", "08:00"), ["21:00", "8:00"], (" 21:00", "08:00 ")],
    ids=str,
)
def test_quiet_hours_are_read(given: Any) -> None:
    assert QuietHours.of(given) == NIGHT


@pytest.mark.parametrize(
    "given",
    [
        "", "21:00", "21:00-", "-08:00", "21-08", "21:00-24:00", "25:00-08:00", "21:60-08:00", "21:00-08:00-09:00",
        "21:00:00-08:00", "9 pm-8 am", "21.00-08.00", "+21:00-08:00", (), ("21:00",), ("21:00", "08:00", "09:00"),
        ("21:00", None), (21, 8), None, 21, {"21:00": "08:00"}, ("21:00-08:00", "x"),
    ],
    ids=str,
)  # fmt: skip
def test_what_are_no_quiet_hours_is_refused(given: Any) -> None:
    with pytest.raises(BadInput, match="two times of day"):
        QuietHours.of(given)


@pytest.mark.parametrize("given", ["21:00-21:00", ("00:00", "0:00")], ids=str)
def test_quiet_hours_of_no_length_are_refused(given: Any) -> None:
    with pytest.raises(BadInput, match="same time"):
        QuietHours.of(given)


# ---- when they end


@pytest.mark.parametrize(
    ("quiet", "hour", "minute", "end"),
    [
        ("21:00-08:00", 20, 59, None),
        ("21:00-08:00", 21, 0, (2, 8, 0)),
        ("21:00-08:00", 23, 59, (2, 8, 0)),
        ("21:00-08:00", 0, 0, (1, 8, 0)),
        ("21:00-08:00", 7, 59, (1, 8, 0)),
        ("21:00-08:00", 8, 0, None),
        ("13:00-15:30", 12, 59, None),
        ("13:00-15:30", 13, 0, (1, 15, 30)),
        ("13:00-15:30", 15, 29, (1, 15, 30)),
        ("13:00-15:30", 15, 30, None),
        ("00:00-08:00", 23, 59, None),
        ("00:00-08:00", 0, 0, (1, 8, 0)),
        ("21:00-00:00", 23, 59, (2, 0, 0)),
        ("21:00-00:00", 0, 0, None),
        ("08:01-08:00", 8, 0, None),
        ("08:01-08:00", 8, 1, (2, 8, 0)),
    ],
)
def test_quiet_hours_by_the_recipients_clock(quiet: str, hour: int, minute: int, end: Any) -> None:
    found = QuietHours.of(quiet).ends(PERU, local("America/Lima", 2026, 7, 1, hour, minute), "Asia/Kolkata")
    assert found == (local("America/Lima", 2026, 7, *end) if end else None)
    assert found is None or found.tzinfo is UTC


def test_the_last_second_before_they_end_is_quiet() -> None:
    now = local("America/Lima", 2026, 7, 1, 7, 59, 59, 999_999)
    assert NIGHT.ends(PERU, now, "UTC") == now + timedelta(microseconds=1)


@pytest.mark.parametrize("recipient", [GROUP, "123456789012345@lid", "999123456789", "800123456789"])
def test_a_recipient_of_unknown_place_is_as_if_in_the_fallback_zone(recipient: str) -> None:
    now = datetime(2026, 7, 1, 18, tzinfo=UTC)
    assert NIGHT.ends(recipient, now, "Asia/Kolkata") == local("Asia/Kolkata", 2026, 7, 2, 8)
    assert NIGHT.ends(recipient, now, "America/Lima") is None


@pytest.mark.parametrize("now", [datetime(2026, 7, 1, 2), local("Asia/Kolkata", 2026, 7, 1, 7, 30)], ids=str)
def test_a_moment_is_taken_in_any_zone_and_as_utc_without_one(now: datetime) -> None:
    assert NIGHT.ends(PERU, now, "UTC") == datetime(2026, 7, 1, 13, tzinfo=UTC)


@pytest.mark.parametrize("name", ["", "Asia", "Asia/Nowhere", "+05:30", "/etc/passwd", "../UTC", "a\0b", "\ud800"])
def test_a_time_zone_that_there_is_not(name: str) -> None:
    now = datetime(2026, 7, 1, tzinfo=UTC)
    for ask in (lambda: time_zone(name), lambda: NIGHT.ends(GROUP, now, name), lambda: daily_since(now, name)):
        with pytest.raises(BadInput, match="expected an IANA name"):
            ask()


def test_every_zone_that_a_number_may_be_in_is_known_here() -> None:
    names = {name for zones in TIMEZONE_DATA.values() for name in zones}
    assert len(names) > 200
    assert {time_zone(name).name for name in names} == names


# ---- clocks that are turned

TURNED: dict[str, tuple[str, str, datetime, tuple[int, ...] | None]] = {
    # zone, quiet hours, now in UTC, end in UTC; clocks go from 2:00 to 3:00 at 7:00 UTC on March 8 ...
    "a night of one hour less": ("America/New_York", "21:00-08:00", datetime(2026, 3, 8, 2), (2026, 3, 8, 12)),
    "the night before": ("America/New_York", "21:00-08:00", datetime(2026, 3, 7, 3), (2026, 3, 7, 13)),
    "an end that is skipped": ("America/New_York", "21:00-02:30", datetime(2026, 3, 8, 5), (2026, 3, 8, 7, 30)),
    "after an end that is skipped": ("America/New_York", "21:00-02:30", datetime(2026, 3, 8, 7, 30), None),
    "a start that is skipped": ("America/New_York", "02:30-08:00", datetime(2026, 3, 8, 6, 30), (2026, 3, 8, 12)),
    "before a start that is skipped": ("America/New_York", "02:30-08:00", datetime(2026, 3, 8, 6, 29), None),
    # ... and from 2:00 to 1:00 at 6:00 UTC on November 1.
    "a night of one hour more": ("America/New_York", "21:00-08:00", datetime(2026, 11, 1, 2), (2026, 11, 1, 13)),
    "an end that comes twice": ("America/New_York", "21:00-01:30", datetime(2026, 11, 1, 4), (2026, 11, 1, 6, 30)),
    "between the two": ("America/New_York", "21:00-01:30", datetime(2026, 11, 1, 5, 45), (2026, 11, 1, 6, 30)),
    "a start that comes twice": ("America/New_York", "01:30-08:00", datetime(2026, 11, 1, 5, 30), (2026, 11, 1, 13)),
    "between the starts": ("America/New_York", "01:30-08:00", datetime(2026, 11, 1, 6, 15), (2026, 11, 1, 13)),
    # From midnight to 1:00 at 4:00 UTC on September 6: the earlier reading of 0:30 is on the day before.
    "a start that is skipped at midnight": (
        "America/Santiago", "00:30-08:00", datetime(2026, 9, 6, 3, 30), (2026, 9, 6, 11),
    ),
    "an end that is skipped at midnight": (
        "America/Santiago", "21:00-00:30", datetime(2026, 9, 6, 4, 29), (2026, 9, 6, 4, 30),
    ),
    # Half an hour, from 2:00 to 2:30 at 15:30 UTC on October 3, and from 2:00 to 1:30 at 15:00 UTC on April 4.
    "half an hour less": ("Australia/Lord_Howe", "21:00-08:00", datetime(2026, 10, 3, 12), (2026, 10, 3, 21)),
    "half an hour more": ("Australia/Lord_Howe", "21:00-08:00", datetime(2026, 4, 4, 12), (2026, 4, 4, 21, 30)),
    "an end in the half hour": (
        "Australia/Lord_Howe", "21:00-02:15", datetime(2026, 10, 3, 15), (2026, 10, 3, 15, 45),
    ),
    "an end twice in the half hour": (
        "Australia/Lord_Howe", "21:00-01:45", datetime(2026, 4, 4, 14, 50), (2026, 4, 4, 15, 15),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("zone", "quiet", "now", "end"), TURNED.values(), ids=TURNED)
def test_clocks_that_are_turned(zone: str, quiet: str, now: datetime, end: tuple[int, ...] | None) -> None:
    assert ends_in(zone, quiet, now) == (datetime(*end, tzinfo=UTC) if end else None)  # type: ignore[misc, arg-type]


def moments_around(zone: str, day: date) -> list[datetime]:
    """Three days around one in steps of five minutes, in UTC."""
    begin = datetime.combine(day - timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)
    return [begin + timedelta(minutes=minute) for minute in range(0, 3 * 1440, 5)]


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("America/New_York", date(2026, 3, 8)),
        ("America/New_York", date(2026, 11, 1)),
        ("Australia/Lord_Howe", date(2026, 4, 5)),
        ("Australia/Lord_Howe", date(2026, 10, 4)),
        ("America/Santiago", date(2026, 9, 6)),
        ("America/Havana", date(2026, 11, 1)),
    ],
)
@pytest.mark.parametrize("quiet", ["21:00-08:00", "13:00-15:00", "00:00-00:30", "22:15-00:15"])
def test_it_is_quiet_whenever_the_recipients_clock_says_so(zone: str, day: date, quiet: str) -> None:
    hours, here = QuietHours.of(quiet), ZoneInfo(zone)
    for moment in moments_around(zone, day):
        clock = moment.astimezone(here).time()
        inside = (
            hours.start <= clock < hours.end if hours.start < hours.end else clock >= hours.start or clock < hours.end
        )
        end = hours.ends(GROUP, moment, zone)
        assert end is not None or not inside, f"{moment} is {clock} there"
        assert end is None or hours.ends(GROUP, end, zone) is None


# ---- countries with several time zones


def test_a_country_is_quiet_while_any_of_its_zones_is() -> None:
    assert time_zones(SPAIN) == ("Atlantic/Canary", "Europe/Madrid")
    madrid_sleeps = local("Europe/Madrid", 2026, 7, 1, 21, 0)
    end = local("Atlantic/Canary", 2026, 7, 2, 8, 0)
    assert NIGHT.ends(SPAIN, madrid_sleeps - timedelta(minutes=1), "UTC") is None
    assert NIGHT.ends(SPAIN, madrid_sleeps, "UTC") == end
    assert NIGHT.ends(SPAIN, local("Europe/Madrid", 2026, 7, 2, 8, 0), "UTC") == end
    assert NIGHT.ends(SPAIN, end, "UTC") is None


@pytest.mark.parametrize("hour", range(0, 24, 3))
def test_a_vast_country_leaves_a_short_time(hour: int) -> None:
    now = datetime(2026, 7, 1, hour, tzinfo=UTC)
    # From 8:00 in Kaliningrad's zone (as in Bucharest, 5:00 UTC) until 21:00 in Kamchatka (9:00 UTC).
    expected = None if 5 <= hour < 9 else datetime(2026, 7, 1 + (hour >= 9), 5, tzinfo=UTC)
    assert NIGHT.ends(RUSSIA, now, "UTC") == expected


@pytest.mark.parametrize("hour", range(0, 24, 3))
def test_zones_that_leave_no_time_at_all_leave_it_to_the_fallback_zone(hour: int) -> None:
    now = datetime(2026, 7, 1, hour, tzinfo=UTC)
    long_night = QuietHours.of("20:00-10:00")
    assert len(time_zones(FREE_CALL)) > 20
    assert long_night.ends(FREE_CALL, now, "America/New_York") == long_night.ends(GROUP, now, "America/New_York")


@given(
    recipient=st.sampled_from([PERU, NEW_YORK, RUSSIA, SPAIN, FREE_CALL, GROUP, "61412345678", "5215551234567"]),
    now=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    start=st.times(),
    length=st.integers(1, 1439),
)
def test_an_end_is_in_the_future_in_sight_and_not_quiet(
    recipient: str, now: datetime, start: time, length: int
) -> None:
    begin = datetime.combine(date(2026, 1, 1), start.replace(second=0, microsecond=0))
    quiet = QuietHours(begin.time(), (begin + timedelta(minutes=length)).time())
    end = quiet.ends(recipient, now, "America/New_York")
    if end is not None:
        assert now < end <= now + HORIZON
        assert quiet.ends(recipient, end, "America/New_York") is None


def test_a_long_list_asks_once_for_each_country_and_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    end_in = QuietHours.end_in

    def counted(quiet: QuietHours, zone: Any, moment: datetime) -> datetime | None:
        asked.append(zone)
        return end_in(quiet, zone, moment)

    monkeypatch.setattr(QuietHours, "end_in", counted)
    quiet, now = QuietHours.of("21:07-08:09"), datetime(2026, 7, 1, 3, tzinfo=UTC)
    found = {quiet.ends(f"5198765{last:04}", now + timedelta(milliseconds=last), "UTC") for last in range(5000)}
    assert found == {datetime(2026, 7, 1, 13, 9, tzinfo=UTC)}
    assert len(asked) == 2, "whether it is quiet now, and whether it is at the end"


# ---- the gap between two sends


@pytest.mark.parametrize(
    ("given", "shortest", "longest"),
    [
        (5, 5, 5),
        (2.5, 2.5, 2.5),
        (0, 0, 0),
        ("5", 5, 5),
        (" 5s ", 5, 5),
        ("0.5 s", 0.5, 0.5),
        (".5s", 0.5, 0.5),
        ((3, 8), 3, 8),
        ([3, 8.5], 3, 8.5),
        (("3", "8s"), 3, 8),
        ("3-8s", 3, 8),
        ("3s - 8s", 3, 8),
        ("3-8", 3, 8),
        ((4, 4), 4, 4),
        ((5,), 5, 5),
    ],
    ids=str,
)
def test_a_pace_is_read(given: Any, shortest: float, longest: float) -> None:
    assert SendInterval.of(given) == SendInterval(shortest, longest)


@pytest.mark.parametrize(
    "given",
    [
        -1, -0.5, "-5", "-5s", (-1, 3), (3, -1), "3--8", "", "s", "fast", "5m", "5 min", "1e3", "3-8-9", (), (1, 2, 3),
        None, True, (True, 2), {"a": 1}, {3, 8}, float("nan"), float("inf"), (1, float("inf")), "nan", "inf", 10**400,
        "9" * 400, 86_401, [[1, 2]], (None, 3),
    ],
    ids=lambda given: str(given)[:20],
)  # fmt: skip
def test_what_is_no_pace_is_refused(given: Any) -> None:
    with pytest.raises(BadInput, match="expected seconds, such as 5, or a range"):
        SendInterval.of(given)


@pytest.mark.parametrize("given", [(8, 3), "8-3s"], ids=str)
def test_a_pace_that_ends_before_it_begins_is_refused(given: Any) -> None:
    with pytest.raises(BadInput, match="before it begins"):
        SendInterval.of(given)


def test_a_pace_of_one_number_is_always_that() -> None:
    assert {SendInterval.of(5).draw(Random(seed)) for seed in range(20)} == {5}


def test_a_range_is_drawn_from_evenly_and_by_the_given_chance_alone() -> None:
    pace = SendInterval.of("3-8s")
    random = Random(7)
    drawn = [pace.draw(random) for _ in range(10_000)]
    assert min(drawn) >= 3
    assert max(drawn) <= 8
    quarters = [sum(3 + 1.25 * part <= gap < 4.25 + 1.25 * part for gap in drawn) for part in range(4)]
    assert all(2300 < count < 2700 for count in quarters)
    assert drawn[:3] == [pace.draw(again) for again in [Random(7)] for _ in range(3)]


# ---- the day that a daily limit is for

DAYS: dict[str, tuple[str, datetime, datetime]] = {
    "UTC": ("UTC", datetime(2026, 7, 1, 12, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)),
    "its first moment": ("UTC", datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)),
    "its last": ("UTC", datetime(2026, 7, 1, 23, 59, 59, 999_999, UTC), datetime(2026, 7, 1, tzinfo=UTC)),
    "no time zone": ("UTC", datetime(2026, 7, 1, 12), datetime(2026, 7, 1, tzinfo=UTC)),
    "already tomorrow": (
        "Asia/Kolkata", datetime(2026, 7, 1, 18, 31, tzinfo=UTC), datetime(2026, 7, 1, 18, 30, tzinfo=UTC),
    ),
    "still yesterday": ("America/Lima", datetime(2026, 7, 1, 4, 59, tzinfo=UTC), datetime(2026, 6, 30, 5, tzinfo=UTC)),
    "23 hours": ("America/New_York", datetime(2026, 3, 9, 3, tzinfo=UTC), datetime(2026, 3, 8, 5, tzinfo=UTC)),
    "25 hours": ("America/New_York", datetime(2026, 11, 2, 4, tzinfo=UTC), datetime(2026, 11, 1, 4, tzinfo=UTC)),
    # Clocks go from midnight to 1:00 in Chile, and from 1:00 to midnight in Cuba.
    "no midnight": ("America/Santiago", datetime(2026, 9, 6, 12, tzinfo=UTC), datetime(2026, 9, 6, 4, tzinfo=UTC)),
    "before no midnight": (
        "America/Santiago", datetime(2026, 9, 6, 3, 59, tzinfo=UTC), datetime(2026, 9, 5, 4, tzinfo=UTC),
    ),
    "two midnights": ("America/Havana", datetime(2026, 11, 1, 12, tzinfo=UTC), datetime(2026, 11, 1, 4, tzinfo=UTC)),
    "between them": ("America/Havana", datetime(2026, 11, 1, 4, 30, tzinfo=UTC), datetime(2026, 11, 1, 4, tzinfo=UTC)),
}  # fmt: skip


@pytest.mark.parametrize(("zone", "now", "begin"), DAYS.values(), ids=DAYS)
def test_when_the_day_began(zone: str, now: datetime, begin: datetime) -> None:
    found = daily_since(now, zone)
    assert found == begin
    assert found.tzinfo is UTC
