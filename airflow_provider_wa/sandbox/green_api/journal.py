# SPDX-License-Identifier: Apache-2.0
"""The journals of Green-API and its queue of notifications."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from airflow_provider_wa.sandbox import directory
from airflow_provider_wa.sandbox.green_api.notifications import TYPES, NotificationQueue, failure_of, pending
from airflow_provider_wa.sandbox.green_api.protocol import (
    NAME,
    Refused,
    argument_of,
    authenticated,
    body,
    chat,
    chat_id_of,
    invalid,
    text,
    whole,
)
from airflow_provider_wa.sandbox.inbox import IncomingMessage
from airflow_provider_wa.sandbox.ledger import Message
from airflow_provider_wa.sandbox.replies import json_reply
from airflow_provider_wa.sandbox.simulated_vendor import Handler
from airflow_provider_wa.sandbox.state import Sandbox

RECEIVE_SECONDS = (5, 60)
RECEIVE_POLL = 0.05
DEFAULT_MINUTES = 24 * 60


def _first(sandbox: Sandbox) -> dict[str, Any] | None:
    """Return the oldest notification of the queue; None while there is a webhook."""
    if sandbox.webhooks[NAME].url or not (queue := pending(sandbox)):
        return None
    return {"receiptId": queue[0].receipt, "body": queue[0].body}


@authenticated
async def receive_notification(request: Request, sandbox: Sandbox) -> Response:
    """Return the oldest notification, or wait for one; null after the time-out. It stays until it is deleted."""
    shortest, longest = RECEIVE_SECONDS
    seconds = whole(request, "receiveTimeout", shortest)
    if not shortest <= seconds <= longest:
        raise invalid("receiveTimeout", f"must be from {shortest} to {longest}")
    end = sandbox.clock() + seconds
    while (found := _first(sandbox)) is None and sandbox.clock() < end and not sandbox.closing:
        await sandbox.sleep(RECEIVE_POLL)
    return json_reply(found)


@authenticated
async def delete_notification(request: Request, sandbox: Sandbox) -> Response:
    """Delete the oldest notification from the queue."""
    queue, receipt = sandbox.own_state(NotificationQueue), argument_of(request)
    if queue and str(queue[0].receipt) == receipt:
        queue.popleft()
        return json_reply({"result": True, "reason": ""})
    return json_reply({"result": False, "reason": ""})


def _outgoing(message: Message, sandbox: Sandbox) -> dict[str, Any]:
    status = message.status(sandbox.clock(), sandbox.settings.delivery_seconds)
    shown = {
        "type": "outgoing",
        "idMessage": message.message_id,
        "timestamp": int(message.at),
        "typeMessage": TYPES[message.type],
        "chatId": chat_id_of(message.to, message.group),
        "statusMessage": {"queued": _waiting(sandbox), "failed": failure_of(message)}.get(status, status),
        "sendByApi": True,
    }
    return {**shown, **_content(message)}


def _waiting(sandbox: Sandbox) -> str:
    return "yellowCard" if sandbox.session(NAME).state == "yellowCard" else "pending"


def _content(message: Message) -> dict[str, Any]:
    content = message.content
    if message.type in ("text", "poll"):
        return {"textMessage": content["text"]}
    if message.type == "location":
        return {"location": {name: content.get(kept, "") for name, kept in _PLACE.items()}}
    if message.type == "contact":
        return {"contact": {"displayName": content["name"], "vcard": ""}}
    return {"fileName": content["filename"], "caption": content.get("caption", ""), "mimeType": message.mimetype}


_PLACE = {"nameLocation": "name", "address": "address", "latitude": "latitude", "longitude": "longitude"}


def _incoming(message: IncomingMessage) -> dict[str, Any]:
    chat_id = chat_id_of(message.sender)
    name = next((contact.name for contact in directory.CONTACTS if contact.number == message.sender), "")
    shown = {
        "type": "incoming",
        "idMessage": message.message_id,
        "timestamp": int(message.at),
        "typeMessage": TYPES[message.type],
        "chatId": chat_id,
        "senderId": chat_id,
        "senderName": name,
        "senderContactName": name,
    }
    if message.media is None:
        return {**shown, "textMessage": message.text}
    return {**shown, "caption": message.text, "fileName": message.filename, "mimeType": message.mimetype}


def _sent(sandbox: Sandbox) -> list[Message]:
    sandbox.session(NAME)
    return [message for message in sandbox.ledger.messages.values() if message.vendor == NAME]


@authenticated
async def last_incoming_messages(request: Request, sandbox: Sandbox) -> Response:
    """Return the incoming messages of the last minutes, newest first."""
    since = sandbox.clock() - 60 * whole(request, "minutes", DEFAULT_MINUTES)
    return json_reply([_incoming(message) for message in sandbox.incoming(NAME)[::-1] if message.at >= since])


@authenticated
async def last_outgoing_messages(request: Request, sandbox: Sandbox) -> Response:
    """Return the messages sent in the last minutes with their status, newest first."""
    since = sandbox.clock() - 60 * whole(request, "minutes", DEFAULT_MINUTES)
    return json_reply([_outgoing(message, sandbox) for message in _sent(sandbox)[::-1] if message.at >= since])


@authenticated
async def get_message(request: Request, sandbox: Sandbox) -> Response:
    """Return one message of a chat."""
    data = await body(request)
    user, _ = chat(data)
    message_id = text(data, "idMessage", 100)
    for sent in _sent(sandbox):
        if (sent.to, sent.message_id) == (user, message_id):
            return json_reply(_outgoing(sent, sandbox))
    for received in sandbox.incoming(NAME):
        if (received.sender, received.message_id) == (user, message_id):
            return json_reply(_incoming(received))
    raise Refused("message not found by id")


ROUTES: dict[tuple[str, str], Handler] = {
    ("GET", "receiveNotification"): receive_notification,
    ("DELETE", "deleteNotification"): delete_notification,
    ("GET", "lastIncomingMessages"): last_incoming_messages,
    ("GET", "lastOutgoingMessages"): last_outgoing_messages,
    ("POST", "getMessage"): get_message,
}
