# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.media_types import media_type, require, sniff
from airflow_provider_wa.api.messages import Media

BEGINNINGS = {
    "image/jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF",
    "image/png": b"\x89PNG\r\n\x1a\n\x00",
    "image/webp": b"RIFF\x24\x00\x00\x00WEBPVP8 ",
    "audio/ogg": b"OggS\x00\x02",
    "audio/wav": b"RIFF\x24\x00\x00\x00WAVEfmt ",
    "audio/mp4": b"\x00\x00\x00\x20ftypM4A ",
    "video/mp4": b"\x00\x00\x00\x20ftypisom",
    "video/3gpp": b"\x00\x00\x00\x20ftyp3gp4",
    "application/pdf": b"%PDF-1.7",
}


@pytest.mark.parametrize(("kind", "content"), BEGINNINGS.items(), ids=BEGINNINGS)
def test_a_file_is_known_by_its_first_bytes(kind: str, content: bytes) -> None:
    assert sniff(content) == kind
    assert media_type(Media(content, filename="lies.txt")) == kind


@pytest.mark.parametrize("content", [b"", b"hello", b"OggX", b"\x89PN"])
def test_what_the_bytes_do_not_tell_the_name_does(content: bytes) -> None:
    assert sniff(content) is None
    assert media_type(Media(content or b"x", filename="a.csv")) == "text/csv"


def test_a_file_of_the_wrong_kind_is_refused_and_a_url_is_not() -> None:
    png = Media(BEGINNINGS["image/png"], filename="a.png")
    assert require(png, {"image/png", "image/jpeg"}, "image") is png
    elsewhere = Media(url="https://example.com/a.gif")
    assert require(elsewhere, {"image/png"}, "image") is elsewhere
    with pytest.raises(BadInput, match=r"sticker: 'a\.png' is image/png; it must be image/webp"):
        require(png, {"image/webp"}, "sticker")
