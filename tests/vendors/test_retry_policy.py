# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_wa.api import errors
from airflow_provider_wa.api.errors import RateLimited, VendorUnavailable, WaError
from airflow_provider_wa.api.flow import Effect
from airflow_provider_wa.vendors.retry_policy import (
    DEFAULT_POLICY,
    RepeatPolicy,
    http_date,
    retry_after_seconds,
    seconds_before_repeat,
)

READ, SEND = Effect.READ, Effect.SEND

# error: (a READ is repeated, a SEND is repeated)
WHAT_IS_REPEATED: list[tuple[WaError, bool, bool]] = [
    (errors.BadInput("x"), False, False),
    (errors.Unauthorized("x"), False, False),
    (errors.SessionDown("x"), False, False),
    (errors.QuotaExceeded("x"), False, False),
    (errors.QueueClosed("x"), False, False),
    (errors.RateLimited("x"), True, True),
    (errors.VendorUnavailable("x"), True, False),
    (errors.VendorUnavailable("x", never_left=True), True, True),
    (errors.OutcomeUnknown("x"), False, False),
    (errors.UnsupportedByVendor("x"), False, False),
    (errors.UnexpectedReply("x"), False, False),
    (errors.WaError("x"), False, False),
]


def _name(value: object) -> str:
    never_left = " that never left" if getattr(value, "never_left", False) else ""
    return type(value).__name__ + never_left if isinstance(value, WaError) else str(value)


@pytest.mark.parametrize(
    ("error", "effect", "repeated"),
    [row for error, read, send in WHAT_IS_REPEATED for row in ((error, READ, read), (error, SEND, send))],
    ids=_name,
)
@pytest.mark.parametrize("asked_to_wait", [None, 1.0], ids=["", "Retry-After"])
def test_what_is_repeated(error: WaError, effect: Effect, repeated: bool, asked_to_wait: float | None) -> None:
    error.retry_after = asked_to_wait
    wait = seconds_before_repeat(error, effect, 1, 0.0)
    assert (wait is not None) is repeated


def test_the_table_holds_every_error() -> None:
    classes = {c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, WaError)}
    assert {type(error) for error, _, _ in WHAT_IS_REPEATED} == classes


def test_the_usual_policy() -> None:
    policy = RepeatPolicy(tries=4, first_wait=0.5, longest_wait=20.0, longest_retry_after=120.0)
    assert policy == DEFAULT_POLICY


def test_the_waits_double_up_to_the_longest() -> None:
    policy = RepeatPolicy(tries=9, first_wait=0.5, longest_wait=20.0)
    waits = [seconds_before_repeat(VendorUnavailable("x"), READ, tries, 0.0, policy) for tries in range(1, 10)]
    assert waits == [0.5, 1, 2, 4, 8, 16, 20, 20, None]


def test_jitter_cuts_a_wait_by_up_to_half() -> None:
    policy = RepeatPolicy(first_wait=8.0)
    waits = [seconds_before_repeat(VendorUnavailable("x"), READ, 1, draw, policy) for draw in (0.0, 0.5, 1.0)]
    assert waits == [8, 6, 4]


@pytest.mark.parametrize(("tries", "again"), [(1, True), (2, True), (3, True), (4, False), (5, False)])
@pytest.mark.parametrize("error", [RateLimited("x", retry_after=1), VendorUnavailable("x")], ids=_name)
def test_a_request_is_tried_four_times_in_all(error: WaError, tries: int, again: bool) -> None:
    assert (seconds_before_repeat(error, READ, tries, 0.5) is not None) is again


@pytest.mark.parametrize(
    ("asked", "wait"),
    [(0.0, 0.0), (7.0, 7.0), (120.0, 120.0), (120.5, None), (86_400.0, None), (float("inf"), None)],
)
@pytest.mark.parametrize("error", [RateLimited("x"), VendorUnavailable("x")], ids=_name)
@pytest.mark.parametrize("draw", [0.0, 1.0])
def test_what_the_vendor_asks_for_is_honoured_up_to_a_limit(
    error: WaError, asked: float, wait: float | None, draw: float
) -> None:
    error.retry_after = asked
    assert seconds_before_repeat(error, READ, 1, draw) == wait


NOW = datetime(2024, 5, 20, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3", 3.0),
        ("2.5", 2.5),
        ("-1", 0.0),
        ("Mon, 20 May 2024 12:00:07 GMT", 7.0),
        ("Monday, 20-May-24 12:01:00 GMT", 60.0),
        ("Mon May 20 12:00:00 2024", 0.0),
        ("Mon, 20 May 2024 11:59:00 GMT", 0.0),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value: str, seconds: float | None) -> None:
    assert retry_after_seconds(value, NOW) == seconds


def test_a_date_without_a_present_moment_says_nothing() -> None:
    assert retry_after_seconds("Mon, 20 May 2024 12:00:07 GMT", None) is None


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("Sun, 06 Nov 1994 08:49:37 GMT", datetime(1994, 11, 6, 8, 49, 37, tzinfo=timezone.utc)),
        ("Sunday, 06-Nov-94 08:49:37 GMT", datetime(1994, 11, 6, 8, 49, 37, tzinfo=timezone.utc)),
        ("Sun Nov  6 08:49:37 1994", datetime(1994, 11, 6, 8, 49, 37, tzinfo=timezone.utc)),
        ("Sun, 31 Feb 1994 08:49:37 GMT", None),
        ("Sun, 06 Nov 1994 25:49:37 GMT", None),
        ("Sun, 06 Xyz 1994 08:49:37 GMT", None),
        ("Sun, 06 Nov 99999 08:49:37 GMT", None),
        ("1994-11-06T08:49:37Z", None),
    ],
)
def test_an_http_date_is_read_in_its_three_forms(value: str, moment: datetime | None) -> None:
    assert http_date(value) == moment


@given(st.text())
def test_any_text_is_a_date_or_not(value: str) -> None:
    found = http_date(value)
    assert found is None or found.tzinfo is not None


@given(st.integers(1, 3), st.floats(0, 1), st.sampled_from([RateLimited("x"), VendorUnavailable("x", never_left=True)]))
def test_a_wait_is_never_negative_nor_over_the_longest(tries: int, draw: float, error: WaError) -> None:
    wait = seconds_before_repeat(error, SEND, tries, draw)
    assert wait is not None
    assert 0 < wait <= DEFAULT_POLICY.longest_wait
