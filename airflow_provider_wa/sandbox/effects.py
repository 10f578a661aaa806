# SPDX-License-Identifier: Apache-2.0
"""What each kind of fault does to a request, down to the TCP connection under it.

ASGI cannot cut a connection, so the server (`server.py`) puts its protocol into the scope's state under
`CONNECTION`; without it (Starlette's TestClient) the faults that need a socket say so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse
from starlette.types import Message, Receive, Scope, Send

from airflow_provider_wa.sandbox.faults import Fault

if TYPE_CHECKING:
    from airflow_provider_wa.sandbox.vendor import VendorApp

CONNECTION = "wa_sandbox.connection"

JUNK = b"\x16\x03\x01 this is not an HTTP status line\r\n\r\n"
HTML = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>\n"
HTML_TITLES = {200: "Maintenance", 502: "502 Bad Gateway"}

Effect = Callable[[Fault, "VendorApp", Scope, Receive, Send], Awaitable[None]]


class NeedsSocket(RuntimeError):
    """A fault that cuts connections was asked for where there is no connection to cut."""


async def apply_fault(fault: Fault, app: VendorApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Treat one request as its fault says."""
    await EFFECTS[fault.kind](fault, app, scope, receive, send)


def _transport(fault: Fault, scope: Scope) -> asyncio.Transport:
    connection = scope.get("state", {}).get(CONNECTION)
    if connection is None:
        raise NeedsSocket(f"the fault {fault.kind!r} needs a real socket: use server.serve_in_thread() or wa-sandbox")
    transport: asyncio.Transport = connection.transport
    return transport


async def _until_gone(receive: Receive) -> None:
    # The server takes an app that returns without a reply for a bug, unless it has seen the connection end.
    while (await receive())["type"] != "http.disconnect":
        pass


async def _rate_limit(fault: Fault, app: VendorApp, scope: Scope, receive: Receive, send: Send) -> None:
    await app.vendor.rate_limited(fault.retry_after)(scope, receive, send)


async def _server_error(fault: Fault, app: VendorApp, scope: Scope, receive: Receive, send: Send) -> None:
    await app.vendor.server_error(fault.status)(scope, receive, send)


async def _refuse(fault: Fault, app: VendorApp, scope: Scope, receive: Receive, send: Send) -> None:
    await app.vendor.refuse(fault.code, fault.status)(scope, receive, send)


async def _html(fault: Fault, app: VendorApp, scope: Scope, receive: Receive, send: Send) -> None:
    page = HTMLResponse(HTML.format(HTML_TITLES[fault.status]), fault.status)
    await page(scope, receive, send)


async def _logged_out(fault: Fault, app: VendorApp, scope: Scope, receive: Receive, send: Send) -> None:
    if app.vendor.name in app.sandbox.sessions:
        app.sandbox.log_out(app.vendor.name)
    await app.answer(scope, receive, send)


async def _cut(fault: Fault, app: VendorApp, scope: Scope, receive: Receive, send: Send) -> None:
    _transport(fault, scope).abort()
    await _until_gone(receive)


async def _lost_reply(fault: Fault, app: VendorApp, scope: Scope, receive: Receive, send: Send) -> None:
    transport = _transport(fault, scope)

    async def lose(message: Message) -> None:
        pass

    await app.answer(scope, receive, lose)
    transport.abort()
    await _until_gone(receive)


async def _cut_body(fault: Fault, app: VendorApp, scope: Scope, receive: Receive, send: Send) -> None:
    transport = _transport(fault, scope)

    async def half(message: Message) -> None:
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            message = {**message, "body": body[: len(body) // 2], "more_body": True}
        await send(message)

    await app.answer(scope, receive, half)
    transport.close()
    await _until_gone(receive)


async def _junk(fault: Fault, app: VendorApp, scope: Scope, receive: Receive, send: Send) -> None:
    transport = _transport(fault, scope)
    transport.write(JUNK)
    transport.close()
    await _until_gone(receive)


EFFECTS: Mapping[str, Effect] = {
    "rate_limit": _rate_limit,
    "server_error": _server_error,
    "refuse": _refuse,
    "lost_reply": _lost_reply,
    "cut": _cut,
    "cut_body": _cut_body,
    "junk": _junk,
    "html": _html,
    "logged_out": _logged_out,
}
