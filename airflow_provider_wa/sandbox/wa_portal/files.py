# SPDX-License-Identifier: Apache-2.0
"""Files of the portal's messages, uploaded or by link."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from airflow_provider_wa.sandbox import loopback
from airflow_provider_wa.sandbox.wa_portal.protocol import Call, Refused

MAX_UPLOAD_BYTES = 3 * 1024 * 1024
MAX_LINK_BYTES = 5 * 1024 * 1024

FILE_TYPES = {
    "image": ("jpg", "jpeg", "png", "webp", "gif"),
    "video": ("mp4", "3gp", "mov"),
    "audio": ("mp3", "ogg", "opus", "m4a", "aac", "amr", "wav"),
    "document": ("pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "txt", "csv", "zip"),
}
# Buttons go with pictures, videos, Word, Excel, PowerPoint and PDF.
BUTTON_EXTENSIONS = frozenset(
    (*FILE_TYPES["image"], *FILE_TYPES["video"], "doc", "docx", "xls", "xlsx", "ppt", "pptx", "pdf")
)
EXTENSIONS = {extension: kind for kind, extensions in FILE_TYPES.items() for extension in extensions}


@dataclass(frozen=True)
class File:
    """A file of a message: its kind and its bytes (None for a link to another machine)."""

    kind: str
    content: bytes | None = None
    link: str = ""


async def take(call: Call, extensions: frozenset[str]) -> File:
    """Return the file of a call; other extensions than these are refused."""
    if call.upload is not None:
        content = await call.upload.read()
        if not content or len(content) > MAX_UPLOAD_BYTES:
            raise Refused("08")
        return File(_kind(call.upload.filename or "", extensions, "11"), content)
    link = call.get("link")
    if not loopback.is_http_url(link):
        raise Refused("09")
    kind = _kind(urlsplit(link).path, extensions, "10")
    return File(kind, await _download(link), link)


def _kind(name: str, extensions: frozenset[str], code: str) -> str:
    extension = PurePosixPath(name).suffix.lower().removeprefix(".")
    if extension not in extensions:
        raise Refused(code)
    return EXTENSIONS[extension]


async def _download(link: str) -> bytes | None:
    if not loopback.is_loopback(link):
        return None
    try:
        answer = await loopback.call("GET", link)
    except loopback.CallFailed as error:
        raise Refused("10") from error
    if answer.status == 404:
        raise Refused("09")
    if answer.status != 200 or len(answer.body) > MAX_LINK_BYTES:
        raise Refused("10")
    return answer.body
