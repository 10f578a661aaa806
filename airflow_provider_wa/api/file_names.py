# SPDX-License-Identifier: Apache-2.0
"""MIME types by the names of files, the same on every machine."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from pathlib import PurePosixPath

_OPEN_XML = "application/vnd.openxmlformats-officedocument"
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument"
_MEDIA_TYPES: Mapping[str, str] = {
    ".xlsx": f"{_OPEN_XML}.spreadsheetml.sheet",
    ".docx": f"{_OPEN_XML}.wordprocessingml.document",
    ".pptx": f"{_OPEN_XML}.presentationml.presentation",
    ".ods": f"{_OPEN_DOCUMENT}.spreadsheet",
    ".odt": f"{_OPEN_DOCUMENT}.text",
    ".csv": "text/csv",
    ".md": "text/markdown",
    ".rtf": "application/rtf",
    ".ics": "text/calendar",
    ".apk": "application/vnd.android.package-archive",
    ".epub": "application/epub+zip",
    ".webp": "image/webp",
    ".heic": "image/heic",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg",
    ".m4a": "audio/mp4",
}
"""MIME types by the end of a file's name, for ends that Python does not know on every machine."""


def media_type_of(filename: str) -> str | None:
    """Return the MIME type by a file's name; None if it is not known."""
    return _MEDIA_TYPES.get(PurePosixPath(filename).suffix.lower()) or mimetypes.guess_type(filename)[0]
