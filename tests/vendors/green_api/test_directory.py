# SPDX-License-Identifier: Apache-2.0
"""People and groups at Green-API: checks, contacts, groups, avatars."""

from __future__ import annotations

import json
from typing import Any

import pytest
from helpers.script import Played, play, reply

from airflow_provider_wa.api.errors import BadInput, VendorUnavailable, WaError
from airflow_provider_wa.api.flow import Effect, MethodRate, Reply, Request
from airflow_provider_wa.api.numbers import PhoneNumber, parse
from airflow_provider_wa.api.records import CheckResult, CheckStatus
from airflow_provider_wa.vendors.green_api.client import GreenApi

VENDOR = GreenApi(base_url="https://api.green-api.com", instance_id="1101000001", token="A-TOKEN")

# vendor-docs/green_api; the number is its sample, which no numbering plan holds.
NUMBER = PhoneNumber("11001234567", "1")
SAMPLE_QUERY = """{
"phoneNumber": 11001234567
}"""

SAMPLE_ANSWER = """{
"existsWhatsapp": true
}"""


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
        "POST",
        "/waInstance1101000001/checkWhatsapp/A-TOKEN",
        Effect.READ,
        json=json.loads(SAMPLE_QUERY),
        method_rate=MethodRate("checkWhatsapp", 9.5),
    )


def test_each_number_is_a_call() -> None:
    numbers = [parse("34666666666"), parse("380501234567")]
    played = play(VENDOR.check(numbers), [reply({"existsWhatsapp": True}), reply({"existsWhatsapp": False})])
    assert [request.json for request in played.requests] == [
        {"phoneNumber": 34666666666}, {"phoneNumber": 380501234567},
    ]  # fmt: skip
    assert [result.status for result in played.result] == [CheckStatus.EXISTS, CheckStatus.ABSENT]


@pytest.mark.parametrize("digits", ["3466666666", "1" * 17])
def test_a_number_of_a_wrong_length_is_refused_before_any_call(digits: str) -> None:
    error = play(VENDOR.check([NUMBER, PhoneNumber(digits, digits[:2])])).error
    assert type(error) is BadInput
    assert "11 to 16 digits" in str(error)


@pytest.mark.parametrize("digits", ["34666666666", "1" * 16])
def test_the_shortest_and_longest_numbers_are_asked_for(digits: str) -> None:
    played = play(VENDOR.check([PhoneNumber(digits, digits[:2])]), [reply(SAMPLE_ANSWER)])
    assert played.request.json == {"phoneNumber": int(digits)}
    assert [result.status for result in played.result] == [CheckStatus.EXISTS]


@pytest.mark.parametrize(
    ("reason", "kind"),
    [("bad request data", BadInput), ("get avatar timeout limit exceeded", VendorUnavailable)],
)
def test_an_avatars_error_comes_in_a_success(reason: str, kind: type[WaError]) -> None:
    error = play(VENDOR.avatar("34666666666"), [reply({"existsWhatsapp": False, "reason": reason})]).error
    assert type(error) is kind
    assert reason in str(error)


# LIDs and devices


@pytest.mark.parametrize(
    ("asked", "answer", "number", "jid"),
    [
        ("98765@lid", {}, "98765@lid", "98765@lid"),
        ("98765@lid", {"chatId": "34666666666@c.us"}, "34666666666", "34666666666@c.us"),
        ("98765@lid", {"chatId": "98765@lid", "phoneNumber": 34666666666}, "34666666666", "98765@lid"),
        ("98765@lid", {"phoneNumber": "34666666666@c.us"}, "34666666666", "98765@lid"),
        ("34666666666:3@c.us", {"chatId": "34666666666:3@c.us"}, "34666666666", "34666666666@c.us"),
        ("34666666666", {"chatId": "98765@lid"}, "34666666666", "98765@lid"),
    ],
)
def test_who_a_checked_chat_is(asked: str, answer: dict[str, Any], number: str, jid: str) -> None:
    found = play(VENDOR.check_chat(asked), [reply({"existsWhatsapp": True, **answer})]).result
    assert (found.number, found.jid) == (number, jid)


def test_a_group_is_not_checked() -> None:
    assert type(play(VENDOR.check_chat("1234@g.us")).error) is BadInput


def test_members_owner_and_contacts_have_no_devices() -> None:
    data = {"groupId": "1@g.us", "owner": "34666666666:3@c.us", "participants": [{"id": "34666666667:12@c.us"}]}
    group = play(VENDOR.group("1234@g.us"), [reply(data)]).result
    assert (group.owner, group.participants) == ("34666666666@c.us", ("34666666667@c.us",))
    (contact,) = play(VENDOR.contacts(), [reply([{"id": "34666666666:3@c.us", "name": "Ana"}])]).result
    assert contact.jid == "34666666666@c.us"
