# SPDX-License-Identifier: Apache-2.0
"""WuzAPI's message history as an inbox: the chats in its index, and the messages of a chat (GET /chat/history)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from airflow_provider_wa.api import jids
from airflow_provider_wa.api.json_fields import moment, pick, text, whole_number
from airflow_provider_wa.api.records import InboxMessage
from airflow_provider_wa.vendors.wuzapi import events
from airflow_provider_wa.vendors.wuzapi.tables import NAME

PATH = "/chat/history"
INDEX = "index"
MOST = 10_000
"""Messages of a chat to ask for where the server does not say how many it keeps."""

_EARLIEST = datetime.min.replace(tzinfo=timezone.utc)
_OWN = "me"
_KINDS: Mapping[str, str] = {"delete": "deletion", "buttons_response": "button", "list_response": "list"}
_NO_TEXT = ":{kind}:"
"""Text that the server inserts for a missing caption."""


@dataclass(frozen=True)
class Entry:
    """A message that was kept: the moment when the server kept it, and its number among all that were kept."""

    kept_at: datetime | None
    number: int
    message: InboxMessage


def chats(index: Mapping[str, Any], user: str, since: datetime | None) -> list[str]:
    """Return the chats of a user that have new messages since a moment.

    :param index: chats by user; the server lists the chats of all its users.
    """
    listed = pick(index, user)
    found = listed if isinstance(listed, list) else []
    return [
        text(pick(chat, "chat_jid"))
        for chat in found
        if text(pick(chat, "chat_jid")) and _is_since(moment(pick(chat, "last_updated")), since)
    ]


def _is_since(when: datetime | None, since: datetime | None) -> bool:
    return when is None or since is None or when >= since


def entries(rows: Iterable[Any]) -> list[Entry]:
    """Return the messages to this account among the rows of a chat; those that it sent itself are left out."""
    return [
        Entry(moment(pick(row, "timestamp")), whole_number(pick(row, "id")) or 0, message)
        for row in rows
        if (message := _message(row))
    ]


def _message(row: Any) -> InboxMessage | None:
    """Return the message in a row: as its event has it, or by the row's own fields where there is no event."""
    if text(pick(row, "sender_jid")) in ("", _OWN):
        return None
    data = text(pick(row, "data_json", "datajson"))
    found = events.message_of(data) if data not in ("", "{}") else None
    return found if found or data not in ("", "{}") else _by_fields(row)


def _by_fields(row: Any) -> InboxMessage | None:
    message_id = text(pick(row, "message_id"))
    if not message_id:
        return None
    word, said = text(pick(row, "message_type")), text(pick(row, "text_content"))
    kind, about = _KINDS.get(word, word), text(pick(row, "quoted_message_id")) or None
    if kind == "deletion":
        said, about = "", said or None
    is_change = kind in ("reaction", "deletion")
    return InboxMessage(
        vendor=NAME,
        message_id=message_id,
        wa_message_id=message_id,
        sender=jids.phone_or_jid(text(pick(row, "sender_jid"))),
        chat=jids.without_device(text(pick(row, "chat_jid"))) or None,
        kind=kind,
        text="" if said == _NO_TEXT.format(kind=word) else said,
        received_at=moment(pick(row, "timestamp")),
        media_url=text(pick(row, "media_link")) or None,
        quoted_id=None if is_change else about,
        target_id=about if is_change else None,
        raw=row,
    )


def selected(
    found: Iterable[Entry], *, since: datetime | None, until: datetime | None, after: str | None, limit: int | None
) -> list[InboxMessage]:
    """Return messages in the order in which the server kept them, each once, within the bounds."""
    ordered = sorted(found, key=lambda entry: (entry.kept_at or _EARLIEST, entry.number))
    # A member's first message in a group comes twice under one id, once with nothing but a key.
    unique = {(entry.message.message_id, entry.message.is_message): entry.message for entry in ordered}
    messages = list(unique.values())
    ids = [message.message_id for message in messages]
    if after in ids:
        messages = messages[len(ids) - ids[::-1].index(after) :]
    within = [message for message in messages if _holds(message.received_at, since, until)]
    return _cut(within, limit, oldest=after is not None)


def _holds(when: datetime | None, since: datetime | None, until: datetime | None) -> bool:
    return when is None or (_is_since(when, since) and (until is None or when < until))


def _cut(messages: Sequence[InboxMessage], limit: int | None, *, oldest: bool) -> list[InboxMessage]:
    if limit is None:
        return [*messages]
    return [*messages[:limit]] if oldest else [*messages[max(0, len(messages) - limit) :]]
