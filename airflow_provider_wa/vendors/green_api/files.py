# SPDX-License-Identifier: Apache-2.0
"""Files of messages at Green-API: which message, the link to its file, and the file (the vendor's public pages)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from airflow_provider_wa.api.errors import BadInput, UnexpectedReply
from airflow_provider_wa.api.file_names import media_type_of
from airflow_provider_wa.api.flow import Reply
from airflow_provider_wa.api.json_fields import pick, text
from airflow_provider_wa.api.records import MediaFile
from airflow_provider_wa.vendors.green_api.tables import NAME

KINDS = ("image", "video", "audio", "document", "sticker")
"""Kinds of messages that have a file."""

GONE = (403, 404, 410)
"""HTTP statuses of a store that no longer has a file."""

_NO_TYPE = "application/octet-stream"


def reference(kind: str, message: Mapping[str, Any]) -> tuple[str, str]:
    """Return the chat and the id of a message, from a notification, a journal, or a dict with these two.

    :raises BadInput: the kind has no file, or the message has no chat or no id.
    """
    if kind not in KINDS:
        raise BadInput(f"kind: {kind[:40]!r} is unknown; expected one of {', '.join(KINDS)}", vendor=NAME)
    chat = text(pick(message, "chatId", "chat")) or text(pick(pick(message, "senderData"), "chatId"))
    message_id = text(pick(message, "idMessage", "message_id"))
    if not chat or not message_id:
        raise BadInput("reference: chatId or idMessage is missing; expected both", vendor=NAME)
    return chat, message_id


def link(url: str) -> tuple[str, str]:
    """Return the base and the rest of the URL of a file.

    :raises UnexpectedReply: it is not a URL.
    """
    base, slash, rest = url.partition("://")
    host, _, path = rest.partition("/")
    if base not in ("http", "https") or not host:
        # Without the URL itself: it may be signed.
        raise UnexpectedReply("the reply has no link to the file", vendor=NAME)
    return f"{base}{slash}{host}", f"/{path}"


def media_file(answer: Reply, path: str, message: Mapping[str, Any]) -> MediaFile:
    """Return the file, with the name and the MIME type that the message has, or else those of the link."""
    described = pick(pick(message, "messageData"), "fileMessageData") or message
    name = text(pick(described, "fileName")) or PurePosixPath(unquote(urlsplit(path).path)).name
    served = answer.headers.get("content-type", "").partition(";")[0].strip()
    kinds = (text(pick(described, "mimeType")), "" if served == _NO_TYPE else served, media_type_of(name) or "")
    return MediaFile(vendor=NAME, content=answer.body, media_type=next(filter(None, kinds), _NO_TYPE), filename=name)
