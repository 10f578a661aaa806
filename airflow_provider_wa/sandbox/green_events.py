# SPDX-License-Identifier: Apache-2.0
"""Green-API's notifications: the same bodies for its queue and for its webhook."""

from __future__ import annotations

import itertools
from collections import deque
from typing import Any

from airflow_provider_wa.sandbox import directory, posts
from airflow_provider_wa.sandbox.events import Progress, Received
from airflow_provider_wa.sandbox.green_base import ID_INSTANCE, NAME, chat_id_of
from airflow_provider_wa.sandbox.inbox import Incoming
from airflow_provider_wa.sandbox.ledger import Message
from airflow_provider_wa.sandbox.posting import DAY
from airflow_provider_wa.sandbox.state import Notification, Sandbox, Webhook

# the ledger's type -> Green-API's
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
    """Return what became of a message that WhatsApp cannot deliver."""
    return "notInGroup" if message.group else "noAccount"


def kept(sandbox: Sandbox) -> deque[Notification]:
    """Return the queue as it is now, oldest first: what has happened is in it, for a day at most."""
    queue, now = sandbox.notifications, sandbox.clock()
    for event in sandbox.fresh_events(NAME):
        body = _incoming(event.message) if isinstance(event, Received) else _status(event)
        queue.append(Notification(next(_receipts), event.at, body))
    while queue and queue[0].at < now - DAY:
        queue.popleft()
    return queue


def post(notification: Notification, webhook: Webhook) -> posts.Post:
    """Return what a notification's post is."""
    made = posts.as_json(notification.body)
    if webhook.authorization:
        made.headers["Authorization"] = f"Bearer {webhook.authorization}"
    return made


def _instance() -> dict[str, Any]:
    return {"idInstance": int(ID_INSTANCE), "wid": chat_id_of(directory.OWN_NUMBER), "typeInstance": "whatsapp"}


def _incoming(message: Incoming) -> dict[str, Any]:
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


def _status(event: Progress) -> dict[str, Any]:
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
