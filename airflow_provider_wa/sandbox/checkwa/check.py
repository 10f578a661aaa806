# SPDX-License-Identifier: Apache-2.0
"""The check of CheckWA (vendor-docs/checkwa.txt, field-notes.md "CheckWA").

A request with an `action` is queued, and its result comes by callback; a request without one is answered at once. A
refusal is HTTP 200 with a code. Every value is a string.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
from datetime import datetime, timezone
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from airflow_provider_wa.sandbox import magic_numbers, pictures
from airflow_provider_wa.sandbox.replies import json_reply
from airflow_provider_wa.sandbox.state import Sandbox
from airflow_provider_wa.sandbox.webhook_request import as_json

NAME = "checkwa"
USER = "sandbox"
DISABLED_USER = "sandbox-disabled"
API_KEY = "sandbox-checkwa-apikey"
SERVER = "462"

ABSENT = "0"
OK = "1"
UNDOCUMENTED = "2"
BAD_LOGIN = "3"
UNKNOWN_ACTION = "4"
BAD_NUMBER = "5"
NO_CREDIT = "6"
DISABLED = "7"
BAD_SERVER = "9"

CALLBACK_ABSENT = "2"

CODES = (ABSENT, OK, UNDOCUMENTED, BAD_LOGIN, UNKNOWN_ACTION, BAD_NUMBER, NO_CREDIT, DISABLED, BAD_SERVER)

HIDDEN = ("1", "true")

# The result of a number that ends in 01 comes after this many times the usual delay.
PENDING_FACTOR = 1 + magic_numbers.PENDING_LOOKUPS

# Headers that the receiver must answer OPTIONS with; the vendor's page calls them mandatory.
CORS_HEADERS = (
    "access-control-allow-origin",
    "access-control-allow-methods",
    "access-control-allow-headers",
)

_NUMBER = re.compile(r"\d{8,15}")


def refuse(code: str, status: int = 0) -> Response:
    """Answer with a code alone."""
    return json_reply({"code": code}, status or 200)


def _number(data: dict[str, Any]) -> str | None:
    """Return the number with its country code, from `number` or from `cod` and `num`; None if it is invalid."""
    parts = (data["number"],) if "number" in data else (data.get("cod"), data.get("num"))
    text = "".join(str(part) for part in parts if part is not None)
    return text if _NUMBER.fullmatch(text) and all(parts) else None


def _refusal(data: dict[str, Any], sandbox: Sandbox) -> str | None:
    """Return the code of the refusal; None for a request that is accepted."""
    if data.get("apikey") != API_KEY or data.get("user") not in (USER, DISABLED_USER):
        return BAD_LOGIN
    refusals = (
        (DISABLED, data["user"] == DISABLED_USER),
        (UNKNOWN_ACTION, data.get("action", "check") != "check"),
        (BAD_SERVER, str(data.get("server", SERVER)) != SERVER),
        (BAD_NUMBER, _number(data) is None),
        (NO_CREDIT, sandbox.quotas[NAME].is_used_up),
    )
    return next((code for code, applies in refusals if applies), None)


async def check(request: Request, sandbox: Sandbox) -> Response:
    """Queue a check, or answer it at once."""
    try:
        data = json.loads(await request.body())
    except ValueError:
        data = {}
    if not isinstance(data, dict):
        data = {}
    code = _refusal(data, sandbox)
    number = _number(data)
    if code is not None or number is None:
        return refuse(code or BAD_NUMBER)
    sandbox.quotas[NAME].spend()
    return _queue(number, data, sandbox) if "action" in data else _answer(number, sandbox)


def _answer(number: str, sandbox: Sandbox) -> Response:
    """Answer a check at once."""
    if magic_numbers.ending(number) == magic_numbers.UNRESOLVED:
        sandbox.record_check(NAME, number, "unknown")
        return refuse(UNDOCUMENTED)
    known = magic_numbers.exists(number)
    sandbox.record_check(NAME, number, "exists" if known else "absent")
    return refuse(OK if known else ABSENT)


def _queue(number: str, data: dict[str, Any], sandbox: Sandbox) -> Response:
    """Queue a check; its result follows by callback."""
    token, callback = str(data.get("token", "")), str(data.get("callback", ""))
    sandbox.record_check(NAME, number, "pending")
    if magic_numbers.ending(number) != magic_numbers.UNRESOLVED:
        hidden = str(data.get("hide_image", "")).lower() in HIDDEN
        sandbox.spawn(_report(number, token, callback, magic_numbers.has_picture(number) and not hidden, sandbox))
    ping = datetime.fromtimestamp(sandbox.clock(), timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    return json_reply(
        {
            "code": OK,
            "server": SERVER,
            "server_status": "1",
            "server_ping": ping,
            "token": token,
            "callback": callback,
            "queue": str(sandbox.pending_tasks),
        }
    )


async def _report(number: str, token: str, url: str, picture: bool, sandbox: Sandbox) -> None:
    """Post the result to the callback URL, and a picture in a second request."""
    seconds = sandbox.settings.delivery_seconds
    await sandbox.sleep(seconds * (PENDING_FACTOR if magic_numbers.ending(number) == magic_numbers.PENDING else 1))
    if sandbox.closing:
        return
    body = {
        "code": OK if magic_numbers.exists(number) else CALLBACK_ABSENT,
        "num": number,
        "has_picture": "1" if picture else "0",
        "token": token,
    }
    delivery = sandbox.webhook_delivery
    result = delivery.send(NAME, url, as_json(body), CORS_HEADERS)
    if not picture:
        await result
        return
    # With `shuffle` both requests start together, so that the picture comes first.
    if not delivery.policies[NAME].shuffle:
        await result
        await sandbox.sleep(seconds)
    photo = base64.b64encode(pictures.photo_png(number)).decode()
    await asyncio.gather(result, delivery.send(NAME, url, as_json({**body, "picture": photo}), CORS_HEADERS))


async def not_found(request: Request, sandbox: Sandbox) -> Response:
    """Answer an unknown path with an HTML page, as a PHP host does."""
    return HTMLResponse("<html><head><title>404 Not Found</title></head><body>Not Found</body></html>", 404)
