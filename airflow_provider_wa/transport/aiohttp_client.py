# SPDX-License-Identifier: Apache-2.0
"""aiohttp behind httpx's interface. It takes 0.1 s to load: a channel imports this module when it is opened."""

from __future__ import annotations

import ssl

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport


def aiohttp_transport(verify: ssl.SSLContext | bool, proxy: httpx.Proxy | None, concurrency: int) -> AiohttpTransport:
    """Return a transport that keeps up to ``concurrency`` connections."""

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=concurrency, ssl=transport.ssl_context)
        # No cookies: a call must not depend on the calls before it. No trust_env: aiohttp would look for a proxy and
        # for a .netrc file in a thread at each call.
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    transport = AiohttpTransport(verify=verify, client=session, proxy=proxy)
    return transport
