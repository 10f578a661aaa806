# SPDX-License-Identifier: Apache-2.0
"""The body of a reply: collected within limits of size and time, and decompressed piece by piece.

A few bytes can decompress to many gigabytes, and to even more in several layers. So one piece is decompressed at a
time, and only one layer is accepted.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator

REPLY_BYTES = 64 * 1024 * 1024
"""Maximum length of a reply in bytes. No vendor's reply is as long, even with media in base64."""

PIECE = 256 * 1024
"""Maximum bytes that are decompressed at once."""

MOST_MEMBERS = 2_000
"""Maximum number of members of a gzip body. Programs that write several put at least some kilobytes into each."""

_HEADER_BYTES = 2
"""Bytes by which zlib knows whether a header is one of its own."""

_MEMBER = b"\x1f\x8b"
"""The first bytes of a member."""

_ZLIB_OR_GZIP, _RAW = 32 + zlib.MAX_WBITS, -zlib.MAX_WBITS
_PACKED = ("gzip", "x-gzip", "deflate")


class DeadlineExceeded(Exception):
    """An exchange that took too long in total, even if bytes kept arriving."""


class ReplyTooLong(Exception):
    """A reply with more bytes than any vendor's answer has."""


class UnknownCoding(Exception):
    """A body that is compressed in several layers, or by a method that the request does not accept."""


class BrokenCoding(Exception):
    """A body that cannot be decompressed: it is cut off, or its header names another method."""


class Body:
    """The body of one reply. :param deadline: maximum seconds from now to its end."""

    def __init__(self, deadline: float) -> None:
        self._ends = time.monotonic() + deadline
        self._unpacked: _Unpacked | None = None
        self._pieces: list[bytes] = []
        self._received = self._length = 0

    def unpack(self, coding: str) -> None:
        """Decompress the following bytes as ``coding``, the value of Content-Encoding; "" without that header.

        :raises UnknownCoding: the method is not supported.
        """
        self._unpacked = _Unpacked() if _is_packed(coding) else None

    def add(self, data: bytes) -> None:
        """Add received bytes.

        :raises ReplyTooLong: the body is now too long, compressed or decompressed.
        :raises DeadlineExceeded: the exchange has taken too long.
        """
        self._received += len(data)
        self._check(self._received)
        for piece in self._unpacked.pieces(data) if self._unpacked else (data,):
            self._length += len(piece)
            self._check(self._length)
            self._pieces.append(piece)

    def whole(self) -> bytes:
        """Return the whole body, after its last byte.

        :raises BrokenCoding: the compressed data are cut off.
        :raises DeadlineExceeded: the exchange has taken too long.
        """
        # A body without a length ends when its connection is closed, even if the deadline closed it.
        self._check(self._length)
        if self._unpacked:
            self._unpacked.end()
        return self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)

    def _check(self, length: int) -> None:
        if length > REPLY_BYTES:
            raise ReplyTooLong(f"more than {REPLY_BYTES:,} bytes")
        if time.monotonic() > self._ends:
            raise DeadlineExceeded("the reply was not complete in time")


def _is_packed(coding: str) -> bool:
    codings = [name for part in coding.split(",") if (name := part.strip().lower()) not in ("", "identity")]
    if len(codings) > 1 or any(name not in _PACKED for name in codings):
        raise UnknownCoding("the reply's Content-Encoding is not one layer of gzip or deflate")
    return bool(codings)


class _Unpacked:
    """Decompresses gzip and both forms of deflate: servers send deflate with and without the header of zlib.

    A body of gzip may have several members, one after the other; other bytes behind the end are ignored.
    """

    def __init__(self) -> None:
        self._unpacker = zlib.decompressobj(_ZLIB_OR_GZIP)
        self._begun = False
        self._first = b""
        self._members = 1
        self._behind = b""

    def pieces(self, data: bytes) -> Iterator[bytes]:
        if not self._begun:
            self._first = data = self._first + data
            if len(data) < _HEADER_BYTES:
                return
        while data:
            if self._unpacker.eof and not (data := self._next_member(data)):
                return
            yield self._piece(data)
            data = self._unpacker.unconsumed_tail or self._unpacker.unused_data

    def end(self) -> None:
        if self._first and not self._unpacker.eof:
            raise BrokenCoding("the compressed body is cut off")

    def _next_member(self, data: bytes) -> bytes:
        """Begin the next member, and return its bytes; nothing as long as there is none."""
        missing = len(_MEMBER) - len(self._behind)
        self._behind += data[:missing]
        if self._behind != _MEMBER:
            return b""
        self._members += 1
        if self._members > MOST_MEMBERS:
            raise BrokenCoding("the compressed body has too many members")
        self._unpacker = zlib.decompressobj(_ZLIB_OR_GZIP)
        self._behind = b""
        return _MEMBER + data[missing:]

    def _piece(self, data: bytes) -> bytes:
        begun, self._begun, self._first = self._begun, True, self._first[:1]
        try:
            return self._unpacker.decompress(data, PIECE)
        except zlib.error as error:
            if begun:
                raise BrokenCoding("the body cannot be decompressed by the method of its header") from error
        self._unpacker = zlib.decompressobj(_RAW)
        return self._piece(data)
