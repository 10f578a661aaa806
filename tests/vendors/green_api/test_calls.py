# SPDX-License-Identifier: Apache-2.0
"""Green-API's errors, as its document has them, and by the field notes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from helpers.script import GARBAGE, Played, play, reply

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
from airflow_provider_wa.api.flow import Reply
from airflow_provider_wa.api.messages import Text
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import CheckResult
from airflow_provider_wa.vendors.green_api.client import GreenApi

VENDOR = GreenApi(base_url="https://api.green-api.com", instance_id="1101000001", token="A-TOKEN")

# vendor-docs/green_api; the number is its sample, which no numbering plan holds.
NUMBER = PhoneNumber("11001234567", "1")
QUOTA = {"invokeStatus": {"method": "checkWhatsapp", "used": 100, "total": 100, "status": "QUOTE_EXCEEDED"}}


def check(*answers: Reply | WaError) -> Played[list[CheckResult]]:
    return play(VENDOR.check([NUMBER]), list(answers))


# The document gives the texts, not where they stand: in JSON's message, or alone, in quotes or not.
ERRORS: list[tuple[int, str, type[WaError], int]] = [
    (400, "bad phone number, valid 11 or 12 digits", BadInput, 1),
    (400, "Bad phone number", BadInput, 1),
    (400, "check phone number timeout limit exceeded", VendorUnavailable, 4),
    (400, "instance is starting or not authorized", SessionDown, 1),
    (400, "Validation failed", BadInput, 1),
    (400, "instance account not authorized", SessionDown, 1),
    (400, "instance in starting process try later", SessionDown, 1),
    (400, "Instance account is expired. Renew your instance from personal area", Unauthorized, 1),
    (400, "Instance is deleted", Unauthorized, 1),
    (400, "bad request data", BadInput, 1),
    (400, "get avatar timeout limit exceeded", VendorUnavailable, 4),
    (401, "Unauthorized", Unauthorized, 1),
    (403, "Forbidden", Unauthorized, 1),
    (404, "Not Found", UnexpectedReply, 1),
    (429, "Too Many Requests", RateLimited, 4),
    (466, "monthly quota has been exceeded", QuotaExceeded, 1),
    (499, "Client Closed Request", VendorUnavailable, 4),
    (500, "Internal Server Error", VendorUnavailable, 4),
    (500, "File from url exceeded max upload size. Size: 101mb Limit: 100mb Url: x", BadInput, 1),
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


# What a 500 means depends on its words, the other statuses speak for themselves.
STATUSES = sorted(
    {(http, kind, tries) for http, _, kind, tries in ERRORS if http > 400 and kind is not BadInput}, key=str
)


@pytest.mark.parametrize(("http", "kind", "tries"), STATUSES)
@pytest.mark.parametrize("body", [b"", GARBAGE["html"], QUOTA], ids=["empty", "html", "JSON"])
def test_a_status_counts_without_words(http: int, kind: type[WaError], tries: int, body: Any) -> None:
    assert type(check(*[reply(body, http)] * tries).error) is kind


def test_a_used_up_quota_says_when_it_is_filled() -> None:
    error = check(reply(QUOTA, 466)).error
    assert type(error) is QuotaExceeded
    assert "1st of the month" in str(error)
    assert error.raw == QUOTA
    assert error.code == "QUOTE_EXCEEDED"
    assert str(error).endswith("(QUOTE_EXCEEDED: 100 of 100 used for checkWhatsapp)")


def test_a_used_up_quota_of_chats_is_told_from_that_of_calls() -> None:
    allowed = {"method": "sendmessage", "used": 67, "total": 0, "status": "QUOTE_ALLOWED"}
    chats = {"method": "correspondents", "used": 3, "total": 3, "status": "CORRESPONDENTS_QUOTE_EXCEEDED"}
    played = play(
        VENDOR.send("34666666666", Text("x")), [reply({"invokeStatus": allowed, "correspondentsStatus": chats}, 466)]
    )
    assert type(played.error) is QuotaExceeded
    assert str(played.error).endswith("(CORRESPONDENTS_QUOTE_EXCEEDED: 3 of 3 used for correspondents)")


def test_an_answer_with_another_status_than_success_is_none() -> None:
    assert type(check(reply({"existsWhatsapp": False}, 300)).error) is UnexpectedReply
    assert type(check(*[reply({"existsWhatsapp": False}, 500)] * 4).error) is VendorUnavailable


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE)
def test_rubbish_is_no_answer(body: str | bytes) -> None:
    assert type(check(reply(body)).error) is UnexpectedReply
    assert type(play(VENDOR.session(), [reply(body)]).error) is UnexpectedReply


# Errors of newer servers


@pytest.mark.parametrize(
    "answer",
    [
        reply(b"", 469),
        reply("User get contact info limit reached", 469),
        reply({"status": False, "reason": "User get contact info limit reached"}),
    ],
    ids=["no words", "words", "a success"],
)
def test_whatsapps_limit_on_looking_up_numbers_is_a_quota(answer: Reply) -> None:
    error = check(answer).error
    assert type(error) is QuotaExceeded
    assert "two hours" in str(error)


def test_an_error_in_a_success_is_no_answer() -> None:
    error = check(reply({"status": False, "reason": "instance is starting or not authorized"})).error
    assert type(error) is SessionDown


@pytest.mark.parametrize("status", [400, 403])
def test_a_suspended_account_is_not_a_wrong_instance(status: int) -> None:
    error = play(VENDOR.send("34666666666", Text("x")), [reply("Your account is suspended", status)]).error
    assert type(error) is SessionDown
