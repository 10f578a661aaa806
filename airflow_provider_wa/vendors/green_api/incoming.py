# SPDX-License-Identifier: Apache-2.0
"""Green-API's incoming messages: one table of their types (field-notes, Green-API; the vendor's public pages).

A journal has the fields flat, a notification in ``messageData``, mostly in an object of the type's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from airflow_provider_wa.api import jids
from airflow_provider_wa.api.json_fields import Path, decimal, moment, pick, text, text_at, texts_at
from airflow_provider_wa.api.records import InboxMessage
from airflow_provider_wa.vendors.green_api.tables import NAME


class MessageType(NamedTuple):
    """A type of message in our words, and the places in it.

    ``part`` is the object of the type's own. ``texts``, the best first, ``selected`` (the id of a chosen button or row)
    and ``options`` (of a poll) are places in this object. ``target`` are places, from the top, of the id of the message
    to which this one refers.
    """

    kind: str
    part: str = ""
    texts: tuple[Path, ...] = ()
    selected: tuple[Path, ...] = ()
    target: tuple[Path, ...] = ()
    options: Path = ()


_FILE_PART = "fileMessageData"
_CAPTION: tuple[Path, ...] = (("caption",),)
_TEXT_PART = "extendedTextMessageData"
_PLAIN: tuple[Path, ...] = (("text",), ("textMessage",), ("extendedTextMessage", "text"))
_QUOTED: Path = ("quotedMessage", "stanzaId")
_QUESTION: tuple[Path, ...] = (("contentText",), ("body",), ("titleText",), ("header",), ("title",), ("footerText",))

TYPES: Mapping[str, MessageType] = {
    "textmessage": MessageType("text", "textMessageData", _PLAIN),
    "extendedtextmessage": MessageType("text", _TEXT_PART, _PLAIN),
    "quotedmessage": MessageType("text", _TEXT_PART, _PLAIN),
    "imagemessage": MessageType("image", _FILE_PART, _CAPTION),
    "videomessage": MessageType("video", _FILE_PART, _CAPTION),
    "ptvmessage": MessageType("video", _FILE_PART, _CAPTION),
    "documentmessage": MessageType("document", _FILE_PART, _CAPTION),
    "audiomessage": MessageType("audio", _FILE_PART, _CAPTION),
    "stickermessage": MessageType("sticker", _FILE_PART, _CAPTION),
    "locationmessage": MessageType("location", "locationMessageData", (("nameLocation",), ("address",))),
    "livelocationmessage": MessageType("location", "locationMessageData", (("nameLocation",), ("caption",))),
    "contactmessage": MessageType("contact", "contactMessageData", (("displayName",),)),
    "contactsarraymessage": MessageType("contact", "messageData", (("contacts", "displayName"),)),
    "buttonsresponsemessage": MessageType(
        "button", "buttonsResponseMessage", (("selectedButtonText",),), (("selectedButtonId",),)
    ),
    "templatebuttonsreplymessage": MessageType(
        "button", "templateButtonReplyMessage", (("selectedDisplayText",),), (("selectedId",),)
    ),
    "interactivebuttonsresponse": MessageType(
        "button", "interactiveButtonsResponse", (("selectedDisplayText",), ("selectedButtonText",)),
        (("selectedId",), ("selectedButtonId",)),
    ),
    "listresponsemessage": MessageType(
        "list", "listResponseMessage", (("title",), ("description",)),
        (("singleSelectReply",), ("singleSelectReply", "selectedRowId")),
    ),
    "pollmessage": MessageType("poll", "pollMessageData", (("name",),), options=("options", "optionName")),
    "pollupdatemessage": MessageType("vote", "pollMessageData", (), target=(("pollMessageData", "stanzaId"),)),
    "groupinvitemessage": MessageType("invitation", "groupInviteMessageData", (("caption",), ("groupName",))),
    "ordermessage": MessageType("order", "orderMessageData", (("message",), ("orderTitle",))),
    "productmessage": MessageType("product", "productMessageData", (("body",), ("title",), ("description",))),
    "eventmessage": MessageType("event", "eventMessageData", (("name",), ("description",))),
    "templatemessage": MessageType("template", "templateMessage", _QUESTION),
    "buttonsmessage": MessageType("template", "buttonsMessage", _QUESTION),
    "listmessage": MessageType("template", "listMessage", _QUESTION),
    "interactivebuttons": MessageType("template", "interactiveButtons", _QUESTION),
    "interactivebuttonsreply": MessageType("template", "interactiveButtonsReply", _QUESTION),
    "reactionmessage": MessageType("reaction", _TEXT_PART, _PLAIN, target=(_QUOTED, (_TEXT_PART, "stanzaId"))),
    "editedmessage": MessageType(
        "edit", "editedMessageData", (("textMessage",), ("caption",)),
        target=(("editedMessageData", "stanzaId"), ("editedMessageId",)),
    ),
    "deletedmessage": MessageType(
        "deletion", "deletedMessageData", (), target=(("deletedMessageData", "stanzaId"), ("deletedMessageId",))
    ),
    "pinmessage": MessageType("pin", "", (), target=(_QUOTED,)),
    "keepmessage": MessageType("keep", "", (), target=(_QUOTED,)),
    "albummessage": MessageType("album", "", ()),
    "calllogmessage": MessageType("call", "", ()),
}  # fmt: skip
"""Types by ``typeMessage`` in small letters."""

_OTHER_SPELLINGS: Mapping[str, str] = {
    "templatebuttonreplymessage": "templatebuttonsreplymessage",
    "interactivebuttonresponse": "interactivebuttonsresponse",
    "interactivebuttonreply": "interactivebuttonsreply",
    "pollupdate": "pollupdatemessage",
}
"""Spellings of types that clients of the vendor have met, with the documented ones."""

_JOURNAL_PARTS: Mapping[str, str] = {"locationMessageData": "location", "contactMessageData": "contact"}
"""Names of parts in the journals, where they differ."""

_UNKNOWN = MessageType("unknown", "", (*_PLAIN, *_CAPTION, *_QUESTION))

_WITHOUT_TEXT: Mapping[str, str] = {"text": "unknown", "reaction": "reaction_removed", "vote": "vote_removed"}
"""Kind of a type that has no text, where that makes a difference."""

_CHATS_APART: Mapping[str, str] = {"status@broadcast": "status", "@newsletter": "channel"}
"""Kind of everything in chats without messages to this account, by the end of their ids."""

_UNREADABLE = "{{SWE"
"""Beginning of the vendor's mark for a message that it could not decrypt: ``{{SWE001}}``."""

_FILES: tuple[Path, ...] = (("downloadUrl",), (_FILE_PART, "downloadUrl"))


def inbox_message(item: Any) -> InboxMessage | None:
    """Return an incoming message or the change of one, from a journal or a notification; None if it has no id."""
    message_id = text(pick(item, "idMessage"))
    if not message_id:
        return None
    content, people = pick(item, "messageData") or item, pick(item, "senderData")
    chat = jids.without_device(text(pick(item, "chatId")) or text(pick(people, "chatId")))
    author = jids.phone_or_jid(text(pick(item, "senderId")) or text(pick(people, "sender")) or chat)
    sender = jids.digits(text(pick(people, "phoneNumber", "senderPhoneNumber"))) or author
    known = _type(content)
    part = _part(content, known)
    words = _votes(part, {sender, author}, chat) if known.kind == "vote" else _options(part, known)
    said = ", ".join(words) if known.kind == "vote" else _text(part, known)
    kind = _apart(chat) or _kind(content, known, said)
    target = text_at(content, known.target)
    return InboxMessage(
        vendor=NAME,
        message_id=message_id,
        wa_message_id=message_id,
        sender=sender,
        chat=chat or None,
        kind=kind,
        text="" if kind == "unreadable" else said,
        received_at=moment(pick(item, "timestamp")),
        media_url=text_at(content, _FILES) or None,
        quoted_id=None if target else text_at(content, (_QUOTED,)) or text(pick(part, "stanzaId")) or None,
        selected_id=text_at(part, known.selected) or None,
        options=words,
        latitude=decimal(pick(part, "latitude")),
        longitude=decimal(pick(part, "longitude")),
        sender_name=text(pick(people, "senderName")) or text(pick(item, "senderName")) or None,
        participant=sender if jids.is_group(chat) and sender != chat else None,
        lid=author if jids.is_lid(author) else None,
        target_id=target or None,
        raw=item,
    )


def _type(content: Any) -> MessageType:
    word = text(pick(content, "typeMessage")).casefold()
    return TYPES.get(_OTHER_SPELLINGS.get(word, word), _UNKNOWN)


def _part(content: Any, known: MessageType) -> Any:
    """Return the object of a type's own, or the whole message where that has its fields, as in the journals."""
    found = pick(content, known.part, _JOURNAL_PARTS.get(known.part, known.part)) if known.part else None
    return found if isinstance(found, Mapping) else content


def _text(part: Any, known: MessageType) -> str:
    """Return the text of a message; of an unknown type, any text that an object of its own has."""
    said = text_at(part, known.texts)
    if known is not _UNKNOWN or said or not isinstance(part, Mapping):
        return said
    parts = (value for name, value in part.items() if str(name).casefold() != _QUOTED[0].casefold())
    return next((found for value in parts if (found := text_at(value, (*_PLAIN, *_CAPTION, *_QUESTION)))), "")


def _options(part: Any, known: MessageType) -> tuple[str, ...]:
    return tuple(texts_at(part, known.options)) if known.options else ()


def _apart(chat: str) -> str | None:
    return next((kind for end, kind in _CHATS_APART.items() if chat.endswith(end)), None)


def _kind(content: Any, known: MessageType, said: str) -> str:
    """Return a message's kind by its type and its text."""
    if said.startswith(_UNREADABLE) and said.endswith("}}"):
        return "unreadable"
    if known is _UNKNOWN:
        return "text" if said else "document" if text_at(content, _FILES) else "unknown"
    if known.kind == "vote" and texts_at(content, (known.part, "votes", "optionVoters")):
        return "vote"
    return known.kind if said else _WITHOUT_TEXT.get(known.kind, known.kind)


def _votes(poll: Any, voter: set[str], chat: str) -> tuple[str, ...]:
    """Return the options of a vote.

    :param voter: the number or LID of this person. Outside of groups every vote counts: the poll may name the person by
        another address than the message does.
    """
    votes = pick(poll, "votes")
    votes = votes if isinstance(votes, list) else []
    rows = [(text(pick(row, "optionName")), texts_at(row, ("optionVoters",))) for row in votes]
    own = tuple(name for name, voters in rows if name and voter & set(map(jids.phone_or_jid, voters)))
    return own or (() if jids.is_group(chat) else tuple(name for name, voters in rows if name and voters))
