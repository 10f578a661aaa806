# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import json
from datetime import datetime, timedelta, timezone

import pytest

from airflow_provider_wa.api import records
from airflow_provider_wa.api.records import (
    Avatar,
    Balance,
    CheckResult,
    CheckStatus,
    Contact,
    DeliveryState,
    DeliveryStatus,
    Group,
    InboxMessage,
    LinkingCode,
    MediaFile,
    Notification,
    QrCode,
    Record,
    SentMessage,
    Session,
    SessionState,
    UserInfo,
    Webhook,
    in_states,
)

NOON = datetime(2026, 7, 1, 12, tzinfo=timezone(timedelta(hours=5, minutes=30)))
RAW = {"token": "s3cr3t"}

DICTS: list[tuple[Record, dict[str, object]]] = [
    (
        Notification(vendor="one", receipt_id=7, kind="state", content=Session(state=SessionState.LOGGED_IN), raw=RAW),
        {
            "vendor": "one", "receipt_id": 7, "kind": "state",
            "content": {
                "vendor": "", "state": "logged_in", "jid": None, "name": None, "detail": "", "changed_at": None,
            },
        },
    ),
    (
        CheckResult(vendor="wuzapi", number="34666666666", status=CheckStatus.EXISTS, jid="34666666666@c.us", raw=RAW),
        {
            "vendor": "wuzapi", "number": "34666666666", "status": "exists", "jid": "34666666666@c.us", "detail": "",
            "reference": None,
        },
    ),
    (
        SentMessage(vendor="wuzapi", message_id="A1", to="34666666666", timestamp=NOON, raw=RAW),
        {
            "vendor": "wuzapi", "message_id": "A1", "to": "34666666666", "accepted": True,
            "timestamp": "2026-07-01T06:30:00+00:00", "warning": None,
        },
    ),
    (
        DeliveryStatus(
            vendor="wa_portal", message_id="A1", state=DeliveryState.READ, code="4", read_at=NOON, text="s3cr3t",
            raw=RAW,
        ),
        {
            "vendor": "wa_portal", "message_id": "A1", "state": "read", "to": None, "code": "4", "detail": "",
            "sent_at": None, "delivered_at": None, "read_at": "2026-07-01T06:30:00+00:00",
        },
    ),
    (
        Session(vendor="green_api", state=SessionState.BLOCKED, detail="yellowCard", raw=RAW),
        {
            "vendor": "green_api", "state": "blocked", "jid": None, "name": None, "detail": "yellowCard",
            "changed_at": None,
        },
    ),
    (
        Balance(vendor="wa_portal", left=4300, expires_at=NOON, state="active", raw=RAW),
        {"vendor": "wa_portal", "left": 4300, "expires_at": "2026-07-01T06:30:00+00:00", "state": "active"},
    ),
    (
        InboxMessage(vendor="wa_portal", message_id="A1", sender="34666666666", text="hi", received_at=NOON, raw=RAW),
        {
            "vendor": "wa_portal", "message_id": "A1", "sender": "34666666666", "kind": "", "text": "hi", "chat": None,
            "wa_message_id": None, "received_at": "2026-07-01T06:30:00+00:00", "media_url": None,
            "quoted_id": None, "selected_id": None, "options": [], "latitude": None, "longitude": None,
            "sender_name": None, "participant": None, "lid": None, "target_id": None,
            "option_hashes": [],
        },
    ),
    (
        Contact(vendor="wuzapi", jid="34666666666@s.whatsapp.net", name="Ana", raw=RAW),
        {"vendor": "wuzapi", "jid": "34666666666@s.whatsapp.net", "name": "Ana"},
    ),
    (
        Group(vendor="wuzapi", jid="1@g.us", name="Us", participants=("34666666666",), created_at=NOON, raw=RAW),
        {
            "vendor": "wuzapi", "jid": "1@g.us", "name": "Us", "participants": ["34666666666"], "owner": None,
            "topic": "", "created_at": "2026-07-01T06:30:00+00:00",
        },
    ),
    (
        MediaFile(vendor="wuzapi", content=b"s3cr3t", media_type="image/png", filename="a.png", raw=RAW),
        {"vendor": "wuzapi", "media_type": "image/png", "filename": "a.png"},
    ),
    (
        Webhook(vendor="wuzapi", url="https://example.com/s3cr3t", events=("Message",), raw=RAW),
        {"vendor": "wuzapi", "events": ["Message"], "warning": None},
    ),
    (LinkingCode(vendor="wuzapi", code="s3cr3t", raw=RAW), {"vendor": "wuzapi"}),
    (
        UserInfo(vendor="wuzapi", jid="34666666666@s.whatsapp.net", about="Busy", devices=("1:0@lid",), raw=RAW),
        {
            "vendor": "wuzapi", "jid": "34666666666@s.whatsapp.net", "about": "Busy", "picture_id": "",
            "business_name": "", "lid": "", "devices": ["1:0@lid"],
        },
    ),
    (
        Avatar(vendor="wuzapi", url="https://example.com/a.jpg", picture_id="1", kind="preview", raw=RAW),
        {"vendor": "wuzapi", "url": "https://example.com/a.jpg", "picture_id": "1", "kind": "preview"},
    ),
]  # fmt: skip
OF_EACH = pytest.mark.parametrize(("record", "expected"), DICTS, ids=lambda value: type(value).__name__)


@OF_EACH
def test_a_record_is_json_without_its_raw_answer(record: Record, expected: dict[str, object]) -> None:
    assert record.to_dict() == expected
    assert json.loads(json.dumps(record.to_dict())) == expected


@OF_EACH
def test_a_record_keeps_its_raw_answer_but_does_not_show_it(record: Record, expected: dict[str, object]) -> None:
    assert record.raw is RAW
    assert "s3cr3t" not in repr(record)
    assert record == dataclasses.replace(record, raw=None)


@OF_EACH
def test_a_record_is_frozen(record: Record, expected: dict[str, object]) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        record.vendor = "other"  # type: ignore[misc]


def test_every_record_has_its_dict_tested() -> None:
    classes = {c for c in vars(records).values() if isinstance(c, type) and issubclass(c, Record)}
    assert {type(record) for record, _ in DICTS} == classes - {Record, QrCode}, "a QR code belongs in no XCom"


def test_a_qr_code_does_not_show_its_picture() -> None:
    code = QrCode(vendor="wuzapi", png=b"s3cr3t")
    assert "s3cr3t" not in repr(code)
    assert code.to_dict() == {"vendor": "wuzapi"}


@pytest.mark.parametrize(
    ("answer", "status"), [(True, CheckStatus.EXISTS), (False, CheckStatus.ABSENT), (None, CheckStatus.UNKNOWN)]
)
def test_a_check_that_says_neither_is_unknown(answer: bool | None, status: CheckStatus) -> None:
    assert CheckStatus.of(answer) is status


def test_the_words_in_an_xcom_stay() -> None:
    assert [status.value for status in CheckStatus] == ["exists", "absent", "pending", "unknown"]
    assert [s.value for s in DeliveryState] == ["accepted", "sent", "delivered", "read", "failed", "unknown"]
    assert [state.value for state in SessionState] == ["logged_in", "logged_out", "starting", "blocked"]


@pytest.mark.parametrize("state", SessionState)
def test_only_a_logged_in_session_is_logged_in(state: SessionState) -> None:
    assert Session(state=state).logged_in is (state is SessionState.LOGGED_IN)


@pytest.mark.parametrize(
    ("kind", "more", "is_message"),
    [
        ("sticker", {}, True),
        ("vote", {}, True),
        ("reaction", {"text": "👍"}, False),
        ("edit", {"text": "No, on Friday"}, False),
        ("keys", {}, False),
        ("somethingNew", {}, False),
        ("somethingNew", {"text": "words"}, True),
        ("somethingNew", {"media_url": "https://files.test/1"}, True),
    ],
)
def test_a_message_is_of_a_kind_that_says_something_or_has_words_or_a_file(
    kind: str, more: dict[str, str], is_message: bool
) -> None:
    assert InboxMessage(message_id="A1", sender="34666666666", kind=kind, **more).is_message is is_message


def test_messages_by_state_are_counted_alike_everywhere() -> None:
    assert in_states({"read": 1, "sent": 2000, "failed": 0}) == "2,000 sent, 1 read"
    assert in_states({}) == "none"
