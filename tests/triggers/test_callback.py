# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from helpers.waiting import call_back, event_of

from airflow_provider_wa.store.store import Store
from airflow_provider_wa.triggers.callback import WaCallbackTrigger


def trigger(seconds: float = 10.0, **arguments: Any) -> WaCallbackTrigger:
    return WaCallbackTrigger("checkwa_default", 0.05, time.time() + seconds, **{"reference": "r", **arguments})


sockets = pytest.mark.sockets


@sockets
async def test_a_callback_that_came_before_is_found(airflow_store: Store) -> None:
    airflow_store.events.add([call_back("other"), call_back("r"), call_back("r", conn_id="another")])
    assert await event_of(trigger(seconds=-3600)) == {"status": "success", "event_id": 2, "picture": None}


@sockets
async def test_a_callback_that_comes_ends_the_wait(airflow_store: Store) -> None:
    waiting = asyncio.create_task(event_of(trigger()))
    await asyncio.sleep(0.4)
    airflow_store.events.add([call_back("other"), call_back("r")])
    assert await waiting == {"status": "success", "event_id": 2, "picture": None}


@sockets
async def test_a_picture_that_does_not_come_is_done_without(airflow_store: Store) -> None:
    airflow_store.events.add([call_back("r", has_picture=True)])
    event = await event_of(trigger(seconds=0.4, wait_for_picture=True))
    assert event == {"status": "success", "event_id": 1, "picture": None}


@sockets
async def test_no_callback_is_a_timeout(airflow_store: Store) -> None:
    event = await event_of(trigger(seconds=0.3))
    assert event == {"status": "timeout", "message": "no callback came in time: no callback has come"}
