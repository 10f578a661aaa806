# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from helpers.incoming import is_change
from helpers.junk import replies
from helpers.script import GARBAGE
from hypothesis import given

from airflow_provider_wa.api.errors import UnexpectedReply
from airflow_provider_wa.api.flow import Reply
from airflow_provider_wa.api.records import DeliveryState, DeliveryStatus, InboxMessage, MediaFile
from airflow_provider_wa.api.webhooks import Event, EventKind, Post
from airflow_provider_wa.vendors.wa_portal.client import WaPortal

VENDOR = WaPortal(base_url="https://portal.example", token="5f00000000000000000000f3")
AT = datetime(2022, 5, 6, 13, 25, 47, tzinfo=timezone(timedelta(hours=5, minutes=30)))
DELIVERY: dict[str, Any] = {
    "clientID": "5f00000000000000000000c8",
    "createdAt": "2022-05-06T13:25:47+05:30",
    "instanceID": "5f00000000000000000000f3",
    "messageID": "6200",
    "phone": "919300000001",
    "reportType": "delivery",
    "status": 4,
    "statusInfo": "Read",
    "waID": "919800000000",
    "waMessageID": "57E6",
}
INBOX: dict[str, Any] = {
    **{name: DELIVERY[name] for name in ("clientID", "createdAt", "instanceID", "phone")},
    "reportType": "inbox",
    "status": 3,
    "statusInfo": "Delivered",
    "type": "text",
    "value": "Hello",
    "waID": "919300000001@s.whatsapp.net",
    "waMessageID": "A4B7",
}
PICTURE = {**INBOX, "type": "image", "value": {"caption": "look", "type": "image/jpeg"}}


def told(body: dict[str, Any]) -> Event:
    (event,) = VENDOR.events(Post(data=body))
    return event


def delivery(**changed: Any) -> DeliveryStatus:
    record = told({**DELIVERY, **changed}).record
    assert isinstance(record, DeliveryStatus)
    return record


def inbox(**changed: Any) -> InboxMessage:
    record = told({**INBOX, **changed}).record
    assert isinstance(record, InboxMessage)
    return record


@pytest.mark.parametrize(
    ("status", "state", "field"),
    [
        (1, DeliveryState.SENT, "sent_at"),
        (3, DeliveryState.DELIVERED, "delivered_at"),
        ("4", DeliveryState.READ, "read_at"),
        (2, DeliveryState.UNKNOWN, ""),
        (0, DeliveryState.UNKNOWN, ""),
        ("failed", DeliveryState.UNKNOWN, ""),
    ],
)
def test_the_status_is_on_the_scale_of_deliveries_and_says_when(status: Any, state: DeliveryState, field: str) -> None:
    found = delivery(status=status, statusInfo="as told")
    assert (found.state, found.code, found.detail) == (state, str(status), "as told")
    moments = {name: getattr(found, name) for name in ("sent_at", "delivered_at", "read_at")}
    assert moments == {name: AT if name == field else None for name in moments}


@pytest.mark.parametrize("status", [None, [], True, {}], ids=str)
def test_a_status_that_is_none_is_unknown(status: Any) -> None:
    found = delivery(status=status)
    assert (found.state, found.code) == (DeliveryState.UNKNOWN, None)


@pytest.mark.parametrize(
    ("value", "said"),
    [("Hello", "Hello"), ({"caption": "look"}, "look"), ({"type": "image/png"}, ""), (None, ""), ([], "")],
    ids=str,
)
def test_the_text_is_the_value_or_its_caption(value: Any, said: str) -> None:
    assert inbox(value=value).text == said


def test_whatsapps_id_is_the_only_one_that_an_incoming_message_has() -> None:
    found = inbox()
    assert (found.message_id, found.wa_message_id) == ("A4B7", "A4B7")
    assert (found.sender, found.chat, found.received_at) == ("919300000001", "919300000001@s.whatsapp.net", AT)


def test_without_a_phone_the_sender_is_the_chat() -> None:
    assert inbox(phone="", waID="1203@g.us").sender == "1203@g.us"


@pytest.mark.parametrize(("body", "name"), [(DELIVERY, "messageID"), (INBOX, "waMessageID")], ids=["delivery", "inbox"])
def test_a_message_without_an_id_is_kept_raw(body: dict[str, Any], name: str) -> None:
    event = told({**body, name: ""})
    assert (event.kind, event.record, event.vendor_kind) == (EventKind.OTHER, None, body["reportType"])
    assert event.raw[name] == ""


def test_another_report_is_kept_raw() -> None:
    event = told({**DELIVERY, "reportType": "session"})
    assert (event.kind, event.vendor_kind, event.raw["phone"]) == (EventKind.OTHER, "session", "919300000001")


@pytest.mark.parametrize("body", [DELIVERY, INBOX, {**INBOX, "reportType": "x"}], ids=["delivery", "inbox", "other"])
def test_the_instances_id_is_a_credential_and_is_not_kept(body: dict[str, Any]) -> None:
    event = told(body)
    assert "5f00000000000000000000f3" not in f"{event.raw} {event.record and event.record.raw}"
    assert event.raw["clientID"] == DELIVERY["clientID"]


def form(file: MediaFile | None, name: str = "file1", body: Any = PICTURE) -> Post:
    return Post(fields={"json": json.dumps(body)}, files={name: file} if file else {})


@pytest.mark.parametrize("name", ["file1", "file"])
@pytest.mark.parametrize(
    ("given_type", "media_type"),
    [("image/png", "image/png"), ("application/octet-stream", "image/jpeg")],
)
def test_a_file_comes_in_a_form(name: str, given_type: str, media_type: str) -> None:
    (event,) = VENDOR.events(form(MediaFile(content=b"x", media_type=given_type, filename="a.jpg"), name))
    assert event.file == MediaFile(vendor="wa_portal", content=b"x", media_type=media_type, filename="a.jpg")
    assert event.record == told(PICTURE).record


def test_of_two_files_it_is_the_documented_one() -> None:
    files = {"file0": MediaFile(content=b"0"), "file1": MediaFile(content=b"1")}
    (event,) = VENDOR.events(Post(fields={"json": json.dumps(PICTURE)}, files=files))
    assert event.file is not None
    assert event.file.content == b"1"


def test_a_file_of_no_known_type_is_bytes() -> None:
    (event,) = VENDOR.events(form(MediaFile(content=b"x"), body={**PICTURE, "value": "x"}))
    assert event.file is not None
    assert event.file.media_type == "application/octet-stream"


def test_a_repeat_has_the_same_key_in_either_spelling() -> None:
    (event,) = VENDOR.events(form(MediaFile(content=b"x")))
    assert event.key == told(PICTURE).key
    assert told(DELIVERY).key == told({**DELIVERY, "createdAt": "2022-05-06T13:25:48+05:30"}).key


def test_each_step_of_a_message_has_a_key_of_its_own() -> None:
    assert len({told({**DELIVERY, "status": status}).key for status in (1, 3, 4, 7, 8)}) == 5


@pytest.mark.parametrize(
    "post",
    [
        Post(),
        Post(data=[]),
        Post(data={"value": "Ana"}),
        Post(data={"reportType": {"x": "Ana"}}),
        Post(fields={"jsonData": "{}"}),
        Post(fields={"json": "Ana"}),
        Post(fields={"json": "[]"}, files={"file1": MediaFile(content=b"Ana")}),
    ],
)
def test_what_is_no_post_of_the_portal_is_refused_without_showing_it(post: Post) -> None:
    with pytest.raises(UnexpectedReply, match=r"not a JSON object|no reportType") as caught:
        VENDOR.events(post)
    assert "Ana" not in f"{caught.value} {caught.value.raw}"


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_refused(body: str | bytes) -> None:
    with pytest.raises(UnexpectedReply):
        VENDOR.events(Post(data=body))


@given(replies([DELIVERY, INBOX, PICTURE]))
def test_any_post_is_an_event_or_refused(answer: Reply) -> None:
    file = MediaFile(content=b"x")
    for post in (Post(data=answer.json), Post(fields={"json": answer.body.decode("latin-1")}, files={"file1": file})):
        try:
            (event,) = VENDOR.events(post)
        except UnexpectedReply:
            continue
        assert event.vendor_kind
        assert (event.kind is EventKind.OTHER) == (event.record is None or is_change(event.record))
        json.dumps([event.record and event.record.to_dict(), event.raw, event.key], allow_nan=False)
