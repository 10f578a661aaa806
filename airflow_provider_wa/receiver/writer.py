# SPDX-License-Identifier: Apache-2.0
"""Store events, those that come at the same time in one transaction."""

from __future__ import annotations

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from airflow_provider_wa.store.event_rows import NewEvent
from airflow_provider_wa.store.group_commit import GroupCommit
from airflow_provider_wa.store.store import Store

log = logging.getLogger(__name__)

MOST_EVENTS = 500
"""Most events in one transaction, unless a single post has more."""


class Writer:
    """Writes posts to the store. It belongs to one event loop and needs no start.

    :param get_store: returns the store, and may block.
    """

    def __init__(self, get_store: Callable[[], Store], clock: Callable[[], float] = time.monotonic) -> None:
        self._get_store = get_store
        self._commits: GroupCommit[Sequence[NewEvent], int] = GroupCommit(
            self._commit, MOST_EVENTS, weigh=len, clock=clock
        )

    async def add(self, events: Sequence[NewEvent]) -> int:
        """Store a post's events, wait for the commit, and return the number of new events in the transaction.

        :raises StoreUnavailable: none of them is stored.
        """
        return await self._commits.add(events) if events else 0

    def _commit(self, posts: Sequence[Sequence[NewEvent]]) -> list[int]:
        events = [event for post in posts for event in post]
        new = self._get_store().events.add(events)
        # One line for each transaction: a line for each post would take as long as the post itself.
        log.info("%s (transaction: %d new, %d known)", _counted(events), new, len(events) - new)
        return [new] * len(posts)


def _counted(events: Sequence[NewEvent]) -> str:
    """Return the number of stored events by connection and kind, as text."""
    kinds: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for new in events:
        kinds[new.conn_id][new.event.kind.value] += 1
    return "; ".join(
        f"{conn_id}: stored {', '.join(f'{count} {kind}' for kind, count in counts.items())}"
        for conn_id, counts in kinds.items()
    )
