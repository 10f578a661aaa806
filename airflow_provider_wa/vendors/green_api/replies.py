# SPDX-License-Identifier: Apache-2.0
"""What Green-API's replies and notifications mean: journals, statuses, contacts, groups (field-notes, Green-API)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_wa.api.json_fields import moment, pick, text, whole_number
from airflow_provider_wa.api.records import (
    Contact,
    DeliveryState,
    DeliveryStatus,
    Group,
    InboxMessage,
    Record,
    Session,
    SessionState,
)
from airflow_provider_wa.vendors.green_api.messages import NAME

SESSION_STATES: Mapping[str, SessionState] = {
    "authorized": SessionState.LOGGED_IN,
    "notauthorized": SessionState.LOGGED_OUT,
    "blocked": SessionState.BLOCKED,
    "yellowcard": SessionState.BLOCKED,
    "sleepmode": SessionState.STARTING,
    "starting": SessionState.STARTING,
    "": SessionState.STARTING,  # an instance that is just being created has no state yet
}

DELIVERY_STATES: Mapping[str, tuple[DeliveryState, str]] = {
    "pending": (DeliveryState.ACCEPTED, "waiting in the vendor's queue"),
    "sent": (DeliveryState.SENT, ""),
    "delivered": (DeliveryState.DELIVERED, ""),
    "read": (DeliveryState.READ, ""),
    "failed": (DeliveryState.FAILED, "the vendor could not send it"),
    "noaccount": (DeliveryState.FAILED, "the number is not on WhatsApp"),
    "notingroup": (DeliveryState.FAILED, "the account is not in the group"),
    "yellowcard": (DeliveryState.FAILED, "WhatsApp has stopped the account's sending for a while"),
}
"""``statusMessage`` in small letters, what it means, and in words what it does not say itself; others stay raw."""

# Where a message's text or caption may stand: flat in the journals, one step down in notifications.
_TEXTS: tuple[tuple[str, ...], ...] = (
    ("textMessage",),
    ("textMessageData", "textMessage"),
    ("extendedTextMessage", "text"),
    ("extendedTextMessageData", "text"),
    ("caption",),
    ("fileMessageData", "caption"),
)
_FILES: tuple[tuple[str, ...], ...] = (("downloadUrl",), ("fileMessageData", "downloadUrl"))


@dataclass(frozen=True, kw_only=True)
class Notification(Record):
    """What happened, from the vendor's queue: ``kind`` is its word, for instance ``incomingMessageReceived``.

    ``content`` is the message that came in, how one that was sent fares, or the session's new state; None for all
    else, which is in ``raw``. ``receipt_id`` is what it is deleted from the queue by.
    """

    receipt_id: int
    kind: str
    content: InboxMessage | DeliveryStatus | Session | None = None

    def to_dict(self) -> dict[str, Any]:
        """As of every record, with the content's fields in their turn."""
        return {**super().to_dict(), "content": self.content.to_dict() if self.content else None}


def session(state: Any, raw: Any) -> Session:
    """The session's state by the vendor's word for it; one that we do not know counts as starting."""
    word = text(state)
    return Session(vendor=NAME, state=SESSION_STATES.get(word.casefold(), SessionState.STARTING), detail=word, raw=raw)


def inbox_message(item: Any) -> InboxMessage | None:
    """A message that came in, from a journal or a notification; None if it has no id."""
    message_id = text(pick(item, "idMessage"))
    if not message_id:
        return None
    sender, content = pick(item, "senderData"), pick(item, "messageData")
    chat = text(pick(item, "chatId")) or text(pick(sender, "chatId"))
    author = text(pick(item, "senderId")) or text(pick(sender, "sender")) or chat
    return InboxMessage(
        vendor=NAME,
        message_id=message_id,
        wa_message_id=message_id,
        sender=_digits_or_jid(author),
        chat=chat or None,
        kind=text(pick(item, "typeMessage")) or text(pick(content, "typeMessage")),
        text=_first(item, _TEXTS) or _first(content, _TEXTS),
        received_at=moment(pick(item, "timestamp")),
        media_url=_first(item, _FILES) or _first(content, _FILES) or None,
        raw=item,
    )


def delivery_status(item: Any) -> DeliveryStatus | None:
    """How a message fares, from a journal or a notification; None if it has no id.

    ``sent_at`` is the only moment that the vendor tells: of the last thing that happened to the message, so that it
    may be later than the sending. Only the journals tell what was sent: text or caption.
    """
    message_id = text(pick(item, "idMessage"))
    if not message_id:
        return None
    word = text(pick(item, "statusMessage", "status"))
    state, meaning = DELIVERY_STATES.get(word.casefold(), (DeliveryState.UNKNOWN, word or "the vendor tells no status"))
    return DeliveryStatus(
        vendor=NAME,
        message_id=message_id,
        state=state,
        to=_digits_or_jid(text(pick(item, "chatId"))) or None,
        code=word or None,
        detail=text(pick(item, "description")) or meaning,
        sent_at=moment(pick(item, "timestamp")),
        text=_first(item, _TEXTS) or None,
        raw=item,
    )


def contact(item: Any) -> Contact | None:
    """A person or a group of the account's contacts, by the name in its phone book or by its own; None without id."""
    jid = text(pick(item, "id", "chatId"))
    name = text(pick(item, "contactName")) or text(pick(item, "name"))
    return Contact(vendor=NAME, jid=jid, name=name, raw=item) if jid else None


def group(data: Any) -> Group | None:
    """A group and its members; None if the reply is none."""
    jid = text(pick(data, "groupId", "chatId"))
    if not jid:
        return None
    members = pick(data, "participants")
    ids = [text(pick(member, "id")) for member in members] if isinstance(members, list) else []
    return Group(
        vendor=NAME,
        jid=jid,
        name=text(pick(data, "subject")),
        topic=text(pick(data, "description")),
        owner=text(pick(data, "owner")) or None,
        participants=tuple(member for member in ids if member),
        created_at=moment(pick(data, "creation")),
        raw=data,
    )


_CONTENTS: Mapping[str, Callable[[Any], InboxMessage | DeliveryStatus | Session | None]] = {
    "incomingmessagereceived": inbox_message,
    "outgoingmessagestatus": delivery_status,
    "stateinstancechanged": lambda body: session(pick(body, "stateInstance"), body),
}


def kind(body: Any) -> str:
    """The vendor's word for what a notification, of its queue or its webhook, tells of; empty if it is none."""
    return text(pick(body, "typeWebhook"))


def content(body: Any) -> InboxMessage | DeliveryStatus | Session | None:
    """The message that came in, how one that was sent fares, or the session's new state; None for all else."""
    read = _CONTENTS.get(kind(body).casefold())
    return read(body) if read else None


def notification(data: Any) -> Notification | None:
    """An item of the vendor's queue; None if it has no number to delete it by."""
    receipt_id, body = whole_number(pick(data, "receiptId")), pick(data, "body")
    if receipt_id is None:
        return None
    return Notification(vendor=NAME, receipt_id=receipt_id, kind=kind(body), content=content(body), raw=body)


def _first(source: Any, places: tuple[tuple[str, ...], ...]) -> str:
    """The first text that stands at one of these places."""
    for place in places:
        value = source
        for name in place:
            value = pick(value, name)
        if found := text(value):
            return found
    return ""


def _digits_or_jid(jid: str) -> str:
    """A person's digits, or the JID of another kind."""
    user, _, server = jid.partition("@")
    return user if server == "c.us" else jid
