# SPDX-License-Identifier: Apache-2.0
"""Green-API (vendor-docs/green_api.txt, field-notes.md "Green-API").

The credentials are a part of every path: /waInstance{idInstance}/{method}/{apiTokenInstance}. Errors of status 400
come as a JSON string; those of 401, 403 and 429 have no body.
"""

from __future__ import annotations

import json
import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from airflow_provider_wa.sandbox import magic
from airflow_provider_wa.sandbox.state import Quota, Sandbox
from airflow_provider_wa.sandbox.vendor import Handler, Vendor, json_reply, retry_header

NAME = "green_api"
ID_INSTANCE = "1101000001"
TOKEN = "sandbox-green-token"

QUOTA_STATUS = 466

BAD_REQUEST = "bad request data"
BAD_NUMBER = "bad phone number, valid from 11 to 16 digits"
NOT_ONE = "Validation failed. Details: exactly one of 'phoneNumber', 'chatId' is required"
NOT_AUTHORIZED = "instance is starting or not authorized"
TIMEOUT = "check phone number timeout limit exceeded"

_PATH = re.compile(r"/waInstance(?P<id>[^/]*)/(?P<method>[^/]+)/(?P<token>[^/]*)")
_NUMBER = re.compile(r"\d{11,16}")
_CHAT_ID = re.compile(r"(\d+)(@c\.us)?")


def method_of(path: str) -> str:
    """Return the method that a path names."""
    found = _PATH.fullmatch(path)
    return found["method"] if found else path


def rate_limited(retry_after: float | None) -> Response:
    """Refuse a request that came too fast."""
    return Response(status_code=429, headers=retry_header(retry_after))


def _error(text: str) -> Response:
    return json_reply(text, 400)


def _quota_exceeded(method: str, quota: Quota) -> Response:
    status = {
        "method": method.lower(),
        "used": quota.used,
        "total": quota.used,
        "status": "QUOTE_EXCEEDED",
        "description": "The monthly quota of the sandbox is used up",
    }
    return json_reply({"invokeStatus": status}, QUOTA_STATUS)


def _guarded(handler: Handler) -> Handler:
    async def guarded(request: Request, sandbox: Sandbox) -> Response:
        found = _PATH.fullmatch(request.scope["path"].removeprefix(request.scope.get("root_path", "")))
        if found is None or found["id"] != ID_INSTANCE:
            return Response(status_code=403)
        if found["token"] != TOKEN:
            return Response(status_code=401)
        return await handler(request, sandbox)

    return guarded


@_guarded
async def get_state_instance(request: Request, sandbox: Sandbox) -> Response:
    """Tell the instance's state."""
    sandbox.expect_scan(NAME)
    state = "authorized" if sandbox.session(NAME).logged_in else "notAuthorized"
    return json_reply({"stateInstance": state})


@_guarded
async def check_whatsapp(request: Request, sandbox: Sandbox) -> Response:
    """Tell whether a number is known."""
    try:
        data = json.loads(await request.body())
    except ValueError:
        data = None
    if not isinstance(data, dict):
        return _error(BAD_REQUEST)
    if ("phoneNumber" in data) == ("chatId" in data):
        return _error(NOT_ONE)
    number = _number(data)
    if number is None:
        return _error(BAD_NUMBER)
    if not sandbox.session(NAME).logged_in:
        return _error(NOT_AUTHORIZED)
    return _check(number, sandbox)


def _number(data: dict[str, Any]) -> str | None:
    """Return the number asked for; None if it is not one. The document's own samples send digits as text too."""
    given = data.get("phoneNumber", data.get("chatId"))
    if isinstance(given, bool) or not isinstance(given, (int, str)):
        return None
    if "chatId" in data:
        chat = _CHAT_ID.fullmatch(given) if isinstance(given, str) else None
        given = chat[1] if chat else ""
    return str(given) if _NUMBER.fullmatch(str(given)) else None


def _check(number: str, sandbox: Sandbox) -> Response:
    quota = sandbox.quotas[NAME]
    if quota.is_used_up:
        return _quota_exceeded("checkWhatsapp", quota)
    if sandbox.attempts.is_limited(NAME, number):
        sandbox.record_check(NAME, number, "limited")
        return rate_limited(None)
    if sandbox.attempts.is_pending(NAME, number):
        sandbox.record_check(NAME, number, "pending")
        return _error(TIMEOUT)
    if magic.ending(number) == magic.UNRESOLVED:
        sandbox.record_check(NAME, number, "unknown")
        return _error(TIMEOUT)
    quota.spend()
    known = magic.exists(number)
    sandbox.record_check(NAME, number, "exists" if known else "absent")
    return json_reply({"existsWhatsapp": known, "chatId": f"{number}@c.us" if known else ""})


VENDOR = Vendor(
    NAME,
    "/green",
    {
        ("GET", "getStateInstance"): get_state_instance,
        ("POST", "checkWhatsapp"): check_whatsapp,
    },
    rate_limited=rate_limited,
    route_of=method_of,
)
