# SPDX-License-Identifier: Apache-2.0
"""A watch on the account that sends: some vendors accept messages while it is logged out."""

from __future__ import annotations

import asyncio
import time

from airflow_provider_wa.api.capabilities import HasSession, SendsMessages
from airflow_provider_wa.api.errors import SessionDown
from airflow_provider_wa.api.records import SessionState
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.transport.channel import AsyncChannel
from airflow_provider_wa.transport.drive import adrive

SESSION_SECONDS = 60.0
"""Interval between two questions to the vendor."""

EVENT_SECONDS = 2.0
"""Interval between two looks for a state of the session that the vendor has posted."""

_DOWN = (SessionState.LOGGED_OUT.value, SessionState.BLOCKED.value)


class SessionWatch:
    """Asks the vendor for the account's state once in a while, and at once when it has posted that the account is out.

    A vendor without sessions is never asked.
    """

    def __init__(self, vendor: SendsMessages, channel: AsyncChannel, store: Store, conn_id: str) -> None:
        self._vendor = vendor if isinstance(vendor, HasSession) else None
        self._channel = channel
        self._store = store
        self._conn_id = conn_id
        self._asked = self._looked = float("-inf")
        self._event: int | None = None
        self._turn = asyncio.Lock()
        self._down: SessionDown | None = None

    def ask_again(self) -> None:
        """Have the vendor asked before the next message."""
        self._asked = float("-inf")

    async def require(self) -> None:
        """Return while the account is logged in, as far as is known.

        :raises SessionDown: it is not.
        """
        if self._vendor is None:
            return
        # Nobody sends while another still waits for the answer.
        async with self._turn:
            if self._down:
                raise self._down
            if time.monotonic() - self._looked >= EVENT_SECONDS:
                await self._look()
            if time.monotonic() - self._asked < SESSION_SECONDS:
                return
            session = await adrive(self._vendor.session(), self._channel)
            if not session.logged_in:
                self._down = SessionDown(
                    f"the session is {session.state.value}: {session.detail}; nothing more is sent"
                )
                raise self._down
            self._asked = time.monotonic()

    async def _look(self) -> None:
        """Have the vendor asked if it has posted, since the last look, that the account is out."""
        event = await asyncio.to_thread(self._store.events.last_session, self._conn_id)
        if event and event.id != self._event and event.status in _DOWN:
            self.ask_again()
        self._event = event.id if event else None
        self._looked = time.monotonic()
