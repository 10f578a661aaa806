# SPDX-License-Identifier: Apache-2.0
"""WuzAPI's endpoint and body for each type of message, within its limits (vendor-docs/wuzapi, chat)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from airflow_provider_wa.api import jids, media_types
from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.json_fields import pick, text, whole_number
from airflow_provider_wa.api.messages import (
    AnsweringMessage,
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
    Message,
    Poll,
    Reaction,
    Sticker,
    Text,
    Video,
)
from airflow_provider_wa.vendors.wuzapi.tables import BUTTON_CHARACTERS, BUTTONS_OF_A_KIND, NAME

Body: TypeAlias = dict[str, Any]

IMAGES = ("image/jpeg", "image/png")
VIDEOS = ("video/mp4", "video/3gpp")
STICKERS = ("image/webp", "image/png", "image/jpeg", "image/gif", "video/mp4")

VOICE = {"ptt": True, "mimetype": "audio/ogg; codecs=opus"}
MUSIC = {"ptt": False, "mimetype": "audio/mpeg"}

# Fields of a file that can be downloaded: name, whether it is bytes in base64, whether it is required.
_REFERENCE: tuple[tuple[str, bool, bool], ...] = (
    ("Url", False, False),
    ("DirectPath", False, False),
    ("MediaKey", True, True),
    ("Mimetype", False, True),
    ("FileSHA256", True, True),
    ("FileEncSHA256", True, False),
)

_NOT_OPUS: Mapping[bytes, str] = {b"\x01vorbis": "Vorbis", b"\x7fFLAC": "FLAC", b"Speex   ": "Speex"}
_OGG_HEAD = 512


def jid(who: str, what: str) -> str:
    """Return the JID of digits, and a JID as it is. ``what`` names the field in an error.

    :raises BadInput: neither digits nor a JID.
    """
    if jids.read(who):
        return who
    number = re.sub(r"[\s()+.-]", "", who)
    if not re.fullmatch(r"[0-9]{5,20}", number):
        raise BadInput(f"{what}: {who[:60]!r} is neither a phone number nor a JID", vendor=NAME)
    return jids.of_person(number)


def group_jid(group: str) -> str:
    """Return a group's JID, checked.

    :raises BadInput: it is not the JID of a group.
    """
    found = jids.parse(group)
    if found is None or found.kind is not jids.JidKind.GROUP:
        raise BadInput(f"group: {group[:60]!r} is not the JID of a group; expected digits@g.us", vendor=NAME)
    return found.plain


def required(value: str, what: str) -> str:
    """Return a text, checked that it is not empty. ``what`` names the field in an error.

    :raises BadInput: it is empty.
    """
    if not value.strip():
        raise BadInput(f"{what} is empty", vendor=NAME)
    return value


def data_url(media: Media, kinds: Collection[str], what: str, media_type: str | None = None) -> str:
    """Return a URL as it is (newer servers fetch it), bytes as a data URL of ``media_type`` or their own MIME type.

    :raises BadInput: the content is of a type that is not in ``kinds``; without kinds every type is taken.
    """
    if kinds:
        media_types.require(media, kinds, what)
    if media.url is not None:
        return media.url
    encoded = base64.b64encode(media.content or b"").decode()
    return f"data:{media_type or media_types.media_type(media)};base64,{encoded}"


def _optional(**fields: str) -> Body:
    return {name: value for name, value in fields.items() if value}


def context(message: Text | AnsweringMessage) -> Body:
    """Return the field that quotes a message and mentions people; empty without either.

    :raises BadInput: the sender of the quoted message is missing, or a person is neither a number nor a JID.
    """
    info: Body = {}
    if message.quoted_id:
        if not message.quoted_sender:
            raise BadInput(
                f"{message.type}: quoted_sender is missing; an answer requires the JID of the sender", vendor=NAME
            )
        info = {
            "StanzaId": message.quoted_id,
            "Participant": jid(message.quoted_sender, f"{message.type}: quoted_sender"),
        }
    if message.mentions:
        info["MentionedJID"] = [jid(person, f"{message.type}: mentions") for person in message.mentions]
    return {"ContextInfo": info} if info else {}


def _text(message: Text) -> Body:
    return {"Body": message.body, **({"LinkPreview": True} if message.link_preview else {})}


def _image(message: Image) -> Body:
    return {"Image": data_url(message.media, IMAGES, "image"), **_optional(Caption=message.caption)}


def _video(message: Video) -> Body:
    return {
        "Video": data_url(message.media, VIDEOS, "video"),
        **_mime_type(message.media),
        **_optional(Caption=message.caption),
        **_thumbnail("JpegThumbnail", message.thumbnail, "image/jpeg"),
    }


def _mime_type(media: Media) -> Body:
    """Return the MIME type, if it is known: the server knows few types by a file's content."""
    kind = media_types.media_type(media)
    return {} if kind == "application/octet-stream" else {"MimeType": kind}


def _audio(message: Audio) -> Body:
    head = (message.media.content or b"")[:_OGG_HEAD]
    if codec := next((name for mark, name in _NOT_OPUS.items() if mark in head), None):
        raise BadInput(f"audio: {message.media.filename!r} is {codec} in Ogg; it must be Opus in Ogg", vendor=NAME)
    kind = media_types.media_type(message.media)
    form = MUSIC if kind == "audio/mpeg" else VOICE
    if message.media.url is not None and kind not in ("audio/mpeg", "audio/ogg"):
        form = {}  # a link without a telling name: the server goes by the type that the link answers with
    return {"Audio": data_url(message.media, ("audio/ogg", "audio/mpeg"), "audio"), **form}


def _document(message: Document) -> Body:
    # Older servers take this one MIME type in the data; newer ones go by the field.
    document = data_url(message.media, (), "document", "application/octet-stream")
    named = {"FileName": message.media.filename, **_mime_type(message.media)}
    return {"Document": document, **named, **_optional(Caption=message.caption)}


def _sticker(message: Sticker) -> Body:
    if message.caption:
        raise BadInput("sticker: caption is not possible; WhatsApp shows none with a sticker", vendor=NAME)
    sticker = data_url(message.media, STICKERS, "sticker")
    # By this the server knows what to convert to WebP.
    kind = {} if media_types.media_type(message.media) == "image/webp" else _mime_type(message.media)
    return {"Sticker": sticker, **kind, **_thumbnail("PngThumbnail", message.thumbnail, "image/png")}


def _thumbnail(name: str, picture: bytes | None, kind: str) -> Body:
    if picture is None:
        return {}
    if (found := media_types.sniff(picture)) != kind:
        raise BadInput(f"thumbnail: it is {found or 'of an unknown type'}; it must be {kind}", vendor=NAME)
    return {name: base64.b64encode(picture).decode()}


def _degrees(degrees: float) -> float:
    # The server takes exactly 0 for missing; this is a centimetre from it.
    return degrees or 1e-7


def _location(message: Location) -> Body:
    place = {"Latitude": _degrees(message.latitude), "Longitude": _degrees(message.longitude)}
    return {**place, **_optional(Name=message.name)}


def _contact(message: ContactCard) -> Body:
    return {"Name": message.name, "Vcard": message.vcard}


def _list(message: ListMessage) -> Body:
    sections: dict[str, list[Body]] = {}
    for place, row in enumerate(message.rows, 1):
        sections.setdefault(row.section, []).append(_row(place, row))
    return {
        "Desc": message.body,
        "ButtonText": message.button,
        **_optional(TopText=message.header, FooterText=message.footer),
        "Sections": [{"Title": title, "Rows": rows} for title, rows in sections.items()],
    }


def _row(place: int, row: ListRow) -> Body:
    # The same title may stand in two sections, but an id must be one row's alone.
    return {"RowId": str(place), "Title": row.title, **_optional(Desc=row.description)}


def _poll(message: Poll) -> Body:
    if message.several:
        raise BadInput("poll: several is not possible; this vendor's polls take one answer", vendor=NAME)
    return {"Header": message.question, "Options": list(message.options)}


def _edit(message: Edit) -> Body:
    return {"Body": message.body, "Id": message.message_id}


def _reaction(message: Reaction) -> Body:
    own = "me:" if message.own else ""
    body = {"Body": message.emoji or "remove", "Id": own + message.message_id.removeprefix(own)}
    if message.sender and not message.own:
        body["Participant"] = jid(message.sender, "reaction: sender")
    return body


def template(message: Buttons) -> Body:
    """Return the body for /chat/send/template, which older servers have.

    :raises BadInput: too many buttons of a kind, or a text too long.
    """
    buttons = [_template_button(button) for button in _checked(message)]
    return {"Content": message.body, **_optional(Footer=message.footer), "Buttons": buttons, **context(message)}


def _template_button(button: Button) -> Body:
    kind = {"reply": "quickreply"}.get(button.kind, button.kind)
    return {"DisplayText": button.text, "Type": kind, **_optional(Url=button.url, PhoneNumber=button.phone)}


def buttons(message: Buttons) -> Body:
    """Return the body for /chat/send/buttons of the newest servers: text, footer, picture, buttons of all three kinds.

    :raises BadInput: too many buttons of a kind, a text too long, or something under them other than a picture.
    """
    if message.location:
        raise BadInput("buttons: location is not possible; this vendor has buttons under a text or a picture",
                       vendor=NAME)  # fmt: skip
    given = [_button(place, button) for place, button in enumerate(_checked(message), 1)]
    picture = data_url(message.media, IMAGES, "buttons: media") if message.media else ""
    parts = _optional(Footer=message.footer, Image=picture)
    return {"Body": message.body, **parts, "Buttons": given, **context(message)}


def _button(place: int, button: Button) -> Body:
    kind = {"reply": "reply", "url": "cta_url", "call": "cta_call", "copy": "copy"}[button.kind]
    label = {"Type": kind, "ButtonId": str(place), "ButtonText": button.text}
    return {**label, **_optional(url=button.url, phone_number=button.phone, copy_code=button.copy_code)}


def reply_buttons(message: Buttons) -> Body | None:
    """Return the body for /chat/send/buttons of servers in between; None for more than text and buttons that answer."""
    if message.media or any(button.kind != "reply" for button in message.buttons):
        return None
    given = [{"ButtonId": str(place), "ButtonText": button.text} for place, button in enumerate(message.buttons, 1)]
    return {"Title": message.body, "Buttons": given, **context(message)}


def _checked(message: Buttons) -> tuple[Button, ...]:
    for kind, limit in BUTTONS_OF_A_KIND.items():
        if (count := sum(button.kind == kind for button in message.buttons)) > limit:
            raise BadInput(f"buttons: {count} {kind} buttons; there may be at most {limit}", vendor=NAME)
    for button in message.buttons:
        if (length := len(button.text)) > BUTTON_CHARACTERS:
            raise BadInput(
                f"button {button.text!r}: the text has {length} characters; it may have at most {BUTTON_CHARACTERS}",
                vendor=NAME,
            )
    return message.buttons


ANSWERING = (Text, AnsweringMessage)
"""Types of messages that can quote another one and mention people."""


@dataclass(frozen=True)
class Route:
    """Endpoint of a type of message: path, function that makes the body, the recipient's field, use of the own id.

    Without ``own_id`` the field ``Id`` has the id of the message to change.
    """

    path: str
    make: Callable[[Any], Body]
    recipient: str = "Phone"
    own_id: bool = True

    def body(self, to: str, message: Message, message_id: str | None) -> Body:
        """Return the whole body.

        :raises BadInput: the message is not what the endpoint takes.
        """
        body = self.make(message)
        if isinstance(message, ANSWERING):
            body |= context(message)
        return addressed(to, body, message_id if self.own_id else None, self.recipient)


SENDS: Mapping[type[Message], Route] = {
    Text: Route("/chat/send/text", _text),
    Image: Route("/chat/send/image", _image),
    Audio: Route("/chat/send/audio", _audio),
    Video: Route("/chat/send/video", _video),
    Document: Route("/chat/send/document", _document),
    Sticker: Route("/chat/send/sticker", _sticker),
    Location: Route("/chat/send/location", _location),
    ContactCard: Route("/chat/send/contact", _contact),
    ListMessage: Route("/chat/send/list", _list),
    Poll: Route("/chat/send/poll", _poll, recipient="Group"),
    Edit: Route("/chat/send/edit", _edit, own_id=False),
    Reaction: Route("/chat/react", _reaction, own_id=False),
}
"""Endpoint of each type of message except ``Buttons``: theirs depends on the server."""

OPTIONS: Mapping[str, frozenset[type[Message]]] = {
    **dict.fromkeys(
        ("quoted_id", "mentions"), frozenset(kind for kind in (*SENDS, Buttons) if issubclass(kind, ANSWERING)) - {Poll}
    ),
    "link_preview": frozenset({Text}),
}
"""Types of messages that take each of ``api.messages.OPTIONS``."""

TEMPLATE = "/chat/send/template"
BUTTONS = "/chat/send/buttons"


def addressed(to: str, body: Body, message_id: str | None, recipient: str = "Phone") -> Body:
    """Return a body with its recipient, and the sender's own id if there is one."""
    return {recipient: to, **body, **_optional(Id=message_id or "")}


def download(reference: Any) -> Body:
    """Return the body for /chat/download*, from the fields that a message has for its file, in any case.

    :raises BadInput: a field is missing or not in base64.
    """
    body: Body = {}
    for name, encoded, needed in _REFERENCE:
        value = text(pick(reference, name))
        if encoded and not _is_base64(value):
            raise BadInput(f"reference: {name} is not base64", vendor=NAME)
        if value:
            body[name] = value
        elif needed:
            raise BadInput(f"reference: {name} is missing", vendor=NAME)
    if not body.keys() & {"Url", "DirectPath"}:
        raise BadInput("reference: Url and DirectPath are missing; expected one of them", vendor=NAME)
    length = whole_number(pick(reference, "FileLength"))
    if length is None or length < 0:
        raise BadInput("reference: FileLength is missing or not a whole number; expected 0 or more", vendor=NAME)
    return {**body, "FileLength": length}


def _is_base64(value: str) -> bool:
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True
