# SPDX-License-Identifier: Apache-2.0
"""Answers of a server that wants its client to hang, to fill its memory, or to tell somebody else what it knows."""

from __future__ import annotations

import gzip
import itertools
import struct
import zlib
from collections.abc import Iterable
from functools import lru_cache

from helpers.raw_server import Answer, Wire, reply, trickle

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
FOR_EVER = 10**15
"""A Content-Length that no body reaches."""


def flood(head: bytes, units: Iterable[bytes]) -> Answer:
    """Send ``head`` and then ``units``, for as long as the client takes them."""

    def answer(wire: Wire) -> None:
        wire.send(head)
        for unit in units:
            if wire.over.is_set():
                return
            wire.send(unit)

    return answer


def endless(unit: bytes) -> Iterable[bytes]:
    return itertools.repeat(unit * (-(-65536 // len(unit))))


def drip(head: bytes, drop: bytes = b" ") -> Answer:
    """Send ``head``, and a byte each 10 ms for ever."""
    return trickle(head, drop * 100_000, 0.01)


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


@lru_cache
def packed(length: int, layers: int = 1) -> bytes:
    """A body of gzip that unpacks to ``length`` zeros: one packed piece again and again, for packing takes seconds."""
    piece, packer, checksum = bytes(1 << 20), zlib.compressobj(9, zlib.DEFLATED, -15), 0
    block = packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)
    for _ in range(length >> 20):
        checksum = zlib.crc32(piece, checksum)
    head, end = b"\x1f\x8b\x08" + bytes(6) + b"\xff", b"\x03\x00"
    body = head + block * (length >> 20) + end + struct.pack("<II", checksum, length)
    for _ in range(layers - 1):
        body = gzip.compress(body)
    return body


def endless_members() -> Iterable[bytes]:
    """One member of gzip after the other."""
    return itertools.repeat(gzip.compress(bytes(1 << 20)) * 16)


BODIES: dict[str, Answer] = {
    "an endless body": flood(HEAD + b"\r\n", endless(b"x")),
    "an endless body with a length": flood(HEAD + b"Content-Length: %d\r\n\r\n" % FOR_EVER, endless(b"x")),
    "endless chunks": flood(CHUNKED, itertools.repeat(_chunk(bytes(65536)))),
    "a chunk without an end": flood(CHUNKED + b"ffffffffffff\r\n", endless(b"x")),
    "endless JSON": flood(HEAD + b"\r\n[", endless(b"[[],{}],")),
    "a bomb of gzip": reply(packed(256 << 20), content_encoding="gzip"),
    "a bomb of x-gzip": reply(packed(256 << 20), content_encoding="X-GZip"),
    "an endless bomb": flood(HEAD + b"Content-Encoding: gzip\r\n\r\n" + packed(64 << 20), endless_members()),
}
"""Bodies beyond the limit of a reply."""

CODINGS: dict[str, Answer] = {
    "two layers": reply(packed(64 << 20, layers=2), content_encoding="gzip, gzip"),
    "three layers": reply(packed(64 << 20, layers=3), content_encoding="gzip,gzip,gzip"),
    "two layers in two headers": flood(
        HEAD + b"Content-Encoding: gzip\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s"
        % (len(packed(16 << 20, layers=2)), packed(16 << 20, layers=2)), [],
    ),
    "brotli": reply(b"\x1b\xff\xff\x03", content_encoding="br"),
    "zstandard": reply(b"\x28\xb5\x2f\xfd", content_encoding="zstd"),
    "gzip in brotli": reply(packed(16 << 20), content_encoding="gzip, br"),
}  # fmt: skip
"""Bodies packed in a way that is not unpacked."""

HEADS: dict[str, Answer] = {
    "endless headers": flood(HEAD, endless(b"X-Header: 0123456789\r\n")),
    "one endless header": flood(HEAD + b"X-Header: ", endless(b"x")),
    "an endless name of a header": flood(HEAD, endless(b"x")),
    "endless cookies": flood(HEAD, endless(b"Set-Cookie: a=b\r\n")),
    "an endless status line": flood(b"HTTP/1.1 200 ", endless(b"x")),
    "an endless protocol": flood(b"", endless(b"HTTP")),
    "endless empty lines": flood(b"", endless(b"\r\n")),
    "endless folded lines": flood(HEAD + b"X-Header: a\r\n", endless(b" b\r\n")),
    "an endless extension of a chunk": flood(CHUNKED + b"1;", endless(b"x")),
    "an endless length of a chunk": flood(CHUNKED, endless(b"0")),
    "endless trailers": flood(CHUNKED + b"1\r\nx\r\n0\r\n", endless(b"X-Trailer: x\r\n")),
    "endless 100 Continue": flood(b"", endless(b"HTTP/1.1 100 Continue\r\n\r\n")),
    "endless 103 Early Hints": flood(b"", endless(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")),
}
"""What comes before and between the parts of a body, without an end."""

DRIPS: dict[str, Answer] = {
    "a body": drip(HEAD + b"\r\n"),
    "a body with a length": drip(HEAD + b"Content-Length: 90000\r\n\r\n"),
    "a chunk": drip(CHUNKED + b"ffff\r\n"),
    "a header": drip(HEAD + b"X-Header: ", b"x"),
    "a status line": drip(b"HTTP/1.1 200 ", b"x"),
    "informational replies": trickle(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 10_000, 0.001),
    "packed": drip(HEAD + b"Content-Encoding: gzip\r\n\r\n" + packed(1 << 20)[:100], b"\0"),
}
"""A byte at a time, each well within a wait for the next one."""

BROKEN: dict[str, Answer] = {
    "101 Switching Protocols": flood(b"HTTP/1.1 101 Switch\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", []),
    "a negative length": flood(HEAD + b"Content-Length: -1\r\n\r\n{}", []),
    "a length that is none": flood(HEAD + b"Content-Length: many\r\n\r\n{}", []),
    "two lengths": flood(HEAD + b"Content-Length: 2\r\nContent-Length: 5\r\n\r\n{}", []),
    "a huge length": flood(HEAD + b"Content-Length: %s\r\n\r\n{}" % (b"9" * 400), []),
    "a body cut off": flood(HEAD + b"Content-Length: 100\r\n\r\n{}", []),
    "chunks cut off": flood(CHUNKED + b"5\r\n{}", []),
    "a chunk's length that is none": flood(CHUNKED + b"zz\r\n{}\r\n", []),
    "a zero byte in a header": flood(HEAD + b"X-Header: a\0b\r\nContent-Length: 2\r\n\r\n{}", []),
    "a header without a name": flood(HEAD + b": x\r\n\r\n{}", []),
    "a header without a colon": flood(HEAD + b"nonsense\r\n\r\n{}", []),
    "another protocol": flood(b"SSH-2.0-OpenSSH_9.6\r\n", []),
    "the next version": flood(b"HTTP/2.0 200 OK\r\n\r\n{}", []),
    "a status of four digits": flood(b"HTTP/1.1 2000 OK\r\n\r\n{}", []),
    "no status": flood(b"HTTP/1.1  \r\n\r\n{}", []),
    "gzip that is none": reply(b"plain text", content_encoding="gzip"),
    "gzip cut off": reply(packed(1 << 20)[:-20], content_encoding="gzip"),
    "both a length and chunks": flood(HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nzz", []),
    "an unknown transfer coding": flood(HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n5\r\n{}", []),
}  # fmt: skip
"""Replies that are no HTTP."""

DEEP: dict[str, bytes] = {
    "700 levels": b'{"a":' * 700 + b"1" + b"}" * 700,
    "900 levels": b"[" * 900 + b"]" * 900,
    "100,000 levels": b"[" * 100_000,
    "a number of a million digits": b'{"a": ' + b"9" * 1_000_000 + b"}",
    "a fraction of a million digits": b'{"a": 0.' + b"1" * 1_000_000 + b"}",
    "two million values": b"[" + b"0," * 2_000_000 + b"0]",
}
"""JSON that takes more to read than a reply should."""
