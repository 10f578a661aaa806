# SPDX-License-Identifier: Apache-2.0
"""Waits in the triggerer until a WhatsApp session is logged in."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_wa.api.capabilities import HasSession
from airflow_provider_wa.api.errors import Retry, WaError
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.transport.drive import adrive


class WaSessionTrigger(BaseTrigger):
    """Asks for the session's state every ``poll_interval`` seconds until it is logged in or ``deadline`` is over.

    Its one event has a ``status``: ``success`` with the ``session``, ``timeout`` with a ``message`` that tells the last
    state, or ``error`` with a ``message`` for what waiting does not mend.

    :param deadline: a Unix time in seconds. It is carried here, since a time-out of Airflow's would bypass the sensor.
    """

    def __init__(self, wa_conn_id: str, poll_interval: float, deadline: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.wa_conn_id = wa_conn_id
        self.poll_interval = poll_interval
        self.deadline = deadline

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return (
            "airflow_provider_wa.triggers.session.WaSessionTrigger",
            {"wa_conn_id": self.wa_conn_id, "poll_interval": self.poll_interval, "deadline": self.deadline},
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        try:
            event = await self._wait()
        except WaError as error:
            event = {"status": "error", "message": f"{type(error).__name__}: {error}"}
        yield TriggerEvent(event)

    async def _wait(self) -> dict[str, Any]:
        hook = await WaHook.afor_connection(self.wa_conn_id)
        vendor = hook.able(HasSession)
        async with hook.async_channel(concurrency=1) as channel:
            while True:
                try:
                    session = await adrive(vendor.session(), channel)
                    if session.logged_in:
                        return {"status": "success", "session": session.to_dict()}
                    found = session.detail or session.state.value
                except WaError as error:
                    if error.retry is Retry.NEVER:
                        raise
                    found = str(error)
                self.log.info("Connection %s: the session is not logged in: %s", self.wa_conn_id, found)
                left = self.deadline - time.time()
                if left <= 0:
                    return {"status": "timeout", "message": f"the session was not logged in in time: {found}"}
                await asyncio.sleep(min(self.poll_interval, left))
