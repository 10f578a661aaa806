# SPDX-License-Identifier: Apache-2.0
"""Protocol of Green-API: credentials in the path, errors, fields of a body, and chat ids."""

from __future__ import annotations

import json
import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from airflow_provider_wa.sandbox import directory, magic_numbers
from airflow_provider_wa.sandbox.profile import Quota
from airflow_provider_wa.sandbox.replies import json_reply, retry_header
from airflow_provider_wa.sandbox.simulated_vendor import Handler
from airflow_provider_wa.sandbox.state import Sandbox

NAME = "green_api"
ID_INSTANCE = "1101000001"
TOKEN = "sandbox-green-token"

NEWEST, DOCUMENT = "newest", "document"
GENERATIONS = (NEWEST, DOCUMENT)

QUOTA_STATUS = 466
LOOKUP_STATUS = 469

BAD_REQUEST = "bad request data"
BAD_NUMBER = "bad phone number, valid from 11 to 16 digits"
NOT_ONE = "Validation failed. Details: exactly one of 'phoneNumber', 'chatId' is required"
NOT_AUTHORIZED = "instance is starting or not authorized"
SUSPENDED = "Your account is suspended"
QUEUE_CLOSED = "Message cannot be received because custom webhook url is set"
NO_LOOKUPS = "User get contact info limit reached"
NOT_FOUND = "Message by id not found"
TIMEOUT = "check phone number timeout limit exceeded"

# code of the fault `refuse` -> HTTP status and text (None: no body)
ERRORS: dict[str, tuple[int, str | None]] = {
    "bad request": (400, BAD_REQUEST),
    "bad number": (400, BAD_NUMBER),
    "not authorized": (400, NOT_AUTHORIZED),
    "timeout": (400, TIMEOUT),
    "queue closed": (400, QUEUE_CLOSED),
    "suspended": (403, SUSPENDED),
    "401": (401, None),
    "403": (403, None),
    "429": (429, None),
    "466": (QUOTA_STATUS, None),
    "466 chats": (QUOTA_STATUS, None),
    "469": (LOOKUP_STATUS, NO_LOOKUPS),
}

PATH = re.compile(r"/waInstance(?P<id>[^/]*)/(?P<method>[^/]+)/(?P<token>[^/]*)(?:/(?P<argument>[^/]+))?")
WHOLE = re.compile(r"[0-9]{1,9}")
CHAT_ID = re.compile(r"(?P<user>[\d-]+)@(?P<server>c\.us|g\.us|lid)")

# The only method with an argument after the token.
WITH_ARGUMENT = "deleteNotification"


class Refused(Exception):
    """A refusal with status 400 and a text."""


def _local_path(request: Request) -> str:
    path: str = request.scope["path"]
    return path.removeprefix(request.scope.get("root_path", ""))


def method_of(path: str) -> str:
    """Return the method in a path."""
    found = PATH.fullmatch(path)
    if found is None or (found["argument"] is not None) != (found["method"] == WITH_ARGUMENT):
        return path
    return found["method"]


def argument_of(request: Request) -> str:
    """Return the argument after the token in a request's path."""
    found = PATH.fullmatch(_local_path(request))
    return "" if found is None else found["argument"] or ""


def rate_limited(retry_after: float | None) -> Response:
    """Refuse a request that exceeds the rate."""
    return Response(status_code=429, headers=retry_header(retry_after))


def error(text: str) -> Response:
    """Refuse a request; the text is the whole body."""
    return json_reply(text, 400)


def quota_exceeded(method: str, used: int) -> Response:
    """Refuse a request that exceeds the monthly quota."""
    status = {
        "method": method.lower(),
        "used": used,
        "total": used,
        "status": "QUOTE_EXCEEDED",
        "description": "The monthly quota of the sandbox is used up",
    }
    return json_reply({"invokeStatus": status}, QUOTA_STATUS)


def chats_exceeded() -> Response:
    """Refuse a message to one more chat than the tariff allows; the method itself is allowed."""
    method = {"method": "sendmessage", "used": 67, "total": 0, "status": "QUOTE_ALLOWED"}
    chats = {"method": "correspondents", "used": 3, "total": 3, "status": "CORRESPONDENTS_QUOTE_EXCEEDED"}
    return json_reply({"invokeStatus": method, "correspondentsStatus": chats}, QUOTA_STATUS)


def refuse(code: str, status: int) -> Response:
    """Refuse a request for the fault `refuse`."""
    if code == str(QUOTA_STATUS):
        return quota_exceeded("checkWhatsapp", 100)
    if code == "466 chats":
        return chats_exceeded()
    usual, text = ERRORS[code]
    return Response(status_code=status or usual) if text is None else json_reply(text, status or usual)


def authenticated(handler: Handler) -> Handler:
    """Check the instance and token before a method, and turn its refusals into replies."""

    async def guard(request: Request, sandbox: Sandbox) -> Response:
        found = PATH.fullmatch(_local_path(request))
        if found is None or found["id"] != ID_INSTANCE:
            return Response(status_code=403)
        if found["token"] != TOKEN:
            return Response(status_code=401)
        try:
            return await handler(request, sandbox)
        except Refused as refusal:
            return error(str(refusal))

    return guard


async def body(request: Request) -> dict[str, Any]:
    """Return the JSON object in the body."""
    try:
        data = json.loads(await request.body())
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise Refused(BAD_REQUEST)
    return data


def invalid(name: str, rule: str) -> Refused:
    """Return the refusal of a field."""
    return Refused(f"Validation failed. Details: '{name}' {rule}")


def text(data: dict[str, Any], name: str, limit: int, required: bool = True) -> str:
    """Return a text field with at most `limit` characters."""
    value = data.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str):
        raise invalid(name, "is required" if value is None else "must be a string")
    if required and not value:
        raise invalid(name, "is not allowed to be empty")
    if len(value) > limit:
        raise invalid(name, f"length must be less than or equal to {limit} characters long")
    return value


def whole(request: Request, name: str, default: int) -> int:
    """Return a whole number from the query."""
    value = request.query_params.get(name, str(default))
    if not WHOLE.fullmatch(value):
        raise invalid(name, "must be a number")
    return int(value)


def chat(data: dict[str, Any], name: str = "chatId") -> tuple[str, str]:
    """Return the user and the server of a chat id."""
    found = CHAT_ID.fullmatch(text(data, name, 100))
    if found is None:
        raise invalid(name, "must be one of the following formats: phone_number@c.us, group_id@g.us, id@lid")
    return found["user"], found["server"]


def chat_id_of(number: str, group: bool = False) -> str:
    """Return the chat id of a number or a group."""
    return f"{number}@{'g.us' if group else 'c.us'}"


def person_id(sandbox: Sandbox, number: str) -> str:
    """Return the chat id of a person: a LID if the number is hidden (08); the document's service has no LIDs."""
    hidden = magic_numbers.is_hidden(number) and sandbox.generations[NAME] != DOCUMENT
    return directory.lid_of(number) if hidden else chat_id_of(number)


def number_of(user: str, server: str | None) -> str:
    """Return the number in a chat id, given the part before the @ and the rest."""
    return directory.number_of(user) if server == "@lid" else user


def addressee(data: dict[str, Any], name: str = "chatId") -> str:
    """Return the number or the group's id in a chat id; of a LID, its number."""
    user, server = chat(data, name)
    return number_of(user, f"@{server}")


def plain_chat(chat_id: str) -> str:
    """Return a chat id in the form that a person has without a LID: both forms are one chat."""
    user, server = chat_id.split("@")
    return chat_id_of(directory.number_of(user)) if server == "lid" else chat_id


def chat_of(sandbox: Sandbox, number: str, group: bool = False) -> str:
    """Return the chat id of a person, maybe a LID, or of a group."""
    return chat_id_of(number, group) if group else person_id(sandbox, number)


def spend_check(number: str, quota: Quota, sandbox: Sandbox) -> Response | None:
    """Count a check; return the refusal, or None if it can be answered."""
    if quota.is_used_up:
        return quota_exceeded("checkWhatsapp", quota.used)
    if sandbox.lookups.is_limited(NAME, number):
        sandbox.record_check(NAME, number, "limited")
        return rate_limited(None)
    if sandbox.lookups.is_pending(NAME, number):
        sandbox.record_check(NAME, number, "pending")
        return error(TIMEOUT)
    if magic_numbers.ending(number) == magic_numbers.UNRESOLVED:
        sandbox.record_check(NAME, number, "unknown")
        return error(TIMEOUT)
    quota.spend()
    return None
