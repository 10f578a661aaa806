# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_wa.api.errors import BadInput
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
    Text,
    options_of,
)

PHOTO = Media(url="https://example.com/a.jpg")


@pytest.mark.parametrize(
    ("given_", "filename", "media_type"),
    [
        ({"url": "https://example.com/dir/a.jpg"}, "a.jpg", "image/jpeg"),
        ({"url": "https://example.com/a.pdf?sig=b.png#c.gif"}, "a.pdf", "application/pdf"),
        ({"url": "https://example.com/a%20b.pdf"}, "a b.pdf", "application/pdf"),
        ({"url": "https://example.com/dir%2Fa.pdf"}, "a.pdf", "application/pdf"),
        ({"url": "http://example.com/"}, "file.bin", "application/octet-stream"),
        ({"url": "https://example.com", "media_type": "image/png"}, "file.png", "image/png"),
        ({"url": "https://example.com/download", "media_type": "image/png"}, "download", "image/png"),
        ({"url": "https://example.com/a.jpg", "filename": "b.png"}, "b.png", "image/png"),
        ({"content": b"x"}, "file.bin", "application/octet-stream"),
        ({"content": b"x", "filename": "a.pdf"}, "a.pdf", "application/pdf"),
        ({"content": b"x", "media_type": "application/pdf"}, "file.pdf", "application/pdf"),
        ({"content": b"x", "filename": "a.pdf", "media_type": "x/y"}, "a.pdf", "x/y"),
        ({"content": b"x", "media_type": "x/y"}, "file", "x/y"),
    ],
)
def test_media_works_out_its_name_and_type(given_: dict[str, Any], filename: str, media_type: str) -> None:
    media = Media(**given_)
    assert (media.filename, media.media_type) == (filename, media_type)


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({}, "either"),
        ({"content": b"x", "url": "https://example.com/a"}, "either"),
        ({"content": b""}, "the file is empty"),
        ({"content": b"", "filename": "a.pdf"}, "'a.pdf' is empty"),
        ({"content": "text"}, "bytes"),
        ({"url": ""}, "https://"),
        ({"url": "ftp://example.com/a"}, "https://"),
        ({"url": "file:///etc/passwd"}, "https://"),
        ({"url": "/etc/passwd"}, "https://"),
        ({"url": "https:///a.jpg"}, "https://"),
        ({"url": "https:// example.com/a.jpg"}, "https://"),
        ({"url": "https://[::1/a.jpg"}, "https://"),
    ],
    ids=str,
)
def test_media_that_cannot_be_sent_is_refused(given_: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        Media(**given_)


@given(st.text(max_size=30).map("https://".__add__) | st.from_regex(r"https?://[\[\]a-z:@/?#.%]{0,12}", fullmatch=True))
def test_any_url_is_media_or_bad_input(url: str) -> None:
    try:
        media = Media(url=url)
    except BadInput:
        return
    assert media.filename
    assert media.media_type
    assert "/" not in media.filename


def test_media_does_not_show_its_bytes() -> None:
    assert "s3cr3t" not in repr(Document(Media(content=b"s3cr3t")))


@pytest.mark.parametrize("body", ["", " ", "\n\t"])
def test_an_empty_text_is_refused(body: str) -> None:
    with pytest.raises(BadInput, match="empty"):
        Text(body)


def test_a_text_is_kept_as_it_is() -> None:
    assert Text("  *bold*\n~no~ ").body == "  *bold*\n~no~ "


@pytest.mark.parametrize(
    "build",
    [
        lambda half: Text(f"hello {half}"),
        lambda half: Image(Media(url="https://example.com/a.png"), caption=half),
        lambda half: Location(1, 2, name=half),
        lambda half: ContactCard(f"Ann {half}", "+12025550123"),
        lambda half: Image(Media(b"x", filename=f"{half}.png")),
        lambda half: Image(Media(url=f"http://x/{half}")),
        lambda half: Buttons("Well?", (Button("Yes"), Button(f"No {half}"))),
        lambda half: ListMessage("Choose", "Open", (ListRow("Tea", half),)),
        lambda half: Poll("Tea?", ("yes", f"no {half}")),
    ],
)
def test_half_of_a_surrogate_pair_is_refused(build: Callable[[str], Message]) -> None:
    with pytest.raises(BadInput, match="half of a surrogate pair"):
        build("\ud83d")


def test_audio_takes_no_caption() -> None:
    assert Audio(PHOTO).media is PHOTO
    with pytest.raises(BadInput, match="caption"):
        Audio(PHOTO, "listen")


@pytest.mark.parametrize(
    ("latitude", "longitude", "axis"),
    [
        (90.0001, 0, "latitude"), (-90.0001, 0, "latitude"), (0, 180.0001, "longitude"), (0, -180.0001, "longitude"),
        (float("nan"), 0, "latitude"), (0, float("inf"), "longitude"), ("north", 0, "latitude"), (0, None, "longitude"),
    ],
)  # fmt: skip
def test_a_place_off_the_globe_is_refused(latitude: Any, longitude: Any, axis: str) -> None:
    with pytest.raises(BadInput, match=axis):
        Location(latitude, longitude)


@pytest.mark.parametrize(("latitude", "longitude"), [(90, -180), (-90, 180), (0, 0), ("48.858370", "2.294481")])
def test_a_place_is_kept_in_degrees(latitude: Any, longitude: Any) -> None:
    place = Location(latitude, longitude)
    assert (place.latitude, place.longitude) == (float(latitude), float(longitude))


@pytest.mark.parametrize(
    ("name", "phone", "message"),
    [("", "+34666666666", "name"), (" ", "+34666666666", "name"), ("Ana", "", "phone"), ("Ana", "1234", "phone")],
)
def test_a_contact_needs_a_name_and_a_phone(name: str, phone: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        ContactCard(name, phone)


def test_a_contact_is_a_vcard() -> None:
    assert ContactCard("Ana Pérez", "+34 (666) 66-66.66", "Acme").vcard.split("\n") == [
        "BEGIN:VCARD",
        "VERSION:3.0",
        "N:;Ana Pérez;;;",
        "FN:Ana Pérez",
        "ORG:Acme;",
        "TEL;type=CELL;waid=34666666666:+34666666666",
        "END:VCARD",
    ]


def test_a_contact_without_an_organization_has_no_line_for_it() -> None:
    assert "ORG" not in ContactCard("Ana", "34666666666").vcard


@pytest.mark.parametrize(
    ("name", "escaped"),
    [
        ("a,b;c", r"a\,b\;c"),
        ("back\\slash", r"back\\slash"),
        ("two\nlines", r"two\nlines"),
        ("two\r\nlines", r"two\nlines"),
        ("two\rlines", r"two\nlines"),
        ("x\nEND:VCARD\nBEGIN:VCARD", r"x\nEND:VCARD\nBEGIN:VCARD"),
        ("\\,", r"\\\,"),
        ("a:b", "a:b"),
    ],
)
def test_a_vcards_values_are_escaped(name: str, escaped: str) -> None:
    lines = ContactCard(name, "34666666666", name).vcard.splitlines()
    assert lines[2:5] == [f"N:;{escaped};;;", f"FN:{escaped}", f"ORG:{escaped};"]
    assert len(lines) == 7


def test_messages_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Text("x").body = "y"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("button", "kind"),
    [(Button("x"), "reply"), (Button("x", phone="1"), "call"), (Button("x", copy_code="SALE"), "copy")],
)
def test_a_button_has_one_effect(button: Button, kind: str) -> None:
    assert button.kind == kind
    with pytest.raises(BadInput, match="phone and copy_code are given; expected one of them"):
        Button("x", phone="1", copy_code="SALE")


@pytest.mark.parametrize("mentions", ["51987654321", [51987654321], [" "]])
def test_mentions_are_a_list_of_people(mentions: Any) -> None:
    for make in (lambda: Text("hi", mentions=mentions), lambda: Location(1, 2, mentions=mentions)):
        with pytest.raises(BadInput, match="mentions has a wrong type; expected a list"):
            make()


def test_options_are_those_that_are_set() -> None:
    picture = Image(Media(b"x"), quoted_id="A1", mentions=("51987654321",))
    assert options_of(picture) == ["quoted_id", "mentions"]
    assert options_of(Text("hi", "A1", link_preview=True)) == ["link_preview"]
    assert options_of(Image(Media(b"x"))) == options_of(Poll("?", ("a", "b"))) == []
    assert picture.to_dict()["mentions"] == ["51987654321"]
