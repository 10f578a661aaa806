# SPDX-License-Identifier: Apache-2.0
"""The state of the sandbox: settings, sessions, quotas, and waits that a reset or a shutdown ends."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from airflow_provider_wa.sandbox import directory
from airflow_provider_wa.sandbox.events import Event, EventFeed
from airflow_provider_wa.sandbox.faults import Faults
from airflow_provider_wa.sandbox.inbox import Inbox, IncomingMessage
from airflow_provider_wa.sandbox.ledger import Action, Check, Ledger
from airflow_provider_wa.sandbox.magic_numbers import LookupCounts
from airflow_provider_wa.sandbox.profile import AccountProfile, Quota, Session, VendorProfile, Webhook
from airflow_provider_wa.sandbox.rate_limiter import RateLimiter
from airflow_provider_wa.sandbox.webhook_delivery import WebhookDelivery

T = TypeVar("T")


@dataclass(frozen=True)
class Settings:
    """Settings of the sandbox from its start on.

    `scan_after`: sessions start logged out and are scanned that many seconds after the first request for the code;
    None starts them logged in. `delivery_seconds`: from sending to delivery, from queueing a check to its callback, and
    from the first attempt of a webhook to the second. `latency`: seconds added to the reply of every vendor.
    """

    scan_after: float | None = None
    delivery_seconds: float = 0.5
    latency: float = 0.0


class Sandbox:
    """The state behind all vendors: one object, reset as a whole."""

    def __init__(
        self,
        vendors: Iterable[VendorProfile],
        settings: Settings | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        profiles = tuple(vendors)
        self.settings = settings or Settings()
        self.clock = clock
        self.accounts: dict[str, AccountProfile] = {
            profile.name: profile.account for profile in profiles if profile.account is not None
        }
        self._with_quota = [profile.name for profile in profiles if profile.has_quota]
        self._first_generations = {profile.name: profile.generations[0] for profile in profiles if profile.generations}
        self.ledger = Ledger()
        retries = {profile.name: profile.retry for profile in profiles if profile.retry is not None}
        self.webhook_delivery = WebhookDelivery(retries, self.ledger, clock)
        self.faults = Faults()
        self.lookups = LookupCounts()
        self.inbox = Inbox({name: account.new_message_id for name, account in self.accounts.items()})
        self.rate_limiter = RateLimiter()
        self.sessions: dict[str, Session] = {}
        self.quotas: dict[str, Quota] = {}
        self.generations: dict[str, str] = {}
        self.groups: dict[str, directory.Group] = {}
        self.webhooks: dict[str, Webhook] = {}
        self._own_states: dict[type[Any], Any] = {}
        self._feeds: dict[str, EventFeed] = {}
        self._watchers: set[asyncio.Task[None]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._naps: set[asyncio.Future[None]] = set()
        self._closing = False
        self.reset()

    def reset(self) -> None:
        """Return to the state of the start; webhooks and callbacks under way are dropped."""
        self.cancel_tasks()
        self.webhook_delivery.reset(self.settings.delivery_seconds)
        self.ledger.clear()
        self.faults.clear()
        self.lookups.clear()
        self.inbox.clear()
        self.rate_limiter.clear()
        self._own_states.clear()
        logged_in = self.settings.scan_after is None
        for name, account in self.accounts.items():
            self.sessions[name] = Session(paired=logged_in, connected=logged_in or account.always_connected)
            self.webhooks[name] = Webhook(events=list(account.subscriptions))
            self._feeds[name] = EventFeed()
        self.quotas = {name: Quota() for name in self._with_quota}
        self.generations = dict(self._first_generations)
        self.groups = directory.groups()

    def own_state(self, kind: type[T]) -> T:
        """Return the state that a vendor keeps for itself: the object of its own class, new after a reset."""
        if kind not in self._own_states:
            self._own_states[kind] = kind()
        return cast(T, self._own_states[kind])

    def session(self, vendor: str) -> Session:
        """Return the session of a vendor's account; a scan that is due is done first."""
        session = self.sessions[vendor]
        if session.scan_due is not None and self.clock() >= session.scan_due:
            self.scan(vendor)
        return session

    def expect_scan(self, vendor: str) -> None:
        """Start the time to the scan, unless it runs already or the account is logged in."""
        session, after = self.session(vendor), self.settings.scan_after
        if after is not None and not session.paired and session.scan_due is None:
            session.scan_due = self.clock() + after

    def scan(self, vendor: str) -> None:
        """Log the account in, as a scan of the code does; messages that were waiting for it are sent."""
        session = self.sessions[vendor]
        session.paired = session.connected = True
        session.scan_due, session.state = None, ""
        self.ledger.release(vendor, self.clock())

    def log_out(self, vendor: str) -> None:
        """Unlink the account, as its phone can; without `always_connected` the connection ends as well."""
        session = self.sessions[vendor]
        session.paired = False
        session.scan_due, session.state = None, ""
        session.connected = self.accounts[vendor].always_connected

    def record_check(self, vendor: str, number: str, answer: str) -> None:
        """Enter a check and its answer in the ledger."""
        self.ledger.checks.append(Check(vendor, number, answer, self.clock()))

    def record_action(self, vendor: str, name: str, content: dict[str, Any]) -> None:
        """Enter another action in the ledger."""
        self.ledger.actions.append(Action(vendor, name, content, self.clock()))

    def receive(
        self,
        vendor: str,
        sender: str,
        text: str,
        media: bytes | None = None,
        mimetype: str = "",
        filename: str = "",
        group: str = "",
        in_reply_to: str = "",
    ) -> IncomingMessage:
        """Add a message to the inbox of a vendor's account.

        `group` is the id of the group that it was sent to, `in_reply_to` the id of the message that it answers.
        """
        self.incoming(vendor)
        now = self.clock()
        message_id = self.accounts[vendor].new_message_id(now)
        message = IncomingMessage(
            vendor, sender, text, message_id, now, in_reply_to, media, mimetype=mimetype, filename=filename, group=group
        )
        self.inbox.add(message)
        return message

    def incoming(self, vendor: str) -> list[IncomingMessage]:
        """Return the inbox of a vendor's account, oldest first; replies that are due are added first."""
        self.session(vendor)  # a scan that is due sends the messages that wait for it
        self.inbox.answer(self.ledger.messages.values(), self.clock(), self.settings.delivery_seconds)
        return self.inbox.of(vendor)

    def new_events(self, vendor: str) -> list[Event]:
        """Return the events of a vendor's account since the last call."""
        incoming = self.incoming(vendor)
        sent = [message for message in self.ledger.messages.values() if message.vendor == vendor]
        return self._feeds[vendor].new(sent, incoming, self.clock(), self.settings.delivery_seconds)

    async def sleep(self, seconds: float) -> None:
        """Sleep; the server's shutdown ends it early."""
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
        """True while the server shuts down: waits must end."""
        return self._closing

    def close(self) -> None:
        """End all waits and tasks for the shutdown of the server."""
        self._closing = True
        self.cancel_tasks()
        self.webhook_delivery.close()
        for nap in self._naps:
            if not nap.done():
                nap.set_result(None)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Start a task that continues after the reply."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def watch(self, work: Coroutine[Any, Any, None]) -> None:
        """Start a task that ends by itself when the server does; it does not count as pending."""
        task = asyncio.get_running_loop().create_task(work)
        self._watchers.add(task)
        task.add_done_callback(self._watchers.discard)

    @property
    def pending_tasks(self) -> int:
        """Number of spawned tasks that have not ended."""
        return len(self._tasks)

    def cancel_tasks(self) -> None:
        """Cancel the spawned tasks."""
        for task in tuple(self._tasks):
            task.cancel()
