# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools
from typing import Any

import pytest
from starlette.testclient import TestClient

from airflow_provider_wa.sandbox.webhook_retry import MIN_GAP, RetryPolicy, changed, with_gap

PLAIN = {"delay": 0.0, "copies": 1, "shuffle": False}


def show(client: TestClient) -> dict[str, Any]:
    return dict(client.get("/sandbox/posting").json()["posting"])


def test_gaps_double_up_to_sixteen_times_the_first() -> None:
    pauses = itertools.islice(RetryPolicy(attempts=None, gap=0.5).pauses(), 8)
    assert list(pauses) == [0, 0.5, 1, 2, 4, 8, 8, 8]


@pytest.mark.parametrize(("attempts", "pauses"), [(1, [0]), (5, [0, 3, 6, 12, 24])])
def test_there_is_a_pause_before_each_attempt_and_none_after_the_last(attempts: int, pauses: list[float]) -> None:
    assert list(RetryPolicy(attempts=attempts, gap=3).pauses()) == pauses


def test_vendors_post_as_they_do_by_themselves(client: TestClient) -> None:
    # The gap is the sandbox's delivery_seconds.
    assert show(client) == {
        "wuzapi": {"attempts": 5, "gap": 10, **PLAIN},
        "wa_portal": {"attempts": 1, "gap": 10, **PLAIN},
        "green_api": {"attempts": None, "gap": 10, **PLAIN},
        "checkwa": {"attempts": 3, "gap": 10, **PLAIN},
    }


def test_there_is_a_gap_even_if_delivery_takes_no_time() -> None:
    assert with_gap(RetryPolicy(attempts=1), 0).gap == MIN_GAP


def test_options_add_up_for_one_vendor_until_a_reset(client: TestClient) -> None:
    before = show(client)
    client.post("/sandbox/posting", json={"vendor": "checkwa", "delay": 2.5, "copies": 2})
    reply = client.post("/sandbox/posting", json={"vendor": "checkwa", "shuffle": True, "attempts": None, "gap": 1})
    after = {"attempts": None, "gap": 1, "delay": 2.5, "copies": 2, "shuffle": True}
    assert reply.json() == {"posting": {**before, "checkwa": after}}
    client.post("/sandbox/reset")
    assert show(client) == before


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, "vendor: None has no webhook or callback; expected one of wuzapi, wa_portal, green_api, checkwa"),
        ({"vendor": "accuauth"}, "vendor: 'accuauth' has no webhook or callback"),
        ({"vendor": "checkwa", "retries": 5}, "retries: unknown option"),
        ({"vendor": "checkwa", "in_turn": True}, "in_turn: unknown option"),
        ({"vendor": "checkwa", "delay": -1}, "delay: invalid value; expected 0 to 86400 seconds"),
        ({"vendor": "checkwa", "delay": 10**400}, "delay: "),
        ({"vendor": "checkwa", "delay": True}, "delay: "),
        ({"vendor": "checkwa", "gap": 0}, "gap: invalid value; expected 0.01 to 86400 seconds"),
        ({"vendor": "checkwa", "copies": 0}, "copies: invalid value; expected 1 to 100"),
        ({"vendor": "checkwa", "copies": None}, "copies: "),
        ({"vendor": "checkwa", "copies": 1.5}, "copies: "),
        ({"vendor": "checkwa", "attempts": 101}, "attempts: invalid value; expected 1 to 100, or null"),
        ({"vendor": "checkwa", "shuffle": 1}, "shuffle: invalid value; expected true or false"),
    ],
)
def test_what_is_wrong_is_explained_and_changes_nothing(
    client: TestClient, body: dict[str, Any], expected: str
) -> None:
    before = show(client)
    reply = client.post("/sandbox/posting", json={**body, "copies": body.get("copies", 7)})
    assert reply.status_code == 400
    assert expected in reply.json()["error"]
    assert show(client) == before


def test_what_is_not_a_number_is_no_time() -> None:
    with pytest.raises(ValueError, match="delay"):
        changed(RetryPolicy(attempts=1, gap=1), {"delay": float("nan")})
