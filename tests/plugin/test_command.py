# SPDX-License-Identifier: Apache-2.0
"""The application of ``wa-receiver``: its life from the server's first event to the last."""

from __future__ import annotations

import asyncio
import gc
import sys
from typing import Any

from airflow_provider_wa.plugin.command import Application


class Closing:
    """A receiver that notes that it was closed."""

    closed = False

    async def close(self) -> None:
        self.closed = True


async def test_while_it_serves_threads_have_short_turns_and_garbage_is_collected_less_often() -> None:
    receiver: Any = Closing()
    before = sys.getswitchinterval(), gc.get_threshold()
    events: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    sent: asyncio.Queue[Any] = asyncio.Queue()
    life = asyncio.ensure_future(Application(receiver)({"type": "lifespan"}, events.get, sent.put))

    events.put_nowait({"type": "lifespan.startup"})
    assert await sent.get() == {"type": "lifespan.startup.complete"}
    assert sys.getswitchinterval() < before[0]
    assert gc.get_threshold() > before[1]
    assert not receiver.closed

    events.put_nowait({"type": "lifespan.shutdown"})
    assert await sent.get() == {"type": "lifespan.shutdown.complete"}
    await life
    assert receiver.closed
    assert (sys.getswitchinterval(), gc.get_threshold()) == before
