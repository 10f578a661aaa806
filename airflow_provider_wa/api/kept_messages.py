# SPDX-License-Identifier: Apache-2.0
"""Stored form of sent messages: their texts, without the bytes of files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airflow_provider_wa.api.messages import Message

_TEXTS = ("header", "body", "caption", "question", "name", "address", "emoji", "footer")
"""Fields that are shown to the user, in this order."""

_CHOICES = ("options", "buttons", "rows")


def kept(message: Message) -> dict[str, Any]:
    """Return a message as JSON: its ``type`` and its fields, as in ``Message.to_dict``.

    The bytes of files are left out. So are the query and the fragment of a file's URL: they may give access to the
    file.
    """
    return _without_bytes(message.to_dict())


def shown(content: Mapping[str, Any]) -> str:
    """Return the readable text of a stored message, with one line for each field and each choice."""
    return "\n".join(_lines(content))


def file_name(content: Mapping[str, Any]) -> str | None:
    """Return the name of the file in a stored message; None without a file."""
    media = content.get("media")
    return str(media.get("filename") or "") or None if isinstance(media, Mapping) else None


def _without_bytes(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _kept_url(value) if name == "url" and "filename" in fields else _plain(value)
        for name, value in fields.items()
        if not isinstance(value, bytes)
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _without_bytes(value)
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _kept_url(url: str) -> str:
    return url.partition("?")[0].partition("#")[0]


def _lines(content: Mapping[str, Any]) -> Iterator[str]:
    yield from (str(content[name]) for name in _TEXTS if content.get(name))
    for name in _CHOICES:
        for choice in content.get(name) or ():
            yield f"• {_label(choice)}"


def _label(choice: Any) -> str:
    return str(choice.get("text") or choice.get("title") or "") if isinstance(choice, Mapping) else str(choice)
