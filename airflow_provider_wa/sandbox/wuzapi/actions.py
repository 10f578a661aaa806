# SPDX-License-Identifier: Apache-2.0
"""WuzAPI's actions on existing messages, and presence and read marks of a chat."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from airflow_provider_wa.sandbox.ledger import Message
from airflow_provider_wa.sandbox.simulated_vendor import Handler
from airflow_provider_wa.sandbox.state import Sandbox
from airflow_provider_wa.sandbox.wuzapi.account import NAME
from airflow_provider_wa.sandbox.wuzapi.chat import context, deliver, recipient, stamp
from airflow_provider_wa.sandbox.wuzapi.media import MediaContent
from airflow_provider_wa.sandbox.wuzapi.protocol import (
    Refused,
    authenticated,
    jid_of,
    payload,
    require_login,
    require_session,
    required,
    strings,
    success,
    typed,
)

OWN = "me:"
REMOVE = "remove"


def _own_message(message_id: str, jid: str, sandbox: Sandbox) -> Message | None:
    message = sandbox.ledger.messages.get((NAME, message_id))
    return message if message is not None and message.to == jid.partition("@")[0] else None


@authenticated
async def edit(request: Request, sandbox: Sandbox) -> Response:
    """Edit a text that was sent. An unknown message is not an error."""
    require_session(sandbox)
    data = await payload(request)
    phone, body, message_id = required(data, "Phone", "Body", "Id")
    context(data)
    jid = recipient(phone, sandbox, "error sending edit message")
    if (message := _own_message(message_id, jid, sandbox)) is not None:
        message.content.update(text=body, edited=True)
    sandbox.record_action(NAME, "/chat/send/edit", {"to": jid, "message_id": message_id, "text": body})
    return success({"Details": "Sent", "Timestamp": stamp(sandbox.clock(), sandbox), "Id": message_id})


@authenticated
async def delete(request: Request, sandbox: Sandbox) -> Response:
    """Delete a message for everyone."""
    require_session(sandbox)
    phone, message_id = required(await payload(request), "Phone", "Id")
    jid = recipient(phone, sandbox)
    if (message := _own_message(message_id, jid, sandbox)) is not None:
        message.content["deleted"] = True
    sandbox.record_action(NAME, "/chat/delete", {"to": jid, "message_id": message_id})
    return success({"Details": "Deleted", "Timestamp": stamp(sandbox.clock(), sandbox), "Id": message_id})


@authenticated
async def react(request: Request, sandbox: Sandbox) -> Response:
    """React to a message; "remove" deletes the reaction. The reply has the message's id, not the reaction's."""
    require_session(sandbox)
    data = await payload(request)
    phone, body, target = required(data, "Phone", "Body", "Id")
    jid = recipient(phone, sandbox)
    target_id = target.removeprefix(OWN)
    content = {
        "reaction": "" if body == REMOVE else body,
        "target": target_id,
        "target_is_own": target.startswith(OWN),
    }
    if (participant := typed(data, "Participant")) and not target.startswith(OWN):
        content["participant"] = jid_of(participant)
    _, moment = deliver(jid, "reaction", "", content, MediaContent(), sandbox)
    return success({"Details": "Sent", "Timestamp": stamp(moment, sandbox), "Id": target_id})


@authenticated
async def presence(request: Request, sandbox: Sandbox) -> Response:
    """Show the chat that a message is being written or recorded."""
    require_session(sandbox)
    data = await payload(request)
    phone, state = required(data, "Phone", "State")
    require_login(sandbox, "failure sending chat presence to Whatsapp servers")
    jid = jid_of(phone)
    sandbox.record_action(NAME, "/chat/presence", {"to": jid, "state": state, "media": typed(data, "Media")})
    return success({"Details": "Chat presence set successfuly"})


@authenticated
async def mark_read(request: Request, sandbox: Sandbox) -> Response:
    """Mark messages as read; newer servers accept ChatPhone and SenderPhone too."""
    require_session(sandbox)
    data = await payload(request)
    chat = typed(data, "ChatPhone") or typed(data, "Chat")
    sender = typed(data, "SenderPhone") or typed(data, "Sender")
    if not chat:
        raise Refused(400, "missing ChatPhone in Payload")
    ids = strings(data, "Id")
    if not ids:
        raise Refused(400, "missing Id in Payload")
    require_login(sandbox, "failure marking messages as read")
    seen = {"chat": jid_of(chat), "sender": jid_of(sender) if sender else "", "message_ids": ids}
    sandbox.record_action(NAME, "/chat/markread", seen)
    return success({"Details": "Message(s) marked as read"})


ROUTES: dict[tuple[str, str], Handler] = {
    ("POST", "/chat/send/edit"): edit,
    ("POST", "/chat/delete"): delete,
    ("POST", "/chat/react"): react,
    ("POST", "/chat/presence"): presence,
    ("POST", "/chat/markread"): mark_read,
}
