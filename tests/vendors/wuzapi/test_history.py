# SPDX-License-Identifier: Apache-2.0
"""WuzAPI's message history as an inbox."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from contract.samples_wuzapi import KEPT, VENDOR, envelope, failure
from helpers.script import Played, play

from airflow_provider_wa.api.errors import UnexpectedReply, UnsupportedByVendor
from airflow_provider_wa.api.flow import Reply
from airflow_provider_wa.api.records import InboxMessage

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
ANA, TEAM = "51987654321@s.whatsapp.net", "120363020000000001@g.us"
STATE = envelope({"connected": True, "loggedIn": True, "id": "u1", "history": "20"})


def at(minutes: int) -> str:
    return (NOON + timedelta(minutes=minutes)).isoformat()


def row(message_id: str, minutes: int, chat: str = ANA, number: int = 0, **more: Any) -> dict[str, Any]:
    fields = {"id": number or minutes, "message_id": message_id, "timestamp": at(minutes), "chat_jid": chat}
    return {**KEPT, **fields, "text_content": message_id, **more}


def event(message_id: str, content: dict[str, Any], **info: Any) -> str:
    source = {"Chat": TEAM, "Sender": "1528:12@lid", "SenderAlt": ANA, "IsGroup": True, "Timestamp": at(0)}
    return json.dumps({"Info": {**source, "ID": message_id, **info}, "Message": content})


def index(**chats: list[tuple[str, int]]) -> Reply:
    return envelope(
        {
            user: [{"chat_jid": chat, "last_updated": at(minutes)} for chat, minutes in listed]
            for user, listed in chats.items()
        }
    )


def pulled(answers: list[Reply], **bounds: Any) -> Played[list[InboxMessage]]:
    return play(VENDOR.inbox(**bounds), [STATE, *answers])


def ids(answers: list[Reply], **bounds: Any) -> list[str]:
    return [message.message_id for message in pulled(answers, **bounds).result]


TWO = [
    index(u1=[(ANA, 3), (TEAM, 2)], u2=[("1@s.whatsapp.net", 9)]),
    envelope([row("three", 3), row("one", 1), row("ours", 4, sender_jid="me")]),
    envelope([row("two", 2, TEAM)]),
]


def test_the_chats_of_this_user_are_read_oldest_message_first() -> None:
    played = pulled(TWO)
    assert [message.message_id for message in played.result] == ["one", "two", "three"]
    assert [request.params for request in played.requests[1:]] == [
        {"chat_jid": "index"},
        {"chat_jid": ANA, "limit": "20"},
        {"chat_jid": TEAM, "limit": "20"},
    ]


@pytest.mark.parametrize(
    ("bounds", "found"),
    [
        ({"limit": 2}, ["two", "three"]),
        ({"limit": 0}, []),
        ({"after": "one"}, ["two", "three"]),
        ({"after": "one", "limit": 1}, ["two"]),
        ({"after": "three"}, []),
        ({"after": "gone"}, ["one", "two", "three"]),
        ({"until": NOON + timedelta(minutes=3)}, ["one", "two"]),
        ({"since": NOON + timedelta(minutes=2)}, ["two", "three"]),
    ],
)
def test_bounds(bounds: dict[str, Any], found: list[str]) -> None:
    assert ids(TWO, **bounds) == found


def test_a_chat_without_anything_new_is_not_read() -> None:
    assert ids(TWO[:2], since=NOON + timedelta(minutes=3)) == ["three"]


def test_without_chats_there_is_nothing() -> None:
    assert ids([index(u2=[(ANA, 1)])]) == ids([envelope({})]) == []
    assert ids([index(u1=[(ANA, 1)]), envelope(None)]) == []


def test_messages_of_one_moment_come_in_the_order_in_which_they_were_kept() -> None:
    rows = [row("b", 1, number=12), row("a", 1, number=9)]
    assert ids([index(u1=[(ANA, 1)]), envelope(rows)]) == ["a", "b"]


def test_a_message_is_read_from_its_event() -> None:
    data = event("G1", {"imageMessage": {"caption": "look"}})
    (message,) = pulled([index(u1=[(TEAM, 1)]), envelope([row("G1", 1, TEAM, data_json=data)])]).result
    assert (message.sender, message.chat, message.kind, message.text) == ("51987654321", TEAM, "image", "look")
    assert message.received_at == NOON


def test_a_message_of_another_device_of_this_account_is_left_out() -> None:
    data = event("G1", {"conversation": "ours"}, IsFromMe=True)
    assert ids([index(u1=[(TEAM, 1)]), envelope([row("G1", 1, TEAM, data_json=data)])]) == []


@pytest.mark.parametrize("key_first", [True, False])
def test_of_two_rows_under_one_id_the_message_is_there(key_first: bool) -> None:
    key = row("G1", 1, TEAM, data_json=event("G1", {"senderKeyDistributionMessage": {"groupID": TEAM}}))
    words = row("G1", 1, TEAM, data_json=event("G1", {"conversation": "STOP"}))
    rows = [{**entry, "id": number} for number, entry in enumerate((key, words) if key_first else (words, key))]
    answers = [index(u1=[(TEAM, 1)]), envelope([*rows, row("G2", 2, TEAM)])]
    assert [message.text for message in pulled(answers).result if message.is_message] == ["STOP", "G2"]
    assert ids(answers, after="G1") == ["G2"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"message_type": "image", "text_content": ":image:"}, {"kind": "image", "text": ""}),
        ({"message_type": "image", "text_content": "look"}, {"kind": "image", "text": "look"}),
        ({"message_type": "delete", "text_content": "A1"}, {"kind": "deletion", "text": "", "target_id": "A1"}),
        (
            {"message_type": "reaction", "text_content": "👍", "quoted_message_id": "A1"},
            {"kind": "reaction", "text": "👍", "target_id": "A1", "quoted_id": None},
        ),
        ({"message_type": "text", "quoted_message_id": "A1"}, {"kind": "text", "quoted_id": "A1", "target_id": None}),
        ({"message_type": "buttons_response", "text_content": "yes"}, {"kind": "button", "text": "yes"}),
        ({"media_link": "https://x/a.jpg"}, {"media_url": "https://x/a.jpg"}),
        ({"data_json": "{}"}, {"kind": "text"}),
    ],
)
def test_without_an_event_the_rows_own_fields_count(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    (message,) = pulled([index(u1=[(ANA, 1)]), envelope([row("M1", 1, **fields)])]).result
    assert {name: getattr(message, name) for name in expected} == expected


def test_a_server_that_keeps_nothing_says_what_to_do() -> None:
    error = pulled([failure(501, "message history is disabled for this user")]).error
    assert type(error) is UnsupportedByVendor
    assert "keep_history" in str(error)


@pytest.mark.parametrize("answers", [[envelope([])], [index(u1=[(ANA, 1)]), envelope({"messages": []})]])
def test_anything_else_is_unexpected(answers: list[Reply]) -> None:
    assert type(pulled(answers).error) is UnexpectedReply
