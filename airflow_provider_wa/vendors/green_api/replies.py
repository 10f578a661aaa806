# SPDX-License-Identifier: Apache-2.0
"""Green-API's replies as records: journals, statuses, contacts, groups (field-notes, Green-API)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from airflow_provider_wa.api import jids
from airflow_provider_wa.api.json_fields import moment, pick, text, truth
from airflow_provider_wa.api.periods import LONG_AGO, Period
from airflow_provider_wa.api.records import (
    CheckResult,
    CheckStatus,
    Contact,
    DeliveryState,
    DeliveryStatus,
    Group,
    InboxMessage,
    Session,
    SessionState,
    Webhook,
)
from airflow_provider_wa.vendors.green_api import settings
from airflow_provider_wa.vendors.green_api.incoming import inbox_message
from airflow_provider_wa.vendors.green_api.tables import DELIVERY_STATES, NAME, SESSION_STATES

R = TypeVar("R", InboxMessage, DeliveryStatus)

# Places of a message's text or caption: flat in the journals, one step down in notifications.
_TEXTS: tuple[tuple[str, ...], ...] = (
    ("textMessage",),
    ("textMessageData", "textMessage"),
    ("extendedTextMessage", "text"),
    ("extendedTextMessageData", "text"),
    ("caption",),
    ("fileMessageData", "caption"),
)


def session(state: Any, raw: Any) -> Session:
    """Return the session's state by the vendor's word for it; an unknown word counts as starting."""
    word = text(state)
    return Session(vendor=NAME, state=SESSION_STATES.get(word.casefold(), SessionState.STARTING), detail=word, raw=raw)


def delivery_status(item: Any) -> DeliveryStatus | None:
    """Return the delivery status in a journal or a notification; None if it has no id.

    ``sent_at`` is the only moment that the vendor reports: that of the message's last change, which may be later than
    the sending. Only the journals have the text or caption that was sent.
    """
    message_id = text(pick(item, "idMessage"))
    if not message_id:
        return None
    word = text(pick(item, "statusMessage", "status"))
    chat = jids.without_device(text(pick(item, "chatId")))
    lid = chat if jids.is_lid(chat) else None
    number = jids.digits(text(pick(item, "phoneNumber"))) if lid else ""
    state, meaning = DELIVERY_STATES.get(word.casefold(), (DeliveryState.UNKNOWN, word or "no status reported"))
    return DeliveryStatus(
        vendor=NAME,
        message_id=message_id,
        state=state,
        to=number or jids.phone_or_jid(chat) or None,
        code=word or None,
        detail=text(pick(item, "description")) or meaning,
        sent_at=moment(pick(item, "timestamp")),
        text=_first(item, _TEXTS) or None,
        lid=lid,
        raw=item,
    )


def contact(item: Any) -> Contact | None:
    """Return a person or a group of the contacts, by the name in the phone book or by its own; None without id."""
    jid = jids.without_device(text(pick(item, "id", "chatId")))
    name = text(pick(item, "contactName")) or text(pick(item, "name"))
    other = text(pick(item, "phoneNumber" if jids.is_lid(jid) else "lid")) or None
    return Contact(vendor=NAME, jid=jid, name=name, other=other, raw=item) if jid else None


def group(data: Any) -> Group | None:
    """Return a group and its members; None if the reply is not a group."""
    jid = text(pick(data, "groupId", "chatId"))
    if not jid:
        return None
    members = pick(data, "participants")
    listed = members if isinstance(members, list) else []
    ids = [_member(member) for member in listed]
    return Group(
        vendor=NAME,
        jid=jid,
        name=text(pick(data, "subject")),
        topic=text(pick(data, "description")),
        owner=jids.without_device(text(pick(data, "owner"))) or None,
        participants=tuple(member for member in ids if member),
        created_at=moment(pick(data, "creation")),
        lids={_member(member): phone for member in listed if (phone := text(pick(member, "phoneNumber")))},
        raw=data,
    )


def _member(member: Any) -> str:
    return jids.without_device(text(pick(member, "id")))


def _first(source: Any, places: tuple[tuple[str, ...], ...]) -> str:
    """Return the first text at one of these places."""
    for place in places:
        value = source
        for name in place:
            value = pick(value, name)
        if found := text(value):
            return found
    return ""


def check_result(asked: str, reply: Mapping[str, Any]) -> CheckResult:
    """Return the result for the JID that was asked for. A LID counts as its number, if the reply has that."""
    status = CheckStatus.of(truth(pick(reply, "existsWhatsapp")))
    found = jids.without_device(text(pick(reply, "chatId"))) or asked
    numbers = (jids.digits(spelling) for spelling in (asked, text(pick(reply, "phoneNumber")), found))
    return CheckResult(
        vendor=NAME,
        number=next(filter(None, numbers), asked),
        status=status,
        jid=found if status is CheckStatus.EXISTS else None,
        detail="the answer says neither" if status is CheckStatus.UNKNOWN else "",
        raw=reply,
    )


def webhook(current: Mapping[str, Any], warning: str | None = None) -> Webhook:
    """Return where an instance posts its notifications, and which, by its settings."""
    shown = {name: value for name, value in current.items() if name.casefold() != "webhookurltoken"}
    events = settings.events_on(current)
    return Webhook(vendor=NAME, url=text(pick(current, "webhookUrl")), events=events, warning=warning, raw=shown)


def history(items: Sequence[Any]) -> list[InboxMessage | DeliveryStatus]:
    """Return the messages of a chat, oldest first: received ones, and sent ones with their delivery status.

    The vendor lists the newest first.
    """
    rows = [(row, at) for item in reversed(items) for row, at in _dated(item)]
    return [row for row, _ in sorted(rows, key=lambda pair: pair[1] or LONG_AGO)]


def _dated(item: Any) -> list[tuple[InboxMessage | DeliveryStatus, datetime | None]]:
    read = delivery_status if text(pick(item, "type")).casefold() == "outgoing" else inbox_message
    found = read(item)
    return [(found, moment(pick(item, "timestamp")))] if found else []


def is_group(item: Contact) -> bool:
    """Return whether an entry of the contacts is a group."""
    return jids.is_group(item.jid) or text(pick(item.raw, "type")).casefold() == "group"


def quota(reply: Mapping[str, Any]) -> Any:
    """Return the part of a reply with the quota that is used up: the method's calls, or the number of chats."""
    parts = [pick(reply, name) for name in ("invokeStatus", "correspondentsStatus")]
    given = [part for part in parts if part]
    return next(
        (part for part in given if "EXCEEDED" in text(pick(part, "status")).upper()), given[0] if given else None
    )


def select(
    rows: Sequence[R], period: Period, when: Callable[[R], datetime | None], after: str | None = None
) -> list[R]:
    """Return the rows in a period and after the row with the id ``after``, oldest first, each once.

    A row without a moment is returned for an open period only.
    """
    ordered = _oldest_first(rows, when)
    ids = [row.message_id for row in ordered]
    behind = ordered[ids.index(after) + 1 :] if after in ids else ordered
    return [row for row in behind if (period.holds(at) if (at := when(row)) else period.is_open)]


def _oldest_first(rows: Sequence[R], when: Callable[[R], datetime | None]) -> list[R]:
    """Return the rows by time, and by arrival within a second: the vendor lists the newest first."""
    moments = [at for row in rows if (at := when(row))]
    newest_first = not moments or moments[0] >= moments[-1]
    # Of two rows with one id the newest has the last state.
    once = {row.message_id: row for row in (reversed(rows) if newest_first else rows)}
    return sorted(once.values(), key=lambda row: when(row) or LONG_AGO)
