# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import random
from typing import Any

import pytest

from airflow_provider_wa.waiting.delivery_progress import DeliveryProgress
from airflow_provider_wa.waiting.source import NotYet


def progress(*messages: str, wait_for: str = "delivered", fail_on_timeout: bool = True) -> DeliveryProgress:
    return DeliveryProgress([(message, None) for message in messages], wait_for, fail_on_timeout)


def outcome(waiting: DeliveryProgress, *told: tuple[str, str]) -> Any:
    """What receipts come to, told in this order."""
    for message_id, state in told:
        waiting.note(message_id, state)
    return waiting.outcome()


@pytest.mark.parametrize(
    ("told", "wait_for", "state"),
    [
        (["delivered"], "delivered", "delivered"),
        (["read"], "delivered", "read"),
        (["sent", "read"], "read", "read"),
        (["accepted", "failed"], "read", "failed"),
        (["delivered", "sent", "accepted", "read"], "read", "read"),
    ],
)
def test_the_wait_is_over_when_a_message_got_far_enough_or_has_failed(
    told: list[str], wait_for: str, state: str
) -> None:
    assert outcome(progress("m", wait_for=wait_for), *(("m", each) for each in told)) == {"states": {"m": state}}


@pytest.mark.parametrize("told", [["sent"], ["sent", "accepted"], ["sent", "unknown"], ["accepted", "sent"]])
def test_a_message_never_goes_back(told: list[str]) -> None:
    assert outcome(progress("m"), *(("m", each) for each in told)) == NotYet("the message is sent")


def test_the_order_of_receipts_does_not_matter() -> None:
    told = [(message, state) for message in "abc" for state in ("accepted", "sent", "delivered", "read")]
    for seed in range(20):
        random.Random(seed).shuffle(told)
        states = outcome(progress("a", "b", "c", wait_for="read"), *told)
        assert states == {"states": dict.fromkeys("abc", "read")}


def test_all_messages_are_waited_for_and_others_do_not_count() -> None:
    waiting = progress("a", "b", "c")
    assert outcome(waiting, ("a", "delivered"), ("b", "failed"), ("x", "read")) == NotYet(
        "1 of 3 messages are not delivered yet"
    )
    assert outcome(waiting, ("c", "read")) == {"states": {"a": "delivered", "b": "failed", "c": "read"}}


def test_who_settles_for_less_has_the_states_as_they_are() -> None:
    found = outcome(progress("a", "b", fail_on_timeout=False), ("a", "delivered"))
    assert found.otherwise == {"states": {"a": "delivered", "b": "unknown"}}


def test_a_message_that_is_not_waited_for_is_not_noted() -> None:
    waiting = progress("a")
    waiting.note("x", "read")
    assert waiting.states == {"a": "unknown"}


def test_only_the_messages_that_are_not_over_are_open() -> None:
    waiting = DeliveryProgress([["a", "34666666610"], ["b", None], ["c", None]], "delivered")
    waiting.note("b", "read")
    waiting.note("c", "failed")
    assert waiting.open_messages() == [("a", "34666666610")]
