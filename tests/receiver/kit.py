# SPDX-License-Identifier: Apache-2.0
"""A receiver over a real SQLite store, with two connections, asked without a socket."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from airflow_provider_wa.api.records import MediaFile
from airflow_provider_wa.receiver.app import Limits, Receiver
from airflow_provider_wa.receiver.files import file_name
from airflow_provider_wa.receiver.sources import WebhookConnection
from airflow_provider_wa.store.event_rows import NewEvent
from airflow_provider_wa.store.events import StoredEvent
from airflow_provider_wa.store.refusals import Refusals
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.vendors.checkwa.client import CheckWa
from airflow_provider_wa.vendors.wa_portal.client import WaPortal
from airflow_provider_wa.vendors.wuzapi.client import WuzApi

SECRET = "hook-c0ffee42"
HMAC_SECRET = "hmac-91c2aa04"
MAX_BODY = 10 * 1024 * 1024

CHECKWA = WebhookConnection("ck", CheckWa(base_url="https://ck.test", user="ana", api_key="key-5b1e"), SECRET)
PORTAL = WebhookConnection("portal", WaPortal(base_url="https://portal.test", token="token-77d0"), SECRET)
SIGNED = WebhookConnection(
    "wuz", WuzApi(base_url="https://wuz.test", token="token-a3f9", hmac_secret=HMAC_SECRET), SECRET
)
WITHOUT_SECRET = WebhookConnection("open", CHECKWA.vendor, "")


def callback(number: int = 51987654321, token: str = "t1") -> dict[str, str]:
    """What CheckWA posts: the number is on WhatsApp."""
    return {"num": str(number), "token": token, "code": "1"}


class CountingEvents:
    """The store's events, with the number of transactions, and a gate to hold or break them."""

    def __init__(self, store: Store) -> None:
        self._events = store.events
        self.transactions: list[int] = []
        self.before: Callable[[Sequence[NewEvent]], None] = lambda news: None

    def add(self, news: Sequence[NewEvent]) -> int:
        self.transactions.append(len(news))
        self.before(news)
        return self._events.add(news)


class Hold:
    """Holds transactions: ``kit.events.before = hold``."""

    def __init__(self) -> None:
        self._begun = threading.Event()
        self._released = threading.Event()

    def __call__(self, news: Sequence[NewEvent]) -> None:
        self._begun.set()
        assert self._released.wait(10)

    async def begun(self) -> None:
        """Wait until a transaction is held."""
        assert await asyncio.to_thread(self._begun.wait, 10)

    def release(self) -> None:
        """Let all go on."""
        self._released.set()


@dataclass
class Kit:
    """The receiver and what is behind it."""

    store: Store
    connections: dict[str, WebhookConnection] = field(
        default_factory=lambda: {known.conn_id: known for known in (CHECKWA, PORTAL, SIGNED, WITHOUT_SECRET)}
    )
    limits: Limits = field(default_factory=lambda: Limits(MAX_BODY, refusal_seconds=0.0))
    looked_up: list[str] = field(default_factory=list)
    look_up: Callable[[str], WebhookConnection | None] | None = None
    kept: dict[str, bytes] = field(default_factory=dict)
    keep_fails: bool = False

    def __post_init__(self) -> None:
        self.events = CountingEvents(self.store)
        self.app = Receiver(self._find, lambda: self, self._keep, self.limits)  # type: ignore[arg-type, return-value]

    def client(self) -> httpx.AsyncClient:
        """A client of the receiver."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://wa.test")

    async def post(self, path: str = f"/hooks/ck/{SECRET}", **options: Any) -> httpx.Response:
        """Post a callback of CheckWA, unless it is said what else."""
        if not {"content", "data", "files", "json"} & set(options):
            options["json"] = callback()
        async with self.client() as client:
            return await client.post(path, **options)

    @property
    def refusals(self) -> Refusals:
        """The store's refusals, for the receiver."""
        return self.store.refusals

    def check_writable(self) -> None:
        """What the health check asks of the store, behind the same gate."""
        self.events.before(())
        self.store.check_writable()

    def stored(self) -> list[StoredEvent]:
        """The events that are in the store."""
        return self.store.events.after(0, 10_000)

    def _find(self, conn_id: str) -> WebhookConnection | None:
        self.looked_up.append(conn_id)
        return self.look_up(conn_id) if self.look_up else self.connections.get(conn_id)

    def _keep(self, conn_id: str, file: MediaFile) -> str:
        assert threading.current_thread() is not threading.main_thread()
        if self.keep_fails:
            raise OSError("the disk is full")
        uri = f"memory://{conn_id}/{file_name(file)}"
        self.kept[uri] = file.content
        return uri


def wuzapi_message(message_id: str = "A1", **more: Any) -> bytes:
    """What WuzAPI posts for a message that came in, as JSON."""
    info = {
        "ID": message_id,
        "Chat": "51987654321@s.whatsapp.net",
        "Sender": "51987654321@s.whatsapp.net",
        "IsFromMe": False,
        "IsGroup": False,
        "Timestamp": "2026-01-02T03:04:05Z",
        "Type": "text",
    }
    return json.dumps(
        {"type": "Message", "event": {"Info": info, "Message": {"conversation": "private words"}}, **more}
    ).encode()
