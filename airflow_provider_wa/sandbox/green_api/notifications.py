# SPDX-License-Identifier: Apache-2.0
"""The notifications of Green-API, with the same bodies in its queue and for its webhook."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import Any

from airflow_provider_wa.sandbox import directory, webhook_request
from airflow_provider_wa.sandbox.events import MessageReceived, StatusChanged
from airflow_provider_wa.sandbox.green_api import contents
from airflow_provider_wa.sandbox.green_api.protocol import ID_INSTANCE, NAME, chat_id_of, chat_of, person_id
from airflow_provider_wa.sandbox.green_api.switches import InstanceSettings
from airflow_provider_wa.sandbox.inbox import IncomingMessage
from airflow_provider_wa.sandbox.ledger import Message
from airflow_provider_wa.sandbox.profile import Webhook
from airflow_provider_wa.sandbox.state import Sandbox
from airflow_provider_wa.sandbox.webhook_retry import DAY
from airflow_provider_wa.sandbox.webhooks import Publish

_receipts = itertools.count(1)


def failure_of(message: Message) -> str:
    """Return the status of a message that WhatsApp cannot deliver."""
    return "notInGroup" if message.group else "noAccount"


@dataclass(frozen=True)
class Notification:
    """A notification that is kept until it is deleted from the queue or delivered to the webhook."""

    receipt: int
    at: float
    body: dict[str, Any]


class NotificationQueue(deque[Notification]):
    """The notifications of the instance, oldest first."""


def pending(sandbox: Sandbox) -> NotificationQueue:
    """Return the queue with all events up to now; notifications older than 24 hours are removed."""
    waiting, now = sandbox.own_state(NotificationQueue), sandbox.clock()
    for event in sandbox.new_events(NAME):
        body = _incoming(sandbox, event.message) if isinstance(event, MessageReceived) else _status(sandbox, event)
        _add(sandbox, event.at, body)
    while waiting and waiting[0].at < now - DAY:
        waiting.popleft()
    return waiting


def queue(sandbox: Sandbox, body: dict[str, Any]) -> None:
    """Queue a notification behind all events up to now, if notifications of its kind are switched on."""
    pending(sandbox)
    now = sandbox.clock()
    _add(sandbox, now, {"instanceData": _instance(), "timestamp": int(now), **body})


def _add(sandbox: Sandbox, at: float, body: dict[str, Any]) -> None:
    if sandbox.own_state(InstanceSettings).is_wanted(body):
        sandbox.own_state(NotificationQueue).append(Notification(next(_receipts), at, body))


def make_request(notification: Notification, webhook: Webhook) -> webhook_request.WebhookRequest:
    """Return the request that posts a notification."""
    made = webhook_request.as_json(notification.body)
    if webhook.authorization:
        made.headers["Authorization"] = f"Bearer {webhook.authorization}"
    return made


def subscribe(sandbox: Sandbox, previous: Webhook, webhook: Webhook) -> Publish:
    """Start a webhook: it gets the queue from its oldest notification on, and takes from it what it delivers.

    Deliveries under way to the previous URL are dropped; their notifications are still in the queue.
    """
    sandbox.webhook_delivery.drop(NAME)
    last = 0

    def publish() -> None:
        nonlocal last
        for notification in pending(sandbox):
            if notification.receipt > last:
                last = notification.receipt
                sending = sandbox.webhook_delivery.send(NAME, webhook.url, make_request(notification, webhook))
                sending.add_done_callback(partial(_remove, sandbox, notification))

    return publish


def _remove(sandbox: Sandbox, notification: Notification, sending: asyncio.Task[None]) -> None:
    queue = sandbox.own_state(NotificationQueue)
    if not sending.cancelled() and notification in queue:
        queue.remove(notification)


def _instance() -> dict[str, Any]:
    return {"idInstance": int(ID_INSTANCE), "wid": chat_id_of(directory.OWN_NUMBER), "typeInstance": "whatsapp"}


def sender_of(sandbox: Sandbox, number: str, chat_id: str = "") -> dict[str, Any]:
    """Return the field `senderData` of a person, who writes to a chat or to the account itself."""
    person = person_id(sandbox, number)
    name = next((contact.name for contact in directory.CONTACTS if contact.number == number), "")
    return {
        "chatId": chat_id or person,
        "chatName": name,
        "sender": person,
        "senderName": name,
        "senderContactName": name,
    }


def sender_of_message(sandbox: Sandbox, message: IncomingMessage) -> dict[str, Any]:
    """Return the field `senderData` of a message that came in, maybe in a group."""
    return sender_of(sandbox, message.sender, chat_id_of(message.group, group=True) if message.group else "")


def _incoming(sandbox: Sandbox, message: IncomingMessage) -> dict[str, Any]:
    return {
        "typeWebhook": "incomingMessageReceived",
        "instanceData": _instance(),
        "timestamp": int(message.at),
        "idMessage": message.message_id,
        "senderData": sender_of_message(sandbox, message),
        "messageData": contents.of_received(message),
    }


def queue_sent(sandbox: Sandbox, message: Message) -> None:
    """Queue the notification that a message was sent by the API."""
    chat_id = chat_of(sandbox, message.to, message.group)
    body = {
        "typeWebhook": "outgoingAPIMessageReceived",
        "timestamp": int(message.at),
        "idMessage": message.message_id,
        "senderData": sender_of(sandbox, directory.OWN_NUMBER, chat_id),
        "messageData": contents.of_sent(message),
    }
    queue(sandbox, body)


def _status(sandbox: Sandbox, event: StatusChanged) -> dict[str, Any]:
    message = event.message
    return {
        "typeWebhook": "outgoingMessageStatus",
        "chatId": chat_of(sandbox, message.to, message.group),
        "instanceData": _instance(),
        "timestamp": int(event.at),
        "idMessage": message.message_id,
        "status": failure_of(message) if event.status == "failed" else event.status,
        "sendByApi": True,
    }
