# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.bulk.caps import Cap
from airflow_provider_wa.store.send_intents import RecipientLimit
from airflow_provider_wa.store.sends import Recent

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
WEEK = timedelta(days=7)


@pytest.mark.parametrize("value", [(2, WEEK), [2, WEEK], (2, 604800), (2, 604800.0)])
def test_a_cap_is_a_number_and_a_duration(value: Any) -> None:
    assert Cap.of(value) == Cap(2, WEEK)


@pytest.mark.parametrize(
    "value",
    [
        2, "2/7d", ("2", "7d"), (2,), (2, WEEK, 1), (0, WEEK), (-1, WEEK), (True, WEEK), (2.0, WEEK), (2, timedelta(0)),
        (2, 0), (2, True), (2, float("nan")), (2, float("inf")), (2, timedelta(days=4000)), (2, None), {2: WEEK}, "27",
    ],
    ids=str,
)  # fmt: skip
def test_anything_else_is_refused_with_an_example(value: Any) -> None:
    with pytest.raises(BadInput, match=r"^cap: .* is invalid; expected .* \(2, timedelta\(days=7\)\)$"):
        Cap.of(value)


def test_it_counts_from_its_period_ago_and_is_reached_by_as_many() -> None:
    cap = Cap(2, WEEK)
    assert cap.limit_at(NOON) == RecipientLimit(limit=2, since=NOON - WEEK)
    assert [cap.reached(Recent(count, NOON)) for count in (1, 2, 3)] == [False, True, True]
    assert not cap.reached(None)


@pytest.mark.parametrize(
    ("period", "text"),
    [
        (WEEK, "7 days"), (timedelta(days=1), "1 day"), (timedelta(hours=36), "36 hours"),
        (timedelta(minutes=90), "90 minutes"), (timedelta(seconds=61), "61 seconds"),
        (timedelta(seconds=1.5), "1.5 seconds"),
    ],
)  # fmt: skip
def test_the_reason_says_what_was_sent_and_when(period: timedelta, text: str) -> None:
    last = "the last at 2026-03-01T12:00:00+00:00"
    assert Cap(1, period).reason(Recent(1, NOON)) == f"capped: 1 message in {text}, {last}"
    assert Cap(1, period).reason(Recent(3, NOON)) == f"capped: 3 messages in {text}, {last}"
