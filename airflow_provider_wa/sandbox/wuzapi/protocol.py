# SPDX-License-Identifier: Apache-2.0
"""Protocol of WuzAPI: token, envelope, and Go's rules for a body (field-notes.md "WuzAPI")."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import wraps
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from airflow_provider_wa.sandbox import directory
from airflow_provider_wa.sandbox.fault_injection import Panic
from airflow_provider_wa.sandbox.replies import json_reply
from airflow_provider_wa.sandbox.simulated_vendor import Handler
from airflow_provider_wa.sandbox.state import Sandbox
from airflow_provider_wa.sandbox.wuzapi.account import State, state

TOKEN = "sandbox-wuzapi-token"
JID = f"{directory.OWN_NUMBER}.0:1@s.whatsapp.net"

UNDECODED = "could not decode Payload"

# code of the fault `refuse` -> HTTP status and error
ERRORS = {
    "479": (500, "error sending message: server returned error 479"),
    "timeout": (500, "error sending message: timed out waiting for message send response"),
    "no lid": (500, "error sending message: no LID found for 51987654321@s.whatsapp.net from server"),
    "unknown server": (500, "error sending message: can't send message to unknown server nowhere"),
    "no session": (500, "no session"),
    "websocket": (500, "error sending message: websocket not connected"),
    "no device": (500, "error sending message: the store doesn't contain a device JID"),
    "upload": (500, "failed to upload file: failed to refresh media connections: failed to query media connections: "
               "info query timed out"),
    "device list": (500, "error sending message: failed to get device list: unexpected status 500"),
    "info query": (500, "error sending message: failed to get group members: info query timed out"),
    "plain": (500, None),
}  # fmt: skip

# Go's type -> types in Python, and zero value
TYPES: Mapping[str, tuple[tuple[type, ...], Any]] = {
    "string": ((str,), ""),
    "number": ((int, float), 0),
    "bool": ((bool,), False),
    "list": ((list,), []),
    "object": ((dict,), {}),
}


class Refused(Exception):
    """A refusal: HTTP status and text of the error envelope.

    Without a text the envelope has no error and calls itself a success, as some real handlers do.
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
    """Refuse a request for the fault `refuse`."""
    usual, error = ERRORS[code]
    return failure(status or usual, error)


def authenticated(handler: Handler) -> Handler:
    """Check the token before a handler, and put its refusals into the envelope."""

    @wraps(handler)
    async def guard(request: Request, sandbox: Sandbox) -> Response:
        if request.headers.get("token") != TOKEN:
            return failure(401, "unauthorized")
        try:
            return await handler(request, sandbox)
        except Refused as refusal:
            return failure(refusal.status, refusal.error)

    return guard


NO_WEBSOCKET = "websocket not connected"
NO_DEVICE = "the store doesn't contain a device JID"


def require_session(sandbox: Sandbox) -> None:
    """Refuse a request of a user without a client."""
    if state(sandbox) is State.NEVER_CONNECTED:
        raise Refused(500, "no session")


def require_login(sandbox: Sandbox, error: str | None) -> None:
    """Refuse a request without a login; `error` None is a refusal without a text."""
    require_session(sandbox)
    if state(sandbox) is not State.LOGGED_IN:
        raise Refused(500, error)


def require_device(sandbox: Sandbox) -> None:
    """Die on a request that reads the store of a device that is not there."""
    require_session(sandbox)
    if state(sandbox) in (State.CONNECT_FAILED, State.QR_SHOWN):
        raise Panic


def sending_failure(sandbox: Sandbox) -> str:
    """Return the reason for which nothing can be sent; empty while the user is logged in."""
    reasons = {State.LOGGED_IN: "", State.NO_WEBSOCKET: NO_WEBSOCKET}
    return reasons.get(state(sandbox), NO_DEVICE)


async def payload(request: Request, undecoded: str = UNDECODED) -> dict[str, Any]:
    """Read the body as Go does: field names in any case; one wrong type refuses the whole body."""
    try:
        data = json.loads(await request.body())
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise Refused(400, undecoded)
    return fields(data)


def fields(data: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of an object by names in lower case; null is the same as missing."""
    return {name.lower(): value for name, value in data.items() if value is not None}


def typed(data: dict[str, Any], name: str, kind: str = "string") -> Any:
    """Return a field, or the zero value of its type: for Go a missing field is 0 or ""."""
    types, zero = TYPES[kind]
    value = data.get(name.lower(), zero)
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        raise Refused(400, UNDECODED)
    return value


def strings(data: dict[str, Any], name: str) -> list[str]:
    """Return a list of strings."""
    values: list[str] = typed(data, name, "list")
    if not all(isinstance(value, str) for value in values):
        raise Refused(400, UNDECODED)
    return values


def objects(data: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Return a list of objects, each with names in lower case."""
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
    """Return the JID of a phone number; a JID is returned as it is."""
    phone = phone.removeprefix("+")
    return phone if "@" in phone else f"{phone}@s.whatsapp.net"
