# SPDX-License-Identifier: Apache-2.0
"""Green-API's notifications, from its queue or its webhook, as events (field-notes, Green-API)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from airflow_provider_wa.api.errors import UnexpectedReply
from airflow_provider_wa.api.json_fields import moment, pick, text, whole_number
from airflow_provider_wa.api.records import DeliveryStatus, InboxMessage, Notification, Session, SessionState
from airflow_provider_wa.api.webhooks import Event, Post, event, posted_object
from airflow_provider_wa.vendors.green_api.incoming import inbox_message
from airflow_provider_wa.vendors.green_api.replies import delivery_status, session
from airflow_provider_wa.vendors.green_api.tables import NAME

_SOCKET_STATES: Mapping[str, SessionState] = {"online": SessionState.LOGGED_IN, "offline": SessionState.STARTING}
"""State of the session by ``statusInstance``: the connection to WhatsApp of an account that is logged in."""


def _session(body: Any) -> Session:
    """Return the state that the account has changed to."""
    return replace(session(pick(body, "stateInstance"), body), changed_at=moment(pick(body, "timestamp")))


def _socket(body: Any) -> Session:
    word = text(pick(body, "statusInstance"))
    state = _SOCKET_STATES.get(word.casefold(), SessionState.STARTING)
    return Session(vendor=NAME, state=state, detail=word, changed_at=moment(pick(body, "timestamp")), raw=body)


_CONTENTS: Mapping[str, Callable[[Any], InboxMessage | DeliveryStatus | Session | None]] = {
    "incomingmessagereceived": inbox_message,
    "outgoingmessagestatus": delivery_status,
    "stateinstancechanged": _session,
    "statusinstancechanged": _socket,
}


def kind(body: Any) -> str:
    """Return the vendor's word for the kind of a notification; empty if it is not a notification."""
    return text(pick(body, "typeWebhook"))


def content(body: Any) -> InboxMessage | DeliveryStatus | Session | None:
    """Return an incoming message, a delivery status or the session's new state; None for every other kind."""
    read = _CONTENTS.get(kind(body).casefold())
    return read(body) if read else None


def notification(data: Any) -> Notification | None:
    """Return an item of the vendor's queue; None if it has no number to delete it by."""
    receipt_id, body = whole_number(pick(data, "receiptId")), pick(data, "body")
    if receipt_id is None:
        return None
    return Notification(vendor=NAME, receipt_id=receipt_id, kind=kind(body), content=content(body), raw=body)


def events(post: Post) -> list[Event]:
    """Return the event of a post to the webhook: a notification as in the queue, kept raw if of another kind.

    :raises UnexpectedReply: the post is not a notification.
    """
    body = posted_object(NAME, post.data)
    if not (word := kind(body)):
        raise UnexpectedReply("the post has no typeWebhook", vendor=NAME)
    return [event(content(body), vendor_kind=word, raw=body)]
