# SPDX-License-Identifier: Apache-2.0
"""WuzAPI: all its calls, with bad input and with any reply at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from contract.samples_wuzapi import SAMPLES, VENDOR
from helpers.junk import replies
from helpers.script import play
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.flow import Effect, Flow, Reply
from airflow_provider_wa.api.records import CheckStatus, Record, SentMessage
from airflow_provider_wa.vendors.wuzapi.client import WuzApi

NO_TEXT = {"code": 500, "success": True}
BAD_INPUT: dict[str, tuple[Callable[[], Flow[Any]], str]] = {
    "no web address": (lambda: VENDOR.set_webhook("ftp://x"), "webhook: the URL"),
    "no host": (lambda: VENDOR.update_webhook("https://"), "webhook: the URL"),
    "an unknown event": (
        lambda: VENDOR.set_webhook("https://x", ["Message", "LoggedOff"]),
        "events: unknown 'LoggedOff'; expected some of Message, UndecryptableMessage",
    ),
    "an event in small letters": (lambda: VENDOR.connect(["message"]), "events: unknown 'message'"),
    "a negative number to keep": (lambda: VENDOR.keep_history(-1), "messages_per_chat: -1 is negative"),
    "blocking nobody": (lambda: VENDOR.block("Ana"), "who: 'Ana' is neither"),
    "a text for events": (lambda: VENDOR.connect("Message"), "events: got a text; expected a list"),
    "no phone": (lambda: VENDOR.pair_phone("34 600"), "phone: '34 600' is not a phone number"),
}


@pytest.mark.parametrize(("call", "words"), BAD_INPUT.values(), ids=BAD_INPUT)
def test_bad_input_is_refused_before_any_call(call: Callable[[], Flow[Any]], words: str) -> None:
    error = play(call(), []).error
    assert type(error) is BadInput
    assert error.vendor == "wuzapi"
    assert words in str(error)


# Any reply at all: every endpoint, near its own samples


NEAR = [
    value
    for samples in SAMPLES.values()
    for sample in samples
    for answer in sample.answers
    if (value := answer.json) is not None
]

CALLS: list[Callable[[WuzApi], Flow[Any]]] = [sample.call for samples in SAMPLES.values() for sample in samples]
KINDS = (Record, str, type(None))


def check_result(answer: Reply, result: Any) -> None:
    """A result is of a kind that a sample has as well, and a check says only what the reply said."""
    for item in result if isinstance(result, list) else [result]:
        assert isinstance(item, KINDS)
        status = getattr(item, "status", None)
        if status in (CheckStatus.EXISTS, CheckStatus.ABSENT):
            said = json.dumps(answer.object).casefold().replace('"', "")
            words = {"yes", "true", "1"} if status is CheckStatus.EXISTS else {"no", "false", "0"}
            assert item.number in said
            assert any(f"isinwhatsapp: {word}" in said for word in words)
            assert answer.status < 300


@given(replies([*NEAR, NO_TEXT, {"code": 500, "error": "no session"}]), st.sampled_from(CALLS))
def test_any_reply_is_an_answer_or_an_error(answer: Reply, call: Callable[[WuzApi], Flow[Any]]) -> None:
    played = play(call(VENDOR), iter([answer] * 12))
    if played.error is None:
        check_result(answer, played.outcome)
        if isinstance(played.outcome, SentMessage):
            assert answer.status < 300
            assert played.outcome.message_id


@given(replies(NEAR).filter(lambda answer: answer.status not in (400, 404, 429)), st.sampled_from(CALLS))
def test_whatever_the_answer_a_send_goes_out_once(answer: Reply, call: Callable[[WuzApi], Flow[Any]]) -> None:
    sends = [r for r in play(call(VENDOR), iter([answer] * 12)).requests if r.effect is Effect.SEND]
    assert len(sends) <= 1
