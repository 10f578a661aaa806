# SPDX-License-Identifier: Apache-2.0
"""Green-API's method and body for each type of message, within its limits (field-notes, Green-API)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, TypeAlias

from airflow_provider_wa.api import jids
from airflow_provider_wa.api.capabilities import unsupported
from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.flow import Upload
from airflow_provider_wa.api.media_types import sniff
from airflow_provider_wa.api.messages import (
    AnsweringMessage,
    Audio,
    Button,
    Buttons,
    ContactCard,
    Document,
    Edit,
    Image,
    Location,
    Media,
    MediaMessage,
    Message,
    Poll,
    Sticker,
    Text,
    Video,
)
from airflow_provider_wa.vendors.green_api.tables import (
    BUTTON_CHARACTERS,
    BUTTONS,
    EXTENSIONS,
    NAME,
    OPTION_CHARACTERS,
    POLL_OPTIONS,
    QUESTION_CHARACTERS,
    TEXT_CHARACTERS,
    UPLOAD_MEGABYTES,
)

Body: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Outgoing:
    """A message as the vendor takes it: method, body, and the file if one is uploaded."""

    method: str
    body: Body
    upload: Upload | None = None


def chat_id(to: str) -> str:
    """Return the chat of digits or a JID, in the vendor's spelling: ``<digits>@c.us``, ``...@g.us`` or ``...@lid``.

    :raises BadInput: it is neither, or a JID of another kind.
    """
    if number := jids.digits(to):
        return jids.of_person(number, jids.OLD_PERSON_SERVER)
    found = jids.parse(to)
    if found and found.kind in (jids.JidKind.GROUP, jids.JidKind.LID):
        return found.plain
    raise BadInput(f"chat: {to[:60]!r} is neither digits nor a JID of @c.us, @g.us or @lid", vendor=NAME)


def outgoing(to: str, message: Message) -> Outgoing:
    """Return ``message`` as the vendor takes it, to digits or a JID.

    :raises BadInput: the message is longer or larger than the vendor takes; the error names field, limit and length.
    :raises UnsupportedByVendor: the vendor has no method for this type of message.
    """
    make = SENDS.get(type(message))
    if make is None:
        raise unsupported(NAME, f"send messages of the type {message.type}", ())
    chat, made = chat_id(to), make(message)
    if isinstance(message, Buttons) and jids.is_group(chat):
        raise BadInput("buttons: the recipient is a group; this vendor sends buttons to people only", vendor=NAME)
    return Outgoing(made.method, {"chatId": chat, **made.body}, made.upload)


def _text(message: Text) -> Outgoing:
    _at_most(TEXT_CHARACTERS, "text: body", message.body)
    body: Body = {"message": message.body} | _quoting(message)
    return Outgoing("sendMessage", body | ({"linkPreview": True} if message.link_preview else {}))


def _file(message: MediaMessage) -> Outgoing:
    """Return a file by its URL or as an upload. A caption is shown where the kind of file has one."""
    media, kind = message.media, message.type
    name = _file_name(media, kind)
    _at_most(TEXT_CHARACTERS, f"{kind}: caption", message.caption)
    body: Body = {"fileName": name} | _given(caption=message.caption) | _quoting(message)
    if media.content is None:
        return Outgoing("sendFileByUrl", {"urlFile": media.url, **body})
    if len(media.content) > UPLOAD_MEGABYTES << 20:
        size = len(media.content) / (1 << 20)
        raise BadInput(f"{kind}: the file has {size:.1f} MB; at most {UPLOAD_MEGABYTES} are allowed", vendor=NAME)
    upload = Upload("file", name, media.content, media.media_type)
    return Outgoing("sendFileByUpload", body, upload)


def _file_name(media: Media, kind: str) -> str:
    """Return a file's name, with the extension of its content if the name has none, or ``.bin``."""
    path = PurePath(media.filename)
    if path.suffix not in ("", ".bin"):
        return media.filename
    found = EXTENSIONS.get(sniff(media.content or b"") or "", path.suffix)
    if not found:
        raise BadInput(
            f"{kind}: the file's name {media.filename[:60]!r} has no extension; this vendor needs one to know the type",
            vendor=NAME,
        )
    return path.stem + found


def _location(message: Location) -> Outgoing:
    place = {"latitude": message.latitude, "longitude": message.longitude}
    names = _given(nameLocation=message.name, address=message.address)
    return Outgoing("sendLocation", place | names | _quoting(message))


def _contact(message: ContactCard) -> Outgoing:
    digits = re.sub(r"[^0-9]", "", message.phone)
    contact = {"phoneContact": int(digits), "firstName": message.name} | _given(company=message.organization)
    return Outgoing("sendContact", {"contact": contact} | _quoting(message))


def _poll(message: Poll) -> Outgoing:
    _at_most(QUESTION_CHARACTERS, "poll: question", message.question)
    for number, option in enumerate(message.options, 1):
        _at_most(OPTION_CHARACTERS, f"poll: option {number}", option)
    if len(message.options) > POLL_OPTIONS:
        count = len(message.options)
        raise BadInput(f"poll: {count} options; at most {POLL_OPTIONS} are allowed", vendor=NAME)
    options = [{"optionName": option} for option in message.options]
    body = {"message": message.question, "options": options, "multipleAnswers": message.several}
    return Outgoing("sendPoll", body | _quoting(message))


def _buttons(message: Buttons) -> Outgoing:
    """Return buttons that answer by their text, or those with another effect: the vendor has a method for each."""
    if message.media or message.location:
        raise unsupported(NAME, "send buttons under a file or a place", ())
    _at_most(TEXT_CHARACTERS, "buttons: body", message.body)
    if len(message.buttons) > BUTTONS:
        raise BadInput(f"buttons: {len(message.buttons)} buttons; at most {BUTTONS} are allowed", vendor=NAME)
    for number, button in enumerate(message.buttons, 1):
        _at_most(BUTTON_CHARACTERS, f"buttons: text {number}", button.text)
    replying = {button.kind == "reply" for button in message.buttons}
    if len(replying) > 1:
        raise BadInput(
            "buttons: some answer and some open, call or copy; this vendor takes only one sort in a message",
            vendor=NAME,
        )
    method = "sendInteractiveButtonsReply" if replying == {True} else "sendInteractiveButtons"
    buttons = [_button(number, button) for number, button in enumerate(message.buttons, 1)]
    return Outgoing(method, {"body": message.body, "buttons": buttons} | _given(footer=message.footer))


def _button(number: int, button: Button) -> Body:
    made: Body = {"buttonId": str(number), "buttonText": button.text}
    if button.kind == "reply":
        return made
    phone = re.sub(r"[^0-9]", "", button.phone)
    return {"type": button.kind, **made} | _given(url=button.url, phoneNumber=phone, copyCode=button.copy_code)


def _edit(message: Edit) -> Outgoing:
    _at_most(TEXT_CHARACTERS, "edit: body", message.body)
    return Outgoing("editMessage", {"idMessage": message.message_id, "message": message.body})


SENDS: Mapping[type[Message], Callable[[Any], Outgoing]] = {
    Text: _text,
    Image: _file,
    Audio: _file,
    Video: _file,
    Document: _file,
    Sticker: _file,
    Location: _location,
    ContactCard: _contact,
    Poll: _poll,
    Buttons: _buttons,
    Edit: _edit,
}

OPTIONS: Mapping[str, Collection[type[Message]]] = {
    "quoted_id": frozenset(SENDS) - {Buttons, Edit},
    "link_preview": (Text,),
}
"""Types of messages that take each of ``api.messages.OPTIONS``."""


def _at_most(limit: int, field: str, value: str) -> None:
    if len(value) > limit:
        raise BadInput(f"{field}: {len(value)} characters; at most {limit} are allowed", vendor=NAME)


def _quoting(message: Text | AnsweringMessage) -> Body:
    return _given(quotedMessageId=message.quoted_id)


def _given(**values: str) -> Body:
    """Return the values that are not empty."""
    return {name: value for name, value in values.items() if value}
