# SPDX-License-Identifier: Apache-2.0
"""Store events, those that come at the same time in one transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from airflow_provider_wa.store.events import NewEvent
from airflow_provider_wa.store.group_commit import GroupCommit
from airflow_provider_wa.store.store import Store

MOST_EVENTS = 500
"""Most events in one transaction, unless a single post has more."""


@dataclass(frozen=True)
class Committed:
    """Counts of the transaction that a post was stored in; ``new`` events were not known before."""

    events: int
    new: int


class Writer:
    """Writes posts to the store. It belongs to one event loop and needs no start.

    :param get_store: returns the store, and may block.
    """

    def __init__(self, get_store: Callable[[], Store], clock: Callable[[], float] = time.monotonic) -> None:
        self._get_store = get_store
        self._commits: GroupCommit[Sequence[NewEvent], Committed] = GroupCommit(
            self._commit, MOST_EVENTS, weigh=len, clock=clock
        )

    async def add(self, events: Sequence[NewEvent]) -> Committed:
        """Store a post's events, and return once all of them are committed.

        :raises StoreUnavailable: none of them is stored.
        """
        return await self._commits.add(events)

    def _commit(self, posts: Sequence[Sequence[NewEvent]]) -> list[Committed]:
        events = [event for post in posts for event in post]
        return [Committed(len(events), self._get_store().events.add(events))] * len(posts)
