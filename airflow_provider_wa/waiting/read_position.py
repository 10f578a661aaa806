# SPDX-License-Identifier: Apache-2.0
"""How far a watcher has read the store, kept so that a restart repeats nothing and loses nothing."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_wa.store.store import Store

SETTLING = 10.0
"""Seconds after which Airflow has what it was told. A triggerer has an event in its memory at once, and in the database
about a second later, or some seconds under load: a place kept sooner could lose what a killed triggerer had not written
yet. Kept later, the same is told once more, if the triggerer is killed within these seconds."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """The last event that was read, by its id; what happened before ``since``, a Unix time, is history."""

    event_id: int
    since: float

    @staticmethod
    def of(value: Any) -> Place | None:
        """A place as it was kept; None if it is none."""
        try:
            return Place(int(value["event_id"]), float(value["since"]))
        except (TypeError, ValueError, KeyError):
            return None


class ReadPosition:
    """The place of one watcher of a connection's messages.

    Airflow 3.3 keeps it with the watched assets; before, it is in the store, one for each connection. The first Airflow
    3.3 goes on from where an older one was.

    :param states: what Airflow gives a trigger as its ``asset_state_store``; None before Airflow 3.3.
    """

    def __init__(self, store: Store, conn_id: str, states: Any) -> None:
        self.place = Place(0, 0.0)
        self._store = store
        self._key = f"read:{conn_id}"
        self._states = _each(states)
        self._in_store = False
        self._settling: deque[tuple[float, Place]] = deque()

    async def load(self, now: int) -> None:
        """Find the place: where it was left, or the newest event and ``now``, a Unix time, if nobody has ever read.

        It is kept anew at once: where that fails, reading on would tell the same for ever.
        """
        found = await self._load()
        newest = await asyncio.to_thread(self._store.events.last_id)
        if found is None:
            found = Place(newest, float(now))
        elif found.event_id > newest:
            log.warning("The store has not the events that were read: they were removed, or it is another store")
            found = Place(newest, found.since)
        self.place = found
        await self._save(found)

    def move(self, event_id: int) -> None:
        """Go on to another event, which Airflow was told of just now."""
        self.place = Place(event_id, self.place.since)
        self._settling.append((time.monotonic() + SETTLING, self.place))

    @property
    def seconds_to_settle(self) -> float:
        """How long until there is something to keep; infinite if there is nothing."""
        return max(0.0, self._settling[0][0] - time.monotonic()) if self._settling else float("inf")

    async def settle(self) -> None:
        """Keep what Airflow must have by now.

        :raises StoreUnavailable: it could not be kept; ask again.
        """
        now = time.monotonic()
        count = sum(due <= now for due, _ in self._settling)
        if count:
            await self._save(self._settling[count - 1][1])
            for _ in range(count):
                self._settling.popleft()

    async def settle_all(self) -> None:
        """Wait until all can be kept, and keep it."""
        if self._settling:
            await asyncio.sleep(max(0.0, self._settling[-1][0] - time.monotonic()))
            await self.settle()

    async def _load(self) -> Place | None:
        # Assets that share a trigger were told the same: one of them may just not have been written to.
        places = [place for state in self._states if (place := Place.of(await state.aget(self._key)))]
        if places:
            return max(places, key=lambda place: place.event_id)
        found = Place.of(await asyncio.to_thread(self._store.positions.get, self._key))
        self._in_store = found is not None
        return found

    async def _save(self, place: Place) -> None:
        for state in self._states:
            await state.aset(self._key, asdict(place))
        if not self._states:
            await asyncio.to_thread(self._store.positions.set, self._key, asdict(place))
        elif self._in_store:
            # Or an asset that comes much later would begin there.
            await asyncio.to_thread(self._store.positions.set, self._key, None)
            self._in_store = False


def _each(states: Any) -> list[Any]:
    """The state of each watched asset: Airflow has no other way to list them, and a trigger is not told the assets."""
    parts = (getattr(states, name, None) or {} for name in ("_by_name", "_by_uri"))
    return [state for part in parts for state in part.values()]
