# SPDX-License-Identifier: Apache-2.0
"""What a simulated vendor is: a table of routes and its own words for refusing. And the ASGI app that runs one."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from airflow_provider_wa.sandbox.effects import apply_fault
from airflow_provider_wa.sandbox.state import Sandbox

Handler = Callable[[Request, Sandbox], Awaitable[Response]]

Headers = Mapping[str, str]


def json_reply(body: Any, status: int = 200, headers: Headers | None = None) -> Response:
    """Return a JSON reply, compact and in UTF-8."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    # "replace": half of a surrogate pair in a message must not make the whole ledger unreadable.
    return Response(text.encode(errors="replace"), status, headers, "application/json")


def text_reply(text: str, status: int, headers: Headers | None = None) -> Response:
    """Return a plain text reply, as gateways and Go's router give."""
    return Response(text, status, headers, "text/plain")


def base_url(request: Request) -> str:
    """Return the address under which a client reaches this vendor, without a slash at its end."""
    return f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"


def retry_header(retry_after: float | None) -> dict[str, str]:
    """Return the Retry-After header, if there is something to say."""
    return {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}


def plain_rate_limit(retry_after: float | None) -> Response:
    """Refuse as a gateway before the vendor would: WuzAPI, the portal and CheckWA have no words of their own."""
    return text_reply("Too Many Requests", 429, retry_header(retry_after))


SERVER_ERRORS = {
    403: "Forbidden",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


def plain_server_error(status: int) -> Response:
    """Fail as a gateway before the vendor would."""
    return text_reply(SERVER_ERRORS[status], status)


async def plain_not_found(request: Request, sandbox: Sandbox) -> Response:
    """Answer an unknown path or method as Go's router does."""
    return text_reply("404 page not found\n", 404)


@dataclass(frozen=True)
class Vendor:
    """One vendor: its name, where it is mounted, its routes by (method, path), and how it refuses.

    `refuse` makes the reply with one of its `codes`, under another HTTP status than its own if that is not 0. `rates`
    are the requests a second that it documents for a route; they bind only if a test says so. `route_of` turns a path
    into the one in the table, for a vendor with credentials or names in its paths.
    """

    name: str
    prefix: str
    routes: Mapping[tuple[str, str], Handler]
    codes: frozenset[str]
    refuse: Callable[[str, int], Response]
    not_found: Handler = plain_not_found
    rate_limited: Callable[[float | None], Response] = plain_rate_limit
    server_error: Callable[[int], Response] = plain_server_error
    route_of: Callable[[str], str] = str
    rates: Mapping[str, int] = field(default_factory=dict)


class VendorApp:
    """Answers as one vendor: counts the request, applies latency and faults, and calls the route's handler."""

    def __init__(self, vendor: Vendor, sandbox: Sandbox) -> None:
        self.vendor = vendor
        self.sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        sandbox, vendor = self.sandbox, self.vendor
        sandbox.ledger.requests[vendor.name] += 1
        seconds, fault = sandbox.settings.latency, None
        if sandbox.faults:
            extra, fault = sandbox.faults.take(vendor.name, scope["path"])
            seconds += extra
        if seconds:
            await sandbox.sleep(seconds)
        if self._is_too_fast(scope):
            await vendor.rate_limited(None)(scope, receive, send)
        elif fault is None:
            await self.answer(scope, receive, send)
        else:
            await apply_fault(fault, self, scope, receive, send)

    def _route(self, scope: Scope) -> str:
        return self.vendor.route_of(scope["path"].removeprefix(scope.get("root_path", "")))

    def _is_too_fast(self, scope: Scope) -> bool:
        if not self.sandbox.faults.binds_rates(self.vendor.name, scope["path"]):
            return False
        route = self._route(scope)
        rate = self.vendor.rates.get(route)
        return rate is not None and self.sandbox.pace.is_exceeded((self.vendor.name, route), rate, self.sandbox.clock())

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the vendor does when nothing is wrong."""
        request = Request(scope, receive)
        handler = self.vendor.routes.get((scope["method"], self._route(scope)), self.vendor.not_found)
        try:
            response = await handler(request, self.sandbox)
        except ClientDisconnect:
            return
        await response(scope, receive, send)
