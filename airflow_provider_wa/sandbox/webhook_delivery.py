# SPDX-License-Identifier: Apache-2.0
"""Delivery of webhooks and callbacks to loopback addresses, with the retries of each vendor.

Each vendor has a queue of its own: no vendor waits for the receiver of another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass

from airflow_provider_wa.sandbox import loopback
from airflow_provider_wa.sandbox.ledger import Attempt, Callback, Ledger
from airflow_provider_wa.sandbox.webhook_request import WebhookRequest
from airflow_provider_wa.sandbox.webhook_retry import DAY, RetryPolicy, with_gap

DELIVERED = "delivered"
SKIPPED = "skipped"
FINAL = (DELIVERED, SKIPPED)

MAX_CONCURRENT = 16  # requests of one vendor
PREFLIGHT_SECONDS = 5.0  # lifetime of an answer to OPTIONS without Access-Control-Max-Age, as in browsers


@dataclass(frozen=True)
class Delivery:
    """A request on its way; `preflight` names the headers that the URL must answer OPTIONS with beforehand."""

    vendor: str
    url: str
    request: WebhookRequest
    preflight: tuple[str, ...]


class DeliveryQueue:
    """The deliveries of one vendor that are under way."""

    def __init__(self) -> None:
        self.tasks: set[asyncio.Task[None]] = set()
        self.concurrent = asyncio.Semaphore(MAX_CONCURRENT)
        # A lock, since a semaphore of 1 lets a later task overtake on Python 3.10.
        self.single = asyncio.Lock()
        self._window: list[asyncio.Future[None]] = []

    async def shuffle(self, seconds: float) -> None:
        """Wait for the end of the window that the first task opens; the last task leaves it first."""
        loop = asyncio.get_running_loop()
        if not self._window:
            loop.call_later(seconds, self._leave)
        place: asyncio.Future[None] = loop.create_future()
        self._window.append(place)
        await place

    def _leave(self) -> None:
        for place in reversed(self._window):
            if not place.done():
                place.set_result(None)
        self._window.clear()


class WebhookDelivery:
    """Posts the requests of all vendors, and enters the outcome of each attempt in the ledger."""

    def __init__(self, vendor_policies: Mapping[str, RetryPolicy], ledger: Ledger, clock: Callable[[], float]) -> None:
        """`vendor_policies`: the retry policies that the vendors have by themselves."""
        self.policies: dict[str, RetryPolicy] = {}
        self._vendor_policies = vendor_policies
        self._ledger = ledger
        self._clock = clock
        self._queues: dict[str, DeliveryQueue] = {}
        self._allowed_until: dict[str, float] = {}

    def reset(self, gap: float) -> None:
        """Drop the deliveries under way, and restore the policies of the vendors with this gap."""
        self.close()
        self.policies = {vendor: with_gap(policy, gap) for vendor, policy in self._vendor_policies.items()}
        self._queues = {vendor: DeliveryQueue() for vendor in self.policies}
        self._allowed_until.clear()

    def close(self) -> None:
        """Drop the deliveries under way."""
        for vendor in self._queues:
            self.drop(vendor)

    def drop(self, vendor: str) -> None:
        """Drop the deliveries under way of one vendor."""
        dropped, self._queues[vendor] = self._queues[vendor], DeliveryQueue()
        for task in tuple(dropped.tasks):
            task.cancel()

    def send(
        self, vendor: str, url: str, request: WebhookRequest, preflight: tuple[str, ...] = ()
    ) -> asyncio.Task[None]:
        """Start to deliver a request; the task ends when it is delivered or given up."""
        queue, policy = self._queues[vendor], self.policies[vendor]
        delivery = Delivery(vendor, url, request, preflight)
        task = asyncio.get_running_loop().create_task(self._copies(delivery, policy, queue))
        queue.tasks.add(task)
        task.add_done_callback(queue.tasks.discard)
        return task

    async def _copies(self, delivery: Delivery, policy: RetryPolicy, queue: DeliveryQueue) -> None:
        await asyncio.sleep(policy.delay)
        await asyncio.gather(*(self._deliver(delivery, policy, queue) for _ in range(policy.copies)))

    async def _deliver(self, delivery: Delivery, policy: RetryPolicy, queue: DeliveryQueue) -> None:
        until = self._clock() + DAY
        if policy.shuffle:
            await queue.shuffle(policy.gap)
        turn: AbstractAsyncContextManager[None] = queue.single if policy.one_by_one else queue.concurrent
        # A turn is one attempt; with a blocking policy it lasts until the request is delivered or given up.
        all_attempts, each_attempt = (turn, nullcontext()) if policy.blocking else (nullcontext(), turn)
        entry = Callback(delivery.vendor, delivery.url, delivery.request.shown)
        async with all_attempts:
            try:
                for seconds in policy.pauses():
                    await asyncio.sleep(seconds)
                    async with each_attempt:
                        outcome, detail = await self._attempt(delivery)
                    if queue is not self._queues[delivery.vendor]:
                        # Before Python 3.12, asyncio.wait_for forgets a cancellation that comes together with a result.
                        raise asyncio.CancelledError
                    if not entry.attempts:
                        self._ledger.callbacks.append(entry)
                    entry.attempts.append(Attempt(outcome, detail, self._clock()))
                    if outcome in FINAL or self._clock() >= until:
                        break
            finally:
                entry.final = True

    async def _attempt(self, delivery: Delivery) -> tuple[str, str]:
        """Post the request once; return the outcome and its detail."""
        if not loopback.is_loopback(delivery.url):
            return SKIPPED, "the sandbox calls loopback addresses only"
        try:
            if delivery.preflight and self._clock() >= self._allowed_until.get(delivery.url, 0.0):
                allowed = await loopback.call("OPTIONS", delivery.url)
                if missing := [name for name in delivery.preflight if name not in allowed.headers]:
                    return "blocked", f"the answer to OPTIONS ({allowed.status}) has no {', '.join(missing)}"
                self._allowed_until[delivery.url] = self._clock() + PREFLIGHT_SECONDS
            answer = await loopback.call("POST", delivery.url, delivery.request.headers, delivery.request.body)
        except loopback.CallFailed as error:
            return "failed", str(error)
        return (DELIVERED if 200 <= answer.status < 300 else "refused"), f"HTTP {answer.status}"
