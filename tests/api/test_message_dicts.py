# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.message_dicts import MESSAGE_TYPES, from_dict
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

PHOTO = Media(url="https://example.com/a.jpg")

CARD = {"type": "contact", "name": "Ana", "phone": "+34666666666"}


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"body": "hi"}, Text("hi")),
        ({"type": "text", "body": "hi"}, Text("hi")),
        ({"type": "text", "body": 5}, Text("5")),
        ({"type": "image", "url": PHOTO.url}, Image(PHOTO)),
        ({"type": "image", "media": PHOTO}, Image(PHOTO)),
        ({"type": "image", "media": {"url": PHOTO.url}, "caption": "x"}, Image(PHOTO, "x")),
        ({"type": "image", "url": PHOTO.url, "caption": None}, Image(PHOTO)),
        ({"type": "video", "url": PHOTO.url, "filename": "b.mp4"}, Video(Media(url=PHOTO.url, filename="b.mp4"))),
        ({"type": "audio", "media": {"content": b"x"}, "media_type": "x/y"}, Audio(Media(b"x", media_type="x/y"))),
        ({"type": "document", "media": {"content": b"x", "filename": "a.pdf"}}, Document(Media(b"x", None, "a.pdf"))),
        ({"type": "document", "url": PHOTO.url, "filename": None}, Document(PHOTO)),
        ({"type": "location", "latitude": "1.5", "longitude": 0}, Location(1.5, 0)),
        ({"type": "location", "latitude": 1, "longitude": 2, "name": 3, "url": None}, Location(1, 2, "3")),
        (CARD, ContactCard("Ana", "+34666666666")),
        (CARD | {"phone": 34666666666, "organization": None}, ContactCard("Ana", "34666666666")),
    ],
    ids=str,
)
def test_a_dict_becomes_a_message(spec: dict[str, Any], message: Message) -> None:
    before = dict(spec)
    assert from_dict(spec) == message
    assert spec == before, "the caller's dict is left alone"


@pytest.mark.parametrize(
    "message",
    [
        Text("hi"), Text("hi", "ABC", "34666666666@s.whatsapp.net"), Sticker(PHOTO),
        Image(PHOTO), Image(PHOTO, "x"), Document(Media(b"x", filename="a.pdf")), Location(0, 0),
        Location(1.5, -3, "a", "b", "https://x.example"), ContactCard("Ana", "34666666666"),
        ContactCard("Ana", "34666666666", "Acme"),
        Buttons("Well?", (Button("Yes"), Button("Shop", url="https://x.example"), Button("Call", phone="+3460"))),
        Buttons("Well?", (Button("Yes"),), "foot", PHOTO), Buttons("Well?", (Button("Yes"),), location=Location(0, 0)),
        ListMessage("Choose", "Open", (ListRow("Tea"), ListRow("Pie", "apple", "Food")), "head", "foot"),
        Poll("Tea?", ("yes", "no")), Poll("Tea?", ("yes", "no"), several=True),
        Reaction("ABC", "❤️", own=True), Edit("ABC", "better"),
    ],
    ids=str,
)  # fmt: skip
def test_a_message_survives_its_dict_form(message: Message) -> None:
    assert from_dict(message.to_dict()) == message


def test_a_dict_form_leaves_out_what_is_not_set() -> None:
    assert ContactCard("Ana", "34666666666").to_dict() == {"type": "contact", "name": "Ana", "phone": "34666666666"}
    assert Image(PHOTO).to_dict() == {
        "type": "image", "media": {"url": PHOTO.url, "filename": "a.jpg", "media_type": "image/jpeg"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"type": "telegram", "body": "x"}, ["'telegram'", "text", "image", "location", "contact"]),
        ({"type": None, "body": "x"}, ["None", "text"]),
        ({"type": ["text"], "body": "x"}, ["['text']", "text"]),
        ({}, ["text: body is missing"]),
        ({"body": None}, ["text: body is missing"]),
        ({"body": "x", "caption": "y", "footer": "z"}, ["text: unknown field caption, footer", "expected body"]),
        ({"body": "x", "captoin": None}, ["text: unknown field captoin"]),
        ({"type": "image"}, ["image: media is missing"]),
        ({"type": "image", "media": "https://example.com/a.jpg"}, ["media: got str; expected a dict"]),
        ({"type": "image", "media": None}, ["image: media is missing"]),
        ({"type": "buttons", "body": "x", "buttons": "Yes"}, ["buttons must be a list"]),
        ({"type": "buttons", "body": "x", "buttons": ["Yes"]}, ["buttons: buttons: got str; expected a dict"]),
        ({"type": "buttons", "body": "x", "buttons": [{"title": "Yes"}]}, ["buttons: buttons: unknown field title"]),
        ({"type": "buttons", "body": "x", "buttons": []}, ["expected at least one button"]),
        ({"type": "list", "body": "x", "button": "y", "rows": [{}]}, ["rows: title is missing"]),
        ({"type": "poll", "question": "x", "options": "ab"}, ["options must be a list"]),
        ({"type": "image", "media": {"url": PHOTO.url, "path": "/a"}}, ["media: unknown field path"]),
        ({"type": "image", "media": {"content": b"x"}, "url": PHOTO.url}, ["either"]),
        ({"type": "image", "media": {"content": "aGVsbG8="}}, ["bytes"]),
        ({"type": "image", "url": 7}, ["https://"]),
        ({"type": "image", "media": PHOTO, "filename": "b.jpg"}, ["image: unknown field filename"]),
        ({"type": "image", "url": PHOTO.url, "body": "x"}, ["image: unknown field body", "media, caption"]),
        ({"type": "location", "latitude": 1}, ["location: longitude is missing"]),
        ({"type": "location", "latitude": "x", "longitude": 1}, ["latitude"]),
        ({"type": "contact", "name": "Ana"}, ["contact: phone is missing"]),
    ],
    ids=str,
)
def test_a_dict_that_is_no_message_says_what_is_wrong(spec: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(BadInput) as caught:
        from_dict(spec)
    assert [word for word in words if word not in str(caught.value)] == []


JSON = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
VALUES = (
    JSON
    | st.lists(JSON, max_size=2)
    | st.dictionaries(st.sampled_from(["url", "content", "filename", "x"]), JSON, max_size=2)
)
KEYS = st.sampled_from(
    [
        "type",
        "body",
        "media",
        "url",
        "filename",
        "caption",
        "latitude",
        "longitude",
        "name",
        "phone",
        "zzz",
        "buttons",
        "rows",
        "options",
        "question",
        "button",
        "emoji",
        "message_id",
        "location",
    ]
)


@given(st.dictionaries(KEYS, VALUES, max_size=5), st.none() | st.sampled_from(sorted(MESSAGE_TYPES)))
def test_any_dict_is_a_message_or_bad_input(spec: dict[str, Any], kind: str | None) -> None:
    try:
        message = from_dict(spec | ({"type": kind} if kind else {}))
    except BadInput:
        return
    assert isinstance(message, Message)


def _concrete(base: type[Message]) -> set[type[Message]]:
    below = {cls for child in base.__subclasses__() for cls in _concrete(child)}
    return below | ({base} if "type" in vars(base) else set())


def test_each_type_is_known_by_its_name() -> None:
    assert {cls.type: cls for cls in MESSAGE_TYPES.values()} == MESSAGE_TYPES
    assert set(MESSAGE_TYPES.values()) == _concrete(Message)
