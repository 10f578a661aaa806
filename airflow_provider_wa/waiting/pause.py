# SPDX-License-Identifier: Apache-2.0
"""A wait of some seconds in the triggerer, which setting the clock makes neither shorter nor longer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_wa.transport.steady import suspended

LONGEST_SLEEP = 30.0
"""Maximum seconds between two looks at the clock: it may be set meanwhile, or the machine suspended."""


class PauseTrigger(BaseTrigger):
    """Waits for a number of seconds; after a restart of the triggerer it begins again."""

    def __init__(self, seconds: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.seconds = seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return f"{__name__}.{type(self).__name__}", {"seconds": self.seconds}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        loop = asyncio.get_running_loop()
        ends = loop.time() + suspended() + self.seconds
        while (left := ends - loop.time() - suspended()) > 0:  # noqa: ASYNC110 - nothing else ends it
            await asyncio.sleep(min(left, LONGEST_SLEEP))
        yield TriggerEvent({"status": "success"})
