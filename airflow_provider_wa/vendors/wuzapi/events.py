# SPDX-License-Identifier: Apache-2.0
"""WuzAPI's posts to a webhook as events: messages, receipts, the session's states; others raw.

Sources: field-notes, WuzAPI, webhooks; vendor-docs/wuzapi-server, Event types.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from airflow_provider_wa.api import jids
from airflow_provider_wa.api.errors import UnexpectedReply
from airflow_provider_wa.api.json_fields import base64_bytes, moment, pick, text, texts_at, truth, whole_number
from airflow_provider_wa.api.records import (
    DeliveryState,
    DeliveryStatus,
    InboxMessage,
    MediaFile,
    Record,
    Session,
    SessionState,
)
from airflow_provider_wa.api.webhooks import MOST_EVENTS, Event, Post, event, posted_object
from airflow_provider_wa.vendors.wuzapi import contents
from airflow_provider_wa.vendors.wuzapi.tables import NAME

DELIVERY_STATES: Mapping[str, DeliveryState] = {"delivered": DeliveryState.DELIVERED, "read": DeliveryState.READ}
"""State by a receipt's ``state`` in small letters. Not ReadSelf: by it this account has read an incoming message."""

_CHATS_APART: Mapping[str, str] = {"status@broadcast": "status", "@newsletter": "channel"}
"""Kind of everything in chats without messages to this account, by the end of their JIDs."""

_NOT_KEPT = frozenset(
    {
        *("userid", "instancename", "token"),  # around the event, in two spellings: the user, and its credentials
        *("base64", "mimetype", "filename"),  # the file
        *("qrcode", "qrcodebase64"),  # anyone who scans it owns the session
    }
)
"""Names around an event that are not kept."""

_KEYS = frozenset(
    {
        *("appstatesynckeyshare", "historysyncnotification", "peerdataoperationrequestresponsemessage"),
        *("axolotlsenderkeydistributionmessage", "messagesecret", "botmessagesecret", "codes"),
        "rawmessage",  # the same message again, before the server unwrapped it
    }
)
"""Names anywhere in an event that are not kept: keys of the account, of its groups and of its messages' additions."""

_LOGINS = frozenset({"qr", "passkeyrequest", "passkeyconfirmation"})
"""Types of events whose content logs the session in: only the type is kept."""

_SESSIONS: Mapping[str, tuple[SessionState, str]] = {
    "connected": (SessionState.LOGGED_IN, "connected"),
    "pairsuccess": (SessionState.STARTING, "paired, connecting"),
    "disconnected": (SessionState.STARTING, "disconnected; the server connects again by itself"),
    "streamerror": (SessionState.STARTING, "the connection to WhatsApp broke; the server connects again by itself"),
    "connectfailure": (SessionState.STARTING, "the server could not connect to WhatsApp"),
    "loggedout": (SessionState.LOGGED_OUT, "logged out: the phone or WhatsApp has unlinked the session"),
    "streamreplaced": (SessionState.LOGGED_OUT, "another client took the session over"),
    "clientoutdated": (SessionState.LOGGED_OUT, "the server is too old for WhatsApp: update it"),
    "temporaryban": (SessionState.BLOCKED, "WhatsApp has blocked the account for a while"),
}
"""State of the session by the type of an event, with a text for people (vendor-docs/wuzapi-server, Event types)."""


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
    raw = _kept(kind.casefold(), body)
    read = _RECORDS.get(kind.casefold())
    file = _file(post, body)
    if (count := _messages_named(body)) > MOST_EVENTS:
        warning = f"names {count:,} messages, more than {MOST_EVENTS:,}: kept raw, their states are not entered"
        return [event(None, vendor_kind=kind, file=file, raw=raw, warning=warning)]
    records = read(body, raw) if read else ()
    return [event(record, vendor_kind=kind, file=file, raw=raw) for record in records or (None,)]


def message_of(event: Any) -> InboxMessage | None:
    """Return the message in the event of a post, given as an object or as JSON; None for a message of our own.

    :raises UnexpectedReply: it is not an object.
    """
    body = {"type": "Message", "event": posted_object(NAME, event)}
    return next(iter(_message(body, _kept("message", body))), None)


def _kept(kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a post that may be stored: no credentials, no key material, not the file."""
    if kind in _LOGINS:
        return {name: value for name, value in body.items() if str(name).casefold() == "type"}
    kept = {name: value for name, value in body.items() if str(name).casefold() not in _NOT_KEPT}
    return {name: _without_keys(value) for name, value in kept.items()}


def _without_keys(value: Any) -> Any:
    """Return a value of JSON without ``_KEYS``. It is nested at most as deep as ``posted_object`` admits."""
    if type(value) is str:  # for speed: most values are texts
        return value
    if type(value) is dict or isinstance(value, Mapping):
        return {name: _without_keys(item) for name, item in value.items() if str(name).casefold() not in _KEYS}
    return [_without_keys(item) for item in value] if isinstance(value, list) else value


def _message(body: Mapping[str, Any], raw: Mapping[str, Any]) -> Sequence[InboxMessage]:
    """Return a message to this account, or the change of one; nothing for the account's own messages."""
    source = pick(body, "event")
    info = pick(source, "Info")
    message_id = text(pick(info, "ID"))
    if not message_id or truth(pick(info, "IsFromMe")):
        return ()
    chat = jids.without_device(text(pick(info, "Chat")))
    sender, lid = _person(info)
    change = contents.changed_kind(info, source)
    content = contents.read(pick(source, "Message"))
    words: tuple[str, ...] = content.options
    hashes: tuple[str, ...] = ()
    if content.kind == "vote":
        words = _votes(body)
        hashes = () if words else _hashes(body)
        content = replace(content, text=", ".join(words), kind="vote_removed" if _is_no_vote(body) else "vote")
    return (
        InboxMessage(
            vendor=NAME,
            message_id=message_id,
            wa_message_id=message_id,
            sender=sender,
            chat=chat or None,
            kind=_kind_apart(chat) or change or content.kind,
            text=content.text,
            received_at=moment(pick(info, "Timestamp")),
            media_url=text(pick(pick(body, "s3"), "url")) or None,
            quoted_id=content.quoted_id,
            selected_id=content.selected_id,
            options=words,
            latitude=content.latitude,
            longitude=content.longitude,
            sender_name=text(pick(info, "PushName")) or None,
            participant=sender if jids.is_group(chat) else None,
            lid=lid,
            target_id=content.target_id or (_edited_id(info, source) if change else None),
            option_hashes=hashes,
            raw=raw,
        ),
    )


def _kind_apart(chat: str) -> str | None:
    """Return the kind of everything in a chat without messages to this account; None for other chats."""
    return next((kind for end, kind in _CHATS_APART.items() if chat.endswith(end)), None)


def _edited_id(info: Any, source: Any) -> str | None:
    """Return the id of the edited message, if the server has unwrapped the edit: ``RawMessage`` has it then."""
    before = contents.read(pick(source, "RawMessage")).target_id
    return before or text(pick(pick(info, "MsgBotInfo"), "EditTargetID")) or None


def _votes(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the words of a poll's votes; none if the server has only their hashes, as after a restart."""
    return tuple(texts_at(body, ("pollVote", "selectedOptions")))


def _hashes(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the SHA-256 of each vote's words, in hexadecimal."""
    found = map(base64_bytes, texts_at(body, ("pollVote", "selectedHashesB64")))
    return tuple(value.hex() for value in found if value)


def _is_no_vote(body: Mapping[str, Any]) -> bool:
    """Return whether a vote was taken back: the server could read it, and nothing is chosen in it."""
    vote = pick(body, "pollVote")
    return isinstance(vote, Mapping) and not _votes(body) and not texts_at(vote, ("selectedHashesB64",))


def _session(body: Mapping[str, Any], raw: Mapping[str, Any]) -> Sequence[Session]:
    """Return the session's new state. The server reports no moment, and no id."""
    state, words = _SESSIONS[text(pick(body, "type")).casefold()]
    source = pick(body, "event")
    found = ((name, text(pick(source, name))) for name in ("Reason", "Code", "Message"))
    more = [f"{name.lower()} {value}" for name, value in found if value]
    # Go counts durations in nanoseconds.
    if seconds := (whole_number(pick(source, "Expire")) or 0) // 10**9:
        more.append(f"for {seconds:,} seconds")
    detail = f"{words} ({', '.join(more)})" if more else words
    jid = jids.without_device(text(pick(source, "ID")))
    return (Session(vendor=NAME, state=state, detail=detail, jid=jid or None, raw=raw),)


def _receipts(body: Mapping[str, Any], raw: Mapping[str, Any]) -> Sequence[DeliveryStatus]:
    """Return the delivery statuses in a receipt; nothing for one from this account's own devices.

    In a group each member sends receipts: ``to`` is the group, ``detail`` the member.
    """
    source, word = pick(body, "event"), text(pick(body, "state"))
    state, named = DELIVERY_STATES.get(word.casefold()), pick(source, "MessageIDs")
    if state is None or not isinstance(named, list) or truth(pick(source, "IsFromMe")):
        return ()
    (who, lid), chat = _person(source), jids.without_device(text(pick(source, "Chat")))[: jids.MAX_LENGTH]
    in_group = jids.is_group(chat)
    when = moment(pick(source, "Timestamp"))
    status = DeliveryStatus(
        vendor=NAME,
        message_id="",
        state=state,
        to=(chat if in_group else who) or None,
        code=word,
        detail=f"by {who}" if in_group and who else "",
        delivered_at=when if state is DeliveryState.DELIVERED else None,
        read_at=when if state is DeliveryState.READ else None,
        lid=lid,
        participant=who if in_group else None,
        raw=raw,
    )
    ids = dict.fromkeys(text(message_id) for message_id in named)
    return [replace(status, message_id=message_id) for message_id in ids if message_id]


def _messages_named(body: Mapping[str, Any]) -> int:
    """Return the number of messages that a receipt names."""
    named = pick(pick(body, "event"), "MessageIDs")
    return len(named) if isinstance(named, list) else 0


_RECORDS: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any]], Sequence[Record]]] = {
    "message": _message,
    "readreceipt": _receipts,
    **dict.fromkeys(_SESSIONS, _session),
}


def _person(source: Any) -> tuple[str, str | None]:
    """Return the sender or reader, and the LID if one of the two addresses is one.

    The sender is digits if one of the addresses is a number, else the JID, mostly a LID.
    """
    sender, other = text(pick(source, "Sender")), text(pick(source, "SenderAlt", "Sender alt"))
    found = [jid for address in (sender, other) if address and (jid := jids.read(address))]
    phone = next((phone for jid in found if (phone := jid.phone)), "")
    lid = next((jid.plain for jid in found if jid.kind is jids.JidKind.LID), None)
    # One event for each message of the receipt.
    return phone or jids.without_device(sender or text(pick(source, "Chat")))[: jids.MAX_LENGTH], lid


def _file(post: Post, body: Mapping[str, Any]) -> MediaFile | None:
    """Return the file of a message: in base64, or the file of a form.

    Its type and name are those in the message: around the message, the server puts a guessed type and a name of its
    own.
    """
    encoded = pick(body, "base64")
    content = base64_bytes(encoded) if encoded else None
    file = MediaFile(vendor=NAME, content=content) if content else next(iter(post.files.values()), None)
    if file is None:
        return None
    part = contents.read(pick(pick(body, "event"), "Message")).part
    media_type = text(pick(part, "mimetype")) or text(pick(body, "mimeType")) or file.media_type
    name = text(pick(part, "fileName")) or text(pick(body, "fileName")) or file.filename
    return replace(file, vendor=NAME, media_type=media_type, filename=name)
