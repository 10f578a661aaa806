# SPDX-License-Identifier: Apache-2.0
"""The message history of WuzAPI: kept only if the user's `history` says so, from then on."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from airflow_provider_wa.sandbox.simulated_vendor import Handler
from airflow_provider_wa.sandbox.state import Sandbox
from airflow_provider_wa.sandbox.webhook_request import encode
from airflow_provider_wa.sandbox.wuzapi.account import NAME, account
from airflow_provider_wa.sandbox.wuzapi.protocol import (
    Refused,
    authenticated,
    payload,
    require_session,
    success,
    typed,
)
from airflow_provider_wa.sandbox.wuzapi.webhook import USER, exact_time, message_event

INDEX = "index"
LIMIT = 50
ANOTHER_USER = "2f1c"  # the index lists the chats of all users of the server

# content of a message that was sent -> its text in the history
TEXTS = ("text", "caption", "name")


@authenticated
async def set_history(request: Request, sandbox: Sandbox) -> Response:
    """Set the number of messages to keep of each chat; 0 keeps none."""
    require_session(sandbox)
    count = typed(await payload(request), "history", "number")
    if count < 0:
        raise Refused(400, "history cannot be negative")
    own = account(sandbox)
    if not own.history:
        own.history_since = sandbox.clock()
    own.history = int(count)
    return success({"Details": "History configured successfully", "History": own.history})


@authenticated
async def get_history(request: Request, sandbox: Sandbox) -> Response:
    """Return the messages of a chat, newest first, or the index of all chats."""
    if not account(sandbox).history:
        raise Refused(501, "message history is disabled for this user")
    chat = request.query_params.get("chat_jid", "")
    if not chat:
        raise Refused(400, "chat_jid is required")
    chats = _chats(sandbox)
    if chat == INDEX:
        return success(_index(chats))
    try:
        limit = int(request.query_params.get("limit", LIMIT))
    except ValueError:
        raise Refused(400, "invalid limit") from None
    return success(chats.get(chat, [])[:limit] or None)


def _index(chats: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    newest_first = sorted(chats.items(), key=lambda chat: str(chat[1][0]["timestamp"]), reverse=True)
    own = [{"chat_jid": jid, "last_updated": messages[0]["timestamp"]} for jid, messages in newest_first]
    other = [{"chat_jid": "51900000000@s.whatsapp.net", "last_updated": "2026-01-01T00:00:00Z"}]
    return {ANOTHER_USER: other, **({USER: own} if own else {})}


def _chats(sandbox: Sandbox) -> dict[str, list[dict[str, Any]]]:
    """Return the messages that are kept, by chat, newest first."""
    own = account(sandbox)
    kept = [entry for entry in (*_received(sandbox), *_sent(sandbox)) if entry[0] >= own.history_since]
    chats: dict[str, list[dict[str, Any]]] = {}
    for number, (moment, fields) in enumerate(sorted(kept, key=lambda entry: entry[0]), 1):
        entry = {"id": number, "user_id": USER, "timestamp": exact_time(moment), "media_link": "", **fields}
        chats.setdefault(fields["chat_jid"], []).insert(0, entry)
    return {chat: messages[: own.history] for chat, messages in chats.items()}


def _received(sandbox: Sandbox) -> list[tuple[float, dict[str, Any]]]:
    found = []
    for message in sandbox.incoming(NAME):
        event = message_event(message)
        info = event["Info"]
        fields = {
            "chat_jid": info["Chat"],
            "sender_jid": info["Sender"],
            "message_id": message.message_id,
            "message_type": message.type,
            "text_content": message.text or f":{message.type}:",
            "data_json": encode(event),
        }
        found.append((message.at, fields))
    return found


def _sent(sandbox: Sandbox) -> list[tuple[float, dict[str, Any]]]:
    """Return the messages that the user sent: their sender is "me", and they have no event."""
    return [
        (
            message.at,
            {
                "chat_jid": f"{message.to}@{'g.us' if message.group else 's.whatsapp.net'}",
                "sender_jid": "me",
                "message_id": message.message_id,
                "message_type": message.type,
                "text_content": next((message.content[name] for name in TEXTS if message.content.get(name)), ""),
                "data_json": "",
            },
        )
        for message in sandbox.ledger.messages.values()
        if message.vendor == NAME and message.type not in ("poll", "reaction")
    ]


ROUTES: dict[tuple[str, str], Handler] = {
    ("POST", "/session/history"): set_history,
    ("GET", "/chat/history"): get_history,
}
