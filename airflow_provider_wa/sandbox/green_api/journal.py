# SPDX-License-Identifier: Apache-2.0
"""The journals of Green-API and its queue of notifications."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from airflow_provider_wa.sandbox.green_api import contents
from airflow_provider_wa.sandbox.green_api.event_samples import OwnEvents
from airflow_provider_wa.sandbox.green_api.notifications import (
    NotificationQueue,
    failure_of,
    pending,
    sender_of_message,
)
from airflow_provider_wa.sandbox.green_api.protocol import (
    NAME,
    QUEUE_CLOSED,
    Refused,
    argument_of,
    authenticated,
    body,
    chat,
    chat_of,
    invalid,
    plain_chat,
    text,
    whole,
)
from airflow_provider_wa.sandbox.ledger import Message
from airflow_provider_wa.sandbox.replies import json_reply
from airflow_provider_wa.sandbox.simulated_vendor import Handler
from airflow_provider_wa.sandbox.state import Sandbox

RECEIVE_SECONDS = (5, 60)
RECEIVE_POLL = 0.05
DEFAULT_MINUTES = 24 * 60
DEFAULT_COUNT = 100


def _first(sandbox: Sandbox) -> dict[str, Any] | None:
    """Return the oldest notification of the queue, which a webhook closes."""
    if sandbox.webhooks[NAME].url:
        raise Refused(QUEUE_CLOSED)
    queue = pending(sandbox)
    return {"receiptId": queue[0].receipt, "body": queue[0].body} if queue else None


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
    if sandbox.webhooks[NAME].url:
        raise Refused(QUEUE_CLOSED)
    queue, receipt = sandbox.own_state(NotificationQueue), argument_of(request)
    if queue and str(queue[0].receipt) == receipt:
        queue.popleft()
        return json_reply({"result": True, "reason": ""})
    return json_reply({"result": False, "reason": ""})


def _outgoing(message: Message, sandbox: Sandbox) -> dict[str, Any]:
    status = message.status(sandbox.clock(), sandbox.settings.delivery_seconds)
    return {
        "type": "outgoing",
        "idMessage": message.message_id,
        "timestamp": int(message.at),
        "chatId": chat_of(sandbox, message.to, message.group),
        "statusMessage": {"queued": _waiting(sandbox), "failed": failure_of(message)}.get(status, status),
        "sendByApi": True,
        **contents.flat(contents.of_sent(message)),
    }


def _waiting(sandbox: Sandbox) -> str:
    """Return the status of a message that waits: the state of an account that may not send for a while."""
    state = sandbox.session(NAME).state
    return state if state in ("yellowCard", "suspended") else "pending"


def _incoming(message_id: str, at: float, sender: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "incoming",
        "idMessage": message_id,
        "timestamp": int(at),
        "chatId": sender["chatId"],
        "senderId": sender["sender"],
        "senderName": sender["senderName"],
        "senderContactName": sender["senderContactName"],
        **contents.flat(data),
    }


def _received(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Return all incoming messages, oldest first."""
    rows = [
        _incoming(message.message_id, message.at, sender_of_message(sandbox, message), contents.of_received(message))
        for message in sandbox.incoming(NAME)
    ]
    rows += [
        _incoming(event["idMessage"], event["timestamp"], event["senderData"], event["messageData"])
        for event in sandbox.own_state(OwnEvents)
    ]
    return sorted(rows, key=lambda row: int(row["timestamp"]))


def _sent(sandbox: Sandbox) -> list[Message]:
    sandbox.session(NAME)
    return [message for message in sandbox.ledger.messages.values() if message.vendor == NAME]


def _journal(sandbox: Sandbox, chat_id: str = "") -> list[dict[str, Any]]:
    """Return the messages both ways, oldest first, those of one chat if it is given."""
    rows = [*_received(sandbox), *(_outgoing(message, sandbox) for message in _sent(sandbox))]
    return sorted(
        (row for row in rows if chat_id in ("", plain_chat(row["chatId"]))), key=lambda row: int(row["timestamp"])
    )


def _since(request: Request, sandbox: Sandbox) -> int:
    return int(sandbox.clock() - 60 * whole(request, "minutes", DEFAULT_MINUTES))


@authenticated
async def last_incoming_messages(request: Request, sandbox: Sandbox) -> Response:
    """Return the incoming messages of the last minutes, newest first."""
    since = _since(request, sandbox)
    return json_reply([row for row in _received(sandbox)[::-1] if row["timestamp"] >= since])


@authenticated
async def last_outgoing_messages(request: Request, sandbox: Sandbox) -> Response:
    """Return the messages sent in the last minutes with their status, newest first."""
    since = _since(request, sandbox)
    return json_reply([_outgoing(message, sandbox) for message in _sent(sandbox)[::-1] if message.at >= since])


@authenticated
async def get_message(request: Request, sandbox: Sandbox) -> Response:
    """Return one message of a chat."""
    data = await body(request)
    chat_id, message_id = plain_chat("@".join(chat(data))), text(data, "idMessage", 100)
    for row in _journal(sandbox, chat_id):
        if row["idMessage"] == message_id:
            return json_reply(row)
    raise Refused("message not found by id")


@authenticated
async def get_chat_history(request: Request, sandbox: Sandbox) -> Response:
    """Return the last messages of a chat, newest first: 100, or `count`."""
    data = await body(request)
    chat_id, count = plain_chat("@".join(chat(data))), data.get("count", DEFAULT_COUNT)
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise invalid("count", "must be a positive number")
    return json_reply(_journal(sandbox, chat_id)[::-1][:count])


ROUTES: dict[tuple[str, str], Handler] = {
    ("GET", "receiveNotification"): receive_notification,
    ("DELETE", "deleteNotification"): delete_notification,
    ("GET", "lastIncomingMessages"): last_incoming_messages,
    ("GET", "lastOutgoingMessages"): last_outgoing_messages,
    ("POST", "getMessage"): get_message,
    ("POST", "getChatHistory"): get_chat_history,
}
