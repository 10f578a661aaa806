# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_wa.bulk.pacing import Hold, QuietHours, SendingPolicy, daily_since

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
GROUP, PERU = "120363043968066561@g.us", "51987654321"
HOUR = timedelta(hours=1)

ZONES = sorted(
    name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "posix", "right"))
)


def hold(hours: int, for_all: bool = False) -> Hold:
    return Hold(f"{hours}", NOON + hours * HOUR, for_all)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (hold(1), None, hold(1)),
        (hold(2), hold(1), hold(1)),
        (hold(1), hold(2), hold(1)),
        (hold(9, for_all=True), hold(1), hold(9, for_all=True)),
        (hold(1), hold(9, for_all=True), hold(9, for_all=True)),
        (hold(3, for_all=True), hold(2, for_all=True), hold(2, for_all=True)),
    ],
)
def test_of_two_holds_that_of_all_counts_then_the_sooner_one(first: Hold, second: Hold | None, expected: Hold) -> None:
    assert first.and_then(second) == expected


def test_without_quiet_hours_nobody_is_on_hold() -> None:
    assert SendingPolicy().hold(PERU, NOON) is None


def test_a_hold_tells_until_when_by_the_recipients_clock() -> None:
    policy = SendingPolicy(quiet_hours=QuietHours.of("06:00-08:00"))
    held = policy.hold(PERU, NOON)  # 7 o'clock in Lima
    assert held == Hold("quiet hours until 2026-03-01T13:00+00:00", NOON + HOUR)
    assert policy.hold(PERU, NOON + HOUR) is None


def test_who_has_no_time_zone_has_that_of_the_task() -> None:
    night = QuietHours.of("06:00-08:00")
    assert SendingPolicy(quiet_hours=night).hold(GROUP, NOON) is None
    assert SendingPolicy(quiet_hours=night, zone="America/Lima").hold(GROUP, NOON) is not None


def test_the_limit_of_a_day_holds_all_until_the_next_day() -> None:
    held = SendingPolicy(daily_limit=1500, zone="America/Lima").next_day(NOON)
    assert held.for_all
    assert held.reason == "the daily limit of 1,500 messages is reached"
    assert held.until == datetime(2026, 3, 2, 5, tzinfo=timezone.utc)


@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(2024, 1, 1), datetime(2034, 1, 1)).map(lambda at: at.replace(tzinfo=timezone.utc)),
)
def test_the_next_day_is_the_first_moment_of_another_date_whatever_the_clocks_do(zone: str, now: datetime) -> None:
    policy, local = SendingPolicy(daily_limit=1, zone=zone), ZoneInfo(zone)
    until = policy.next_day(now).until
    assert policy.day_began(now) == daily_since(now, zone) <= now < until <= now + timedelta(hours=25)
    today = now.astimezone(local).date()
    assert until.astimezone(local).date() == today + timedelta(days=1)
    assert (until - timedelta(seconds=1)).astimezone(local).date() == today


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Madrid", (2026, 3, 29), 23),
        ("Europe/Madrid", (2026, 10, 25), 25),
        ("America/Havana", (2026, 11, 1), 25),
    ],
)
def test_days_of_23_and_25_hours_are_whole_days(zone: str, day: tuple[int, int, int], hours: int) -> None:
    policy = SendingPolicy(daily_limit=1, zone=zone)
    for hour in (0, 5, 23):
        now = datetime(*day, hour, tzinfo=ZoneInfo(zone)).astimezone(timezone.utc)
        assert policy.next_day(now).until - policy.day_began(now) == timedelta(hours=hours)
