# SPDX-License-Identifier: Apache-2.0
"""HTTP calls of the sandbox (callbacks, media by link), to loopback addresses only."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

TIMEOUT = 5.0
MAX_BODY = 64 * 1024 * 1024


class CallFailed(Exception):
    """A call without a readable answer; the text is the reason."""


@dataclass(frozen=True)
class Answer:
    """Answer to a call; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def is_http_url(url: str) -> bool:
    """Return True for an http(s) URL with a host."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def is_loopback(url: str) -> bool:
    """Return True if the host of a URL is a loopback address or `localhost`; no name is looked up."""
    host = urlsplit(url).hostname if is_http_url(url) else None
    if host is None:
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def call(method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Answer:
    """Call a loopback URL over a new connection; CallFailed without a readable answer in time."""
    if not is_loopback(url):
        raise CallFailed("not a loopback address")
    try:
        return await asyncio.wait_for(_exchange(method, urlsplit(url), headers or {}, body), TIMEOUT)
    except asyncio.TimeoutError:
        raise CallFailed(f"no answer within {TIMEOUT:g} s") from None
    except (OSError, ValueError, IndexError, EOFError) as error:
        raise CallFailed(f"{type(error).__name__}: {error}") from error


async def _exchange(method: str, url: SplitResult, headers: Mapping[str, str], body: bytes) -> Answer:
    secure = url.scheme == "https"
    port = url.port or (443 if secure else 80)
    context = ssl.create_default_context() if secure else None
    reader, writer = await asyncio.open_connection(url.hostname, port, ssl=context)
    try:
        # HTTP/1.0: the answer ends with the connection and is never chunked.
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        fields = {"Host": url.netloc.rpartition("@")[2], "Content-Length": str(len(body)), **headers}
        head = f"{method} {target} HTTP/1.0\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        writer.write(head.encode() + b"\r\n" + body)
        await writer.drain()
        status = int((await reader.readline()).split()[1])
        received: dict[str, str] = {}
        while line := (await reader.readline()).decode("latin-1").strip():
            name, _, value = line.partition(":")
            received[name.strip().lower()] = value.strip()
        return Answer(status, received, await _body(reader, received))
    finally:
        writer.close()


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if "content-length" in headers:
        length = int(headers["content-length"])
        if not 0 <= length <= MAX_BODY:
            raise ValueError(f"an answer of {length} bytes")
        return await reader.readexactly(length)
    body = await reader.read(MAX_BODY + 1)
    while chunk := await reader.read(MAX_BODY + 1):
        body += chunk
        if len(body) > MAX_BODY:
            raise ValueError(f"an answer of more than {MAX_BODY} bytes")
    return body
