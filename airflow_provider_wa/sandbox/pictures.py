# SPDX-License-Identifier: Apache-2.0
"""Small PNG pictures drawn from a seed: a QR code to scan and the photo of an account."""

from __future__ import annotations

import hashlib
import struct
import zlib
from functools import lru_cache

MODULES = 29
SCALE = 6
MARGIN = 4
CHANGES_EVERY = 20.0

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def qr_seed(vendor: str, now: float) -> str:
    """Return the seed of the current QR code, which changes every 20 seconds like a real one."""
    return f"{vendor}:{int(now // CHANGES_EVERY)}"


@lru_cache(maxsize=16)
def qr_png(seed: str) -> bytes:
    """Draw a picture that looks like a QR code; it holds no data."""
    return _png(_pattern(seed, MODULES))


@lru_cache(maxsize=16)
def photo_png(seed: str) -> bytes:
    """Draw the photo of an account, a small pattern."""
    return _png(_pattern(seed, 8))


def _pattern(seed: str, size: int) -> list[list[bool]]:
    bits = hashlib.shake_256(seed.encode()).digest(size * size // 8 + 1)
    return [[bool(bits[(y * size + x) // 8] >> (y * size + x) % 8 & 1) for x in range(size)] for y in range(size)]


def _png(pattern: list[list[bool]]) -> bytes:
    side = (len(pattern) + 2 * MARGIN) * SCALE
    blank = b"\x00" + b"\xff" * side
    edge = b"\xff" * (MARGIN * SCALE)
    rows = [blank] * (MARGIN * SCALE)
    for line in pattern:
        row = b"\x00" + edge + b"".join((b"\x00" if dark else b"\xff") * SCALE for dark in line) + edge
        rows += [row] * SCALE
    rows += [blank] * (MARGIN * SCALE)
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)  # 8 bits of grey
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b""))
    )
