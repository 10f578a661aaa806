# SPDX-License-Identifier: Apache-2.0
"""MIME types by a file's first bytes: a name may be wrong, and WhatsApp takes few formats for each type of message."""

from __future__ import annotations

from collections.abc import Collection

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.messages import Media

# Offset of the mark, the mark, the MIME type.
_MARKS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (0, b"OggS", "audio/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (4, b"ftyp3g", "video/3gpp"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp", "video/mp4"),
    (0, b"%PDF-", "application/pdf"),
)


def sniff(content: bytes) -> str | None:
    """Return the MIME type by a file's first bytes; None if they are not known."""
    return next((kind for start, mark, kind in _MARKS if content[start : start + len(mark)] == mark), None)


def media_type(media: Media) -> str:
    """Return the MIME type by a file's content, or by its name where the content is not known."""
    return (sniff(media.content) if media.content else None) or media.media_type


def require(media: Media, kinds: Collection[str], what: str) -> Media:
    """Return ``media``, checked to be of one of these MIME types. A URL is not checked: only the vendor fetches it.

    :raises BadInput: it is of another type; the message names both.
    """
    if media.content is not None and (found := media_type(media)) not in kinds:
        wanted = " or ".join(sorted(kinds))
        raise BadInput(f"{what}: {media.filename!r} is {found}; it must be {wanted}")
    return media
