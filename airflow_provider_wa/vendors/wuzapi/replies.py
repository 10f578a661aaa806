# SPDX-License-Identifier: Apache-2.0
"""WuzAPI's replies as records: sends, checks, accounts, contacts, groups, session, webhook (vendor-docs/wuzapi)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from airflow_provider_wa.api import jids
from airflow_provider_wa.api.json_fields import base64_bytes, moment, pick, text, truth
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import (
    Avatar,
    CheckResult,
    CheckStatus,
    Contact,
    Group,
    MediaFile,
    SentMessage,
    Session,
    SessionState,
    UserInfo,
    Webhook,
)
from airflow_provider_wa.vendors.wuzapi.tables import NAME

_NAMES = ("FullName", "FirstName", "BusinessName", "PushName")

_LOGIN_SECRETS = ("qrcode", "token")


def session(data: Any) -> Session | None:
    """Return the session's state; None if the reply has no login state."""
    connected, logged_in = truth(pick(data, "connected")), truth(pick(data, "loggedIn"))
    if connected is None and logged_in is None:
        return None
    if connected and logged_in:
        state, detail = SessionState.LOGGED_IN, "connected"
    elif connected:
        state, detail = SessionState.LOGGED_OUT, "connected, its QR code is not scanned yet"
    else:
        state, detail = SessionState.LOGGED_OUT, "not connected"
    return Session(
        vendor=NAME,
        state=state,
        detail=detail,
        jid=text(pick(data, "jid")) or None,
        name=text(pick(data, "name")) or None,
        # Newer servers repeat the token here, and the code that logs the session in.
        raw={name: value for name, value in data.items() if str(name).casefold() not in _LOGIN_SECRETS},
    )


def webhook(raw: Mapping[str, Any], url: str = "", events: Any = ()) -> Webhook:
    """Return the webhook; ``events`` may be a list or a text with commas."""
    if isinstance(events, str):
        events = events.split(",")
    # Without events, the server's list has one empty text.
    names = [text(event) for event in events] if isinstance(events, (list, tuple)) else []
    return Webhook(vendor=NAME, url=url, events=tuple(name for name in names if name), raw=raw)


def sent_message(data: Any, to: str, message_id: str | None, warning: str | None) -> SentMessage | None:
    """Return the message that was sent; None if neither the reply nor the caller has an id for it."""
    sent_id = text(pick(data, "Id")) or message_id
    if not sent_id:
        return None
    timestamp = moment(pick(data, "Timestamp"))
    return SentMessage(vendor=NAME, message_id=sent_id, to=to, timestamp=timestamp, warning=warning, raw=data)


def media_file(data: Any, reference: Any) -> MediaFile | None:
    """Return the file that was downloaded by ``reference``; None if the reply has no file."""
    content = base64_bytes(pick(data, "Data"))
    if not content:
        return None
    media_type = text(pick(data, "Mimetype")) or text(pick(reference, "Mimetype"))
    return MediaFile(vendor=NAME, content=content, media_type=media_type, filename=text(pick(reference, "FileName")))


def check_results(numbers: Iterable[PhoneNumber], users: Iterable[Any]) -> list[CheckResult]:
    """Return one result for each number.

    Entries may be missing, out of order and with a JID that is not a phone number: they are matched by ``Query``.
    """
    found = {text(pick(user, "Query")).lstrip("+"): user for user in users}
    return [check_result(number, found.get(number.digits)) for number in numbers]


def check_result(number: PhoneNumber, user: Any) -> CheckResult:
    """Return the result for a number, from its entry in the reply."""
    known = truth(pick(user, "IsInWhatsapp"))
    status = CheckStatus.of(known)
    detail = text(pick(user, "VerifiedName"))
    if status is CheckStatus.UNKNOWN:
        detail = "the server left the number out of its answer" if user is None else "the answer says neither"
    send_to = text(pick(user, "JID")) or None if known else None
    return CheckResult(vendor=NAME, number=number.digits, status=status, jid=send_to, detail=detail, raw=user)


def user_info(name: str, user: Any) -> UserInfo:
    """Return the public data of an account, from its entry in the reply."""
    return UserInfo(
        vendor=NAME,
        jid=name,
        about=text(pick(user, "Status")),
        picture_id=text(pick(user, "PictureID")),
        business_name=text(pick(pick(pick(user, "VerifiedName"), "Details"), "verifiedName")),
        lid=text(pick(user, "LID")),
        devices=_texts(pick(user, "Devices")),
        raw=user,
    )


def avatar(reply: dict[str, Any]) -> Avatar | None:
    """Return an account's picture; None if the reply has no URL."""
    # Older servers answer with the bare picture, newer ones with an envelope around it.
    data = pick(reply, "data") or reply
    url = text(pick(data, "URL"))
    if not url:
        return None
    return Avatar(vendor=NAME, url=url, picture_id=text(pick(data, "ID")), kind=text(pick(data, "Type")), raw=data)


def contact(name: str, item: Any) -> Contact:
    """Return a contact, from its entry in the reply."""
    known_as = next((found for key in _NAMES if (found := text(pick(item, key)))), "")
    other = text(pick(item, "PhoneNumber" if jids.is_lid(name) else "LID"))
    return Contact(vendor=NAME, jid=name, name=known_as, other=other or None, raw=item)


def group(item: Any) -> Group | None:
    """Return a group with its members; None if it has no JID."""
    jid = text(pick(item, "JID"))
    if not jid:
        return None
    members = pick(item, "Participants")
    # In today's groups members are LIDs, with their numbers beside them where the account may know these.
    listed = members if isinstance(members, list) else []
    participants = [text(pick(member, "PhoneNumber")) or pick(member, "JID") for member in listed]
    people = [*listed, {"JID": pick(item, "OwnerJID"), "PhoneNumber": pick(item, "OwnerPN")}]
    return Group(
        vendor=NAME,
        jid=jid,
        name=text(pick(item, "Name")),
        participants=_texts(participants),
        owner=text(pick(item, "OwnerPN")) or text(pick(item, "OwnerJID")) or None,
        topic=text(pick(item, "Topic")),
        created_at=moment(pick(item, "GroupCreated")),
        lids=dict(filter(None, map(_lid, people))),
        raw=item,
    )


def _lid(member: Any) -> tuple[str, str] | None:
    """Return the LID and the number of a group's member, from any of its fields; None without both."""
    addresses = [text(pick(member, name)) for name in ("JID", "LID", "PhoneNumber")]
    lid = next(filter(jids.is_lid, addresses), "")
    number = next(filter(None, map(jids.digits, addresses)), "")
    return (lid, number) if lid and number else None


def has(source: Mapping[str, Any], name: str) -> bool:
    """Return whether an object has a key, in any case: null is not the same as missing."""
    return name.casefold() in (str(key).casefold() for key in source)


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(found for value in values if (found := text(value))) if isinstance(values, list) else ()
