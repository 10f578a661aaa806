# SPDX-License-Identifier: Apache-2.0
"""Look-ups of a sensor in its worker: the arguments of its trigger, and the result of its wait."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airflow_provider_wa.api import numbers
from airflow_provider_wa.api.capabilities import ChecksAgain, HasInbox, ReportsDelivery, SendsMessages, keeps_inbox
from airflow_provider_wa.api.errors import UnexpectedReply, WaError
from airflow_provider_wa.api.numbers import region
from airflow_provider_wa.api.records import InboxMessage
from airflow_provider_wa.api.webhooks import PostsEvents
from airflow_provider_wa.bulk.check_results import ANSWERS, CheckBatch, absent_batch
from airflow_provider_wa.connections.lookup import get_connected
from airflow_provider_wa.connections.store import get_store
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.store.events import StoredEvent

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Chosen:
    """Places where a sensor looks: the store, the vendor, or both."""

    from_store: bool
    ask_vendor: bool


def delivery_sources(conn_id: str, source: str) -> Chosen:
    """Return the sources of messages' states.

    :param source: ``auto``, ``vendor`` or ``store``.
    :raises UnsupportedByVendor: the connection sends no messages, or lacks this source.
    """
    return _sources(conn_id, source, ReportsDelivery)


def inbox_sources(conn_id: str, source: str) -> Chosen:
    """Return the sources of messages that come in.

    :param source: ``auto``, ``vendor`` or ``store``.
    :raises UnsupportedByVendor: the connection sends no messages, or lacks this source.
    """
    return _sources(conn_id, source, HasInbox)


def _sources(conn_id: str, source: str, capability: type[Any]) -> Chosen:
    hook = WaHook.for_connection(conn_id)
    hook.able(SendsMessages)
    answers = keeps_inbox(hook.vendor) if capability is HasInbox else isinstance(hook.vendor, capability)
    posts = isinstance(hook.vendor, PostsEvents)
    if source == "auto" and (answers or posts):
        return Chosen(from_store=posts, ask_vendor=answers)
    hook.able(capability if source == "vendor" else PostsEvents)
    return Chosen(from_store=source != "vendor", ask_vendor=source == "vendor")


def number_to_check(
    conn_id: str, number: str | int, default_region: str | None, international_without_plus: bool | None = None
) -> str:
    """Return a number in E.164, for a vendor that answers a pending check when it is asked again.

    :param default_region: country of a number without + and country code; None is the connection's.
    :raises BadInput: it is not a phone number.
    :raises UnsupportedByVendor: the vendor is not asked again.
    """
    hook = WaHook.for_connection(conn_id)
    hook.able(ChecksAgain)
    known = region(default_region) or hook.settings.default_region
    return numbers.parse(number, known, international_without_plus).e164


def sender_names(
    conn_id: str, sender: str | int, default_region: str | None, international_without_plus: bool | None = None
) -> list[str]:
    """Return all names of a sender: both forms of a number, and the LIDs that the store knows for it.

    :raises BadInput: it is neither a phone number nor a JID.
    """
    known = region(default_region) or get_connected(conn_id).settings.default_region
    recipient = numbers.recipient(sender, known, international_without_plus)
    try:
        return list(get_store().identities.names([recipient])[recipient])
    except WaError as error:
        # A sensor that asks the vendor needs no store.
        log.info("the store was not asked for the sender's LIDs: %s", error)
        return list(numbers.forms(recipient))


def stored_event(event_id: int) -> StoredEvent:
    """Return an event that was found in the store.

    :raises UnexpectedReply: it was removed in the meantime.
    """
    for event in get_store().events.get([event_id]):
        return event
    raise UnexpectedReply(f"event {event_id} is no longer in the store")


def inbox_message(conn_id: str, message_id: str, since: datetime) -> InboxMessage:
    """Return a message that was found in the vendor's inbox.

    :raises UnexpectedReply: the vendor has removed it in the meantime.
    """
    hook = WaHook.for_connection(conn_id)
    for message in hook.inbox(since=since):
        if message.message_id == message_id:
            return message
    raise UnexpectedReply(f"message {message_id} is no longer in the inbox", vendor=hook.conn_type)


def batch_counts(conn_id: str, batch: str) -> dict[str, int]:
    """Return the number of results of a bulk check: in total, and by status.

    :raises BadInput: the store has none.
    """
    store = get_store()
    counts = Counter(row["status"] for row in CheckBatch(lambda: store, batch, conn_id).results())
    if not counts:
        raise absent_batch(batch)
    return {"total": counts.total(), **{status: counts[status] for status in ANSWERS}}
