# SPDX-License-Identifier: Apache-2.0
"""WuzAPI's posts to a webhook as events: messages and receipts, others raw (field-notes, WuzAPI, webhooks)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

from airflow_provider_wa.api import jids
from airflow_provider_wa.api.errors import Unauthorized, UnexpectedReply
from airflow_provider_wa.api.json_fields import base64_bytes, moment, pick, text, truth
from airflow_provider_wa.api.records import DeliveryState, DeliveryStatus, InboxMessage, MediaFile, Record
from airflow_provider_wa.api.webhooks import Event, Post, RawPost, event, posted_object
from airflow_provider_wa.vendors.wuzapi.tables import NAME

DELIVERY_STATES: Mapping[str, DeliveryState] = {"delivered": DeliveryState.DELIVERED, "read": DeliveryState.READ}
"""State by a receipt's ``state`` in small letters. Not ReadSelf: by it this account has read an incoming message."""

# Part of a message that marks its kind, our word for the kind, and the path to the text in that part, if it has one.
_CONTENTS: tuple[tuple[str, str, tuple[str, ...] | None], ...] = (
    ("conversation", "text", ()),
    ("extendedTextMessage", "text", ("text",)),
    ("imageMessage", "image", ("caption",)),
    ("videoMessage", "video", ("caption",)),
    ("ptvMessage", "video", ("caption",)),
    ("audioMessage", "audio", None),
    ("documentMessage", "document", ("caption",)),
    ("documentWithCaptionMessage", "document", ("message", "documentMessage", "caption")),
    ("stickerMessage", "sticker", None),
    ("locationMessage", "location", ("name",)),
    ("liveLocationMessage", "location", ("caption",)),
    ("contactMessage", "contact", ("displayName",)),
    ("contactsArrayMessage", "contact", ("displayName",)),
    ("buttonsResponseMessage", "button", ("Response", "SelectedDisplayText")),
    ("templateButtonReplyMessage", "button", ("selectedDisplayText",)),
    ("interactiveResponseMessage", "button", ("body", "text")),
    ("listResponseMessage", "list", ("title",)),
    ("reactionMessage", "reaction", ("text",)),
    ("pollUpdateMessage", "poll", None),
)

_NO_CONVERSATION = ("status@broadcast", "@newsletter")
"""Ends of the JIDs of chats without messages to this account: the statuses of its contacts, and channels."""

_NOT_KEPT = frozenset(
    {
        *("userid", "instancename", "token"),  # around the event in either spelling: who is meant, and its credentials
        *("base64", "mimetype", "filename"),  # the file
        *("qrcode", "qrcodebase64"),  # whoever scans it owns the session
    }
)

SIGNATURE = "x-hmac-signature"
"""The header with the signature (field-notes, WuzAPI, webhooks)."""


def check_signature(post: RawPost, key: str) -> None:
    """Check the signature of a post: the hex HMAC-SHA256 of its body.

    :raises Unauthorized: it is missing, or made with another key or of another body.
    """
    given = post.headers.get(SIGNATURE, "").strip().lower()
    if not given:
        raise Unauthorized(f"{SIGNATURE}: missing; expected the hex HMAC-SHA256 of the body", vendor=NAME)
    expected = hmac.new(key.encode(), post.body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace")):
        raise Unauthorized(f"{SIGNATURE}: wrong; expected the hex HMAC-SHA256 of the body", vendor=NAME)


def events(post: Post) -> list[Event]:
    """Return the events of a post: a form with the JSON in its field ``jsonData``, or that JSON itself.

    :raises UnexpectedReply: the post is not an object, or has no ``type``.
    """
    envelope = post.fields or post.data
    inner = pick(envelope, "jsonData")
    body = posted_object(NAME, envelope if inner is None else inner)
    kind = text(pick(body, "type"))
    if not kind:
        raise UnexpectedReply("the post has no type", vendor=NAME)
    raw = {name: value for name, value in body.items() if str(name).casefold() not in _NOT_KEPT}
    read, file = _RECORDS.get(kind.casefold()), _file(post, body)
    records = read(raw) if read else ()
    return [event(record, vendor_kind=kind, file=file, raw=raw) for record in records or (None,)]


def message_of(event: Any) -> InboxMessage | None:
    """Return the message in the event of a post, given as an object or as JSON; None for a message of our own.

    :raises UnexpectedReply: it is not an object.
    """
    return next(iter(_message({"type": "Message", "event": posted_object(NAME, event)})), None)


def _message(body: Mapping[str, Any]) -> Sequence[InboxMessage]:
    """Return a message to this account; nothing for its own messages and for those that only change another one."""
    info, content = (pick(pick(body, "event"), name) for name in ("Info", "Message"))
    message_id, chat = text(pick(info, "ID")), text(pick(info, "Chat"))
    own, control = truth(pick(info, "IsFromMe")), pick(content, "protocolMessage")
    if not message_id or own or control is not None or chat.endswith(_NO_CONVERSATION):
        return ()
    kind, said = _content(content)
    return (
        InboxMessage(
            vendor=NAME,
            message_id=message_id,
            wa_message_id=message_id,
            sender=_person(info),
            chat=jids.without_device(chat) or None,
            kind=kind or text(pick(info, "MediaType")) or text(pick(info, "Type")),
            text=said,
            received_at=moment(pick(info, "Timestamp")),
            media_url=text(pick(pick(body, "s3"), "url")) or None,
            raw=body,
        ),
    )


def _receipts(body: Mapping[str, Any]) -> Sequence[DeliveryStatus]:
    """Return the delivery statuses in a receipt; nothing for one from this account's own devices.

    In a group each member sends receipts: ``to`` is the group, ``detail`` the member.
    """
    source, word = pick(body, "event"), text(pick(body, "state"))
    state, named = DELIVERY_STATES.get(word.casefold()), pick(source, "MessageIDs")
    if state is None or not isinstance(named, list) or truth(pick(source, "IsFromMe")):
        return ()
    who, chat = _person(source), jids.without_device(text(pick(source, "Chat")))
    in_group = jids.is_group(chat)
    when = moment(pick(source, "Timestamp"))
    ids = dict.fromkeys(text(message_id) for message_id in named)
    return [
        DeliveryStatus(
            vendor=NAME,
            message_id=message_id,
            state=state,
            to=(chat if in_group else who) or None,
            code=word,
            detail=f"by {who}" if in_group and who else "",
            delivered_at=when if state is DeliveryState.DELIVERED else None,
            read_at=when if state is DeliveryState.READ else None,
            raw=body,
        )
        for message_id in ids
        if message_id
    ]


_RECORDS: Mapping[str, Callable[[Mapping[str, Any]], Sequence[Record]]] = {
    "message": _message,
    "readreceipt": _receipts,
}


def _content(message: Any) -> tuple[str, str]:
    """Return the kind of a message, empty if it is not known, and its text."""
    for name, kind, place in _CONTENTS:
        if (part := pick(message, name)) is not None:
            return kind, "" if place is None else text(reduce(pick, place, part))
    return "", ""


def _person(source: Any) -> str:
    """Return the sender or reader: digits if one of the two addresses is a number, else the JID, mostly a LID."""
    sender, other, chat = (
        text(pick(source, *names)) for names in (("Sender",), ("SenderAlt", "Sender alt"), ("Chat",))
    )
    found = (jids.read(address) for address in (sender, other))
    phones = (jid.phone for jid in found if jid and jid.phone)
    return next(phones, "") or jids.without_device(sender or chat)


def _file(post: Post, body: Mapping[str, Any]) -> MediaFile | None:
    """Return the file of a message: in base64, or the file of a form."""
    if content := base64_bytes(pick(body, "base64")):
        media_type = text(pick(body, "mimeType")) or "application/octet-stream"
        return MediaFile(vendor=NAME, content=content, media_type=media_type, filename=text(pick(body, "fileName")))
    file = next(iter(post.files.values()), None)
    return replace(file, vendor=NAME) if file else None
