# SPDX-License-Identifier: Apache-2.0
"""Green-API takes messages within its limits, to chats in its own spelling."""

from typing import Any

import pytest
from helpers.script import play, reply

from airflow_provider_wa.api.errors import (
    BadInput,
    UnsupportedByVendor,
)
from airflow_provider_wa.api.messages import (
    Audio,
    Button,
    Buttons,
    ContactCard,
    Document,
    Edit,
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
from airflow_provider_wa.vendors.green_api.client import GreenApi
from airflow_provider_wa.vendors.green_api.messages import chat_id

VENDOR = GreenApi(base_url="https://api.green-api.com", instance_id="1101000001", token="A-TOKEN")


# Sending


@pytest.mark.parametrize(
    ("to", "chat"),
    [
        ("34666666666", "34666666666@c.us"),
        ("+34666666666", "34666666666@c.us"),
        (" 34666666666@s.whatsapp.net ", "34666666666@c.us"),
        ("34666666666.0:12@s.whatsapp.net", "34666666666@c.us"),
        ("34666666666@c.us", "34666666666@c.us"),
        ("11001234567-1581234048@g.us", "11001234567-1581234048@g.us"),
        ("98765432101234@lid", "98765432101234@lid"),
    ],
)
def test_a_chat_is_written_as_the_vendor_does(to: str, chat: str) -> None:
    assert chat_id(to) == chat


@pytest.mark.parametrize("to", ["", "@", "ana", "ana@c.us", "1234", "1@g", "123@newsletter", "٣٤٦٦٦٦٦٦٦٦٦", "a/b@g.us"])
def test_what_is_no_chat_is_refused_before_any_call(to: str) -> None:
    for flow in (VENDOR.send(to, Text("x")), VENDOR.avatar(to), VENDOR.group(to), VENDOR.check_chat(to)):
        assert type(play(flow).error) is BadInput


def test_a_person_is_no_group() -> None:
    assert "is not the JID of a group" in str(play(VENDOR.group("34666666666")).error)


def file(size: int = 1, name: str = "a.png") -> Media:
    return Media(b"x" * size, filename=name)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (Text("x" * 20_001), "text: body: 20001 characters; at most 20000"),
        (Image(file(), "x" * 20_001), "image: caption: 20001 characters; at most 20000"),
        (Document(file(100 * 1024 * 1024 + 1)), "document: the file has 100.0 MB; at most 100"),
        (Document(Media(url="https://x.test/bill")), "document: the file's name 'bill' has no extension"),
        (Poll("x" * 256, ("a", "b")), "poll: question: 256 characters; at most 255"),
        (Poll("x", ("a", "b" * 101)), "poll: option 2: 101 characters; at most 100"),
        (Poll("x", tuple(map(str, range(13)))), "poll: 13 options; at most 12"),
        (Edit("1", "x" * 20_001), "edit: body: 20001 characters; at most 20000"),
        (Buttons("x" * 20_001, (Button("a"),)), "buttons: body: 20001 characters; at most 20000"),
        (Buttons("x", (Button("a"), Button("b" * 26))), "buttons: text 2: 26 characters; at most 25"),
        (Buttons("x", tuple(map(Button, "abcd"))), "buttons: 4 buttons; at most 3"),
    ],
    ids=lambda value: value.type if isinstance(value, Message) else "",
)
def test_what_is_too_long_names_field_limit_and_length(message: Message, words: str) -> None:
    error = play(VENDOR.send("34666666666", message)).error
    assert type(error) is BadInput
    assert words in str(error)


@pytest.mark.parametrize(
    "message",
    [Text("x" * 20_000), Image(file(), "x" * 20_000), Document(file(100 * 1024 * 1024)),
     Poll("x" * 255, ("a" * 100, *map(str, range(11))))],
    ids=lambda message: message.type,
)  # fmt: skip
def test_the_longest_messages_go_out(message: Message) -> None:
    assert play(VENDOR.send("34666666666", message), [reply({"idMessage": "1"})]).result.message_id == "1"


@pytest.mark.parametrize(
    "message",
    [ListMessage("x", "b", (ListRow("c"),)), Reaction("1", "x")],
    ids=lambda message: message.type,
)
def test_messages_that_the_vendor_has_no_method_for(message: Message) -> None:
    error = play(VENDOR.send("34666666666", message)).error
    assert type(error) is UnsupportedByVendor
    assert message.type in str(error)


@pytest.mark.parametrize(
    ("media", "name"),
    [
        (Media(b"\xff\xd8\xff", filename="photo"), "photo.jpg"),
        (Media(b"\xff\xd8\xff"), "file.jpg"),
        (Media(b"\x89PNG\r\n\x1a\n", filename="a.bin"), "a.png"),
        (Media(b"\xff\xd8\xff", filename="photo.jpeg"), "photo.jpeg"),
        (Media(b"data"), "file.bin"),
        (Media(url="https://x.test/a%20b.webp?x=1"), "a b.webp"),
    ],
    ids=str,
)
def test_a_files_name_has_the_extension_of_its_content(media: Media, name: str) -> None:
    request = play(VENDOR.send("34666666666", Document(media)), [reply({"idMessage": "1"})]).request
    assert (request.form or request.json)["fileName"] == name
    assert all(upload.filename == name for upload in request.files)


def test_buttons_of_two_sorts_are_refused_before_any_call() -> None:
    message = Buttons("x", (Button("Yes"), Button("Open", url="https://x.test")))
    error = play(VENDOR.send("34666666666", message)).error
    assert type(error) is BadInput
    assert "only one sort" in str(error)


@pytest.mark.parametrize(
    "under", [{"media": Media(b"x", filename="a.png")}, {"location": Location(1, 2)}], ids=["media", "location"]
)
def test_buttons_under_something_are_refused_before_any_call(under: Any) -> None:
    error = play(VENDOR.send("34666666666", Buttons("x", (Button("Yes"),), **under))).error
    assert type(error) is UnsupportedByVendor


def test_buttons_for_a_group_are_refused_before_any_call() -> None:
    error = play(VENDOR.send("1234@g.us", Buttons("x", (Button("Yes"),)))).error
    assert type(error) is BadInput
    assert "people only" in str(error)


def test_a_link_preview_is_asked_for_by_its_field() -> None:
    request = play(VENDOR.send("34666666666", Text("x", link_preview=True)), [reply({"idMessage": "1"})]).request
    assert request.json == {"chatId": "34666666666@c.us", "message": "x", "linkPreview": True}


def test_the_options_are_those_that_the_vendor_has_fields_for() -> None:
    quoting = (Text, Image, Audio, Video, Document, Sticker, Location, ContactCard, Poll)
    assert set(VENDOR.message_options["quoted_id"]) == set(quoting)
    assert set(VENDOR.message_options["link_preview"]) == {Text}
    assert "mentions" not in VENDOR.message_options
