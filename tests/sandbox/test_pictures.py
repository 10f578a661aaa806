# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import struct
import zlib

import pytest

from airflow_provider_wa.sandbox import pictures


@pytest.mark.parametrize("png", [pictures.qr_png("a"), pictures.photo_png("a")])
def test_a_picture_is_a_whole_png(png: bytes) -> None:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, rest = {}, png[8:]
    while rest:
        (length,), name = struct.unpack(">I", rest[:4]), rest[4:8]
        data, crc = rest[8 : 8 + length], rest[8 + length : 12 + length]
        assert crc == struct.pack(">I", zlib.crc32(name + data))
        chunks[name], rest = data, rest[12 + length :]
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    width, height = struct.unpack(">II", chunks[b"IHDR"][:8])
    assert width == height
    assert len(zlib.decompress(chunks[b"IDAT"])) == height * (width + 1)


def test_pictures_differ_by_seed_and_only_by_seed() -> None:
    assert pictures.qr_png("a") == pictures.qr_png("a")
    assert pictures.qr_png("a") != pictures.qr_png("b")


def test_the_code_changes_every_20_seconds() -> None:
    assert pictures.qr_seed("wuzapi", 40.0) == pictures.qr_seed("wuzapi", 59.9)
    assert pictures.qr_seed("wuzapi", 40.0) != pictures.qr_seed("wuzapi", 60.0)
