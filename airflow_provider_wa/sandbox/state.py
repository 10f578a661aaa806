# SPDX-License-Identifier: Apache-2.0
"""What the sandbox knows: settings, sessions, quotas, and the waiting that a reset or a shutdown can end."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_wa.sandbox import directory, identifiers
from airflow_provider_wa.sandbox.courier import Courier
from airflow_provider_wa.sandbox.events import Event, Feed
from airflow_provider_wa.sandbox.faults import Faults
from airflow_provider_wa.sandbox.inbox import Inbox, Incoming
from airflow_provider_wa.sandbox.ledger import Action, Check, Ledger
from airflow_provider_wa.sandbox.magic import Attempts
from airflow_provider_wa.sandbox.pace import Pace

VENDORS = ("wuzapi", "wa_portal", "green_api", "checkwa", "accuauth")
SESSION_VENDORS = ("wuzapi", "wa_portal", "green_api")
QUOTA_VENDORS = ("wa_portal", "green_api", "checkwa", "accuauth")


@dataclass(frozen=True)
class Settings:
    """How the sandbox behaves from its start on.

    `scan_after`: sessions start logged out and are scanned that many seconds after somebody asked for them; None
    starts them logged in. `delivery_seconds`: from sending to delivery, from queueing a check to its callback, and
    from a post's first attempt to its second. `latency`: seconds added to every vendor's reply.
    """

    scan_after: float | None = None
    delivery_seconds: float = 0.5
    latency: float = 0.0


@dataclass
class Session:
    """A vendor's WhatsApp account: linked to a phone (paired) and connected to WhatsApp's servers.

    `state` is one that a test wants Green-API to be in, whatever the others say; "" for none.
    """

    paired: bool
    connected: bool
    connected_at: float = 0.0
    scan_due: float | None = None
    state: str = ""

    @property
    def logged_in(self) -> bool:
        """Whether it can send and check."""
        return self.paired and self.connected and not self.state


@dataclass
class Quota:
    """How much a vendor still allows; `left` None is unlimited."""

    left: int | None = None
    used: int = 0

    @property
    def is_used_up(self) -> bool:
        """Whether the next call must be refused."""
        return self.left == 0

    def spend(self) -> None:
        """Count one call."""
        self.used += 1
        if self.left is not None:
            self.left -= 1


@dataclass
class Webhook:
    """Where a vendor posts events to ("": nowhere), which ones (WuzAPI's subscriptions), and how."""

    url: str = ""
    events: list[str] = field(default_factory=list)
    hmac_key: str = ""
    as_json: bool = False
    authorization: str = ""


@dataclass(frozen=True)
class Notification:
    """What Green-API keeps until it is taken: out of its queue, or by its webhook."""

    receipt: int
    at: float
    body: dict[str, Any]


class Sandbox:
    """The state behind all five vendors: one object, reset as a whole."""

    def __init__(self, settings: Settings | None = None, clock: Callable[[], float] = time.time) -> None:
        self.settings = settings or Settings()
        self.clock = clock
        self.ledger = Ledger()
        self.courier = Courier(self.ledger, clock)
        self.faults = Faults()
        self.attempts = Attempts()
        self.inbox = Inbox()
        self.pace = Pace()
        self.sessions: dict[str, Session] = {}
        self.quotas: dict[str, Quota] = {}
        self.groups: dict[str, directory.Group] = {}
        self.webhooks: dict[str, Webhook] = {}
        self.notifications: deque[Notification] = deque()
        self._feeds: dict[str, Feed] = {}
        self._watchers: set[asyncio.Task[None]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._naps: set[asyncio.Future[None]] = set()
        self._closing = False
        self.reset()

    def reset(self) -> None:
        """Back to the start: ledger, faults, sessions, quotas, magic numbers; posts under way are dropped."""
        self.cancel_tasks()
        self.courier.reset(self.settings.delivery_seconds)
        self.ledger.clear()
        self.faults.clear()
        self.attempts.clear()
        self.inbox.clear()
        self.pace.clear()
        start_logged_in = self.settings.scan_after is None
        for vendor in SESSION_VENDORS:
            # Only WuzAPI lets its user connect and disconnect; the other two are always connected.
            connected = start_logged_in or vendor != "wuzapi"
            self.sessions[vendor] = Session(paired=start_logged_in, connected=connected)
        self.quotas = {vendor: Quota() for vendor in QUOTA_VENDORS}
        self.groups = directory.groups()
        self.webhooks = {vendor: Webhook() for vendor in SESSION_VENDORS}
        self.notifications.clear()
        self._feeds = {vendor: Feed() for vendor in SESSION_VENDORS}
        self.webhooks["wuzapi"].events = ["Message", "ReadReceipt"]

    def session(self, vendor: str) -> Session:
        """Return a vendor's session as it is now: a scan that has become due has happened."""
        session = self.sessions[vendor]
        if session.scan_due is not None and self.clock() >= session.scan_due:
            self.scan(vendor)
        return session

    def expect_scan(self, vendor: str) -> None:
        """Start the wait for the scan, if there is one and it has not begun."""
        session, after = self.session(vendor), self.settings.scan_after
        if after is not None and not session.paired and session.scan_due is None:
            session.scan_due = self.clock() + after

    def scan(self, vendor: str) -> None:
        """Somebody scans the code: the account is logged in, and what was waiting for it is sent."""
        session = self.sessions[vendor]
        session.paired = session.connected = True
        session.scan_due, session.state = None, ""
        self.ledger.release(vendor, self.clock())

    def log_out(self, vendor: str) -> None:
        """Unlink the account, as its phone can. WuzAPI then drops its connection as well."""
        session = self.sessions[vendor]
        session.paired = False
        session.scan_due, session.state = None, ""
        session.connected = vendor != "wuzapi"

    def record_check(self, vendor: str, number: str, answer: str) -> None:
        """Enter a check and its answer in the ledger."""
        self.ledger.checks.append(Check(vendor, number, answer, self.clock()))

    def record_action(self, vendor: str, name: str, content: dict[str, Any]) -> None:
        """Enter something else that was done."""
        self.ledger.actions.append(Action(vendor, name, content, self.clock()))

    def receive(
        self, vendor: str, sender: str, text: str, media: bytes | None = None, mimetype: str = "", filename: str = ""
    ) -> Incoming:
        """Let a message come in."""
        self.incoming(vendor)
        now = self.clock()
        message_id = identifiers.MAKERS[vendor](now)
        message = Incoming(vendor, sender, text, message_id, now, media=media, mimetype=mimetype, filename=filename)
        self.inbox.add(message)
        return message

    def incoming(self, vendor: str) -> list[Incoming]:
        """Return a vendor's inbox as it is now, oldest first: replies that have become due are in it."""
        self.session(vendor)  # a scan that has become due sends what was waiting
        self.inbox.answer(self.ledger.messages.values(), self.clock(), self.settings.delivery_seconds)
        return self.inbox.of(vendor)

    def fresh_events(self, vendor: str) -> list[Event]:
        """Return a vendor's events that nobody was told yet."""
        incoming = self.incoming(vendor)
        sent = [message for message in self.ledger.messages.values() if message.vendor == vendor]
        return self._feeds[vendor].fresh(sent, incoming, self.clock(), self.settings.delivery_seconds)

    async def sleep(self, seconds: float) -> None:
        """Wait, but not beyond the server's end."""
        if seconds <= 0 or self._closing:
            return
        nap: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._naps.add(nap)
        try:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(nap, seconds)
        finally:
            self._naps.discard(nap)

    @property
    def closing(self) -> bool:
        """Whether the server is ending: whoever waits for something should stop."""
        return self._closing

    def close(self) -> None:
        """End every wait and every task: the server is going down."""
        self._closing = True
        self.cancel_tasks()
        self.courier.close()
        for nap in self._naps:
            if not nap.done():
                nap.set_result(None)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something after the reply has gone out."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def watch(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something for as long as the server runs; it ends by itself and is no pending task."""
        task = asyncio.get_running_loop().create_task(work)
        self._watchers.add(task)
        task.add_done_callback(self._watchers.discard)

    @property
    def pending_tasks(self) -> int:
        """How many callbacks are still to come."""
        return len(self._tasks)

    def cancel_tasks(self) -> None:
        """Drop what was spawned and has not finished."""
        for task in tuple(self._tasks):
            task.cancel()
