# SPDX-License-Identifier: Apache-2.0
"""Position of a reader of the store, saved so that a restart repeats nothing and loses nothing."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

from airflow_provider_wa.store.store import Store

SAVE_DELAY = 10.0
"""Seconds between an event and the saving of its position. A triggerer has an event in its memory at once, and in the
database about a second later, or some seconds under load. A position saved sooner could lose what a killed triggerer
had not written yet. Saved later, an event is repeated if the triggerer is killed within these seconds."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Position:
    """Id of the last event that was read; events from before ``since``, a Unix time, are history."""

    event_id: int
    since: float

    @staticmethod
    def of(value: Any) -> Position | None:
        """Return a position from its saved form, or None if there is none."""
        try:
            return Position(int(value["event_id"]), float(value["since"]))
        except (TypeError, ValueError, KeyError):
            return None


class ReadPosition:
    """Position of one reader of a connection's messages.

    Airflow 3.3 saves it with the watched assets; before, it is in the store, one for each connection. The first start
    on Airflow 3.3 continues from the position in the store.

    :param states: the trigger's ``asset_state_store``; None before Airflow 3.3.
    """

    def __init__(self, store: Store, conn_id: str, states: Any) -> None:
        self.position = Position(0, 0.0)
        self._store = store
        self._key = f"read:{conn_id}"
        self._states = _each(states)
        self._in_store = False
        self._unsaved: deque[tuple[float, Position]] = deque()

    async def load(self, now: int) -> None:
        """Load the position; without one, begin at the newest event and at ``now``, a Unix time.

        It is saved again at once: if saving fails, reading on would repeat the same events for ever.
        """
        found = await self._load()
        newest = await asyncio.to_thread(self._store.events.last_id)
        if found is None:
            found = Position(newest, float(now))
        elif found.event_id > newest:
            log.warning("The store lacks the events that were read: they were removed, or it is another store")
            found = Position(newest, found.since)
        self.position = found
        await self._save(found)

    def move(self, event_id: int) -> None:
        """Advance to a later event, which Airflow was given just now."""
        self.position = Position(event_id, self.position.since)
        self._unsaved.append((time.monotonic() + SAVE_DELAY, self.position))

    @property
    def seconds_to_save(self) -> float:
        """Seconds until a position is due to be saved; infinite if none is."""
        return max(0.0, self._unsaved[0][0] - time.monotonic()) if self._unsaved else float("inf")

    async def save_due(self) -> None:
        """Save the position of the events that Airflow must have written by now.

        :raises StoreUnavailable: it could not be saved; try again.
        """
        now = time.monotonic()
        count = sum(due <= now for due, _ in self._unsaved)
        if count:
            await self._save(self._unsaved[count - 1][1])
            for _ in range(count):
                self._unsaved.popleft()

    async def save_all(self) -> None:
        """Wait until the last position is due, and save it."""
        if self._unsaved:
            await asyncio.sleep(max(0.0, self._unsaved[-1][0] - time.monotonic()))
            await self.save_due()

    async def _load(self) -> Position | None:
        # The newest position holds for all: assets that share a trigger get the same events.
        saved = [position for state in self._states if (position := Position.of(await _get(state, self._key)))]
        if saved:
            return max(saved, key=lambda position: position.event_id)
        found = Position.of(await asyncio.to_thread(self._store.positions.get, self._key))
        self._in_store = found is not None
        return found

    async def _save(self, position: Position) -> None:
        for state in self._states:
            await _set(state, self._key, asdict(position))
        if not self._states:
            await asyncio.to_thread(self._store.positions.set, self._key, asdict(position))
        elif self._in_store:
            # Otherwise an asset that is watched much later would begin at the position in the store.
            await asyncio.to_thread(self._store.positions.set, self._key, None)
            self._in_store = False


def _each(states: Any) -> list[Any]:
    """Return the state of each watched asset: Airflow has no other way to list them, and names none to a trigger."""
    parts = (getattr(states, name, None) or {} for name in ("_by_name", "_by_uri"))
    return [state for part in parts for state in part.values()]


async def _get(state: Any, key: str) -> Any:
    if hasattr(state, "aget"):
        return await state.aget(key)
    # Airflow 3.3.0 and 3.3.1: in a thread, as the call waits for the event loop.
    return await asyncio.to_thread(state.get, key)


async def _set(state: Any, key: str, value: dict[str, Any]) -> None:
    if hasattr(state, "aset"):
        await state.aset(key, value)
    else:
        await asyncio.to_thread(state.set, key, value)
