# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest
from contract.samples_wuzapi import INFO, POSTS, RECEIPT
from helpers.incoming import is_change
from helpers.junk import replies
from helpers.refusals import refusal
from helpers.script import GARBAGE
from hypothesis import given

from airflow_provider_wa.api.errors import Unauthorized, UnexpectedReply
from airflow_provider_wa.api.flow import Reply
from airflow_provider_wa.api.records import DeliveryState, DeliveryStatus, InboxMessage, MediaFile
from airflow_provider_wa.api.webhooks import Event, EventKind, Post, RawPost
from airflow_provider_wa.vendors.wuzapi.client import WuzApi

VENDOR = WuzApi(base_url="https://wuz.example", token="1234ABCD")
PHONE = "51987654321"
PICTURE = base64.b64encode(b"\xff\xd8\xff").decode()


def message(content: Any = None, /, *, around: dict[str, Any] | None = None, **info: Any) -> dict[str, Any]:
    """A post that tells of a message, a text unless ``content`` is given."""
    content = {"conversation": "Hello"} if content is None else content
    return {"type": "Message", "event": {"Info": {**INFO, **info}, "Message": content}, **(around or {})}


def receipt(state: str = "Read", **source: Any) -> dict[str, Any]:
    return {"type": "ReadReceipt", "state": state, "event": {**RECEIPT, **source}}


class TestSignature:
    BODY = b'{"type": "Message"}'

    def post(self, signature: str | None) -> RawPost:
        return RawPost({} if signature is None else {"x-hmac-signature": signature}, self.BODY)

    def signature(self, key: str = "key-1", body: bytes = BODY) -> str:
        return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()

    def test_without_a_key_nothing_is_checked(self) -> None:
        assert refusal(VENDOR.verify, self.post(None)) is None

    @pytest.mark.parametrize("spelling", ["{}", " {}\n"])
    def test_the_right_one(self, spelling: str) -> None:
        for signature in (self.signature(), self.signature().upper()):
            assert refusal(replace(VENDOR, hmac_secret="key-1").verify, self.post(spelling.format(signature))) is None

    @pytest.mark.parametrize("given", [None, "", " ", "0" * 64, "ñ", "\udcff"])
    def test_a_missing_or_wrong_one(self, given: str | None) -> None:
        with pytest.raises(Unauthorized, match=r"x-hmac-signature: (missing|wrong); expected the hex") as caught:
            replace(VENDOR, hmac_secret="key-1").verify(self.post(given))
        assert "key-1" not in str(caught.value)

    def test_one_of_another_key_or_body(self) -> None:
        for signature in (self.signature("key-2"), self.signature(body=self.BODY + b" ")):
            with pytest.raises(Unauthorized, match="wrong"):
                replace(VENDOR, hmac_secret="key-1").verify(self.post(signature))

    def test_the_key_is_a_secret(self) -> None:
        vendor = replace(VENDOR, hmac_secret="key-1")
        assert "key-1" in vendor.secrets
        assert "key-1" not in repr(vendor)


def told(body: dict[str, Any]) -> Event:
    (event,) = VENDOR.events(Post(data=body))
    return event


def inbox(*content: Any, **changed: Any) -> InboxMessage:
    record = told(message(*content, **changed)).record
    assert isinstance(record, InboxMessage)
    return record


def deliveries(body: dict[str, Any]) -> list[DeliveryStatus]:
    records = [event.record for event in VENDOR.events(Post(data=body))]
    assert all(isinstance(record, DeliveryStatus) for record in records)
    return records  # type: ignore[return-value]


# Messages


@pytest.mark.parametrize(
    ("content", "kind", "said"),
    [
        ({"conversation": " Hello "}, "text", "Hello"),
        ({"extendedTextMessage": {"text": "see https://x"}}, "text", "see https://x"),
        ({"imageMessage": {"caption": "look"}}, "image", "look"),
        ({"videoMessage": {"caption": "look"}}, "video", "look"),
        ({"audioMessage": {"PTT": True}}, "audio", ""),
        ({"documentMessage": {"caption": "the bill", "fileName": "a.pdf"}}, "document", "the bill"),
        (
            {"documentWithCaptionMessage": {"message": {"documentMessage": {"caption": "the bill"}}}},
            "document",
            "the bill",
        ),
        ({"stickerMessage": {}}, "sticker", ""),
        ({"locationMessage": {"name": "Lima"}}, "location", "Lima"),
        ({"contactMessage": {"displayName": "Ana"}}, "contact", "Ana"),
        ({"buttonsResponseMessage": {"Response": {"SelectedDisplayText": "Yes"}}}, "button", "Yes"),
        ({"templateButtonReplyMessage": {"selectedDisplayText": "Yes"}}, "button", "Yes"),
        ({"interactiveResponseMessage": {"body": {"text": "Yes"}}}, "button", "Yes"),
        ({"listResponseMessage": {"title": "Tea"}}, "list", "Tea"),
        ({"reactionMessage": {"text": "👍"}}, "reaction", "👍"),
        ({"senderKeyDistributionMessage": {}, "conversation": "in a group"}, "text", "in a group"),
        ({"imageMessage": None, "conversation": "Hello"}, "text", "Hello"),
        ({"ImageMessage": {"Caption": "look"}}, "image", "look"),
        ({"somethingNew": {"text": "x"}}, "text", "x"),
    ],
    ids=str,
)
def test_what_a_message_is_and_says(content: Any, kind: str, said: str) -> None:
    found = inbox(content)
    assert (found.kind, found.text) == (kind, said)


@pytest.mark.parametrize("content", [{}, [], {"somethingNew": {}}, {"messageContextInfo": {"text": "x"}}], ids=str)
def test_what_says_nothing_is_no_message_and_kept_raw(content: Any) -> None:
    event = told(message(content))
    assert isinstance(event.record, InboxMessage)
    assert (event.kind, event.record.kind) == (EventKind.OTHER, "unknown")
    assert event.raw == message(content)


@pytest.mark.parametrize(
    ("addresses", "sender"),
    [
        ({"Sender": f"{PHONE}@s.whatsapp.net"}, PHONE),
        ({"Sender": f"{PHONE}:12@s.whatsapp.net"}, PHONE),
        ({"Sender": f"{PHONE}.0:12@s.whatsapp.net"}, PHONE),
        ({"Sender": "1528@lid"}, "1528@lid"),
        ({"Sender": "1528:3@lid", "SenderAlt": ""}, "1528@lid"),
        ({"Sender": "1528:3@lid", "SenderAlt": f"{PHONE}:3@s.whatsapp.net"}, PHONE),
        ({"Sender": "1528@lid", "Sender alt": f"{PHONE}@s.whatsapp.net"}, PHONE),
        ({"Sender": f"{PHONE}@s.whatsapp.net", "SenderAlt": "1528@lid"}, PHONE),
        ({"Sender": "1528@lid", "SenderAlt": "1529@lid"}, "1528@lid"),
        ({"Sender": "", "Chat": "1528@lid"}, "1528@lid"),
        ({"Sender": None, "Chat": None}, ""),
        ({"Sender": "nonsense"}, "nonsense"),
        ({"Sender": "Ana@s.whatsapp.net"}, "Ana@s.whatsapp.net"),
        ({"Sender": "@s.whatsapp.net"}, "@s.whatsapp.net"),
    ],
    ids=str,
)
def test_the_sender_is_a_number_wherever_it_is_known(addresses: dict[str, Any], sender: str) -> None:
    assert inbox(**addresses).sender == sender


@pytest.mark.parametrize(
    ("chat", "kept"),
    [
        (f"{PHONE}:12@s.whatsapp.net", f"{PHONE}@s.whatsapp.net"),
        ("1528@lid", "1528@lid"),
        ("51987-1600000000@g.us", "51987-1600000000@g.us"),
        ("1600000000@broadcast", "1600000000@broadcast"),
        ("", None),
    ],
)
def test_the_chat_is_a_jid_that_can_be_answered(chat: str, kept: str | None) -> None:
    assert inbox(Chat=chat).chat == kept


@pytest.mark.parametrize("given", ["2025-09-22T03:39:48Z", "2025-09-22T00:39:48-03:00", 1758512388, "1758512388"])
def test_the_moment_is_rfc_3339_or_unix(given: Any) -> None:
    assert inbox(Timestamp=given).received_at == datetime(2025, 9, 22, 3, 39, 48, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "body",
    [
        message(IsFromMe=True),
        message(IsFromMe="true"),
        message(ID=""),
        message(ID=None),
        {"type": "Message", "event": None},
        {"type": "Message", "event": ["Info"]},
    ],
    ids=str,
)
def test_what_nobody_wrote_to_this_account_is_kept_raw(body: dict[str, Any]) -> None:
    event = told(body)
    assert (event.kind, event.record, event.vendor_kind, event.raw) == (EventKind.OTHER, None, "Message", body)


def test_a_file_in_base64_is_the_events_file_and_nowhere_else() -> None:
    body = message({"imageMessage": {}}, around={"base64": PICTURE, "mimeType": "image/jpeg", "fileName": "3EB0.jpg"})
    event = told(body)
    assert event.file == MediaFile(
        vendor="wuzapi", content=b"\xff\xd8\xff", media_type="image/jpeg", filename="3EB0.jpg"
    )
    assert event.raw == {"type": "Message", "event": body["event"]}
    assert PICTURE not in f"{event!r}{event.record and event.record.raw}"


def test_votes_that_the_server_cannot_read_come_as_hashes() -> None:
    """After a restart the server knows no polls (vendor-docs/wuzapi-server, 9)."""
    vote = {
        "pollCreationMsgID": "POLL1",
        "selectedOptions": [],
        "selectedHashesB64": ["/CZiBi/975YQAgGD6isIfCHXEVDXinx0Y76KkFC9Osk=", "?"],
    }
    content = {"pollUpdateMessage": {"pollCreationMessageKey": {"ID": "POLL1"}}}
    record = told(message(content, around={"pollVote": vote})).record
    assert isinstance(record, InboxMessage)
    assert (record.kind, record.text, record.options, record.target_id) == ("vote", "", (), "POLL1")
    assert record.option_hashes == ("fc2662062ffdef9610020183ea2b087c21d71150d78a7c7463be8a9050bd3ac9",)
    with_words = told(message(content, around={"pollVote": {**vote, "selectedOptions": ["Thursday"]}})).record
    assert isinstance(with_words, InboxMessage)
    assert (with_words.options, with_words.option_hashes) == (("Thursday",), ())


@pytest.mark.parametrize("wrapper", [None, "documentWithCaptionMessage"])
def test_a_files_type_and_name_are_those_in_the_message(wrapper: str | None) -> None:
    """Around the message, the server puts a guessed type and a name of its own (vendor-docs/wuzapi-server, 6)."""
    sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    content: dict[str, Any] = {"documentMessage": {"mimetype": sheet, "fileName": "prices.xlsx"}}
    if wrapper:
        content = {wrapper: {"message": content}}
    guessed = {"base64": PICTURE, "mimeType": "application/zip", "fileName": "3EB0.zip"}
    file = told(message(content, around=guessed)).file
    assert file is not None
    assert (file.media_type, file.filename) == (sheet, "prices.xlsx")


@pytest.mark.parametrize(
    ("around", "content", "media_type"),
    [
        ({"base64": f"data:image/jpeg;base64,{PICTURE}"}, b"\xff\xd8\xff", "application/octet-stream"),
        ({"base64": PICTURE, "mimeType": ["x"]}, b"\xff\xd8\xff", "application/octet-stream"),
        ({"base64": "no base64!", "mimeType": "image/png"}, None, ""),
        ({"base64": "", "mimeType": "image/png"}, None, ""),
        ({"base64": {"a": 1}}, None, ""),
    ],
)
def test_what_is_not_quite_a_file(around: dict[str, Any], content: bytes | None, media_type: str) -> None:
    event = told(message(around=around))
    assert (event.file.content if event.file else None) == content
    assert (event.file.media_type if event.file else "") == media_type
    assert event.raw.keys() == {"type", "event"}
    assert event.kind is EventKind.INBOX


def test_a_file_may_come_beside_the_json_in_a_form() -> None:
    fields = {"jsonData": json.dumps(message({"audioMessage": {}})), "file": "files/user_1/3EB0.ogg"}
    files = {"file": MediaFile(content=b"OggS", media_type="audio/ogg", filename="3EB0.ogg")}
    (event,) = VENDOR.events(Post(fields=fields, files=files))
    assert event.file == MediaFile(vendor="wuzapi", content=b"OggS", media_type="audio/ogg", filename="3EB0.ogg")


def test_where_the_server_keeps_a_file_itself() -> None:
    assert inbox(around={"s3": {"url": "https://s3.example/a.jpg", "key": "a.jpg"}}).media_url == (
        "https://s3.example/a.jpg"
    )


# Receipts


@pytest.mark.parametrize(
    ("word", "state", "field"),
    [("Read", DeliveryState.READ, "read_at"), ("Delivered", DeliveryState.DELIVERED, "delivered_at")],
)
def test_a_receipt_tells_of_each_of_its_messages(word: str, state: DeliveryState, field: str) -> None:
    found = deliveries(receipt(word, MessageIDs=["A1", "A2", "A1", "", None]))
    assert [record.message_id for record in found] == ["A1", "A2"]
    assert {(record.state, record.to, record.code, record.detail) for record in found} == {(state, PHONE, word, "")}
    at = datetime(2025, 9, 22, 3, 39, 48, tzinfo=timezone.utc)
    for record in found:
        moments = {name: getattr(record, name) for name in ("sent_at", "delivered_at", "read_at")}
        assert moments == {name: at if name == field else None for name in moments}


def test_each_device_of_a_person_sends_receipts_of_the_same_event() -> None:
    keys = {
        told(receipt(MessageIDs=["A1"], Sender=sender)).key
        for sender in (f"{PHONE}@s.whatsapp.net", f"{PHONE}:7@s.whatsapp.net")
    }
    assert len(keys) == 1


def test_a_receipt_from_a_hidden_number_names_the_number_if_it_is_told() -> None:
    hidden = {"MessageIDs": ["A1"], "Chat": "1528@lid", "Sender": "1528:2@lid"}
    assert deliveries(receipt(**hidden))[0].to == "1528@lid"
    assert deliveries(receipt(**hidden, SenderAlt=f"{PHONE}:2@s.whatsapp.net"))[0].to == PHONE


def test_in_a_group_each_member_is_an_event_of_its_own() -> None:
    group = {"MessageIDs": ["A1"], "Chat": "1203@g.us", "IsGroup": True}
    bodies = [receipt(**group, Sender=sender) for sender in (f"{PHONE}:3@s.whatsapp.net", "1528@lid")]
    found = [record for body in bodies for record in deliveries(body)]
    assert [(record.to, record.detail) for record in found] == [
        ("1203@g.us", f"by {PHONE}"),
        ("1203@g.us", "by 1528@lid"),
    ]
    assert len({told(body).key for body in bodies}) == 2


@pytest.mark.parametrize(
    "body",
    [
        receipt("ReadSelf"),
        receipt("Played"),
        receipt(""),
        receipt("Read", IsFromMe=True),
        receipt("Delivered", IsFromMe=True),
        receipt("Read", MessageIDs=[]),
        receipt("Read", MessageIDs=None),
        receipt("Read", MessageIDs="A1"),
        receipt("Read", MessageIDs=[None, {"a": 1}, ""]),
        {"type": "ReadReceipt", "state": "Read", "event": 5},
    ],
    ids=str,
)
def test_what_is_no_receipt_for_our_messages_is_kept_raw(body: dict[str, Any]) -> None:
    event = told(body)
    assert (event.kind, event.record, event.vendor_kind, event.raw) == (EventKind.OTHER, None, "ReadReceipt", body)


# All posts


def test_two_spellings_of_any_post_are_the_same_events() -> None:
    bodies = [message(), receipt(), {"type": "CallOffer", "event": {"From": PHONE}}, message(IsFromMe=True)]
    for body in bodies:
        account = {"userID": "1", "instanceName": "shop"}
        form = VENDOR.events(Post(fields={"jsonData": json.dumps(body), **account, "token": "1234ABCD"}))
        flat = VENDOR.events(Post(data={**body, **account, "userID": 1}))
        wrapped = VENDOR.events(Post(data={"jsonData": body, **account}))
        assert [event.key for event in form] == [event.key for event in flat] == [event.key for event in wrapped]
        assert form == flat == wrapped


def test_a_repeat_of_an_unknown_type_has_the_same_key_and_another_has_not() -> None:
    body = {"type": "CallOffer", "event": {"From": PHONE, "CallID": "1"}}
    assert told(body).key == told(json.loads(json.dumps(body))).key
    assert told(body).key != told({**body, "event": {"From": PHONE, "CallID": "2"}}).key


@pytest.mark.parametrize(
    "body",
    [
        {"type": "Connected", "event": {}, "token": "1234ABCD"},
        {"type": "QR", "event": "code", "qrCodeBase64": "1234ABCD"},
        {"type": "QR", "event": "code", "QRCode": "1234ABCD"},
    ],
    ids=str,
)
def test_no_credentials_and_no_qr_code_are_kept(body: dict[str, Any]) -> None:
    event = told(body)
    assert event.vendor_kind == body["type"]
    assert "1234ABCD" not in repr(event)


@pytest.mark.parametrize(
    "post",
    [
        Post(),
        Post(data=[]),
        Post(data={"event": {"Info": {"PushName": "Ana"}}}),
        Post(data={"type": ["Ana"], "event": {}}),
        Post(fields={"name": "Ana"}),
        Post(fields={"jsonData": "Ana"}),
        Post(fields={"jsonData": '{"event": "Ana"'}),
        Post(fields={"jsonData": '{"type": ' + "[" * 5000 + "]" * 5000 + "}"}),
    ],
    ids=range(8),
)
def test_what_is_no_post_of_wuzapi_is_refused_without_showing_it(post: Post) -> None:
    with pytest.raises(UnexpectedReply, match=r"not a JSON object|no type|nested too deeply") as caught:
        VENDOR.events(post)
    assert "Ana" not in f"{caught.value} {caught.value.raw}"


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_refused(body: str | bytes) -> None:
    with pytest.raises(UnexpectedReply):
        VENDOR.events(Post(data=body))


@given(replies([body for body, _ in POSTS.values()]))
def test_any_post_is_events_or_refused(answer: Reply) -> None:
    file = MediaFile(content=b"x")
    for post in (Post(data=answer.json), Post(fields={"jsonData": answer.body.decode("latin-1")}, files={"f": file})):
        try:
            events = VENDOR.events(post)
        except UnexpectedReply:
            continue
        assert events
        for event in events:
            assert event.vendor_kind
            assert (event.kind is EventKind.OTHER) == (event.record is None or is_change(event.record))
            json.dumps([event.record and event.record.to_dict(), event.raw, event.key], allow_nan=False)
