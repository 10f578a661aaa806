# SPDX-License-Identifier: Apache-2.0
"""MIME types as WuzAPI finds them by a file's first bytes."""

from __future__ import annotations

_TEXT = set(range(0x20, 0x100)) | {0x09, 0x0A, 0x0C, 0x0D, 0x1B}

# Offset, mark and MIME type, as Go's net/http finds them: it knows few.
_MARKS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBPVP", "image/webp"),
    (8, b"WAVE", "audio/wave"),
    (0, b"OggS\x00", "application/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (8, b"mp4", "video/mp4"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
)


def sniff(content: bytes) -> str:
    """Return the MIME type that the server finds by a file's first bytes."""
    found = next((kind for start, mark, kind in _MARKS if content[start : start + len(mark)] == mark), None)
    if found:
        return found
    return "text/plain; charset=utf-8" if set(content[:512]) <= _TEXT else "application/octet-stream"
