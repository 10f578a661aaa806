# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from typing import Any

import pytest
from helpers.junk import replies
from helpers.script import GARBAGE, Played, play, reply
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_wa.api.errors import (
    BadInput,
    QuotaExceeded,
    RateLimited,
    SessionDown,
    Unauthorized,
    UnexpectedReply,
    VendorUnavailable,
    WaError,
)
from airflow_provider_wa.api.flow import Effect, Reply, Request
from airflow_provider_wa.api.numbers import PhoneNumber, parse
from airflow_provider_wa.api.records import CheckResult, CheckStatus, Session, SessionState
from airflow_provider_wa.api.vendors.green_api import GreenApi

VENDOR = GreenApi(base_url="https://api.green-api.com", instance_id="1101000001", token="A-TOKEN")

# vendor-docs/green_api; the number is its sample, which no numbering plan holds.
NUMBER = PhoneNumber("11001234567", "1")
SAMPLE_QUERY = """{
"phoneNumber": 11001234567
}"""
SAMPLE_ANSWER = """{
"existsWhatsapp": true
}"""
QUOTA = {"invokeStatus": {"method": "checkWhatsapp", "used": 100, "total": 100, "status": "QUOTE_EXCEEDED"}}


def check(*answers: Reply | WaError) -> Played[list[CheckResult]]:
    return play(VENDOR.check([NUMBER]), list(answers))


def test_the_sample_reply_is_a_number_on_whatsapp() -> None:
    (result,) = check(reply(SAMPLE_ANSWER)).result
    assert result == CheckResult(
        vendor="green_api", number="11001234567", status=CheckStatus.EXISTS, jid="11001234567@c.us"
    )
    assert result.raw == {"existsWhatsapp": True}


def test_the_request_is_the_documents() -> None:
    assert check(reply(SAMPLE_ANSWER)).request == Request(
        "POST", "/waInstance1101000001/checkWhatsapp/A-TOKEN", Effect.READ, json=json.loads(SAMPLE_QUERY)
    )


def test_each_number_is_a_call() -> None:
    numbers = [parse("34666666666"), parse("380501234567")]
    played = play(VENDOR.check(numbers), [reply({"existsWhatsapp": True}), reply({"existsWhatsapp": False})])
    assert [request.json for request in played.requests] == [
        {"phoneNumber": 34666666666}, {"phoneNumber": 380501234567},
    ]  # fmt: skip
    assert [result.status for result in played.result] == [CheckStatus.EXISTS, CheckStatus.ABSENT]


@pytest.mark.parametrize(
    ("body", "status", "jid"),
    [
        ({"existsWhatsapp": True, "chatId": "11001234567@c.us"}, CheckStatus.EXISTS, "11001234567@c.us"),
        ({"existsWhatsapp": True, "chatId": "98765432101234@lid"}, CheckStatus.EXISTS, "98765432101234@lid"),
        ({"existsWhatsapp": True, "chatId": None}, CheckStatus.EXISTS, "11001234567@c.us"),
        ({"ExistsWhatsApp": "true"}, CheckStatus.EXISTS, "11001234567@c.us"),
        ({"existsWhatsapp": False}, CheckStatus.ABSENT, None),
        ({"existsWhatsapp": False, "chatId": ""}, CheckStatus.ABSENT, None),
        ({"existsWhatsapp": False, "chatId": "11001234567@c.us"}, CheckStatus.ABSENT, None),
        ({"existsWhatsapp": None}, CheckStatus.UNKNOWN, None),
        ({"existsWhatsapp": "unknown"}, CheckStatus.UNKNOWN, None),
        ({"existsWhatsapp": []}, CheckStatus.UNKNOWN, None),
        ({"chatId": "11001234567@c.us"}, CheckStatus.UNKNOWN, None),
        ({"message": "not now"}, CheckStatus.UNKNOWN, None),
    ],
    ids=str,
)
def test_only_a_clear_word_decides(body: dict[str, Any], status: CheckStatus, jid: str | None) -> None:
    (result,) = check(reply(body)).result
    assert (result.status, result.jid) == (status, jid)


# The document gives the texts, not where they stand: in JSON's message, or alone, in quotes or not.
ERRORS: list[tuple[int, str, type[WaError], int]] = [
    (400, "bad phone number, valid 11 or 12 digits", BadInput, 1),
    (400, "Bad phone number", BadInput, 1),
    (400, "check phone number timeout limit exceeded", VendorUnavailable, 4),
    (400, "instance is starting or not authorized", SessionDown, 1),
    (400, "Validation failed", BadInput, 1),
    (401, "Unauthorized", Unauthorized, 1),
    (403, "Forbidden", Unauthorized, 1),
    (404, "Not Found", UnexpectedReply, 1),
    (429, "Too Many Requests", RateLimited, 4),
    (466, "monthly quota has been exceeded", QuotaExceeded, 1),
    (500, "Internal Server Error", VendorUnavailable, 4),
    (502, "Bad Gateway", VendorUnavailable, 4),
    (503, "Service Unavailable", VendorUnavailable, 4),
]


@pytest.mark.parametrize(("http", "words", "kind", "tries"), ERRORS)
@pytest.mark.parametrize(
    "form",
    [lambda words: words, json.dumps, lambda words: {"message": words}],
    ids=["text", "JSON text", "JSON object"],
)
def test_each_error_code(http: int, words: str, kind: type[WaError], tries: int, form: Any) -> None:
    error = check(*[reply(form(words), http)] * tries).error
    assert type(error) is kind
    assert error.code == words


@pytest.mark.parametrize(("http", "kind", "tries"), sorted({(h, k, t) for h, _, k, t in ERRORS if h > 400}, key=str))
@pytest.mark.parametrize("body", [b"", GARBAGE["html"], QUOTA], ids=["empty", "html", "JSON"])
def test_a_status_counts_without_words(http: int, kind: type[WaError], tries: int, body: Any) -> None:
    assert type(check(*[reply(body, http)] * tries).error) is kind


def test_a_used_up_quota_says_when_it_is_filled() -> None:
    error = check(reply(QUOTA, 466)).error
    assert type(error) is QuotaExceeded
    assert "1st of the month" in str(error)
    assert error.raw == QUOTA
    assert error.code == "QUOTE_EXCEEDED"


def test_an_answer_with_another_status_than_success_is_none() -> None:
    assert type(check(reply({"existsWhatsapp": False}, 300)).error) is UnexpectedReply
    assert type(check(*[reply({"existsWhatsapp": False}, 500)] * 4).error) is VendorUnavailable


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE)
def test_rubbish_is_no_answer(body: str | bytes) -> None:
    assert type(check(reply(body)).error) is UnexpectedReply
    assert type(play(VENDOR.session(), [reply(body)]).error) is UnexpectedReply


@pytest.mark.parametrize("digits", ["3466666666", "1" * 17])
def test_a_number_of_a_wrong_length_is_refused_before_any_call(digits: str) -> None:
    error = play(VENDOR.check([NUMBER, PhoneNumber(digits, digits[:2])])).error
    assert type(error) is BadInput
    assert "11 to 16 digits" in str(error)


@pytest.mark.parametrize("digits", ["34666666666", "1" * 16])
def test_the_shortest_and_longest_numbers_are_asked_for(digits: str) -> None:
    play(VENDOR.check([PhoneNumber(digits, digits[:2])]), [reply(SAMPLE_ANSWER)])


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("authorized", SessionState.LOGGED_IN),
        ("notAuthorized", SessionState.LOGGED_OUT),
        ("blocked", SessionState.BLOCKED),
        ("yellowCard", SessionState.BLOCKED),
        ("sleepMode", SessionState.STARTING),
        ("starting", SessionState.STARTING),
        (None, SessionState.STARTING),
        ("somethingNew", SessionState.STARTING),
    ],
)
def test_each_state(word: str | None, state: SessionState) -> None:
    played = play(VENDOR.session(), [reply({"stateInstance": word})])
    assert played.request == Request("GET", "/waInstance1101000001/getStateInstance/A-TOKEN")
    assert (played.result.vendor, played.result.state, played.result.detail) == ("green_api", state, word or "")


def test_a_reply_without_a_state_is_unexpected() -> None:
    assert type(play(VENDOR.session(), [reply({"other": 1})]).error) is UnexpectedReply


@pytest.mark.parametrize(("word", "said"), [("authorized", "authorized"), (None, "starting")])
def test_a_probe_tells_the_state(word: str | None, said: str) -> None:
    assert play(VENDOR.probe(), [reply({"stateInstance": word})]).result.endswith(f"the instance is {said}")


SAMPLES = [{"existsWhatsapp": True, "chatId": "1@c.us"}, {"existsWhatsapp": False}, {"stateInstance": "authorized"},
           {"message": "instance is starting or not authorized"}, QUOTA]  # fmt: skip


@given(replies(SAMPLES), st.sampled_from(["check", "session", "probe"]))
def test_any_reply_is_an_answer_or_an_error(answer: Reply, method: str) -> None:
    flow = VENDOR.check([NUMBER]) if method == "check" else getattr(VENDOR, method)()
    played: Played[Any] = play(flow, iter([answer] * 4))
    if played.error is not None:
        return
    assert answer.status < 300
    if method == "check":
        (result,) = played.result
        if result.status is not CheckStatus.UNKNOWN:
            word = {key.casefold(): value for key, value in answer.object.items()}["existswhatsapp"]
            yes, no = {"yes", "true", "1"}, {"no", "false", "0"}
            assert str(word).strip().casefold() in (yes if result.status is CheckStatus.EXISTS else no)
    else:
        assert isinstance(played.result, Session if method == "session" else str)
