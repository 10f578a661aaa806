# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from contract.samples_accuauth import INVALID, OK
from helpers.junk import replies
from helpers.script import GARBAGE, Played, play, reply
from hypothesis import given

from airflow_provider_wa.api.errors import (
    BadInput,
    QuotaExceeded,
    RateLimited,
    Unauthorized,
    UnexpectedReply,
    VendorUnavailable,
    WaError,
)
from airflow_provider_wa.api.flow import Effect, Reply, Request
from airflow_provider_wa.api.numbers import PhoneNumber, parse
from airflow_provider_wa.api.records import CheckResult, CheckStatus
from airflow_provider_wa.vendors.accuauth.client import AccuAuth
from airflow_provider_wa.vendors.accuauth.replies import AccuAuthResult
from airflow_provider_wa.vendors.accuauth.tables import BASIC

PERU = parse("51987654321")
VENDOR = AccuAuth(base_url="https://cloudapi.peru.accuauth.com", api_id="AN-ID", api_secret="A-SECRET")

PENDING = {"status": "PENDING", "reason": "in progress", "request_id": "TID1"}


def ok(**result: Any) -> dict[str, Any]:
    return {"status": "OK", "result": result, "request_id": "TID1"}


def check(*answers: Reply | WaError, vendor: AccuAuth = VENDOR) -> Played[list[CheckResult]]:
    return play(vendor.check([PERU]), list(answers))


def test_the_sample_reply_is_a_number_on_whatsapp() -> None:
    (result,) = check(reply(OK)).result
    assert result == AccuAuthResult(
        vendor="accuauth",
        number="51987654321",
        status=CheckStatus.EXISTS,
        jid="51987654321@s.whatsapp.net",
        reference="TID591cb9fb0e284cf296912a4d0ffea889",
        vendor_number="+5275293XXXX",
        signature="Hello world",
        status_update=date(2023, 12, 12),
        business_user=False,
        avatar=True,
    )
    assert json.loads(json.dumps(result.to_dict()))["status_update"] == "2023-12-12"
    assert result.raw == json.loads(OK)


def test_the_request_is_the_documents() -> None:
    assert check(reply(OK)).request == Request(
        "POST",
        "/check/whatsapp_advanced",
        Effect.READ,
        headers={"X-DF-API-ID": "AN-ID", "X-DF-API-SECRET": "A-SECRET"},
        json={"number": "987654321"},
    )


def test_the_connection_chooses_path_and_encoding() -> None:
    vendor = AccuAuth(base_url="http://x", api_id="i", api_secret="s", path=BASIC, encoding="form")
    request = check(reply(ok(number="x", whatsapp="yes")), vendor=vendor).request
    assert (request.path, request.json, request.form) == ("/check/whatsapp_basic", None, {"number": "987654321"})


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (ok(whatsapp="yes"), CheckStatus.EXISTS),
        (ok(whatsapp="YES"), CheckStatus.EXISTS),
        (ok(Whatsapp="no"), CheckStatus.ABSENT),
        (ok(whatsapp="No"), CheckStatus.ABSENT),
        (ok(whatsapp=False), CheckStatus.ABSENT),
        (ok(whatsapp=""), CheckStatus.UNKNOWN),
        (ok(whatsapp=None), CheckStatus.UNKNOWN),
        (ok(whatsapp="unknown"), CheckStatus.UNKNOWN),
        (ok(number="x"), CheckStatus.UNKNOWN),
        ({"status": "ok", "result": None}, CheckStatus.UNKNOWN),
        ({"status": "OK", "result": "no"}, CheckStatus.UNKNOWN),
        ({"status": "OK", "whatsapp": "no"}, CheckStatus.UNKNOWN),
        ({"status": "OK"}, CheckStatus.UNKNOWN),
    ],
    ids=str,
)
def test_only_a_clear_word_decides(body: dict[str, Any], status: CheckStatus) -> None:
    (result,) = check(reply(body)).result
    assert result.status is status
    assert bool(result.jid) is (status is CheckStatus.EXISTS)
    assert bool(result.detail) is (status is CheckStatus.UNKNOWN)


def test_the_basic_check_tells_no_more_than_yes_or_no() -> None:
    (result,) = check(reply(ok(number="987654321", whatsapp="yes"))).result
    assert isinstance(result, AccuAuthResult)
    assert (result.status, result.vendor_number) == (CheckStatus.EXISTS, "987654321")
    assert {result.signature, result.status_update, result.business_user, result.avatar} == {None}


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("20231212", date(2023, 12, 12)),
        (20231212, date(2023, 12, 12)),
        ("2023-12-12", date(2023, 12, 12)),
        ("20231232", None),
        ("00000000", None),
        ("2023121", None),
        ("", None),
        (None, None),
        ([], None),
    ],
)
def test_when_the_status_text_was_set(given: Any, found: date | None) -> None:
    (result,) = check(reply(ok(whatsapp="yes", status_update=given))).result
    assert isinstance(result, AccuAuthResult)
    assert result.status_update == found


@pytest.mark.parametrize("word", ["perhaps", "", None, [], 7])
def test_what_says_neither_yes_nor_no_is_left_open(word: Any) -> None:
    (result,) = check(reply(ok(whatsapp="yes", business_user=word, avatar=word))).result
    assert isinstance(result, AccuAuthResult)
    assert (result.business_user, result.avatar) == (None, None)


@pytest.mark.parametrize("http", [200, 202, 400, 503])
def test_pending_is_no_error_whatever_its_http_status(http: int) -> None:
    (result,) = check(reply(PENDING, http)).result
    assert (result.status, result.reference, result.jid) == (CheckStatus.PENDING, "TID1", None)


@pytest.mark.parametrize(
    ("http", "status", "kind", "tries"),
    [
        (400, "INVALID_ARGUMENT", BadInput, 1),
        (401, "UNAUTHORIZED", Unauthorized, 1),
        (401, "KEY_EXPIRED", Unauthorized, 1),
        (403, "NO_PERMISSION", Unauthorized, 1),
        (403, "OUT_OF_QUOTA", QuotaExceeded, 1),
        (403, "RATE_LIMIT_EXCEEDED", RateLimited, 4),
        (404, "NOT_FOUND", UnexpectedReply, 1),
        (500, "INTERNAL_ERROR", VendorUnavailable, 4),
    ],
)
@pytest.mark.parametrize("spell", [str.upper, str.lower], ids=["", "lower case"])
@pytest.mark.parametrize("own_status", [True, False], ids=["", "HTTP 200"])
def test_each_error_code(http: int, status: str, kind: type[WaError], tries: int, spell: Any, own_status: bool) -> None:
    played = check(*[reply({"status": spell(status), "reason": "too odd"}, http if own_status else 200)] * tries)
    assert type(played.error) is kind
    assert played.error.code == status
    assert str(played.error).endswith(f"({status}: too odd)")


def test_the_sample_error_is_bad_input() -> None:
    error = check(reply(INVALID, 400)).error
    assert type(error) is BadInput
    assert error.raw == json.loads(INVALID)
    assert "(INVALID_ARGUMENT: argument 'number': not found)" in str(error)


@pytest.mark.parametrize("reason", [None, "", [], {"a": 1}])
def test_an_error_may_lack_a_reason(reason: Any) -> None:
    error = check(reply({"status": "KEY_EXPIRED", "reason": reason}, 401)).error
    assert str(error).endswith("(KEY_EXPIRED)")


@pytest.mark.parametrize(
    ("http", "body", "kind", "tries"),
    [
        (200, {"status": "PROCESSING"}, UnexpectedReply, 1),
        (300, ok(whatsapp="no"), UnexpectedReply, 1),
        (200, {"status": "", "result": {"whatsapp": "no"}}, UnexpectedReply, 1),
        (200, {"result": {"whatsapp": "no"}}, UnexpectedReply, 1),
        (500, ok(whatsapp="no"), VendorUnavailable, 4),
        (400, ok(whatsapp="no"), UnexpectedReply, 1),
        (502, GARBAGE["html"], VendorUnavailable, 4),
        (403, GARBAGE["html"], Unauthorized, 1),
        *((200, body, UnexpectedReply, 1) for body in GARBAGE.values()),
    ],
    ids=str,
)
def test_what_is_not_documented_is_no_answer(http: int, body: Any, kind: type[WaError], tries: int) -> None:
    assert type(check(*[reply(body, http)] * tries).error) is kind


@pytest.mark.parametrize("number", [parse("34666666666"), parse("525512345678")], ids=str)
def test_a_number_of_another_country_is_refused_before_any_call(number: PhoneNumber) -> None:
    error = play(VENDOR.check([PERU, number])).error
    assert type(error) is BadInput
    assert "51" in str(error)


def test_another_countrys_host_checks_its_own_numbers() -> None:
    vendor = AccuAuth(base_url="http://x", api_id="i", api_secret="s", country_code="52")
    played = play(vendor.check([parse("525512345678")]), [reply(ok(whatsapp="no"))])
    assert played.request.json == {"number": "5512345678"}
    assert played.result[0].status is CheckStatus.ABSENT


def test_a_probe_costs_no_call() -> None:
    assert "no free call" in play(VENDOR.probe()).result


@given(replies([json.loads(OK), json.loads(INVALID), PENDING, ok(whatsapp="no")]))
def test_any_reply_is_an_answer_or_an_error(answer: Reply) -> None:
    played = play(VENDOR.check([PERU]), iter([answer] * 4))
    if played.error is None:
        (result,) = played.result
        assert result.number == PERU.digits
        json.dumps(result.to_dict())
        if result.status in (CheckStatus.EXISTS, CheckStatus.ABSENT):
            said = {k.casefold(): v for k, v in answer.object.items()}
            word = {k.casefold(): v for k, v in said["result"].items()}["whatsapp"]
            yes, no = {"yes", "true", "1"}, {"no", "false", "0"}
            assert str(word).strip().casefold() in (yes if result.status is CheckStatus.EXISTS else no)
            assert answer.status < 300
