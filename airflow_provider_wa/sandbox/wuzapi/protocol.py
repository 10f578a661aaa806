# SPDX-License-Identifier: Apache-2.0
"""What WuzAPI's routes share: the token, the envelope, and how Go reads a body (field-notes.md "WuzAPI")."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import wraps
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from airflow_provider_wa.sandbox import directory
from airflow_provider_wa.sandbox.replies import json_reply
from airflow_provider_wa.sandbox.simulated_vendor import Handler
from airflow_provider_wa.sandbox.state import Sandbox

NAME = "wuzapi"
TOKEN = "sandbox-wuzapi-token"
JID = f"{directory.OWN_NUMBER}.0:1@s.whatsapp.net"

UNDECODED = "could not decode Payload"

# What a test may have any request refused with (fault `refuse`) -> HTTP status and error.
ERRORS = {
    "479": (500, "error sending message: server returned error 479"),
    "timeout": (500, "error sending message: timed out waiting for message send response"),
    "no lid": (500, "error sending message: no LID found for 51987654321@s.whatsapp.net from server"),
    "unknown server": (500, "error sending message: can't send message to unknown server nowhere"),
    "no session": (500, "no session"),
    "websocket": (500, "error sending message: websocket not connected"),
    "no device": (500, "error sending message: the store doesn't contain a device JID"),
    "plain": (500, None),
}

# Go's type -> the types that JSON may have for it, and its zero value
TYPES: Mapping[str, tuple[tuple[type, ...], Any]] = {
    "string": ((str,), ""),
    "number": ((int, float), 0),
    "bool": ((bool,), False),
    "list": ((list,), []),
    "object": ((dict,), {}),
}


class Refused(Exception):
    """The server refuses a request: HTTP status and text of its error envelope.

    No text is a handler that answers with a plain string: the envelope then has no error and calls itself a success.
    """

    def __init__(self, status: int, error: str | None = None) -> None:
        super().__init__(error or "a plain string")
        self.status = status
        self.error = error


def success(data: Any) -> Response:
    """Return the envelope of a success."""
    return json_reply({"code": 200, "data": data, "success": True})


def failure(status: int, error: str | None) -> Response:
    """Return the envelope of a failure."""
    if error is None:
        return json_reply({"code": status, "success": True}, status)
    return json_reply({"code": status, "error": error, "success": False}, status)


def refuse(code: str, status: int) -> Response:
    """Refuse a request as a test wants it."""
    usual, error = ERRORS[code]
    return failure(status or usual, error)


def guarded(handler: Handler) -> Handler:
    """Let a route's handler see only requests with the token, and put its refusals into the envelope."""

    @wraps(handler)
    async def guard(request: Request, sandbox: Sandbox) -> Response:
        if request.headers.get("token") != TOKEN:
            return failure(401, "unauthorized")
        try:
            return await handler(request, sandbox)
        except Refused as refusal:
            return failure(refusal.status, refusal.error)

    return guard


def require_session(sandbox: Sandbox) -> None:
    """Refuse what needs a connection while there is none."""
    if not sandbox.session(NAME).connected:
        raise Refused(500, "no session")


def require_login(sandbox: Sandbox, error: str | None) -> None:
    """Refuse what needs a login while there is none; no text for a handler that answers with a plain string."""
    require_session(sandbox)
    if not sandbox.session(NAME).logged_in:
        raise Refused(500, error)


async def payload(request: Request) -> dict[str, Any]:
    """Read the body as Go does: field names in any case, and a wrong type spoils the whole."""
    try:
        data = json.loads(await request.body())
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise Refused(400, UNDECODED)
    return fields(data)


def fields(data: dict[str, Any]) -> dict[str, Any]:
    """Return an object's fields under names in lower case; null is the same as missing."""
    return {name.lower(): value for name, value in data.items() if value is not None}


def typed(data: dict[str, Any], name: str, kind: str = "string") -> Any:
    """Return a field or its type's zero value: Go cannot tell 0 or "" from a field that is missing."""
    types, zero = TYPES[kind]
    value = data.get(name.lower(), zero)
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        raise Refused(400, UNDECODED)
    return value


def strings(data: dict[str, Any], name: str) -> list[str]:
    """Return a field that is a list of strings."""
    values: list[str] = typed(data, name, "list")
    if not all(isinstance(value, str) for value in values):
        raise Refused(400, UNDECODED)
    return values


def objects(data: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Return a field that is a list of objects, each with its names in lower case."""
    values = typed(data, name, "list")
    if not all(isinstance(value, dict) for value in values):
        raise Refused(400, UNDECODED)
    return [fields(value) for value in values]


def required(data: dict[str, Any], *names: str) -> tuple[str, ...]:
    """Return fields that must not be empty."""
    values = [typed(data, name) for name in names]
    for name, value in zip(names, values, strict=True):
        if not value:
            raise Refused(400, f"missing {name} in Payload")
    return tuple(values)


def jid_of(phone: str) -> str:
    """Return the JID that a phone number stands for; a JID stands for itself."""
    phone = phone.removeprefix("+")
    return phone if "@" in phone else f"{phone}@s.whatsapp.net"
