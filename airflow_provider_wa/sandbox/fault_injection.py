# SPDX-License-Identifier: Apache-2.0
"""Apply a fault to a request, down to the TCP connection under it.

ASGI cannot cut a connection. Therefore the server (`server.py`) puts its protocol object into the scope's state under
`CONNECTION`. Without it, under Starlette's TestClient, the faults that need a socket raise `NeedsSocket`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from airflow_provider_wa.sandbox.faults import Fault
from airflow_provider_wa.sandbox.simulated_vendor import SimulatedVendor
from airflow_provider_wa.sandbox.state import Sandbox

CONNECTION = "wa_sandbox.connection"

JUNK = b"\x16\x03\x01 this is not an HTTP status line\r\n\r\n"
HTML = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>\n"
HTML_TITLES = {200: "Maintenance", 502: "502 Bad Gateway"}


class NeedsSocket(RuntimeError):
    """A fault that cuts connections was applied to a request that has no connection."""


class Panic(Exception):
    """A handler of the vendor that dies: the connection is closed without a reply."""


def transport_of(scope: Scope, what: str) -> asyncio.Transport:
    """Return the TCP connection under a request; `what` needs it."""
    connection = scope.get("state", {}).get(CONNECTION)
    if connection is None:
        raise NeedsSocket(f"{what} needs a real socket: use server.serve_in_thread() or wa-sandbox")
    transport: asyncio.Transport = connection.transport
    return transport


async def cut(scope: Scope, receive: Receive) -> None:
    """Close the connection of a request without a reply."""
    transport_of(scope, "a handler that dies").abort()
    # The server reports an app without a reply as an error before the end of the connection.
    while (await receive())["type"] != "http.disconnect":
        pass


@dataclass(frozen=True)
class Exchange:
    """One request that meets a fault; `answer` is the vendor's app without faults."""

    vendor: SimulatedVendor
    sandbox: Sandbox
    answer: ASGIApp
    scope: Scope
    receive: Receive
    send: Send

    def transport(self, fault: Fault) -> asyncio.Transport:
        """Return the TCP connection under the request."""
        return transport_of(self.scope, f"the fault {fault.kind!r}")

    async def reply(self, response: Response) -> None:
        """Send a reply instead of the vendor's answer."""
        await response(self.scope, self.receive, self.send)

    async def disconnected(self) -> None:
        """Wait for the end of the connection: the server reports an app without a reply as an error before it."""
        while (await self.receive())["type"] != "http.disconnect":
            pass


async def inject(fault: Fault, exchange: Exchange) -> None:
    """Answer one request as its fault demands."""
    await INJECTORS[fault.kind](fault, exchange)


async def _rate_limit(fault: Fault, exchange: Exchange) -> None:
    await exchange.reply(exchange.vendor.rate_limited(fault.retry_after))


async def _server_error(fault: Fault, exchange: Exchange) -> None:
    await exchange.reply(exchange.vendor.server_error(fault.status))


async def _refuse(fault: Fault, exchange: Exchange) -> None:
    await exchange.reply(exchange.vendor.refuse(fault.code, fault.status))


async def _html(fault: Fault, exchange: Exchange) -> None:
    await exchange.reply(HTMLResponse(HTML.format(HTML_TITLES[fault.status]), fault.status))


async def _logged_out(fault: Fault, exchange: Exchange) -> None:
    if exchange.vendor.account is not None:
        exchange.sandbox.log_out(exchange.vendor.name)
    await exchange.answer(exchange.scope, exchange.receive, exchange.send)


async def _cut(fault: Fault, exchange: Exchange) -> None:
    exchange.transport(fault).abort()
    await exchange.disconnected()


async def _lost_reply(fault: Fault, exchange: Exchange) -> None:
    transport = exchange.transport(fault)

    async def lose(message: Message) -> None:
        pass

    await exchange.answer(exchange.scope, exchange.receive, lose)
    transport.abort()
    await exchange.disconnected()


async def _cut_body(fault: Fault, exchange: Exchange) -> None:
    transport = exchange.transport(fault)

    async def half(message: Message) -> None:
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            message = {**message, "body": body[: len(body) // 2], "more_body": True}
        await exchange.send(message)

    await exchange.answer(exchange.scope, exchange.receive, half)
    transport.close()
    await exchange.disconnected()


async def _junk(fault: Fault, exchange: Exchange) -> None:
    transport = exchange.transport(fault)
    transport.write(JUNK)
    transport.close()
    await exchange.disconnected()


INJECTORS: Mapping[str, Callable[[Fault, Exchange], Awaitable[None]]] = {
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
