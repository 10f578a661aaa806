# SPDX-License-Identifier: Apache-2.0
"""Green-API's replies as records: states, journals, messages and checks."""

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from helpers.script import Played, play, reply

from airflow_provider_wa.api.errors import (
    WaError,
)
from airflow_provider_wa.api.flow import MethodRate, Reply, Request
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import (
    CheckResult,
    CheckStatus,
    DeliveryState,
    InboxMessage,
    SessionState,
)
from airflow_provider_wa.vendors.green_api.client import GreenApi

VENDOR = GreenApi(base_url="https://api.green-api.com", instance_id="1101000001", token="A-TOKEN")

# vendor-docs/green_api; the number is its sample, which no numbering plan holds.
NUMBER = PhoneNumber("11001234567", "1")


def check(*answers: Reply | WaError) -> Played[list[CheckResult]]:
    return play(VENDOR.check([NUMBER]), list(answers))


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


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("authorized", SessionState.LOGGED_IN),
        ("notAuthorized", SessionState.LOGGED_OUT),
        ("blocked", SessionState.BLOCKED),
        ("yellowCard", SessionState.BLOCKED),
        ("suspended", SessionState.BLOCKED),
        ("sleepMode", SessionState.STARTING),
        ("starting", SessionState.STARTING),
        (None, SessionState.STARTING),
        ("somethingNew", SessionState.STARTING),
    ],
)
def test_each_state(word: str | None, state: SessionState) -> None:
    played = play(VENDOR.session(), [reply({"stateInstance": word})])
    assert played.request == Request(
        "GET", "/waInstance1101000001/getStateInstance/A-TOKEN", method_rate=MethodRate("getStateInstance", 0.95)
    )
    assert (played.result.vendor, played.result.state, played.result.detail) == ("green_api", state, word or "")


# How messages fare


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("pending", DeliveryState.ACCEPTED),
        ("sent", DeliveryState.SENT),
        ("delivered", DeliveryState.DELIVERED),
        ("read", DeliveryState.READ),
        ("failed", DeliveryState.FAILED),
        ("noAccount", DeliveryState.FAILED),
        ("notInGroup", DeliveryState.FAILED),
        ("yellowCard", DeliveryState.ACCEPTED),
        ("suspended", DeliveryState.ACCEPTED),
        ("READ", DeliveryState.READ),
        ("teleported", DeliveryState.UNKNOWN),
        ("7", DeliveryState.UNKNOWN),
        (7, DeliveryState.UNKNOWN),
    ],
)
def test_each_delivery_status(word: str | int, state: DeliveryState) -> None:
    body = {"idMessage": "1", "statusMessage": word, "chatId": "34666666666@c.us"}
    found = play(VENDOR.message_status("1", to="34666666666"), [reply(body)]).result
    assert (found.state, found.code, found.to) == (state, str(word), "34666666666")
    assert found.detail == str(word) if state is DeliveryState.UNKNOWN else True
    assert bool(found.detail) is (state in (DeliveryState.FAILED, DeliveryState.ACCEPTED, DeliveryState.UNKNOWN))


@pytest.mark.parametrize("answer", [{"idMessage": "1"}, {"idMessage": "1", "type": "incoming", "statusMessage": None}])
def test_a_message_without_a_status_is_unknown(answer: dict[str, Any]) -> None:
    found = play(VENDOR.message_status("1", to="34666666666"), [reply(answer)]).result
    assert (found.state, found.code) == (DeliveryState.UNKNOWN, None)


# Journals


NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
CLOCK = GreenApi(base_url="https://x", instance_id="1", token="t", clock=lambda: NOON)


def row(name: str, minutes_ago: float | None, **more: Any) -> dict[str, Any]:
    moment = {} if minutes_ago is None else {"timestamp": int(NOON.timestamp() - minutes_ago * 60)}
    return {"idMessage": name, "chatId": "34666666666@c.us", **moment, **more}


def inbox(rows: Any, **options: Any) -> Played[list[InboxMessage]]:
    answers = rows if isinstance(rows, tuple) else (rows,)
    return play(CLOCK.inbox(**options), [reply(answer) for answer in answers])


def ids(played: Played[Any]) -> list[str]:
    return [found.message_id for found in played.result]


@pytest.mark.parametrize(
    "rows",
    [[row("c", 1), row("b", 2), row("a", 3)], [row("a", 3), row("b", 2), row("c", 1)]],
    ids=["newest first", "oldest first"],
)
def test_the_oldest_message_comes_first(rows: list[Any]) -> None:
    assert ids(inbox(rows)) == ["a", "b", "c"]


def test_messages_of_one_second_keep_the_vendors_order_which_is_newest_first() -> None:
    assert ids(inbox([row("a", 1), row("c", 1), row("b", 1), row("z", 2)])) == ["z", "b", "c", "a"]
    assert ids(inbox([row("b", 1), row("a", 1)])) == ["a", "b"]


def test_each_message_comes_once() -> None:
    assert ids(inbox([row("a", 1), row("b", 2), row("a", 1)])) == ["b", "a"]


def test_the_newest_word_on_a_message_counts() -> None:
    rows = [row("a", 1, statusMessage="read"), row("a", 2, statusMessage="sent")]
    (found,) = play(CLOCK.delivery_report(), [reply(rows)]).result
    assert found.state is DeliveryState.READ


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"typeMessage": "textMessage", "textMessage": "Hello,\n*Ana* \n"}, "Hello,\n*Ana*"),
        ({"typeMessage": "extendedTextMessage", "extendedTextMessage": {"text": "See https://x.example"}},
         "See https://x.example"),
        ({"typeMessage": "extendedTextMessage", "textMessage": "Yes", "extendedTextMessage": {"text": "No"}}, "Yes"),
        ({"typeMessage": "imageMessage", "caption": "Look", "fileName": "a.png"}, "Look"),
        ({"typeMessage": "imageMessage", "caption": "", "fileName": "a.png"}, None),
        ({"typeMessage": "locationMessage", "location": {"nameLocation": "Here"}}, None),
        ({}, None),
    ],
    ids=str,
)  # fmt: skip
def test_what_was_sent_is_told_where_the_journal_tells_it(fields: dict[str, Any], expected: str | None) -> None:
    (found,) = play(CLOCK.delivery_report(), [reply([row("a", 1, **fields)])]).result
    assert found.text == expected


def ago(minutes: float) -> datetime:
    return NOON - timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("options", "found", "minutes"),
    [
        ({}, ["old", "b", "a", "new"], None),
        ({"since": ago(10)}, ["b", "a", "new"], "11"),
        ({"until": ago(10)}, ["old"], str(10 + 24 * 60 + 1)),
        ({"since": ago(10), "until": ago(5)}, ["b"], "11"),
        ({"since": ago(9.5)}, ["a", "new"], "11"),
        ({"limit": 2}, ["old", "b"], None),
        ({"since": ago(10), "limit": 1}, ["b"], "11"),
        ({"since": ago(-5)}, [], "1"),
        ({"since": ago(10).astimezone(timezone(timedelta(hours=5)))}, ["b", "a", "new"], "11"),
        ({"since": ago(10).replace(tzinfo=None)}, ["b", "a", "new"], "11"),
    ],
    ids=str,
)
def test_what_of_a_journal_lies_in_a_period(options: dict[str, Any], found: list[str], minutes: str | None) -> None:
    rows = [row("new", 0), row("a", 5), row("b", 10), row("old", 11)]
    for flow in (CLOCK.inbox(**options), CLOCK.delivery_report(**options)):
        played: Played[Any] = play(flow, [reply(rows)])
        assert ids(played) == found
        assert played.request.params == ({"minutes": minutes} if minutes else {})


def test_messages_without_a_moment_lie_in_no_period() -> None:
    assert ids(inbox([row("a", 1), row("b", None)])) == ["b", "a"]
    assert ids(inbox([row("a", 1), row("b", None)], since=ago(5))) == ["a"]


@pytest.mark.parametrize(
    ("content", "text", "url"),
    [
        ({"textMessage": "hi"}, "hi", None),
        ({"extendedTextMessage": {"text": "see https://x"}}, "see https://x", None),
        ({"downloadUrl": "https://f/1", "caption": "look"}, "look", "https://f/1"),
        ({"messageData": {"textMessageData": {"textMessage": "hi"}}}, "hi", None),
        ({"messageData": {"extendedTextMessageData": {"text": "hi"}}}, "hi", None),
        (
            {"messageData": {"fileMessageData": {"downloadUrl": "https://f/1", "caption": "look"}}},
            "look",
            "https://f/1",
        ),
        ({"messageData": "junk", "textMessage": None}, "", None),
    ],
    ids=str,
)
def test_a_messages_text_is_found_where_it_stands(content: dict[str, Any], text: str, url: str | None) -> None:
    (found,) = inbox([row("a", 1, **content)]).result
    assert (found.text, found.media_url) == (text, url)


def test_a_notification_becomes_json() -> None:
    body = {"typeWebhook": "incomingMessageReceived", "idMessage": "1", "senderData": {"sender": "34666666666@c.us"}}
    found = play(VENDOR.receive_notification(), [reply({"receiptId": 7, "body": body})]).result
    assert found is not None
    data = json.loads(json.dumps(found.to_dict()))
    assert (data["receipt_id"], data["content"]["sender"]) == (7, "34666666666")
    assert play(VENDOR.receive_notification(), [reply({"receiptId": 7})]).result.to_dict()["content"] is None  # type: ignore[union-attr]
