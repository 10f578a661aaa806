# SPDX-License-Identifier: Apache-2.0
"""The methods of Green-API for messages that exist: edit, delete, forward, mark as read, download."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from airflow_provider_wa.sandbox import message_ids
from airflow_provider_wa.sandbox.green_api.protocol import (
    NAME,
    NOT_FOUND,
    Refused,
    addressee,
    authenticated,
    body,
    chat,
    invalid,
    text,
)
from airflow_provider_wa.sandbox.green_api.send import MAX_MESSAGE, SHORT, queue
from airflow_provider_wa.sandbox.inbox import IncomingMessage
from airflow_provider_wa.sandbox.ledger import Message
from airflow_provider_wa.sandbox.replies import base_url, json_reply
from airflow_provider_wa.sandbox.simulated_vendor import Handler
from airflow_provider_wa.sandbox.state import Sandbox

FILES = "/files/"


class Deleted(set[str]):
    """Ids of the messages that were deleted."""


def _sent(sandbox: Sandbox, user: str, message_id: str) -> Message:
    message = sandbox.ledger.messages.get((NAME, message_id))
    if message is None or message.to != user or message_id in sandbox.own_state(Deleted):
        raise Refused(NOT_FOUND)
    return message


@authenticated
async def edit_message(request: Request, sandbox: Sandbox) -> Response:
    """Change the text of a message that was sent."""
    data = await body(request)
    user = addressee(data)
    new, message_id = text(data, "message", MAX_MESSAGE), text(data, "idMessage", SHORT)
    message = _sent(sandbox, user, message_id)
    if message.type != "text":
        raise Refused("only text messages can be edited")
    message.content["text"] = new
    sandbox.record_action(NAME, "editMessage", {"to": user, "message_id": message_id, "text": new})
    return json_reply({"idMessage": message_ids.stanza_id(sandbox.clock())})


@authenticated
async def delete_message(request: Request, sandbox: Sandbox) -> Response:
    """Delete a message that was sent; the reply has no body."""
    data = await body(request)
    user = addressee(data)
    message_id, own_only = text(data, "idMessage", SHORT), data.get("onlySenderDelete", False)
    if not isinstance(own_only, bool):
        raise invalid("onlySenderDelete", "must be a boolean")
    _sent(sandbox, user, message_id)
    sandbox.own_state(Deleted).add(message_id)
    sandbox.record_action(NAME, "deleteMessage", {"to": user, "message_id": message_id, "own_only": own_only})
    return Response()


def _found(sandbox: Sandbox, user: str, message_id: str) -> Message | IncomingMessage:
    for received in sandbox.incoming(NAME):
        if (received.group or received.sender, received.message_id) == (user, message_id):
            return received
    return _sent(sandbox, user, message_id)


def _content(message: Message | IncomingMessage) -> dict[str, Any]:
    if isinstance(message, Message):
        return {name: value for name, value in message.content.items() if name != "quoted"}
    if message.media is None:
        return {"text": message.text}
    return {"filename": message.filename, "caption": message.text}


@authenticated
async def forward_messages(request: Request, sandbox: Sandbox) -> Response:
    """Send messages of a chat to another one: all of them, or none if one is not there."""
    data = await body(request)
    chat(data)
    user = addressee(data, "chatIdFrom")
    ids = data.get("messages")
    if not isinstance(ids, list) or not ids or not all(isinstance(message_id, str) for message_id in ids):
        raise invalid("messages", "must be an array of strings")
    found = [_found(sandbox, user, message_id) for message_id in ids]
    made = [
        queue({"chatId": data["chatId"]}, message.type, _content(message), sandbox, message.media, message.mimetype)
        for message in found
    ]
    return json_reply({"messages": made})


@authenticated
async def read_chat(request: Request, sandbox: Sandbox) -> Response:
    """Mark a message of a chat as read, or all of them."""
    data = await body(request)
    user = addressee(data)
    message_id = text(data, "idMessage", SHORT, required=False)
    sandbox.record_action(NAME, "readChat", {"chat": user, "message_id": message_id})
    return json_reply({"setRead": True})


@authenticated
async def download_file(request: Request, sandbox: Sandbox) -> Response:
    """Return the link to the file of a message, which the sandbox serves."""
    data = await body(request)
    user = addressee(data)
    message_id = text(data, "idMessage", SHORT)
    message = _found(sandbox, user, message_id)
    if message.media is None:
        raise Refused(f"File message encrypted url not found by chatId {data['chatId']} and idMessage {message_id}")
    return json_reply({"downloadUrl": f"{base_url(request)}{FILES}{message_id}"})


async def file(request: Request, sandbox: Sandbox) -> Response:
    """Return the file behind a link."""
    message_id = request.url.path.rpartition("/")[2]
    known: list[Message | IncomingMessage] = [*sandbox.incoming(NAME), *sandbox.ledger.messages.values()]
    for message in known:
        if (message.vendor, message.message_id) == (NAME, message_id) and message.media is not None:
            return Response(message.media, media_type=message.mimetype)
    return Response(status_code=404)


ROUTES: dict[tuple[str, str], Handler] = {
    ("POST", "editMessage"): edit_message,
    ("POST", "deleteMessage"): delete_message,
    ("POST", "forwardMessages"): forward_messages,
    ("POST", "readChat"): read_chat,
    ("POST", "downloadFile"): download_file,
    ("GET", FILES): file,
}
