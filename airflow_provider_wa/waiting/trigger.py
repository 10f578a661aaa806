# SPDX-License-Identifier: Apache-2.0
"""Base of the triggers: look, pause, look again until it is found or the deadline has passed; then one event."""

from __future__ import annotations

import asyncio
import random
import time
from abc import abstractmethod
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar

import anyio
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, AirflowNotFoundException
from airflow.triggers.base import BaseTrigger, TriggerEvent
from asgiref.sync import sync_to_async

from airflow_provider_wa.api.errors import WaError
from airflow_provider_wa.transport.steady import suspended
from airflow_provider_wa.waiting.patience import MAX_FAILURES, SHORTEST_PAUSE, Patience, may_pass
from airflow_provider_wa.waiting.preload import preload
from airflow_provider_wa.waiting.source import Found, NotYet, Source

LAST_LOOK = 30.0
"""Seconds for the look that is due when the deadline has passed already, after the triggerer was down for instance."""


class WaTrigger(BaseTrigger):
    """Base of the triggers: waits in a triggerer, over its restarts, and ends with one event.

    The event has a ``status``: ``success`` with the result; ``timeout`` with a ``message`` about the state at the last
    look; or ``error`` with a ``message``, for an error that did not go away by waiting. With ``retry`` another try of
    the task may help.

    :param wa_conn_id: the connection.
    :param poll_interval: seconds between two looks, plus or minus a fifth.
    :param deadline: a Unix time in seconds. It is an argument, since a time-out of Airflow's would bypass the sensor.
    :param max_failures: maximum number of consecutive temporary failures that do not end the wait.
    :param store: mark of the task's store from ``same_store.store_mark``; the triggerer must have the same store.
    """

    arguments: ClassVar[tuple[str, ...]] = ("wa_conn_id", "poll_interval", "deadline", "max_failures")
    """Arguments of the constructor; each is an attribute of the same name."""

    expired: ClassVar[str]
    """Message of a time-out, for instance "the session was not logged in in time"."""

    def __init__(
        self,
        wa_conn_id: str,
        poll_interval: float,
        deadline: float,
        max_failures: int = MAX_FAILURES,
        store: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.wa_conn_id = wa_conn_id
        self.poll_interval = poll_interval
        self.deadline = deadline
        self.max_failures = max_failures
        self.store = store
        self._is_same_store = store is None
        self._ahead: float | None = None

    @property
    def reads_store(self) -> bool:
        """True if the wait reads events that the receiver stores."""
        return False

    def serialize(self) -> tuple[str, dict[str, Any]]:
        cls = type(self)
        names = (*self.arguments, "store") if self.store else self.arguments
        return f"{cls.__module__}.{cls.__qualname__}", {name: getattr(self, name) for name in names}

    @abstractmethod
    def source(self) -> AbstractAsyncContextManager[Source]:
        """Open the source that the trigger looks at, for the time of the wait."""

    async def look_once(self) -> Found | NotYet:
        """Look once, for a sensor that waits in its worker.

        :raises WaError: the look failed.
        """
        await preload()
        async with self.source() as source:
            return await source.look()

    async def run(self) -> AsyncIterator[TriggerEvent]:
        try:
            event = await self._wait()
        except (WaError, AirflowNotFoundException) as error:
            # A connection that is missing may be there at the task's next try.
            retry = may_pass(error) if isinstance(error, WaError) else True
            event = {"status": "error", "message": f"{type(error).__name__}: {error}", "retry": retry}
        yield TriggerEvent(event)

    async def _wait(self) -> dict[str, Any]:
        patience, logged, otherwise = Patience(self.max_failures), "", None
        await preload()
        async with self.source() as source:
            while True:
                try:
                    found = await self._look(source)
                    patience.succeeded()
                except WaError as error:
                    patience.failed(error)
                    found = NotYet(str(error))
                if not isinstance(found, NotYet):
                    return {"status": "success", **found}
                # A failed look does not change what the last one found.
                otherwise = found.otherwise or otherwise
                if found.detail != logged:
                    logged = found.detail
                    self.log.info("Connection %s: %s", self.wa_conn_id, logged)
                if (left := self._seconds_left()) <= 0:
                    return self._expired(found.detail, otherwise)
                await source.pause(max(SHORTEST_PAUSE, min(self.poll_interval * random.uniform(0.8, 1.2), left)))

    async def _look(self, source: Source) -> Found | NotYet:
        # A look may have to wait for its turn behind many others; it must not outlast the deadline.
        with anyio.move_on_after(max(self._seconds_left(), LAST_LOOK)):
            if self.store is not None and not self._is_same_store:
                from airflow_provider_wa.waiting.same_store import check_same_store  # noqa: PLC0415 - see preload

                await sync_to_async(check_same_store)(self.store)
                self._is_same_store = True
            return await source.look()
        return NotYet("no answer before the deadline")

    def seconds_left(self, now: float) -> float:
        """Return the seconds until the deadline.

        The wall clock is read once in a process: a clock that is set later must not end the wait, nor extend it.

        :param now: present moment of the monotonic clock.
        """
        now += suspended()
        if self._ahead is None:
            self._ahead = time.time() - now
        return self.deadline - self._ahead - now

    def _seconds_left(self) -> float:
        return self.seconds_left(asyncio.get_running_loop().time())

    def _expired(self, detail: str, otherwise: Found | None) -> dict[str, Any]:
        if otherwise is not None:
            return {"status": "success", **otherwise}
        return {"status": "timeout", "message": f"{self.expired}: {detail}"}


def failure(event: Mapping[str, Any], more: str = "") -> AirflowException:
    """Return the exception for a trigger's event of the status ``error``; its class says whether Airflow may retry.

    :param more: text added to the event's message.
    """
    kind = AirflowException if event.get("retry") else AirflowFailException
    return kind(f"{event['message']}{more}")
