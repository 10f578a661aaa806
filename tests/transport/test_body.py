# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest

from airflow_provider_wa.transport import body as body_module
from airflow_provider_wa.transport.body import (
    MOST_MEMBERS,
    Body,
    BrokenCoding,
    DeadlineExceeded,
    ReplyTooLong,
    UnknownCoding,
)

TEXT = b'{"answer": 42}' * 1000


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


PACKED = {
    "": TEXT,
    "identity": TEXT,
    "gzip": gzip.compress(TEXT),
    "GZip": gzip.compress(TEXT),
    "x-gzip": gzip.compress(TEXT),
    "identity, gzip": gzip.compress(TEXT),
    " gzip": gzip.compress(TEXT[:999]) + gzip.compress(b"") + gzip.compress(TEXT[999:]),
    "gzip ": gzip.compress(TEXT) + b"\r\n\0\0",
    "deflate": zlib.compress(TEXT),
    "deflate ": raw_deflate(TEXT),
}


def whole(coding: str, data: bytes, size: int | None = None) -> bytes:
    body = Body(60)
    body.unpack(coding)
    for start in range(0, len(data), size or len(data) or 1):
        body.add(data[start : start + (size or len(data))])
    return body.whole()


@pytest.mark.parametrize("size", [None, 7, 1], ids=["at once", "in small parts", "by the byte"])
@pytest.mark.parametrize("coding", PACKED)
def test_a_body_comes_back_as_it_was(coding: str, size: int | None) -> None:
    assert whole(coding, PACKED[coding], size) == TEXT


@pytest.mark.parametrize("coding", ["", "gzip", "deflate"])
def test_a_reply_may_have_no_body(coding: str) -> None:
    assert whole(coding, b"") == b""


@pytest.mark.parametrize("coding", ["gzip, gzip", "gzip,deflate", "br", "zstd", "gzip, br", "gzip, identity, gzip"])
def test_more_than_one_layer_and_other_codings_are_refused(coding: str) -> None:
    with pytest.raises(UnknownCoding):
        Body(60).unpack(coding)


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(TEXT)[:-9],
        gzip.compress(TEXT)[:20],
        b"no gzip !",
        gzip.compress(TEXT) + gzip.compress(TEXT)[:-9],
        gzip.compress(b"") * (MOST_MEMBERS + 1),
    ],
    ids=[
        "without its end",
        "cut",
        "broken",
        "a second member cut",
        "countless members",
    ],  # the bytes have the time in them
)
def test_a_packed_body_that_is_cut_off_or_broken_is_not_a_shorter_one(data: bytes) -> None:
    with pytest.raises(BrokenCoding):
        whole("gzip", data)


def test_a_bomb_is_unpacked_no_further_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_module, "REPLY_BYTES", 1_000_000)
    bomb = gzip.compress(bytes(200_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(ReplyTooLong):
            whole("gzip", bomb)
        assert tracemalloc.get_traced_memory()[1] < 2_500_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("coding", ["", "gzip"])
def test_a_body_has_a_maximum_length_as_received(monkeypatch: pytest.MonkeyPatch, coding: str) -> None:
    monkeypatch.setattr(body_module, "REPLY_BYTES", 1000)
    # Blocks of nothing: what is received grows, what is unpacked does not.
    empty = gzip.compress(b"")[:10] + b"\x00\x00\x00\xff\xff" * 300
    with pytest.raises(ReplyTooLong):
        whole(coding, empty, 50)


def test_a_body_that_trickles_in_ends_at_the_deadline() -> None:
    body = Body(-1)
    with pytest.raises(DeadlineExceeded):
        body.add(b"x")


def test_a_body_that_ended_after_the_deadline_may_be_a_part_of_it() -> None:
    body = Body(-1)
    with pytest.raises(DeadlineExceeded):
        body.whole()
