# SPDX-License-Identifier: Apache-2.0
"""The portal's limits, each found before any request; what goes out is in tests/contract."""

from __future__ import annotations

from typing import Any

import pytest
from contract.samples_wa_portal import SENT, TO, VENDOR
from helpers.script import Played, play, reply

from airflow_provider_wa.api.errors import BadInput, UnsupportedByVendor
from airflow_provider_wa.api.flow import Upload
from airflow_provider_wa.api.messages import (
    Audio,
    Button,
    Buttons,
    ContactCard,
    Document,
    Image,
    ListMessage,
    ListRow,
    Location,
    Media,
    Message,
    Poll,
    Reaction,
    Sticker,
    Text,
    Video,
)
from airflow_provider_wa.api.records import SentMessage
from airflow_provider_wa.vendors.wa_portal.messages import SENDS, outgoing
from airflow_provider_wa.vendors.wa_portal.tables import LIMITS

MIB = 1024 * 1024
LINK = Media(url="https://example.com/a.jpg")
UPLOAD = Media(b"\xff\xd8", filename="a.jpg")
ROW = ListRow("Tea")


def send(message: Message, *answers: str) -> Played[SentMessage]:
    return play(VENDOR.send(TO, message), [reply(answer) for answer in answers])


def buttons(*found: Button, body: str = "hi", **fields: Any) -> Buttons:
    return Buttons(body, found or (Button("Yes"),), **fields)


def rows(*found: ListRow, body: str = "hi", button: str = "Choose", **fields: Any) -> ListMessage:
    return ListMessage(body, button, found or (ROW,), **fields)


def replying(number: int) -> tuple[Button, ...]:
    return tuple(Button(f"Answer {n}") for n in range(number))


CALL, OPEN = Button("Call", phone="34666666666"), Button("Open", url="https://example.com")

# field -> what is just within its limit, what is just over it, and the length in the error
OVER: dict[str, tuple[Message, Message, str]] = {
    "text: body": (Text("é" * 1000), Text("é" * 1000 + "x"), "2,001 bytes"),
    "caption": (Document(LINK, "👑" * 500), Image(UPLOAD, "x" * 2001), "2,001 bytes"),
    "upload": (Image(Media(b"x" * (3 * MIB))), Image(Media(b"x" * (3 * MIB + 1))), f"{3 * MIB + 1:,} bytes"),
    "contact: name": (ContactCard("é" * 30, "34666666666"), ContactCard("x" * 31, "34666666666"), "31 characters"),
    "buttons: body": (buttons(body="é" * 1024), buttons(body="x" * 1025), "1,025 characters"),
    "buttons: footer": (buttons(footer="é" * 60), buttons(footer="x" * 61), "61 characters"),
    "buttons: text of a button": (buttons(Button("é" * 20)), buttons(Button("x" * 21)), "21 characters"),
    "buttons: buttons": (buttons(*replying(3)), buttons(*replying(4)), "4 of them"),
    "buttons: buttons that call": (buttons(CALL), buttons(CALL, CALL), "2 of them"),
    "buttons: buttons that open a page": (buttons(OPEN), buttons(OPEN, OPEN), "2 of them"),
    "buttons: buttons that answer, with one that calls or opens a page": (
        buttons(CALL, OPEN, *replying(1)),
        buttons(CALL, *replying(2)),
        "2 of them",
    ),
    "list: header": (rows(header="é" * 60), rows(header="x" * 61), "61 characters"),
    "list: body": (rows(body="é" * 1024), rows(body="x" * 1025), "1,025 characters"),
    "list: footer": (rows(footer="é" * 60), rows(footer="x" * 61), "61 characters"),
    "list: button": (rows(button="é" * 20), rows(button="x" * 21), "21 characters"),
    "list: section": (rows(ListRow("Tea", section="é" * 20)), rows(ROW, ListRow("Tea", "", "x" * 21)), "21 characters"),
    "list: title": (rows(ListRow("é" * 20)), rows(ROW, ListRow("x" * 21)), "21 characters"),
    "list: description": (rows(ListRow("Tea", "é" * 30)), rows(ROW, ListRow("Tea", "x" * 31)), "31 characters"),
}


def test_every_limit_is_tested() -> None:
    assert set(OVER) == set(LIMITS)


@pytest.mark.parametrize("field", OVER)
def test_what_is_at_a_limit_is_sent(field: str) -> None:
    assert send(OVER[field][0], SENT).result.accepted


@pytest.mark.parametrize("field", OVER)
def test_what_is_over_a_limit_names_field_limit_and_length_before_any_request(field: str) -> None:
    _, message, length = OVER[field]
    played = send(message)
    assert type(played.error) is BadInput
    assert played.requests == []
    assert str(played.error) == f"wa_portal: {field}: {length}; the portal takes at most {LIMITS[field][0]:,}"


@pytest.mark.parametrize("action", ["call", "url"])
def test_the_texts_of_all_buttons_are_limited(action: str) -> None:
    button = Button("x" * 21, phone="34666666666") if action == "call" else Button("x" * 21, url="https://example.com")
    assert "21 characters" in str(send(buttons(button)).error)


@pytest.mark.parametrize(
    "message",
    [buttons(media=Media(b"x" * (3 * MIB + 1), filename="a.jpg")), Audio(Media(b"x" * (3 * MIB + 1)))],
    ids=["buttons", "audio"],
)
def test_every_upload_is_limited(message: Message) -> None:
    assert "upload: " in str(send(message).error)


# What the portal has no parameter for

IMPOSSIBLE: dict[str, tuple[Message, str]] = {
    "unnamed place": (Location(1, 2), "location: name"),
    "unnamed place with buttons": (buttons(location=Location(1, 2)), "location: name"),
    "address beside buttons": (
        buttons(location=Location(1, 2, "Paris", address="x")),
        "has an address or url",
    ),
    "url beside buttons": (
        buttons(location=Location(1, 2, "Paris", url="https://x.example")),
        "has an address or url",
    ),
    "answer": (Text("hi", quoted_id="A1"), "quoted_id"),
    "colon in a section": (rows(ListRow("Tea", section="a:b")), "list: section 'a:b'"),
    "colon in a title": (rows(ListRow("Tea: green")), "list: title 'Tea: green'"),
    "colon in a description": (rows(ListRow("Tea", "at 10:30")), "list: description 'at 10:30'"),
    "words to dial": (buttons(Button("Call", phone="call me")), "buttons: phone 'call me'"),
    "too short to dial": (buttons(Button("Call", phone="11")), "buttons: phone '11'"),
    "Arabic digits to dial": (buttons(Button("Call", phone="٣٤٦٦٦٦٦٦")), "buttons: phone"),
    "audio with buttons": (buttons(media=Media(b"OggS", filename="a.ogg")), "'a.ogg' is audio/ogg"),
    "linked archive with buttons": (buttons(media=Media(url="https://x.example/a.zip")), "'a.zip' is application/zip"),
}


@pytest.mark.parametrize(("message", "words"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_what_the_portal_cannot_do_is_refused_before_any_request(message: Message, words: str) -> None:
    played = send(message)
    assert type(played.error) is BadInput
    assert words in str(played.error)
    assert played.requests == []


@pytest.mark.parametrize(
    "message", [Sticker(LINK), Poll("?", ("a", "b")), Reaction("A1", "👍")], ids=lambda message: message.type
)
def test_a_kind_of_message_without_an_endpoint_is_refused_before_any_request(message: Message) -> None:
    played = send(message)
    assert type(played.error) is UnsupportedByVendor
    assert f"of the type {message.type}" in str(played.error)
    assert played.requests == []


# What goes where


@pytest.mark.parametrize("cls", [Image, Audio, Video, Document])
def test_any_file_is_sent_the_same_way(cls: type[Any]) -> None:
    assert outgoing(cls(LINK)).path == "/api/sendFiles"
    assert outgoing(cls(UPLOAD)).uploads == (Upload("file", "a.jpg", b"\xff\xd8", "image/jpeg"),)


@pytest.mark.parametrize(
    "media",
    [
        Media(b"\x89PNG\r\n\x1a\n", filename="a.jpg"),
        Media(b"%PDF-1.7", filename="a"),
        Media(b"x", filename="a.xlsx", media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        Media(b"x", filename="a.ppt", media_type="application/vnd.ms-powerpoint"),
        Media(b"x", filename="a.doc", media_type="application/msword"),
        Media(url="https://example.com/a.mp4"),
        Media(url="https://example.com/download?id=1"),
    ],
    ids=["png", "pdf", "xlsx", "ppt", "doc", "mp4", "unknown"],
)
def test_images_videos_and_office_files_may_carry_buttons(media: Media) -> None:
    assert outgoing(buttons(media=media)).path == "/api/sendFilesButton"


def test_buttons_are_numbered_in_their_order_whatever_stands_between_them() -> None:
    assert outgoing(buttons(Button("Yes"), OPEN)).parameters == {
        "message": "hi",
        "button1": "Yes",
        "urlButtonText": "Open",
        "urlButtonValue": "https://example.com",
    }


@pytest.mark.parametrize(
    ("phone", "dialled"),
    [("+34 666-66.66 (66)", "+34666666666"), ("34666666666", "34666666666"), ("112", "112")],
)
def test_a_number_to_dial_keeps_its_plus(phone: str, dialled: str) -> None:
    assert outgoing(buttons(Button("Call", phone=phone))).parameters["callButtonValue"] == dialled


def test_every_kind_of_message_that_it_sends() -> None:
    assert {cls.type for cls in SENDS} == {
        "text", "image", "audio", "video", "document", "location", "contact", "buttons", "list",
    }  # fmt: skip
