# SPDX-License-Identifier: Apache-2.0
"""What is sent. A message is checked when it is built; a vendor's own limits are checked before its request is."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
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
        for name, text in _texts(self):
            try:
                text.encode()
            except UnicodeEncodeError:
                raise BadInput(f"{self.type}: {name} has half of a surrogate pair, which no vendor can take") from None

    def to_dict(self) -> dict[str, Any]:
        """The message's dict form, which ``message_dicts.from_dict`` reads; fields that are not set are left out."""
        return {"type": self.type, **_set_fields(self)}


@dataclass(frozen=True)
class Text(Message):
    """A text. WhatsApp's own marks are kept: ``*bold*``, ``_italic_``, ``~strikethrough~``.

    With ``quoted_id`` it answers that message; ``quoted_sender`` is the JID of who wrote it, which WuzAPI needs.
    """

    type: ClassVar[str] = "text"
    body: str
    quoted_id: str = ""
    quoted_sender: str = ""

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
    """A video with an optional caption; ``thumbnail`` is the JPEG that WuzAPI shows before it is loaded."""

    type: ClassVar[str] = "video"
    thumbnail: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Document(MediaMessage):
    """A file of any kind, shown by its name."""

    type: ClassVar[str] = "document"


@dataclass(frozen=True)
class Sticker(MediaMessage):
    """A sticker, a picture in WebP; ``thumbnail`` is the PNG that WuzAPI shows before it is loaded."""

    type: ClassVar[str] = "sticker"
    thumbnail: bytes | None = field(default=None, repr=False)


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


@dataclass(frozen=True)
class Button:
    """A button under a message: with ``url`` it opens a page, with ``phone`` it calls, else it answers by its text."""

    text: str
    url: str = ""
    phone: str = ""

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise BadInput("button: the text is empty")
        if self.url and self.phone:
            raise BadInput(f"button {self.text!r}: give a url or a phone, not both")
        if self.url:
            _file_name(self.url)

    @property
    def kind(self) -> str:
        """``url``, ``call`` or ``reply``."""
        return "url" if self.url else "call" if self.phone else "reply"


@dataclass(frozen=True)
class Buttons(Message):
    """A text with buttons, under a file or a place if there is one. How many there may be is the vendor's matter."""

    type: ClassVar[str] = "buttons"
    body: str
    buttons: tuple[Button, ...]
    footer: str = ""
    media: Media | None = None
    location: Location | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.body.strip():
            raise BadInput("buttons: the body is empty")
        if not self.buttons:
            raise BadInput("buttons: there is no button")
        if self.media and self.location:
            raise BadInput("buttons: give a file or a location, not both")
        object.__setattr__(self, "buttons", tuple(self.buttons))


@dataclass(frozen=True)
class ListRow:
    """An item to choose, with a description; items of the same ``section`` stand together under it."""

    title: str
    description: str = ""
    section: str = ""

    def __post_init__(self) -> None:
        if not self.title.strip():
            raise BadInput("list: a row's title is empty")


@dataclass(frozen=True)
class ListMessage(Message):
    """A text with a button that opens a list of items to choose from."""

    type: ClassVar[str] = "list"
    body: str
    button: str
    rows: tuple[ListRow, ...]
    header: str = ""
    footer: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("body", "button"):
            if not getattr(self, name).strip():
                raise BadInput(f"list: the {name} is empty")
        if not self.rows:
            raise BadInput("list: there are no rows")
        object.__setattr__(self, "rows", tuple(self.rows))


@dataclass(frozen=True)
class Poll(Message):
    """A question with options; ``several`` lets people choose more than one."""

    type: ClassVar[str] = "poll"
    question: str
    options: tuple[str, ...]
    several: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "options", tuple(map(str, self.options)))
        if not self.question.strip():
            raise BadInput("poll: the question is empty")
        if len(set(self.options)) < 2 or len(set(self.options)) < len(self.options):
            raise BadInput("poll: there must be at least two options, each another one")


@dataclass(frozen=True)
class Reaction(Message):
    """An emoji on a message; an empty one takes it back. ``own``: the message is one that this account sent."""

    type: ClassVar[str] = "reaction"
    message_id: str
    emoji: str
    own: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.message_id.strip():
            raise BadInput("reaction: the message's id is empty")


@dataclass(frozen=True)
class Edit(Message):
    """Another text in place of one that this account sent."""

    type: ClassVar[str] = "edit"
    message_id: str
    body: str

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.message_id.strip() or not self.body.strip():
            raise BadInput("edit: the message's id and its new text must not be empty")


def _texts(part: Any) -> Iterator[tuple[str, str]]:
    """All texts of a message and of what it is made of, each with the name of its field."""
    for f in fields(part):
        value = getattr(part, f.name)
        for item in value if isinstance(value, (tuple, list)) else (value,):
            if isinstance(item, str):
                yield f.name, item
            elif is_dataclass(item):
                yield from _texts(item)


def _set_fields(part: Any) -> dict[str, Any]:
    found = {f.name: getattr(part, f.name) for f in fields(part)}
    # A latitude of 0 is one: only what stands for nothing is left out.
    return {
        name: _plain(value) for name, value in found.items() if value is not None and value is not False and value != ""
    }


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return _set_fields(value) if is_dataclass(value) else value


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
