# SPDX-License-Identifier: Apache-2.0
"""What is sent. A message is checked when it is built; a vendor's own limits are checked before its request is."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import PurePosixPath
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from airflow_provider_wa.api.errors import BadInput


@dataclass(frozen=True)
class Media:
    """A file to send: its bytes, or a ``url`` (http or https) that the vendor fetches.

    ``filename`` and ``media_type`` (MIME) are worked out from the URL or from each other where they are missing.
    """

    content: bytes | None = field(default=None, repr=False)
    url: str | None = None
    filename: str = ""
    media_type: str = ""

    def __post_init__(self) -> None:
        if (self.content is None) == (self.url is None):
            raise BadInput("media takes either the file's bytes or a URL")
        if self.content is not None and not isinstance(self.content, bytes):
            raise BadInput("media: content takes the file's bytes")
        if self.content == b"":
            raise BadInput(f"the file {self.filename!r} is empty" if self.filename else "the file is empty")
        last_part = "" if self.url is None else _file_name(self.url)
        name = self.filename or last_part
        kind = self.media_type or mimetypes.guess_type(name)[0] or "application/octet-stream"
        object.__setattr__(self, "media_type", kind)
        object.__setattr__(self, "filename", name or f"file{mimetypes.guess_extension(kind) or ''}")


@dataclass(frozen=True)
class Message:
    """Base of all messages. ``type`` is its name in the dict form that operators take."""

    type: ClassVar[str]

    def __post_init__(self) -> None:
        for f in fields(self):
            try:
                str(getattr(self, f.name)).encode()
            except UnicodeEncodeError:
                raise BadInput(
                    f"{self.type}: {f.name} has half of a surrogate pair, which no vendor can take"
                ) from None

    def to_dict(self) -> dict[str, Any]:
        """The message's dict form, which ``from_dict`` reads; fields that are not set are left out."""
        parts = {f.name: getattr(self, f.name) for f in fields(self)}
        if isinstance(media := parts.get("media"), Media):
            parts["media"] = {f.name: value for f in fields(media) if (value := getattr(media, f.name)) is not None}
        return {"type": self.type, **{name: value for name, value in parts.items() if value not in ("", None)}}


@dataclass(frozen=True)
class Text(Message):
    """A text. WhatsApp's own marks are kept: ``*bold*``, ``_italic_``, ``~strikethrough~``."""

    type: ClassVar[str] = "text"
    body: str

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.body.strip():
            raise BadInput("text: the body is empty")


@dataclass(frozen=True)
class MediaMessage(Message):
    """A message that carries a file."""

    media: Media
    caption: str = ""


@dataclass(frozen=True)
class Image(MediaMessage):
    """A picture with an optional caption."""

    type: ClassVar[str] = "image"


@dataclass(frozen=True)
class Audio(MediaMessage):
    """A voice note or other audio. WhatsApp shows no caption with audio."""

    type: ClassVar[str] = "audio"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.caption:
            raise BadInput("audio: WhatsApp shows no caption with audio; send the text as a message of its own")


@dataclass(frozen=True)
class Video(MediaMessage):
    """A video with an optional caption."""

    type: ClassVar[str] = "video"


@dataclass(frozen=True)
class Document(MediaMessage):
    """A file of any kind, shown by its name."""

    type: ClassVar[str] = "document"


@dataclass(frozen=True)
class Location(Message):
    """A place: degrees of latitude (-90 to 90) and longitude (-180 to 180), with what to show beside the map."""

    type: ClassVar[str] = "location"
    latitude: float
    longitude: float
    name: str = ""
    address: str = ""
    url: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        for axis, limit in (("latitude", 90), ("longitude", 180)):
            try:
                degrees = float(getattr(self, axis))
            except (TypeError, ValueError):
                raise BadInput(f"location: {axis} {getattr(self, axis)!r} is not a number") from None
            if not -limit <= degrees <= limit:
                raise BadInput(f"location: {axis} {degrees} is not between -{limit} and {limit}")
            object.__setattr__(self, axis, degrees)


@dataclass(frozen=True)
class ContactCard(Message):
    """A contact to save: a display name and a phone number with country code."""

    type: ClassVar[str] = "contact"
    name: str
    phone: str
    organization: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.name.strip():
            raise BadInput("contact: the name is empty")
        if not re.search(r"\d{5}", re.sub(r"[\s().-]", "", self.phone)):
            raise BadInput(f"contact: {self.phone!r} is not a phone number")

    @property
    def vcard(self) -> str:
        """The contact as a vCard 3.0, its values escaped."""
        digits = re.sub(r"\D", "", self.phone)
        lines = [
            "BEGIN:VCARD",
            "VERSION:3.0",
            f"N:;{_vcard_text(self.name)};;;",
            f"FN:{_vcard_text(self.name)}",
            *([f"ORG:{_vcard_text(self.organization)};"] if self.organization else []),
            f"TEL;type=CELL;waid={digits}:+{digits}",
            "END:VCARD",
        ]
        return "\n".join(lines)


MESSAGE_TYPES: Mapping[str, type[Message]] = {
    cls.type: cls for cls in (Text, Image, Audio, Video, Document, Location, ContactCard)
}


def from_dict(spec: Mapping[str, Any]) -> Message:
    """Build a message from ``{"type": "image", "media": {...}, "caption": ...}``; ``type`` defaults to ``text``.

    A file is given as ``media`` (a ``Media`` or a dict of its fields), or by ``url``.

    :raises BadInput: the type is unknown, a field is missing or not one of the type's.
    """
    given = {str(key): value for key, value in spec.items()}
    kind = given.pop("type", Text.type)
    cls = MESSAGE_TYPES.get(str(kind))
    if cls is None:
        raise BadInput(f"message: type {kind!r} is none of {', '.join(MESSAGE_TYPES)}")
    if issubclass(cls, MediaMessage):
        _gather_media(given)
    known = {f.name: f for f in fields(cls)}
    if unknown := [name for name in given if name not in known]:
        raise BadInput(f"message: {kind} has no field {', '.join(unknown)}; it has {', '.join(known)}")
    given = {name: value for name, value in given.items() if value is not None}
    required = [name for name, f in known.items() if f.default is MISSING and f.default_factory is MISSING]
    if missing := [name for name in required if name not in given]:
        raise BadInput(f"message: {kind} needs {', '.join(missing)}")
    for name in known.keys() - {"media", "latitude", "longitude"}:
        if name in given and not isinstance(given[name], str):
            given[name] = str(given[name])
    return cls(**given)


def _gather_media(given: dict[str, Any]) -> None:
    """Make the ``Media`` of a message's dict form, in place."""
    media = given.get("media", {})
    if isinstance(media, Media):
        return
    if not isinstance(media, Mapping):
        raise BadInput("message: media takes a dict with content or url; operators also load a path")
    parts = dict(media) | {name: given.pop(name) for name in ("url", "filename", "media_type") if name in given}
    if unknown := parts.keys() - {f.name for f in fields(Media)}:
        raise BadInput(f"message: media has no field {', '.join(sorted(unknown))}")
    known: dict[str, Any] = {k: v if k == "content" else str(v) for k, v in parts.items() if v is not None}
    given["media"] = Media(**known)


def _file_name(url: str) -> str:
    """The last part of a web address's path."""
    try:
        if re.match(r"https?://[^/\s]", url):
            return PurePosixPath(unquote(urlsplit(url).path)).name
    except ValueError:
        pass
    raise BadInput(f"media URL: expected http:// or https:// and a host, got {url[:60]!r}")


def _vcard_text(text: str) -> str:
    return re.sub(r"([\\,;])", r"\\\1", text).replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n")
