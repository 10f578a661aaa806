# SPDX-License-Identifier: Apache-2.0
"""A period between two moments: what lies in it, and how it is asked for in days or minutes."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pendulum
import pytest

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.periods import LONG_AGO, Period, require_limit

NOON = datetime(2024, 5, 20, 12, tzinfo=timezone.utc)
DAY = timedelta(days=1)
KOLKATA = ZoneInfo("Asia/Kolkata")
LOCAL_DAY = datetime(2024, 5, 20, tzinfo=KOLKATA)


def test_a_moment_without_a_time_zone_is_utc() -> None:
    assert Period.of(NOON.replace(tzinfo=None), None).since == NOON


def test_moments_are_kept_in_the_zone_of_the_days() -> None:
    period = Period.of(NOON, None, zone=KOLKATA)
    assert period.since == NOON
    assert period.since.tzinfo is KOLKATA


def test_a_moment_of_airflows_is_an_ordinary_one() -> None:
    period = Period.of(None, pendulum.instance(NOON))
    assert type(period.until) is datetime
    assert period.minutes_back(NOON) == 24 * 60 + 1


@pytest.mark.parametrize(
    ("since", "until", "words"),
    [
        (NOON, NOON - DAY, "until: 2024-05-19 12:00:00+00:00 is before since (2024-05-20 12:00:00+00:00)"),
        (datetime.max.replace(tzinfo=timezone(-DAY / 2)), None, "since: 9999-12-31 23:59:59.999999-12:00 is outside"),
        (None, datetime.min.replace(tzinfo=timezone(DAY / 2)), "until: 0001-01-01 00:00:00+12:00 is outside"),
    ],
)
def test_an_impossible_period_is_refused(since: datetime | None, until: datetime | None, words: str) -> None:
    with pytest.raises(BadInput) as raised:
        Period.of(since, until, vendor="one")
    assert str(raised.value).startswith(f"one: {words}")


@pytest.mark.parametrize(
    ("period", "empty", "is_open"),
    [
        (Period(), False, True),
        (Period(NOON, NOON), True, False),
        (Period(NOON, NOON + DAY), False, False),
        (Period(None, NOON), False, False),
        (Period(NOON), False, False),
    ],
)
def test_a_period_may_be_empty_or_open(period: Period, empty: bool, is_open: bool) -> None:
    assert (period.is_empty, period.is_open) == (empty, is_open)


@pytest.mark.parametrize(
    ("period", "held"),
    [
        (Period(), [True, True, True]),
        (Period(NOON), [False, True, True]),
        (Period(None, NOON), [True, False, False]),
        (Period(NOON, NOON + DAY), [False, True, False]),
    ],
)
def test_it_begins_with_since_and_ends_before_until(period: Period, held: list[bool]) -> None:
    assert [period.holds(at) for at in (NOON - DAY, NOON, NOON + DAY)] == held


@pytest.mark.parametrize(
    ("period", "whole"),
    [
        (Period(), True),
        (Period(LOCAL_DAY), True),
        (Period(LOCAL_DAY, LOCAL_DAY + DAY), True),
        (Period(None, LOCAL_DAY), False),
        (Period(LOCAL_DAY, LOCAL_DAY + DAY / 2), False),
        (Period(LOCAL_DAY + DAY / 2), False),
    ],
)
def test_whole_days_begin_and_end_at_midnight(period: Period, whole: bool) -> None:
    assert period.is_whole_days is whole


@pytest.mark.parametrize(
    ("period", "days"),
    [
        (Period(), None),
        (Period(None, NOON), None),
        (Period(NOON), (20, 25)),
        (Period(NOON, NOON + DAY), (20, 21)),
        (Period(LOCAL_DAY, LOCAL_DAY + DAY), (20, 20)),
        (Period(NOON, NOON + 30 * DAY), (20, 25)),
        (Period(NOON + 10 * DAY), (30, 30)),
    ],
)
def test_its_days_end_today_at_the_latest(period: Period, days: tuple[int, int] | None) -> None:
    wanted = days and tuple(date(2024, 5, day) for day in days)
    assert period.days(date(2024, 5, 25)) == wanted


@pytest.mark.parametrize(
    ("period", "minutes"),
    [
        (Period(), None),
        (Period(NOON), 1),
        (Period(NOON - timedelta(seconds=61)), 3),
        (Period(NOON + DAY), 1),
        (Period(None, NOON), 24 * 60 + 1),
        (Period(None, LONG_AGO), (NOON - LONG_AGO) // timedelta(minutes=1) + 1),
    ],
)
def test_its_minutes_count_back_from_now(period: Period, minutes: int | None) -> None:
    assert period.minutes_back(NOON) == minutes


@pytest.mark.parametrize("zone", [timezone.utc, ZoneInfo("Asia/Kolkata")], ids=str)
def test_airflows_own_moments_count_as_others_do(zone: tzinfo) -> None:
    noon = pendulum.datetime(2026, 11, 21, 12, tz="America/Lima")
    for since, until, minutes in ((noon, None, 61), (None, noon, 25 * 60 + 1), (noon, noon.add(minutes=5), 61)):
        assert Period.of(since, until, zone=zone).minutes_back(noon.add(hours=1)) == minutes


def test_what_a_vendor_has_deleted_is_refused() -> None:
    Period(NOON - 7 * DAY, NOON).require_kept(7, NOON.date())
    with pytest.raises(BadInput) as raised:
        Period(NOON - 8 * DAY, NOON).require_kept(7, NOON.date(), vendor="one")
    assert str(raised.value) == "one: since: 2024-05-12 is 8 days ago; the vendor keeps at most 7: from 2024-05-13 on"


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_is_1_or_more(limit: int) -> None:
    require_limit(1)
    require_limit(None)
    with pytest.raises(BadInput, match=r"limit: -?[0-9] is below 1; it must be 1 or more"):
        require_limit(limit)
