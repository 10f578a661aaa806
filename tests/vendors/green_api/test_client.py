# SPDX-License-Identifier: Apache-2.0
"""Green-API: all its calls, with any reply at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timezone
from itertools import repeat
from typing import Any

from helpers.junk import replies
from helpers.script import Played, play
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_wa.api.flow import Flow, Reply
from airflow_provider_wa.api.messages import Document, Media, Text
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import (
    Avatar,
    CheckResult,
    CheckStatus,
    DeliveryStatus,
    Group,
    Notification,
    QrCode,
    SentMessage,
    Session,
)
from airflow_provider_wa.vendors.green_api.client import GreenApi

VENDOR = GreenApi(base_url="https://api.green-api.com", instance_id="1101000001", token="A-TOKEN")

# vendor-docs/green_api; the number is its sample, which no numbering plan holds.
NUMBER = PhoneNumber("11001234567", "1")
NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
QUOTA = {"invokeStatus": {"method": "checkWhatsapp", "used": 100, "total": 100, "status": "QUOTE_EXCEEDED"}}


def file(size: int = 1, name: str = "a.png") -> Media:
    return Media(b"x" * size, filename=name)


def row(name: str, minutes_ago: float | None, **more: Any) -> dict[str, Any]:
    moment = {} if minutes_ago is None else {"timestamp": int(NOON.timestamp() - minutes_ago * 60)}
    return {"idMessage": name, "chatId": "34666666666@c.us", **moment, **more}


PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
JOURNAL = [row("a", 1, statusMessage="read", textMessage="hi", typeMessage="textMessage"), row("b", 2)]
INCOMING = {"typeWebhook": "incomingMessageReceived", "idMessage": "1", "timestamp": 1588091580,
            "messageData": {"textMessageData": {"textMessage": "hi"}}}  # fmt: skip

FLOWS: dict[str, tuple[Callable[[], Flow[Any]], Any]] = {
    "session": (VENDOR.session, Session),
    "probe": (VENDOR.probe, str),
    "qr_code": (VENDOR.qr_code, QrCode),
    "logout": (VENDOR.logout, type(None)),
    "check": (lambda: VENDOR.check([NUMBER]), list),
    "check_chat": (lambda: VENDOR.check_chat("1234567@lid"), CheckResult),
    "send": (lambda: VENDOR.send("34666666666", Text("x")), SentMessage),
    "upload": (lambda: VENDOR.send("34666666666", Document(file())), SentMessage),
    "status by journal": (lambda: VENDOR.message_status("a"), DeliveryStatus),
    "status by chat": (lambda: VENDOR.message_status("a", to="34666666666"), DeliveryStatus),
    "delivery_report": (VENDOR.delivery_report, list),
    "inbox": (VENDOR.inbox, list),
    "inbox after": (lambda: VENDOR.inbox(after="a"), list),
    "receive": (VENDOR.receive_notification, Notification | None),
    "delete": (lambda: VENDOR.delete_notification(7), bool),
    "contacts": (VENDOR.contacts, list),
    "group_chats": (VENDOR.group_chats, list),
    "group": (lambda: VENDOR.group("1234567@g.us"), Group),
    "avatar": (lambda: VENDOR.avatar("34666666666"), Avatar),
}

SAMPLES = [
    {"existsWhatsapp": True, "chatId": "1@c.us"}, {"existsWhatsapp": False}, {"stateInstance": "authorized"},
    {"message": "instance is starting or not authorized"}, QUOTA, {"idMessage": "1"}, JOURNAL, JOURNAL[0],
    {"type": "qrCode", "message": PNG}, {"isLogout": True}, {"receiptId": 7, "body": INCOMING}, {"result": True},
    {"receiptId": 8, "body": {"typeWebhook": "outgoingMessageStatus", "idMessage": "1", "status": "read"}},
    [{"id": "1@c.us", "name": "Ana", "type": "user"}, {"id": "1@g.us", "type": "group"}],
    {"groupId": "1@g.us", "subject": "x", "creation": 1587570015, "participants": [{"id": "1@c.us"}]},
    {"existsWhatsapp": True, "urlAvatar": "https://x", "reason": ""},
]  # fmt: skip


@settings(max_examples=600)
@given(replies(SAMPLES), st.sampled_from(sorted(FLOWS)))
def test_any_reply_is_an_answer_or_an_error(answer: Reply, name: str) -> None:
    make, kind = FLOWS[name]
    played: Played[Any] = play(make(), iter([answer] * 5))
    if played.error is not None:
        return
    # What is refused may be an answer: an account that is logged out, a message that is not found.
    assert answer.status < 300 or name in ("logout", "status by chat")
    assert isinstance(played.result, kind)
    for record in played.result if isinstance(played.result, list) else [played.result]:
        if hasattr(record, "to_dict"):
            json.dumps(record.to_dict())
    checked = played.result[0] if name == "check" else played.result if name == "check_chat" else None
    if checked is not None and checked.status is not CheckStatus.UNKNOWN:
        word = {key.casefold(): value for key, value in answer.object.items()}["existswhatsapp"]
        yes, no = {"yes", "true", "1"}, {"no", "false", "0"}
        assert str(word).strip().casefold() in (yes if checked.status is CheckStatus.EXISTS else no)


def test_a_token_with_signs_is_one_part_of_the_path() -> None:
    vendor = GreenApi(base_url="https://green.test", instance_id="1101", token="a%2Fb/c?d#e")
    played = play(vendor.probe(), repeat(Reply(200, b"{}")))
    assert played.requests[0].path.endswith("/a%252Fb%2Fc%3Fd%23e")
