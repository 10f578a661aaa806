# SPDX-License-Identifier: Apache-2.0
"""HTTP replies that the simulated vendors share, among them those of a gateway in front of a vendor."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from airflow_provider_wa.sandbox.state import Sandbox

Headers = Mapping[str, str]

SERVER_ERRORS = {
    403: "Forbidden",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


def json_reply(body: Any, status: int = 200, headers: Headers | None = None) -> Response:
    """Return a JSON reply, compact and in UTF-8."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    # "replace": half of a surrogate pair in a message must not make the whole ledger unreadable.
    return Response(text.encode(errors="replace"), status, headers, "application/json")


def text_reply(text: str, status: int, headers: Headers | None = None) -> Response:
    """Return a plain text reply, the form of gateways and of Go's router."""
    return Response(text, status, headers, "text/plain")


def base_url(request: Request) -> str:
    """Return the base URL of the vendor that a request is for, without a slash at its end."""
    return f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"


def retry_header(retry_after: float | None) -> dict[str, str]:
    """Return the Retry-After header; no header for None."""
    return {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}


def plain_rate_limit(retry_after: float | None) -> Response:
    """Refuse with 429 as a gateway does, for vendors that document no reply of their own."""
    return text_reply("Too Many Requests", 429, retry_header(retry_after))


def plain_server_error(status: int) -> Response:
    """Fail as a gateway does."""
    return text_reply(SERVER_ERRORS[status], status)


async def plain_not_found(request: Request, sandbox: Sandbox) -> Response:
    """Answer an unknown path or method as Go's router does."""
    return text_reply("404 page not found\n", 404)
