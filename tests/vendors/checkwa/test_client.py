# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from helpers.junk import replies
from helpers.script import GARBAGE, Played, play, reply
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_wa.api.errors import (
    BadInput,
    QuotaExceeded,
    Unauthorized,
    UnexpectedReply,
    VendorUnavailable,
    WaError,
)
from airflow_provider_wa.api.flow import Effect, Reply, Request
from airflow_provider_wa.api.numbers import parse
from airflow_provider_wa.api.records import CheckResult, CheckStatus
from airflow_provider_wa.vendors.checkwa.client import CheckWa
from airflow_provider_wa.vendors.checkwa.events import CheckCallback, parse_callback

SPAIN = parse("34666666666")
CALLBACK = "https://www.callbackurl.com/"
QUEUE = CheckWa(base_url="https://w2.checkwa.com", user="YOUR-API-USER", api_key="YOUR-API-KEY", callback_url=CALLBACK)
SYNC = CheckWa(base_url="https://w2.checkwa.com", user="YOUR-API-USER", api_key="YOUR-API-KEY", mode="sync")

# vendor-docs/checkwa, "RESPONSE"; mended: straight quotes, comments taken out.
QUEUED = """{
"code": "1",
"server": "462",
"server_status": "1",
"server_ping": "2020-05-23 23:21:33",
"token": "193e123x2",
"callback": "https://www.callbackurl.com/",
"queue": "8"
}"""
# The same, "DO QUERY"; mended: straight quotes, comments and the comma after the last field taken out.
SPLIT_QUERY = """{
"user": "YOUR-API-USER",
"apikey": "YOUR-API-KEY",
"action": "check",
"token": "193e123x2",
"callback": "https://www.callbackurl.com/",
"num": "666666666",
"cod": "34"
}"""
QUERY = """{
"user": "YOUR-API-USER",
"apikey": "YOUR-API-KEY",
"action": "check",
"token": "193e123x2",
"callback": "https://www.callbackurl.com/",
"number": "34666666666"
}"""


def check(vendor: CheckWa, *answers: Reply | WaError) -> Played[list[CheckResult]]:
    return play(vendor.check([SPAIN]), list(answers))


@pytest.mark.parametrize("vendor", [QUEUE, SYNC], ids=lambda vendor: vendor.mode)
def test_the_sample_reply_is_a_queued_check_in_either_mode(vendor: CheckWa) -> None:
    played = check(vendor, reply(QUEUED))
    (result,) = played.result
    assert (result.vendor, result.number, result.status, result.jid) == (
        "checkwa",
        "34666666666",
        CheckStatus.PENDING,
        None,
    )
    assert result.detail == "queued, 8 in the queue, server 462 active, last active 2020-05-23 23:21:33"
    assert result.raw == json.loads(QUEUED)


@pytest.mark.parametrize(("split", "sample"), [(False, QUERY), (True, SPLIT_QUERY)], ids=["one parameter", "two"])
def test_the_request_is_the_documents(split: bool, sample: str) -> None:
    vendor = CheckWa(
        base_url="x", user="YOUR-API-USER", api_key="YOUR-API-KEY", callback_url=CALLBACK, split_number=split
    )
    played = check(vendor, reply(QUEUED))
    token = played.request.json["token"]
    assert played.request == Request("POST", "/check/", Effect.READ, json=json.loads(sample) | {"token": token})


def test_the_mode_that_answers_at_once_sends_no_action_token_or_callback() -> None:
    body = check(SYNC, reply({"code": "1"})).request.json
    assert body == {"user": "YOUR-API-USER", "apikey": "YOUR-API-KEY", "number": "34666666666"}


@pytest.mark.parametrize(
    ("told", "detail"),
    [
        ({}, "queued"),
        ({"queue": 0}, "queued, 0 in the queue"),
        ({"server_status": "0"}, "queued, server inactive"),
        ({"server": 462, "server_status": 0}, "queued, server 462 inactive"),
        ({"server": "462", "server_status": "x"}, "queued, server 462"),
        ({"server": None, "queue": [], "server_ping": {}}, "queued"),
    ],
    ids=str,
)
def test_what_the_vendor_tells_of_queue_and_server_is_kept(told: dict[str, Any], detail: str) -> None:
    (result,) = check(QUEUE, reply({"code": "1", **told})).result
    assert result.detail == detail
    assert result.raw == {"code": "1", **told}


@pytest.mark.parametrize("vendor", [QUEUE, SYNC], ids=lambda vendor: vendor.mode)
def test_server_and_picture_are_chosen_only_if_asked_for(vendor: CheckWa) -> None:
    body = check(vendor, reply({"code": "1"})).request.json
    assert {"server", "hide_image"}.isdisjoint(body)
    for hide, sent in ((True, "1"), (False, "0")):
        chosen = check(replace(vendor, server="462", hide_image=hide), reply({"code": "1"})).request.json
        assert (chosen["server"], chosen["hide_image"]) == ("462", sent)
        assert body.keys() | {"server", "hide_image"} == chosen.keys()


def test_a_queued_checks_reference_is_its_token_and_cannot_be_guessed() -> None:
    plays = [check(QUEUE, reply(QUEUED)) for _ in range(20)]
    tokens = [played.request.json["token"] for played in plays]
    assert [played.result[0].reference for played in plays] == tokens
    assert len(set(tokens)) == 20
    assert min(map(len, tokens)) >= 20


def test_a_repeat_carries_the_same_token() -> None:
    played = check(QUEUE, reply(GARBAGE["html"], 502), reply(QUEUED))
    first, second = played.requests
    assert first == second
    assert played.result[0].reference == first.json["token"]


def test_each_number_is_a_call_with_a_token_of_its_own() -> None:
    played = play(QUEUE.check([SPAIN, parse("51987654321")]), [reply(QUEUED), reply(QUEUED)])
    assert [request.json["number"] for request in played.requests] == ["34666666666", "51987654321"]
    assert len({request.json["token"] for request in played.requests}) == 2


@pytest.mark.parametrize(
    ("vendor", "body", "status"),
    [
        (QUEUE, {"code": "1"}, CheckStatus.PENDING),
        (QUEUE, {"code": 1}, CheckStatus.PENDING),
        (QUEUE, {"Code": "1", "Queue": 0}, CheckStatus.PENDING),
        (QUEUE, {"code": "2"}, CheckStatus.UNKNOWN),
        (QUEUE, {"code": "0"}, CheckStatus.UNKNOWN),
        (QUEUE, {"code": "8"}, CheckStatus.UNKNOWN),
        (SYNC, {"code": "1"}, CheckStatus.EXISTS),
        (SYNC, {"code": 1}, CheckStatus.EXISTS),
        (SYNC, {"code": "0"}, CheckStatus.ABSENT),
        (SYNC, {"code": 0}, CheckStatus.ABSENT),
        (SYNC, {"code": "2"}, CheckStatus.UNKNOWN),
        (SYNC, {"code": "8"}, CheckStatus.UNKNOWN),
        (SYNC, {"code": "10"}, CheckStatus.UNKNOWN),
        (SYNC, {"code": "1", "server": "462"}, CheckStatus.PENDING),
        (SYNC, {"code": "1", "server_status": 0}, CheckStatus.PENDING),
        (SYNC, {"code": "1", "queue": ""}, CheckStatus.PENDING),
        (SYNC, {"code": "1", "queue": None}, CheckStatus.PENDING),
        (SYNC, {"code": "0", "queue": "8"}, CheckStatus.UNKNOWN),
        (SYNC, {"code": "0", "Server": None}, CheckStatus.UNKNOWN),
        (SYNC, {"code": "2", "queue": "8"}, CheckStatus.UNKNOWN),
    ],
    ids=lambda value: value.mode if isinstance(value, CheckWa) else str(value),
)
def test_what_a_code_says(vendor: CheckWa, body: dict[str, Any], status: CheckStatus) -> None:
    played = check(vendor, reply(body))
    (result,) = played.result
    assert result.status is status
    assert result.jid == ("34666666666@s.whatsapp.net" if status is CheckStatus.EXISTS else None)
    assert bool(result.reference) is (status is CheckStatus.PENDING)
    assert bool(result.detail) is (status in (CheckStatus.PENDING, CheckStatus.UNKNOWN))


@pytest.mark.parametrize("vendor", [QUEUE, SYNC], ids=lambda vendor: vendor.mode)
@pytest.mark.parametrize("http", [200, 400])
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("3", Unauthorized),
        ("4", UnexpectedReply),
        ("5", BadInput),
        ("6", QuotaExceeded),
        ("7", Unauthorized),
        ("9", BadInput),
        (3, Unauthorized),
    ],
)
def test_each_error_code(vendor: CheckWa, http: int, code: str | int, kind: type[WaError]) -> None:
    error = check(vendor, reply({"code": code, "token": "193e123x2"}, http)).error
    assert type(error) is kind
    assert error.code == str(code)


@pytest.mark.parametrize(
    ("http", "body", "kind", "tries"),
    [
        (500, {"code": "0"}, VendorUnavailable, 4),
        (300, {"code": "0"}, UnexpectedReply, 1),
        (502, GARBAGE["html"], VendorUnavailable, 4),
        (401, GARBAGE["html"], Unauthorized, 1),
        (404, GARBAGE["html"], UnexpectedReply, 1),
        (302, b"", UnexpectedReply, 1),
        (200, {"code": None}, UnexpectedReply, 1),
        (200, {"code": True}, UnexpectedReply, 1),
        (200, {"code": ["0"]}, UnexpectedReply, 1),
        (200, {"num": "34666666666", "has_picture": "0"}, UnexpectedReply, 1),
        *((200, body, UnexpectedReply, 1) for body in GARBAGE.values()),
    ],
    ids=str,
)
def test_what_is_not_documented_is_no_answer(http: int, body: Any, kind: type[WaError], tries: int) -> None:
    assert type(check(SYNC, *[reply(body, http)] * tries).error) is kind


def test_a_queue_without_a_callback_url_is_refused_before_any_call() -> None:
    error = play(CheckWa(base_url="http://x", user="u", api_key="k").check([SPAIN])).error
    assert type(error) is BadInput
    assert "callback_base_url" in str(error)


def test_a_probe_costs_no_call() -> None:
    assert "no free call" in play(QUEUE.probe()).result


@given(replies([json.loads(QUEUED), {"code": "1"}, {"code": "0"}, {"code": "5"}]), st.sampled_from([QUEUE, SYNC]))
def test_any_reply_is_an_answer_or_an_error(answer: Reply, vendor: CheckWa) -> None:
    played = play(vendor.check([SPAIN]), iter([answer] * 4))
    if played.error is None:
        (result,) = played.result
        assert result.number == SPAIN.digits
        if result.status in (CheckStatus.EXISTS, CheckStatus.ABSENT):
            said = {key.casefold(): value for key, value in answer.object.items()}
            assert str(said["code"]).strip() == {CheckStatus.EXISTS: "1", CheckStatus.ABSENT: "0"}[result.status]
            assert said.keys().isdisjoint({"queue", "server", "server_status"})
            assert vendor.mode == "sync"
            assert answer.status < 300


# Callbacks

FIRST = {"code": "1", "num": "34666666666", "has_picture": "1", "token": "193e123x2"}
PICTURE = b"\xff\xd8\xffnot really"
ENCODED = base64.b64encode(PICTURE).decode()


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("1", CheckStatus.EXISTS),
        (1, CheckStatus.EXISTS),
        ("2", CheckStatus.ABSENT),
        (2, CheckStatus.ABSENT),
        ("0", CheckStatus.ABSENT),
        (0, CheckStatus.ABSENT),
        ("3", CheckStatus.UNKNOWN),
        ("", CheckStatus.UNKNOWN),
        (None, CheckStatus.UNKNOWN),
        (False, CheckStatus.UNKNOWN),
        (True, CheckStatus.UNKNOWN),
        ([], CheckStatus.UNKNOWN),
    ],
)
def test_what_a_callbacks_code_says(code: Any, status: CheckStatus) -> None:
    found = parse_callback(FIRST | {"code": code})
    assert found.status is status
    assert found.jid == ("34666666666@s.whatsapp.net" if status is CheckStatus.EXISTS else None)
    assert bool(found.detail) is (status is CheckStatus.UNKNOWN)


@pytest.mark.parametrize(
    "given",
    [ENCODED, f"data:image/jpeg;base64,{ENCODED}", ENCODED.rstrip("="), f"{ENCODED[:8]}\n{ENCODED[8:]}"],
)
def test_a_callbacks_picture_is_decoded(given: str) -> None:
    # PHP escapes slashes in JSON.
    body = json.dumps(FIRST | {"picture": given}).replace("/", "\\/")
    found = parse_callback(body)
    assert found.picture == PICTURE
    assert ENCODED not in f"{found!r} {found.to_dict()} {found.raw}"
    assert found.raw == FIRST


@pytest.mark.parametrize("given", ["…=", "no picture!", {"a": 1}, [], None, ""], ids=str)
def test_a_callback_with_a_broken_picture_still_counts(given: Any) -> None:
    found = parse_callback(FIRST | {"picture": given})
    assert (found.status, found.picture) == (CheckStatus.EXISTS, None)
    assert found.detail == ("its picture cannot be decoded" if isinstance(given, str) and given else "")


@pytest.mark.parametrize("wrap", [dict, json.dumps, lambda body: json.dumps(body).encode()])
def test_a_callback_may_come_as_text_or_bytes(wrap: Any) -> None:
    assert parse_callback(wrap(FIRST)) == CheckCallback(
        vendor="checkwa",
        number="34666666666",
        status=CheckStatus.EXISTS,
        jid="34666666666@s.whatsapp.net",
        reference="193e123x2",
        has_picture=True,
    )


def test_a_callback_of_an_odd_number_is_known_by_its_reference() -> None:
    found = parse_callback({"code": "2", "num": "34x", "token": "193e123x2"})
    assert (found.number, found.reference, found.status) == ("", "193e123x2", CheckStatus.ABSENT)


@pytest.mark.parametrize("payload", [None, 5, [], {}, {"code": "1"}, b"\xff", *GARBAGE.values()], ids=str)
def test_what_is_no_callback_is_unexpected(payload: Any) -> None:
    with pytest.raises(UnexpectedReply):
        parse_callback(payload)


@given(replies([FIRST, FIRST | {"picture": ENCODED}, FIRST | {"code": "2"}]))
def test_any_callback_is_a_result_or_an_error(answer: Reply) -> None:
    try:
        found = parse_callback(answer.body)
    except UnexpectedReply:
        return
    json.dumps(found.to_dict())
    if found.status is not CheckStatus.UNKNOWN:
        code = {key.casefold(): value for key, value in answer.object.items()}["code"]
        assert str(code).strip() in (["1"] if found.status is CheckStatus.EXISTS else ["2", "0"])
