# SPDX-License-Identifier: Apache-2.0
"""Messages. Each is checked when it is built; a vendor's own limits are checked before its request is built."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.file_names import media_type_of


class Checked:
    """Base of messages and their parts: each is checked when it is built.

    A part with the output of another task (an XComArg of Airflow) is checked when the output exists: the operator then
    builds the message again.
    """

    def __post_init__(self) -> None:
        if not any(map(_is_to_come, vars(self).values())):
            self._check()

    def _check(self) -> None:
        """Check the values, and derive missing ones."""


def _is_to_come(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return any(map(_is_to_come, value))
    return hasattr(value, "iter_references")


@dataclass(frozen=True)
class Media(Checked):
    """A file to send: its bytes, or a ``url`` (http or https) that the vendor fetches.

    ``filename`` and ``media_type`` (MIME) are derived from the URL or from each other where they are missing.
    """

    content: bytes | None = field(default=None, repr=False)
    url: str | None = None
    filename: str = ""
    media_type: str = ""

    def _check(self) -> None:
        if (self.content is None) == (self.url is None):
            raise BadInput("media: expected either the file's bytes or a URL")
        if self.content is not None and not isinstance(self.content, bytes):
            raise BadInput(f"media: content is of type {type(self.content).__name__}; it must be the file's bytes")
        if self.content == b"":
            file = f"the file {self.filename!r}" if self.filename else "the file"
            raise BadInput(f"media: {file} is empty")
        last_part = "" if self.url is None else _file_name(self.url)
        name = self.filename or last_part
        kind = self.media_type or media_type_of(name) or "application/octet-stream"
        object.__setattr__(self, "media_type", kind)
        object.__setattr__(self, "filename", name or f"file{mimetypes.guess_extension(kind) or ''}")


@dataclass(frozen=True)
class Message(Checked):
    """Base of all messages. ``type`` is its name in the dict form that operators take."""

    type: ClassVar[str]

    def _check(self) -> None:
        for name, text in texts_in(self):
            try:
                text.encode()
            except UnicodeEncodeError:
                raise BadInput(f"{self.type}: {name} has half of a surrogate pair; expected whole characters") from None

    def to_dict(self) -> dict[str, Any]:
        """Return the message as a dict for ``message_dicts.from_dict``, without the fields that are not set."""
        return {"type": self.type, **_set_fields(self)}


@dataclass(frozen=True)
class Text(Message):
    """A text. WhatsApp's own marks are kept: ``*bold*``, ``_italic_``, ``~strikethrough~``.

    With ``quoted_id`` it answers that message; ``quoted_sender`` is the JID of its sender, which some vendors require.
    ``mentions`` are digits or JIDs of people who are notified; the body has ``@<digits>`` where each is shown. With
    ``link_preview`` the first link is shown with its title and picture.
    """

    type: ClassVar[str] = "text"
    body: str
    quoted_id: str = ""
    quoted_sender: str = ""
    mentions: tuple[str, ...] = field(default=(), kw_only=True)
    link_preview: bool = field(default=False, kw_only=True)

    def _check(self) -> None:
        super()._check()
        _check_mentions(self)
        if not self.body.strip():
            raise BadInput("text: the body is empty")


@dataclass(frozen=True)
class AnsweringMessage(Message):
    """A message that can quote another one and mention people, where the vendor takes that; fields as of ``Text``."""

    quoted_id: str = field(default="", kw_only=True)
    quoted_sender: str = field(default="", kw_only=True)
    mentions: tuple[str, ...] = field(default=(), kw_only=True)

    def _check(self) -> None:
        super()._check()
        _check_mentions(self)


@dataclass(frozen=True)
class MediaMessage(AnsweringMessage):
    """A message that carries a file."""

    media: Media
    caption: str = ""


@dataclass(frozen=True)
class Image(MediaMessage):
    """A picture with an optional caption."""

    type: ClassVar[str] = "image"


@dataclass(frozen=True)
class Audio(MediaMessage):
    """A voice note or other audio, such as music, by its file's type. WhatsApp shows no caption with audio."""

    type: ClassVar[str] = "audio"

    def _check(self) -> None:
        super()._check()
        if self.caption:
            raise BadInput("audio: WhatsApp shows no caption with audio; send the text as a message of its own")


@dataclass(frozen=True)
class Video(MediaMessage):
    """A video with an optional caption; ``thumbnail`` is a JPEG to show until it is loaded."""

    type: ClassVar[str] = "video"
    thumbnail: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Document(MediaMessage):
    """A file of any kind, shown by its name."""

    type: ClassVar[str] = "document"


@dataclass(frozen=True)
class Sticker(MediaMessage):
    """A sticker, a picture in WebP; ``thumbnail`` is a PNG to show until it is loaded."""

    type: ClassVar[str] = "sticker"
    thumbnail: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Location(AnsweringMessage):
    """A place: degrees of latitude (-90 to 90) and longitude (-180 to 180), with a name, address and link to show."""

    type: ClassVar[str] = "location"
    latitude: float
    longitude: float
    name: str = ""
    address: str = ""
    url: str = ""

    def _check(self) -> None:
        super()._check()
        for axis, limit in (("latitude", 90), ("longitude", 180)):
            try:
                degrees = float(getattr(self, axis))
            except (TypeError, ValueError):
                raise BadInput(f"location: {axis} {getattr(self, axis)!r} is not a number; expected degrees") from None
            if not -limit <= degrees <= limit:
                raise BadInput(f"location: {axis} {degrees} is outside -{limit} to {limit}")
            object.__setattr__(self, axis, degrees)


@dataclass(frozen=True)
class ContactCard(AnsweringMessage):
    """A contact to save: a display name and a phone number with country code."""

    type: ClassVar[str] = "contact"
    name: str
    phone: str
    organization: str = ""

    def _check(self) -> None:
        super()._check()
        if not self.name.strip():
            raise BadInput("contact: the name is empty")
        if not re.search(r"\d{5}", re.sub(r"[\s().-]", "", self.phone)):
            raise BadInput(f"contact: {self.phone!r} is not a phone number; expected digits with the country code")

    @property
    def vcard(self) -> str:
        """Contact as a vCard 3.0, with escaped values."""
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
class Button(Checked):
    """A button under a message: opens ``url``, calls ``phone``, copies ``copy_code``, or else answers by its text."""

    text: str
    url: str = ""
    phone: str = ""
    copy_code: str = ""

    def _check(self) -> None:
        if not self.text.strip():
            raise BadInput("button: the text is empty")
        given = [name for name in ("url", "phone", "copy_code") if getattr(self, name)]
        if len(given) > 1:
            raise BadInput(f"button {self.text!r}: {' and '.join(given)} are given; expected one of them")
        if self.url:
            _file_name(self.url)

    @property
    def kind(self) -> str:
        """Effect of the button: ``url``, ``call``, ``copy`` or ``reply``."""
        effects = (("url", self.url), ("call", self.phone), ("copy", self.copy_code))
        return next((kind for kind, value in effects if value), "reply")


@dataclass(frozen=True)
class Buttons(AnsweringMessage):
    """A text with buttons, under a file or a place if there is one. The vendor limits their number."""

    type: ClassVar[str] = "buttons"
    body: str
    buttons: tuple[Button, ...]
    footer: str = ""
    media: Media | None = None
    location: Location | None = None

    def _check(self) -> None:
        super()._check()
        if not self.body.strip():
            raise BadInput("buttons: the body is empty")
        if not self.buttons:
            raise BadInput("buttons: the list is empty; expected at least one button")
        if self.media and self.location:
            raise BadInput("buttons: both media and location are given; expected one of them")
        object.__setattr__(self, "buttons", tuple(self.buttons))


@dataclass(frozen=True)
class ListRow(Checked):
    """An item to choose, with a description; items of the same ``section`` stand together under it."""

    title: str
    description: str = ""
    section: str = ""

    def _check(self) -> None:
        if not self.title.strip():
            raise BadInput("list: a row's title is empty")


@dataclass(frozen=True)
class ListMessage(AnsweringMessage):
    """A text with a button that opens a list of items to choose from."""

    type: ClassVar[str] = "list"
    body: str
    button: str
    rows: tuple[ListRow, ...]
    header: str = ""
    footer: str = ""

    def _check(self) -> None:
        super()._check()
        for name in ("body", "button"):
            if not getattr(self, name).strip():
                raise BadInput(f"list: the {name} is empty")
        if not self.rows:
            raise BadInput("list: rows is empty; expected at least one row")
        object.__setattr__(self, "rows", tuple(self.rows))


@dataclass(frozen=True)
class Poll(AnsweringMessage):
    """A question with options; ``several`` lets people choose more than one."""

    type: ClassVar[str] = "poll"
    question: str
    options: tuple[str, ...]
    several: bool = False

    def _check(self) -> None:
        super()._check()
        object.__setattr__(self, "options", tuple(map(str, self.options)))
        if not self.question.strip():
            raise BadInput("poll: the question is empty")
        if len(set(self.options)) < 2 or len(set(self.options)) < len(self.options):
            raise BadInput("poll: options must be at least two, all different")


@dataclass(frozen=True)
class Reaction(Message):
    """An emoji on a message; an empty one removes it. ``own``: this account sent the message.

    ``sender`` is the JID of the message's sender, which some vendors require in a group.
    """

    type: ClassVar[str] = "reaction"
    message_id: str
    emoji: str
    own: bool = False
    sender: str = ""

    def _check(self) -> None:
        super()._check()
        if not self.message_id.strip():
            raise BadInput("reaction: the message's id is empty")


@dataclass(frozen=True)
class Edit(Message):
    """A new text for a message that this account sent."""

    type: ClassVar[str] = "edit"
    message_id: str
    body: str

    def _check(self) -> None:
        super()._check()
        if not self.message_id.strip() or not self.body.strip():
            raise BadInput("edit: the message's id or the new text is empty; expected both")


OPTIONS = ("quoted_id", "mentions", "link_preview")
"""Fields of messages that not every vendor takes."""


def options_of(message: Message) -> list[str]:
    """Return the names of the ``OPTIONS`` that are set; ``quoted_id`` of a text is not counted, vendors check it."""
    names = OPTIONS[1:] if isinstance(message, Text) else OPTIONS
    return [name for name in names if getattr(message, name, None)]


def _check_mentions(message: Text | AnsweringMessage) -> None:
    people = message.mentions
    if isinstance(people, str) or not all(isinstance(person, str) and person.strip() for person in people):
        raise BadInput(f"{message.type}: mentions has a wrong type; expected a list of numbers or JIDs as texts")
    object.__setattr__(message, "mentions", tuple(people))


def texts_in(part: Any) -> Iterator[tuple[str, str]]:
    """Yield all texts of a message or of a part, each with the name of its field."""
    for name in _field_names(type(part)):  # type: ignore[arg-type]
        value = getattr(part, name)
        for item in value if isinstance(value, (tuple, list)) else (value,):
            if isinstance(item, str):
                yield name, item
            elif is_dataclass(item):
                yield from texts_in(item)


@lru_cache(maxsize=64)
def _field_names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _set_fields(part: Any) -> dict[str, Any]:
    found = {name: getattr(part, name) for name in _field_names(type(part))}  # type: ignore[arg-type]
    # 0 is a latitude: only None, False, the empty text and the empty list are left out.
    return {
        name: _plain(value)
        for name, value in found.items()
        if value is not None and value is not False and value not in ("", ())
    }


def _plain(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return _set_fields(value) if isinstance(value, Checked) else value


def _file_name(url: str) -> str:
    """Return the last part of the path of a URL."""
    try:
        if re.match(r"https?://[^/\s]", url):
            return PurePosixPath(unquote(urlsplit(url).path)).name
    except ValueError:
        pass
    raise BadInput(f"media URL: {url[:60]!r} is not a URL; expected http:// or https:// and a host")


def _vcard_text(text: str) -> str:
    return re.sub(r"([\\,;])", r"\\\1", text).replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n")
