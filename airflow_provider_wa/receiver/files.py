# SPDX-License-Identifier: Apache-2.0
"""Names of the files that come with events: made of their content, never of the sender's name for them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from airflow_provider_wa.api.media_types import sniff
from airflow_provider_wa.api.records import MediaFile

KeepFile = Callable[[str, MediaFile], str]
"""Stores a file that came over a connection, given by its id, and returns the file's URI. It blocks."""

_OTHER = "bin"
_OFFICE = "application/vnd.openxmlformats-officedocument"
# What a browser might run (HTML, SVG, scripts) is not among them.
_SUFFIXES = {
    "application/gzip": "gz",
    "application/msword": "doc",
    "application/pdf": "pdf",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-powerpoint": "ppt",
    f"{_OFFICE}.presentationml.presentation": "pptx",
    f"{_OFFICE}.spreadsheetml.sheet": "xlsx",
    f"{_OFFICE}.wordprocessingml.document": "docx",
    "application/zip": "zip",
    "audio/aac": "aac",
    "audio/amr": "amr",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "image/gif": "gif",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "text/csv": "csv",
    "text/plain": "txt",
    "text/vcard": "vcf",
    "text/x-vcard": "vcf",
    "video/3gpp": "3gp",
    "video/mp4": "mp4",
}


def file_name(file: MediaFile) -> str:
    """Return the name under which a file is kept: the same for the same content and media type."""
    kind = file.media_type.partition(";")[0].strip().lower()
    suffix = _SUFFIXES.get(kind) or _SUFFIXES.get(sniff(file.content) or "", _OTHER)
    return f"{hashlib.sha256(file.content).hexdigest()[:32]}.{suffix}"
