# SPDX-License-Identifier: Apache-2.0
"""Visits to all pages of a site: each page opened, each action carried out, each reply kept as it came."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import quote

import httpx
from helpers.leaky_run import ONLY_CHECKS
from plugin.pages import campaign_data as data
from plugin.pages.site import Site

CLIENTS = 12
"""Connections that are visited at once: some vendors are silent."""

PHONE = "+51987654310"
ACTIONS = ("logout", "connect", "webhook", "pair", "disconnect")
QR_CODE = "qr.png?1"

REFUSED: tuple[tuple[str, str, Mapping[str, str]], ...] = (
    ("GET", "/nothing", {}),
    ("GET", "/accounts/", {}),
    ("GET", "/accounts/nobody", {}),
    ("GET", "/campaigns/nothing", {}),
    ("GET", "/messages/file/1", {}),
    ("GET", "/messages/file/999999999999999999999", {}),
    ("GET", f"/messages/file/{'9' * 5000}", {}),
    ("GET", "/suppressions/add", {}),
    ("POST", "/accounts", {}),
    ("POST", "/suppressions/add", {"csrf_token": "1.wrong"}),
    ("HEAD", "/accounts", {}),
    ("PUT", "/static/wa.css", {}),
)
"""Requests that are answered by an error or a redirect, with their forms."""


@dataclass(frozen=True)
class Visited:
    """A reply, and the user who got it; an empty name for a visit without a login."""

    user: str
    method: str
    path: str
    reply: httpx.Response

    @property
    def name(self) -> str:
        """The request in words, with the status."""
        return f"{self.user or 'nobody'}: {self.method} {self.path} {self.reply.status_code}"

    @property
    def whole(self) -> bytes:
        """The reply as the user has it: status, headers and body."""
        head = b"".join(b"%s: %s\r\n" % pair for pair in self.reply.headers.raw)
        return f"{self.reply.status_code} {self.reply.reason_phrase}\r\n".encode() + head + b"\r\n" + self.reply.content


@dataclass
class Visits:
    """All visits to a site so far."""

    site: Site
    found: list[Visited] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, path: str, user: str = "ana") -> list[Visited]:
        """Return the visits of a user to one path."""
        return [each for each in self.found if (each.path, each.user) == (path, user)]

    @contextmanager
    def client(self, user: str, token: str = "") -> Iterator[httpx.Client]:
        """A client that keeps its replies."""

        def keep(reply: httpx.Response) -> None:
            reply.read()
            path = reply.request.url.raw_path.decode().partition("/wa/ui")[2]
            with self._lock:
                self.found.append(Visited(user, reply.request.method, path, reply))

        cookies = {"_token": token} if token else {}
        hooks = {"response": [keep]}
        with httpx.Client(base_url=self.site.pages, cookies=cookies, timeout=60, event_hooks=hooks) as client:
            yield client


def form_of(client: httpx.Client) -> dict[str, str]:
    """Return the token that each form of a user has."""
    hidden = re.search(r'name="(csrf_token)" value="([^"]+)"', client.get("/suppressions").text)
    assert hidden is not None
    return {hidden[1]: hidden[2]}


def visit_accounts(client: httpx.Client, form: Mapping[str, str], conn_ids: Iterable[str]) -> None:
    """Open the pages of each connection, and do all that they offer; a vendor that only checks has no login."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(lambda conn_id: _visit_account(client, form, conn_id), conn_ids))


def _visit_account(client: httpx.Client, form: Mapping[str, str], conn_id: str) -> None:
    account, receiver = f"/accounts/{conn_id}", f"/receiver/{conn_id}"
    for action in () if conn_id.endswith(ONLY_CHECKS) else ACTIONS:
        client.post(f"{account}/{action}", data={**form, "phone": PHONE})
    client.get(f"{account}/{QR_CODE}")
    client.get(account)
    client.get(receiver)
    client.post(receiver, data=form)


def visit_logins(client: httpx.Client, form: Mapping[str, str], conn_ids: Iterable[str]) -> None:
    """Look at the QR codes of accounts that wait for their login, and ask for their pairing codes."""
    for conn_id in conn_ids:
        client.get(f"/accounts/{conn_id}/{QR_CODE}")
        client.get(f"/accounts/{conn_id}")
        client.post(f"/accounts/{conn_id}/pair", data={**form, "phone": PHONE})


def visit_others(client: httpx.Client, form: Mapping[str, str]) -> None:
    """Open all pages that belong to no connection, and do all that they offer; then what is refused."""
    send, running, person = (quote(name) for name in (data.SEND, data.RUNNING, data.number(5)))
    for path in ("/accounts", "/receiver", "/static/wa.css", "/static/wa.js", "/static/wa.svg", "/"):
        client.get(path)
    for path in ("/campaigns", f"/campaigns/{send}", f"/campaigns/{send}?status=failed", f"/campaigns/{data.CHECK}"):
        client.get(path)
    client.get(f"/campaigns/{send}/rows.csv")
    for action in ("pause", "resume"):
        client.post(f"/campaigns/{running}/{action}", data=form)
        client.get(f"/campaigns/{running}")
    for path in ("/messages", "/messages?search=much", f"/messages?search={person}", f"/messages/{person}"):
        client.get(path)
    _visit_suppressions(client, form)
    for method, path, more in REFUSED:
        client.request(method, path, data=more or None)


def _visit_suppressions(client: httpx.Client, form: Mapping[str, str]) -> None:
    for recipient, reason in itertools.product((PHONE, "no number"), ("asked us", "")):
        client.post("/suppressions/add", data={**form, "recipient": recipient, "reason": reason})
        client.post("/suppressions/remove", data={**form, "recipient": recipient, "reason": reason})
    for content in (f"phone\n{PHONE}\n", "phone\nno number\n", "name\nAna\n", ""):
        files = {"file": ("people.csv", content.encode())}
        client.post("/suppressions/import", data={**form, "reason": "a list", "column": "phone"}, files=files)
    client.get(f"/suppressions?search={quote(PHONE)}")
