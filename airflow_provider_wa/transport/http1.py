# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 without a socket: requests are encoded to bytes, and bytes are parsed to replies of limited size."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlencode

import httptools
import httpx

from airflow_provider_wa.api.flow import Reply, Request
from airflow_provider_wa.transport.body import Body, ReplyTooLong

HEAD_BYTES = 100 * 1024
"""Maximum bytes of a reply besides its body: the status line, headers, interim replies and trailers."""

CHUNK_BYTES = 16
"""Further bytes that are allowed for the framing of chunks, for each byte of the body."""

_HEADER = re.compile(r"(?:[!-~](?:[\t -~]*[!-~])?)?")
"""A header's value: printable ASCII, without spaces around it."""


class Origin(NamedTuple):
    """The server of a URL."""

    scheme: str
    host: str
    port: int


@dataclass(frozen=True)
class Outgoing:
    """The bytes of a request to ``origin``. ``has_reply_body`` is False for a HEAD request."""

    origin: Origin
    data: bytes = field(repr=False)
    has_reply_body: bool = True


class BadHeader(ValueError):
    """A header's value with characters that HTTP does not allow."""


class BadReply(Exception):
    """A reply that is not HTTP, or is cut off."""


class _Address(NamedTuple):
    origin: Origin
    host_header: str
    target: str


@lru_cache(maxsize=128)  # a vendor has few addresses, and a bulk run asks the same one each time
def address(url: str) -> _Address:
    """Return the address of a URL.

    :raises httpx.InvalidURL: the text is not a URL.
    :raises httpx.UnsupportedProtocol: the URL has no host, or is neither http nor https.
    """
    parsed = httpx.URL(url)
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise httpx.UnsupportedProtocol("expected http:// or https:// and a host")
    origin = Origin(parsed.scheme, parsed.raw_host.decode("ascii"), parsed.port or _PORTS[parsed.scheme])
    return _Address(origin, parsed.netloc.decode("ascii"), parsed.raw_path.decode("ascii"))


_PORTS = {"http": 80, "https": 443}


def outgoing(request: Request, url: str, headers: Mapping[str, str], proxy: Mapping[str, str] | None) -> Outgoing:
    """Return the bytes of a request and its server.

    :param headers: headers of every request.
    :param proxy: headers for the proxy, None without one. A request over http names its whole URL to the proxy.
    :raises httpx.InvalidURL, httpx.UnsupportedProtocol: the URL has no address.
    :raises BadHeader, UnicodeError: a value cannot be encoded.
    """
    origin, host, target = address(url)
    if request.params:
        target += f"{'&' if '?' in target else '?'}{urlencode(request.params, doseq=True)}"
    fields = {"Host": host, **headers, **request.headers}
    if proxy is not None and origin.scheme == "http":
        target, fields = f"http://{host}{target}", {**fields, **proxy}
    kind, body = _body(request)
    if kind:
        fields["Content-Type"] = kind
    if body or request.method in ("POST", "PUT", "PATCH"):
        fields["Content-Length"] = str(len(body))
    return Outgoing(origin, head(f"{request.method} {target}", fields) + body, request.method != "HEAD")


def head(line: str, fields: Mapping[str, str]) -> bytes:
    """Return the head of a request: its line without the version, and its headers.

    :raises BadHeader: a header's value cannot be encoded.
    """
    if not all(map(_HEADER.fullmatch, fields.values())):
        raise BadHeader("a header's value has characters that HTTP does not allow")
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{line} HTTP/1.1\r\n{lines}\r\n".encode("ascii")


def _body(request: Request) -> tuple[str, bytes]:
    """Return the type and the bytes of a request's body."""
    if request.json is not None:
        text = json.dumps(request.json, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return "application/json", text.encode()
    if request.form is None and not request.files:
        return "", b""
    built = form(request, url="http://form")
    return built.headers["content-type"], built.read()


def form(request: Request, **options: Any) -> httpx.Request:
    """Return a request of httpx with the form and the files."""
    files = [(up.name, (up.filename, up.content, up.media_type)) for up in request.files]
    return httpx.Request(request.method, data=request.form, files=files or None, **options)


class ReplyParser:
    """Parses the bytes of a reply as they arrive.

    ``done`` is True after the last byte. Then ``keeps`` is True if the connection may be used again.
    """

    def __init__(self, body: Body, *, has_body: bool = True) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._body = body
        self._has_body = has_body
        self._status = 0
        self._headers: dict[str, str] = {}
        self._parts: list[bytes] = []
        self._head_ended = self._coded = self._ends_with_connection = False
        self._framing = self._content = 0
        self.done = self.keeps = self.begun = False

    def feed(self, data: bytes) -> None:
        """Parse received bytes.

        :raises BadReply: the bytes are not HTTP.
        :raises ReplyTooLong, UnknownCoding, BrokenCoding, DeadlineExceeded: see ``Body``.
        """
        self.begun = True
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            # Bytes after the reply are ignored, but the connection is not used again.
            if not self.done:
                raise BadReply(str(error) or type(error).__name__) from error
            self.keeps = False
        self._take_parts(len(data))

    def feed_eof(self) -> None:
        """Note the end of the connection.

        :raises BadReply: the reply was not complete.
        """
        if not (self.done or (self._head_ended and self._ends_with_connection)):
            raise BadReply("the server closed the connection before the end of its reply")
        self.done, self.keeps = True, False

    def reply(self) -> Reply:
        """Return the reply, once it is done.

        :raises BrokenCoding: the body is cut off.
        """
        return Reply(self._status, self._body.whole(), self._headers)

    def _take_parts(self, received: int) -> None:
        parts, self._parts = self._parts, []
        content = sum(map(len, parts))
        self._content += content
        self._framing += received - content
        if self._framing > HEAD_BYTES + CHUNK_BYTES * self._content:
            raise ReplyTooLong(f"more than {HEAD_BYTES:,} bytes besides the body")
        if self._head_ended and not self._coded:
            self._coded = True
            self._body.unpack(self._headers.get("content-encoding", ""))
        for part in parts:
            self._body.add(part)

    # Methods that httptools calls. It would replace an error that is raised here by an error of its own.

    def on_message_begin(self) -> None:
        if self.done:  # a second reply to the same request
            self.keeps = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if not (self.done or self._head_ended):
            key, text = name.decode("latin-1").lower(), value.decode("latin-1")
            # A second header Content-Encoding names a second layer.
            known = self._headers.get(key) if key == "content-encoding" else None
            self._headers[key] = f"{known}, {text}" if known else text

    def on_headers_complete(self) -> None:
        if self.done:
            return
        self._status = self._parser.get_status_code()
        if self._status >= 200:
            self._head_ended = True
            self.keeps = self._parser.should_keep_alive() or not self._has_body
            self._ends_with_connection = not {"content-length", "transfer-encoding"} & self._headers.keys()
            self.done = not self._has_body

    def on_body(self, data: bytes) -> None:
        if not self.done:
            self._parts.append(data)

    def on_message_complete(self) -> None:
        if self._head_ended:
            self.done = True
        else:  # an interim reply
            self._headers = {}
