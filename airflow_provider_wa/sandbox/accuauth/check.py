# SPDX-License-Identifier: Apache-2.0
"""The checks of AccuAuth for Peru (vendor-docs/accuauth.txt, field-notes.md "AccuAuth")."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from airflow_provider_wa.sandbox import magic_numbers
from airflow_provider_wa.sandbox.replies import json_reply, plain_server_error, retry_header
from airflow_provider_wa.sandbox.state import Sandbox

NAME = "accuauth"
API_ID = "sandbox-accuauth-id"
API_SECRET = "sandbox-accuauth-secret"

COUNTRY_CODE = "51"

# Fields of a result besides `number` and `whatsapp`.
Details = Callable[[str, Sandbox], dict[str, str]]

# status -> HTTP status and reason
ERRORS = {
    "PENDING": (400, "operation in progress"),
    "INVALID_ARGUMENT": (400, "argument 'number': {0}"),
    "UNAUTHORIZED": (401, "API ID or secret is wrong"),
    "KEY_EXPIRED": (401, "API ID has expired"),
    "NO_PERMISSION": (403, "API is not enabled for this API ID"),
    "OUT_OF_QUOTA": (403, "API calls quota is used up"),
    "RATE_LIMIT_EXCEEDED": (403, "API request frequency exceeds the limit"),
    "NOT_FOUND": (404, "no such API"),
    "INTERNAL_ERROR": (500, "internal error"),
}

# API ID that is refused with any secret -> status of the refusal
REFUSED_IDS = {
    "sandbox-accuauth-expired": "KEY_EXPIRED",
    "sandbox-accuauth-no-permission": "NO_PERMISSION",
}

# National numbers only: 11 digits that start with 51 are a Peruvian number with its country code.
_NUMBER = re.compile(rf"(?!{COUNTRY_CODE}\d{{9}}$)\d{{6,11}}")


def refusal(status: str, detail: str = "", headers: dict[str, str] | None = None) -> Response:
    """Return a reply without a result."""
    http_status, reason = ERRORS[status]
    return json_reply(
        {"status": status, "reason": reason.format(detail), "request_id": _request_id()}, http_status, headers
    )


def rate_limited(retry_after: float | None) -> Response:
    """Refuse a request that exceeds the rate."""
    return refusal("RATE_LIMIT_EXCEEDED", headers=retry_header(retry_after))


def server_error(status: int) -> Response:
    """Fail with a status: 500 as the vendor does, others as a gateway does."""
    return refusal("INTERNAL_ERROR") if status == ERRORS["INTERNAL_ERROR"][0] else plain_server_error(status)


async def not_found(request: Request, sandbox: Sandbox) -> Response:
    """Answer an unknown path."""
    return refusal("NOT_FOUND")


def _request_id() -> str:
    return f"TID{uuid.uuid4().hex}"


async def _arguments(request: Request) -> dict[str, Any]:
    """Read the body as JSON or as a form: the document does not name the format."""
    content_type = request.headers.get("content-type", "")
    try:
        if content_type.startswith(("application/x-www-form-urlencoded", "multipart/form-data")):
            return dict(await request.form())
        data = json.loads(await request.body())
    except (ValueError, HTTPException):
        return {}
    return data if isinstance(data, dict) else {}


def refuse(code: str, http_status: int) -> Response:
    """Refuse a request for the fault `refuse`."""
    reply = refusal(code, "invalid")
    reply.status_code = http_status or reply.status_code
    return reply


async def advanced(request: Request, sandbox: Sandbox) -> Response:
    """Check a number: the result with all details, or PENDING."""
    return await _check(request, sandbox, _details)


async def basic(request: Request, sandbox: Sandbox) -> Response:
    """Check a number: the result alone, or PENDING."""
    return await _check(request, sandbox, lambda number, sandbox: {})


async def _check(request: Request, sandbox: Sandbox, details: Details) -> Response:
    api_id = request.headers.get("x-df-api-id", "")
    if api_id in REFUSED_IDS:
        return refusal(REFUSED_IDS[api_id])
    if (api_id, request.headers.get("x-df-api-secret")) != (API_ID, API_SECRET):
        return refusal("UNAUTHORIZED")
    number = (await _arguments(request)).get("number")
    if number in (None, ""):
        return refusal("INVALID_ARGUMENT", "not found")
    if not isinstance(number, str) or not _NUMBER.fullmatch(number):
        return refusal("INVALID_ARGUMENT", "invalid")
    quota = sandbox.quotas[NAME]
    if quota.is_used_up:
        return refusal("OUT_OF_QUOTA")
    if sandbox.lookups.is_limited(NAME, number):
        sandbox.record_check(NAME, number, "limited")
        return rate_limited(None)
    if magic_numbers.ending(number) == magic_numbers.UNRESOLVED or sandbox.lookups.is_pending(NAME, number):
        sandbox.record_check(NAME, number, "pending")
        return refusal("PENDING")
    quota.spend()
    known = magic_numbers.exists(number)
    sandbox.record_check(NAME, number, "exists" if known else "absent")
    result = {
        "number": f"+{COUNTRY_CODE}{number}",
        "whatsapp": "yes" if known else "no",
        **details(number, sandbox),
    }
    return json_reply({"status": "OK", "result": result, "request_id": _request_id()})


def _details(number: str, sandbox: Sandbox) -> dict[str, str]:
    known = magic_numbers.exists(number)
    today = datetime.fromtimestamp(sandbox.clock(), timezone.utc).strftime("%Y%m%d")
    return {
        "status_update": today if known else "",
        "signature": "Hello world" if known else "",
        "business_user": "no",
        "avatar": "yes" if magic_numbers.has_picture(number) else "no",
    }
