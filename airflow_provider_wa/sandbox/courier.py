# SPDX-License-Identifier: Apache-2.0
"""The courier: takes the vendors' posts (webhooks, callbacks) to loopback addresses, as often as each vendor tries.

Every vendor has a lane of its own, so that none waits for another's receiver.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass

from airflow_provider_wa.sandbox import loopback
from airflow_provider_wa.sandbox.ledger import Attempt, Callback, Ledger
from airflow_provider_wa.sandbox.posting import DAY, Posting, defaults
from airflow_provider_wa.sandbox.posts import Post

DELIVERED = "delivered"
SKIPPED = "skipped"
FINAL = (DELIVERED, SKIPPED)

MOST_AT_ONCE = 16  # requests for one vendor
ALLOWED_SECONDS = 5.0  # so long a browser relies on an answer to OPTIONS, if nobody says how long


@dataclass(frozen=True)
class Parcel:
    """A post on its way; `demands` are headers that the address must answer OPTIONS with before it is called."""

    vendor: str
    url: str
    post: Post
    demands: tuple[str, ...]


class Lane:
    """The posts of one vendor that are under way."""

    def __init__(self) -> None:
        self.tasks: set[asyncio.Task[None]] = set()
        self.many = asyncio.Semaphore(MOST_AT_ONCE)
        # No semaphore of 1: those of Python 3.10 let a newcomer overtake.
        self.one = asyncio.Lock()
        self._window: list[asyncio.Future[None]] = []

    async def shuffle(self, seconds: float) -> None:
        """Wait until the window is over that the first comer has opened; the last comer then leaves first."""
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


class Courier:
    """Posts for all vendors, and enters in the ledger what became of each attempt."""

    def __init__(self, ledger: Ledger, clock: Callable[[], float]) -> None:
        self.postings: dict[str, Posting] = {}
        self._ledger = ledger
        self._clock = clock
        self._lanes: dict[str, Lane] = {}
        self._allowed: dict[str, float] = {}

    def reset(self, gap: float) -> None:
        """Drop what is under way, and post as the vendors do by themselves."""
        self.close()
        self.postings = defaults(gap)
        self._lanes = {vendor: Lane() for vendor in self.postings}
        self._allowed.clear()

    def close(self) -> None:
        """Drop what is under way."""
        for vendor in self._lanes:
            self.drop(vendor)

    def drop(self, vendor: str) -> None:
        """Drop what is under way for one vendor."""
        dropped, self._lanes[vendor] = self._lanes[vendor], Lane()
        for task in tuple(dropped.tasks):
            task.cancel()

    def send(self, vendor: str, url: str, post: Post, demands: tuple[str, ...] = ()) -> asyncio.Task[None]:
        """Take a post to an address; the task ends when it was taken there, or given up."""
        lane, posting = self._lanes[vendor], self.postings[vendor]
        task = asyncio.get_running_loop().create_task(self._copies(Parcel(vendor, url, post, demands), posting, lane))
        lane.tasks.add(task)
        task.add_done_callback(lane.tasks.discard)
        return task

    async def _copies(self, parcel: Parcel, posting: Posting, lane: Lane) -> None:
        await asyncio.sleep(posting.delay)
        await asyncio.gather(*(self._deliver(parcel, posting, lane) for _ in range(posting.copies)))

    async def _deliver(self, parcel: Parcel, posting: Posting, lane: Lane) -> None:
        until = self._clock() + DAY
        if posting.shuffle:
            await lane.shuffle(posting.gap)
        turn: AbstractAsyncContextManager[None] = lane.one if posting.one_by_one else lane.many
        # A turn is one attempt, unless the others have to wait for the last one.
        all_attempts, each_attempt = (turn, nullcontext()) if posting.waits else (nullcontext(), turn)
        entry = Callback(parcel.vendor, parcel.url, parcel.post.shown)
        async with all_attempts:
            try:
                for seconds in posting.pauses():
                    await asyncio.sleep(seconds)
                    async with each_attempt:
                        outcome, detail = await self._attempt(parcel)
                    if lane is not self._lanes[parcel.vendor]:
                        # Before Python 3.12, asyncio.wait_for forgets a cancellation that comes together with a result.
                        raise asyncio.CancelledError
                    if not entry.attempts:
                        self._ledger.callbacks.append(entry)
                    entry.attempts.append(Attempt(outcome, detail, self._clock()))
                    if outcome in FINAL or self._clock() >= until:
                        break
            finally:
                entry.final = True

    async def _attempt(self, parcel: Parcel) -> tuple[str, str]:
        """Call the address once; return the outcome and what it is read from."""
        if not loopback.is_loopback(parcel.url):
            return SKIPPED, "the sandbox calls loopback addresses only"
        try:
            if parcel.demands and self._clock() >= self._allowed.get(parcel.url, 0.0):
                allowed = await loopback.call("OPTIONS", parcel.url)
                if missing := [name for name in parcel.demands if name not in allowed.headers]:
                    return "blocked", f"the answer to OPTIONS ({allowed.status}) has no {', '.join(missing)}"
                self._allowed[parcel.url] = self._clock() + ALLOWED_SECONDS
            answer = await loopback.call("POST", parcel.url, parcel.post.headers, parcel.post.body)
        except loopback.CallFailed as error:
            return "failed", str(error)
        return (DELIVERED if 200 <= answer.status < 300 else "refused"), f"HTTP {answer.status}"
