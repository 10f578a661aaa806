# SPDX-License-Identifier: Apache-2.0
"""The body of a reply: gathered within its limits of size and time, and unpacked piece by piece.

A few bytes can unpack to many gigabytes, and more so in several layers. So no more is unpacked at once than a piece,
and there is one layer at most.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator

REPLY_BYTES = 64 * 1024 * 1024
"""Maximum length of a reply: above that of any vendor (media in base64); a longer one must not fill the memory."""

PIECE = 256 * 1024
"""Maximum bytes that are unpacked at once."""

_ZLIB_OR_GZIP, _RAW = 32 + zlib.MAX_WBITS, -zlib.MAX_WBITS
_PACKED = ("gzip", "x-gzip", "deflate")


class DeadlineExceeded(Exception):
    """An exchange that took too long as a whole, though bytes may have kept trickling in."""


class ReplyTooLong(Exception):
    """A reply with more bytes than any vendor's answer has."""


class UnknownCoding(Exception):
    """A body that is packed in several layers, or in a way that was not asked for."""


class BrokenCoding(Exception):
    """A body that cannot be unpacked: it is cut off, or not what its header says."""


class Body:
    """The body of one reply. :param deadline: maximum seconds from now to its end."""

    def __init__(self, deadline: float) -> None:
        self._ends = time.monotonic() + deadline
        self._unpacked: _Unpacked | None = None
        self._pieces: list[bytes] = []
        self._received = self._length = 0

    def unpack(self, coding: str) -> None:
        """Unpack what follows by the header Content-Encoding, which is empty where there is none.

        :raises UnknownCoding: it is packed in a way that is not unpacked here.
        """
        self._unpacked = _Unpacked() if _is_packed(coding) else None

    def add(self, data: bytes) -> None:
        """Take what was received.

        :raises ReplyTooLong: with it the body is too long, as received or unpacked.
        :raises DeadlineExceeded: the exchange has taken too long.
        """
        self._received += len(data)
        self._check(self._received)
        for piece in self._unpacked.pieces(data) if self._unpacked else (data,):
            self._length += len(piece)
            self._check(self._length)
            self._pieces.append(piece)

    def whole(self) -> bytes:
        """Return the body, after its last byte.

        :raises BrokenCoding: what is packed is cut off.
        :raises DeadlineExceeded: the exchange has taken too long.
        """
        # A body without a length ends with its connection, also where the deadline has cut that.
        self._check(self._length)
        if self._unpacked:
            self._unpacked.end()
        return self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)

    def _check(self, length: int) -> None:
        if length > REPLY_BYTES:
            raise ReplyTooLong(f"more than {REPLY_BYTES:,} bytes")
        if time.monotonic() > self._ends:
            raise DeadlineExceeded("the reply kept trickling in")


def _is_packed(coding: str) -> bool:
    codings = [name for part in coding.split(",") if (name := part.strip().lower()) not in ("", "identity")]
    if len(codings) > 1 or any(name not in _PACKED for name in codings):
        raise UnknownCoding("the reply's Content-Encoding is not one layer of gzip or deflate")
    return bool(codings)


class _Unpacked:
    """Unpacks gzip and both forms of deflate: servers send it with the header of zlib, and without."""

    def __init__(self) -> None:
        self._unpacker = zlib.decompressobj(_ZLIB_OR_GZIP)
        self._begun = False

    def pieces(self, data: bytes) -> Iterator[bytes]:
        while data and not self._unpacker.eof:
            yield self._piece(data)
            data = self._unpacker.unconsumed_tail

    def end(self) -> None:
        if self._begun and not self._unpacker.eof:
            raise BrokenCoding("the packed body is cut off")

    def _piece(self, data: bytes) -> bytes:
        begun, self._begun = self._begun, True
        try:
            return self._unpacker.decompress(data, PIECE)
        except zlib.error as error:
            if begun:
                raise BrokenCoding("the body is not packed as its header says") from error
        self._unpacker = zlib.decompressobj(_RAW)
        return self._piece(data)
