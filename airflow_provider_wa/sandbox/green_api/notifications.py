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
from airflow_provider_wa.sandbox.green_api.protocol import ID_INSTANCE, NAME, chat_id_of
from airflow_provider_wa.sandbox.inbox import IncomingMessage
from airflow_provider_wa.sandbox.ledger import Message
from airflow_provider_wa.sandbox.profile import Webhook
from airflow_provider_wa.sandbox.state import Sandbox
from airflow_provider_wa.sandbox.webhook_retry import DAY
from airflow_provider_wa.sandbox.webhooks import Publish

# type in the ledger -> type in a notification
TYPES = {
    "text": "textMessage",
    "image": "imageMessage",
    "video": "videoMessage",
    "audio": "audioMessage",
    "document": "documentMessage",
    "location": "locationMessage",
    "contact": "contactMessage",
    "poll": "pollMessage",
}

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
    queue, now = sandbox.own_state(NotificationQueue), sandbox.clock()
    for event in sandbox.new_events(NAME):
        body = _incoming(event.message) if isinstance(event, MessageReceived) else _status(event)
        queue.append(Notification(next(_receipts), event.at, body))
    while queue and queue[0].at < now - DAY:
        queue.popleft()
    return queue


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


def _incoming(message: IncomingMessage) -> dict[str, Any]:
    chat_id = chat_id_of(message.sender)
    data: dict[str, Any] = {"typeMessage": TYPES[message.type]}
    if message.media is None:
        data["textMessageData"] = {"textMessage": message.text}
    else:
        data["fileMessageData"] = {
            "downloadUrl": "",
            "caption": message.text,
            "fileName": message.filename,
            "mimeType": message.mimetype,
        }
    return {
        "typeWebhook": "incomingMessageReceived",
        "instanceData": _instance(),
        "timestamp": int(message.at),
        "idMessage": message.message_id,
        "senderData": {"chatId": chat_id, "sender": chat_id, "senderName": "", "senderContactName": ""},
        "messageData": data,
    }


def _status(event: StatusChanged) -> dict[str, Any]:
    message = event.message
    return {
        "typeWebhook": "outgoingMessageStatus",
        "chatId": chat_id_of(message.to, message.group),
        "instanceData": _instance(),
        "timestamp": int(event.at),
        "idMessage": message.message_id,
        "status": failure_of(message) if event.status == "failed" else event.status,
        "sendByApi": True,
    }
