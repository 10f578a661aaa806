# SPDX-License-Identifier: Apache-2.0
"""Builds messages from dicts, as DAG authors write them and templates render them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from typing import Any

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.messages import (
    Audio,
    Button,
    Buttons,
    ContactCard,
    Document,
    Edit,
    Image,
    ListMessage,
    ListRow,
    Location,
    Media,
    MediaMessage,
    Message,
    Poll,
    Reaction,
    Sticker,
    Text,
    Video,
)

MESSAGE_TYPES: Mapping[str, type[Message]] = {
    cls.type: cls
    for cls in (
        Text,
        Image,
        Audio,
        Video,
        Document,
        Sticker,
        Location,
        ContactCard,
        Buttons,
        ListMessage,
        Poll,
        Reaction,
        Edit,
    )
}
"""Message classes by the value of ``type`` in a dict."""

_PARTS: Mapping[str, type] = {"media": Media, "location": Location}
_LISTS: Mapping[str, type] = {"buttons": Button, "rows": ListRow}
_MEDIA_SHORTCUTS = ("url", "filename", "media_type")
_PLAIN_LISTS = ("options", "mentions")
_FLAGS = ("own", "several", "link_preview")
_NOT_TEXT = ("latitude", "longitude", "content", "thumbnail", *_PLAIN_LISTS, *_FLAGS, *_PARTS, *_LISTS)


def from_dict(spec: Mapping[str, Any]) -> Message:
    """Build a message from ``{"type": "image", "media": {...}, "caption": ...}``; ``type`` defaults to ``text``.

    A file is given as ``media`` (a ``Media`` or a dict of its fields), or by ``url``. Buttons and rows are lists of
    dicts of their fields.

    :raises BadInput: the type is unknown, or a field is missing, unknown or of a wrong type.
    """
    given = {str(key): value for key, value in spec.items()}
    kind = str(given.pop("type", Text.type))
    cls = MESSAGE_TYPES.get(kind)
    if cls is None:
        raise BadInput(f"message: unknown type {kind!r}; expected one of {', '.join(MESSAGE_TYPES)}")
    if issubclass(cls, (MediaMessage, Buttons)):
        _gather_media(given)
    message: Message = _built(cls, f"message: {kind}", given)
    return message


def _built(cls: type, what: str, given: Any) -> Any:
    """Return an object of ``cls`` from a dict of its fields."""
    if isinstance(given, cls):
        return given
    if not isinstance(given, Mapping):
        raise BadInput(f"{what}: got {type(given).__name__}; expected a dict")
    known = {f.name: f for f in fields(cls)}
    if unknown := [str(name) for name in given if name not in known]:
        raise BadInput(f"{what}: unknown field {', '.join(unknown)}; expected {', '.join(known)}")
    values = {name: _value(name, value, what) for name, value in given.items() if value is not None}
    required = [name for name, f in known.items() if f.default is MISSING and f.default_factory is MISSING]
    if missing := [name for name in required if name not in values]:
        raise BadInput(f"{what}: {', '.join(missing)} is missing")
    return cls(**values)


def _value(name: str, value: Any, what: str) -> Any:
    if name in _PARTS:
        return _built(_PARTS[name], f"{what}: {name}", value)
    if name in _LISTS or name in _PLAIN_LISTS:
        if isinstance(value, (str, Mapping)) or not isinstance(value, Iterable):
            raise BadInput(f"{what}: {name} must be a list")
        return tuple(_built(_LISTS[name], f"{what}: {name}", item) if name in _LISTS else item for item in value)
    return value if name in _NOT_TEXT else str(value)


def _gather_media(given: dict[str, Any]) -> None:
    """Move the short ways to name a file into ``media``, in place."""
    media = given.get("media", {})
    if isinstance(media, Mapping):
        shortcuts = {name: given.pop(name) for name in _MEDIA_SHORTCUTS if name in given}
        if media or shortcuts:
            given["media"] = {**media, **shortcuts}
