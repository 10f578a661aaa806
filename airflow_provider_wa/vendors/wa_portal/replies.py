# SPDX-License-Identifier: Apache-2.0
"""The portal's replies as records: sends, session, credit, reports, lists (vendor-docs/wa_portal, 1 to 7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from airflow_provider_wa.api import jids
from airflow_provider_wa.api.json_fields import moment, pick, text, truth, whole_number
from airflow_provider_wa.api.periods import LONG_AGO
from airflow_provider_wa.api.records import (
    Balance,
    Contact,
    DeliveryState,
    DeliveryStatus,
    Group,
    InboxMessage,
    SentMessage,
    Session,
    SessionState,
)
from airflow_provider_wa.vendors.wa_portal.incoming import reported_message
from airflow_provider_wa.vendors.wa_portal.tables import (
    CREDENTIAL,
    DELIVERY_STATES,
    NAME,
    SUBMISSION_STATES,
)

R = TypeVar("R", DeliveryStatus, InboxMessage)


def without_credential(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row, or the body of a post, without the instance's id."""
    return {name: value for name, value in row.items() if str(name).casefold() != CREDENTIAL}


def rows(data: Any, key: str) -> list[dict[str, Any]] | None:
    """Return the rows of a report, which may be one object or a list of them; None if ``data`` is neither.

    Rows without a ``key``, their id, are left out; if all rows are such, the result is None.
    """
    listed = [data] if isinstance(data, dict) else data
    if not isinstance(listed, list):
        return None
    found = [row for row in listed if isinstance(row, dict) and text(pick(row, key))]
    return found if found or not listed else None


def oldest_first(records: Iterable[R], happened: Callable[[R], datetime | None]) -> list[R]:
    """Return records by moment and id, each id once, in its last update: the portal's own order is not known."""
    by_update = sorted(records, key=lambda record: moment(pick(record.raw, "updatedAt")) or LONG_AGO)
    unique = {record.message_id: record for record in by_update}
    return sorted(unique.values(), key=lambda record: (happened(record) or LONG_AGO, record.message_id))


def delivery_status(row: dict[str, Any], message_id: str = "") -> DeliveryStatus:
    """Return the delivery status in a row: ``status`` is the submission, ``statusMessage`` the delivery (field-notes).

    ``text`` is documented for a text; that it has the caption of a file is inferred from the inbox's rows.

    :param message_id: the requested id, for a row without an id.
    """
    delivery = whole_number(pick(row, "statusMessage"))
    scale, states = ("statusMessage", DELIVERY_STATES) if delivery else ("status", SUBMISSION_STATES)
    number = whole_number(pick(row, scale))
    return DeliveryStatus(
        vendor=NAME,
        message_id=text(pick(row, "messageID")) or message_id,
        state=states.get(number or 0, DeliveryState.UNKNOWN),
        to=jids.phone_or_jid(text(pick(row, "phone"))) or None,
        code=None if number is None else str(number),
        detail=text(pick(row, f"{scale}Info")),
        sent_at=moment(pick(row, "createdAt")),
        delivered_at=moment(pick(row, "deliveredAt")),
        read_at=moment(pick(row, "readAt")),
        text=text(pick(row, "text")) or None,
        raw=without_credential(row),
    )


def inbox_message(row: dict[str, Any]) -> InboxMessage:
    """Return the message in a row of the inbox."""
    return reported_message(row, without_credential(row))


def _jid(row: Mapping[str, Any]) -> str:
    return jids.without_device(text(pick(row, "id")))


def contact(row: dict[str, Any]) -> Contact:
    """Return the contact in a row."""
    return Contact(vendor=NAME, jid=_jid(row), name=text(pick(row, "name")), raw=row)


def group(row: dict[str, Any]) -> Group:
    """Return the group in a row, with its members."""
    members = pick(row, "participants")
    found = (text(member) or text(pick(member, "id")) for member in members) if isinstance(members, list) else ()
    return Group(
        vendor=NAME,
        jid=_jid(row),
        name=text(pick(row, "name")),
        participants=tuple(jids.without_device(member) for member in found if member),
        raw=row,
    )


def sent_message(reply: Any, to: str, warning: str | None = None) -> SentMessage | None:
    """Return the message that was sent, with a ``warning`` of ours and the portal's; None if the reply has no id."""
    data = pick(reply, "data")
    ids = pick(data, "messageIDs")
    sent_id = text(ids[0]) if isinstance(ids, list) and ids else ""
    if not sent_id:
        return None
    offline = truth(pick(data, "connStatus")) is False
    waiting = "accepted, but the instance is not connected: it is sent after a login" if offline else None
    warnings = "; ".join(filter(None, (waiting, warning))) or None
    return SentMessage(vendor=NAME, message_id=sent_id, to=to, warning=warnings, raw=reply)


def session(reply: Any) -> Session | None:
    """Return the instance's state: a QR code means logged out. None if the reply has no login state."""
    if text(pick(reply, "status")).casefold() == "qrcode":
        return Session(vendor=NAME, state=SessionState.LOGGED_OUT, detail="waiting for its QR code to be scanned")
    data = pick(reply, "data")
    info = pick(data, "info")
    logged_in, connected = truth(pick(data, "login")), truth(pick(info, "Connected"))
    if logged_in is None and connected is None:
        return None
    up = logged_in is not False and connected is not False
    return Session(
        vendor=NAME,
        state=SessionState.LOGGED_IN if up else SessionState.LOGGED_OUT,
        jid=jids.without_device(text(pick(info, "Wid"))) or None,
        name=text(pick(data, "name")) or None,
        detail="connected" if up else "not connected",
        raw=data,
    )


def balance(data: Any) -> Balance | None:
    """Return the credit left; None if the reply has no quota."""
    left = whole_number(pick(data, "quota"))
    if left is None:
        return None
    expires_at, state = moment(pick(data, "expiryDate")), text(pick(data, "status"))
    return Balance(vendor=NAME, left=left, expires_at=expires_at, state=state, raw=data)
