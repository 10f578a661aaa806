# SPDX-License-Identifier: Apache-2.0
"""Vendors that fail in each way and write what a request held into their answers; and odd secrets for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from helpers.raw_server import Answer, Wire, reply

ODD = (
    "q#7Z",
    "(a+)+$[^x]*?{2}|.\\w-regular",
    "100%-safe%2Fhere%41-percent",
    "one+two/three==four+plus&sign",
    "C:\\new\\table\\x41-backslashes",
    'it\'s-"quoted"-`here`-<&amp;>',
    "pässwörd-日本€-unicode",
    "S3cr3tT0k3nXyz0123456789",
)
"""Secrets of unusual characters; the first is as short as Airflow's own masker ignores."""


def quoted(wire: Wire) -> dict[str, Any]:
    """What a request held, as a vendor may write it into all fields of a reply."""
    seen = wire.request
    said = f"bad request {seen.target} {seen.headers} {seen.body!r}"
    return {
        "error": said, "message": said, "status": "error", "code": said, "detail": dict(seen.headers),
        "data": {"Details": said, "Id": said, "JID": said, "users": [{"Query": seen.target, "name": said}]},
        "success": True, "idMessage": said, "stateInstance": "authorized", "headers": dict(seen.headers),
    }  # fmt: skip


def logged_out(wire: Wire) -> dict[str, Any]:
    """The same from an account that waits for its login: codes and names hold the request as well."""
    said = str(quoted(wire)["message"])
    data = {"Connected": True, "LoggedIn": False, "QRCode": said, "LinkingCode": said, "Name": said, "Jid": said}
    return {
        "success": True, "code": 200, "status": "qrcode", "stateInstance": "notAuthorized", "type": "error",
        "message": said, "data": data, "balance": said, "credits": said, "saveSettings": False, "isLogout": False,
    }  # fmt: skip


def _quote(status: int) -> Answer:
    return lambda wire: reply(quoted(wire), status, retry_after="0")(wire)


def _html(wire: Wire) -> None:
    page = f"<html><body>No {wire.request.target} for {dict(wire.request.headers)}</body></html>"
    reply(page.encode(), 502, content_type="text/html")(wire)


def _redirect(wire: Wire) -> None:
    there = f"http://127.0.0.1:9{wire.request.target}"
    token = next((value for name, value in wire.request.headers.items() if "token" in name or "secret" in name), "")
    reply(there.encode(), 302, location=f"{there}?token={token}", set_cookie=f"token={token}")(wire)


def _junk(wire: Wire) -> None:
    wire.send(f"HTTP/1.1 what? {wire.request.target} {dict(wire.request.headers)}\r\n\r\n".encode())


def _bad_header(wire: Wire) -> None:
    wire.send(f"HTTP/1.1 200 OK\r\nContent-Length: {dict(wire.request.headers)}\r\n\r\n".encode())


def _silence(wire: Wire) -> None:
    wire.over.wait(1)


ANSWERS: Mapping[str, Answer] = {
    "refuses": _quote(401),
    "complains": _quote(400),
    "accepts": _quote(200),
    "slows": _quote(429),
    "fails": _quote(500),
    "waits": lambda wire: reply(logged_out(wire))(wire),
    "html": _html,
    "junk": _junk,
    "redirects": _redirect,
    "headers": _bad_header,
    "resets": lambda wire: wire.reset(),
    "silent": _silence,
    "nests": reply(b"[" * 900),
}
"""Answers of a hostile server, by what it does."""
