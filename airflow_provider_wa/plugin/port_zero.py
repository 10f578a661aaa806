# SPDX-License-Identifier: Apache-2.0
"""The Test button of connections without a port, in Airflow's UI.

The UI of Airflow 3.3.2 sends port 0 for a connection that has none. Its API takes that for another destination than the
stored one, and refuses to test it with the stored password. Here port 0, which no server has, becomes no port again, in
tests of this package's connection types alone.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from airflow_provider_wa.provider_info import FORMS

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PATH = "/api/v2/connections/test"

LONGEST_BODY = 1024 * 1024
"""Longest body that is looked at, in bytes: a connection is far shorter."""


class PortZero:
    """Middleware of Airflow's API server: ``{"port": 0}`` in the test of a connection becomes ``{"port": null}``."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"].endswith(PATH):
            receive = await _without_port_zero(receive)
        await self._app(scope, receive, send)


async def _without_port_zero(receive: Receive) -> Receive:
    """Read a body, and return what gives it to the application."""
    read = [await receive()]
    while read[-1].get("more_body") and sum(len(message.get("body", b"")) for message in read) < LONGEST_BODY:
        read.append(await receive())
    if read[-1]["type"] == "http.request" and not read[-1].get("more_body"):
        body = b"".join(message.get("body", b"") for message in read)
        read = [{"type": "http.request", "body": _mended(body), "more_body": False}]

    async def receive_again() -> MutableMapping[str, Any]:
        return read.pop(0) if read else await receive()

    return receive_again


def _mended(body: bytes) -> bytes:
    try:
        connection = json.loads(body)
    except ValueError:
        return body
    if isinstance(connection, dict) and connection.get("conn_type") in (*FORMS,) and connection.get("port") == 0:
        return json.dumps({**connection, "port": None}).encode()
    return body
