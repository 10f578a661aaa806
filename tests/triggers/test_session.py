# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from helpers.connections import set_connection
from helpers.timing import any_round_holds_less
from helpers.vendors import Vendors

from airflow_provider_wa.api.webhooks import Post
from airflow_provider_wa.store.event_rows import NewEvent
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.triggers.session import WaSessionTrigger
from airflow_provider_wa.vendors.wuzapi.client import WuzApi

pytestmark = pytest.mark.sockets


async def event_of(conn_id: str, seconds: float = 5.0, poll_interval: float = 0.05) -> dict[str, Any]:
    """The trigger's one event, after a trip through JSON as between the triggerer and a worker."""
    path, arguments = WaSessionTrigger(conn_id, poll_interval, time.time() + seconds).serialize()
    assert path == f"{WaSessionTrigger.__module__}.{WaSessionTrigger.__qualname__}"
    trigger = WaSessionTrigger(**json.loads(json.dumps(arguments)))
    events = [event async for event in trigger.run()]
    (event,) = events
    payload: dict[str, Any] = json.loads(json.dumps(event.payload))
    return payload


@pytest.mark.parametrize("conn_type", ["wuzapi", "wa_portal", "green_api"])
async def test_success_brings_the_session(vendors: Vendors, conn_type: str) -> None:
    event = await event_of(f"{conn_type}_default")
    assert (event["status"], event["session"]["state"]) == ("success", "logged_in")
    assert "raw" not in event["session"]


async def test_the_deadline_ends_the_wait_with_the_last_state(vendors: Vendors) -> None:
    vendors.state.log_out("wa_portal")
    started = time.monotonic()
    event = await event_of("wa_portal_default", seconds=0.3, poll_interval=60)
    assert 0.2 < time.monotonic() - started < 30
    assert event["status"] == "timeout"
    assert "QR code" in event["message"]


async def test_it_asks_no_more_often_than_it_is_told(vendors: Vendors) -> None:
    vendors.state.log_out("green_api")
    await event_of("green_api_default", seconds=1.0, poll_interval=0.3)
    assert vendors.state.ledger.requests["green_api"] <= 5


async def test_wrong_credentials_end_the_wait_and_show_no_token(vendors: Vendors) -> None:
    conn_id = vendors.connect("green_api", "mistyped", password="very-wrong-token")
    event = await event_of(conn_id)
    assert event["status"] == "error"
    assert event["message"].startswith("Unauthorized: green_api")
    assert "very-wrong-token" not in str(event)


async def test_a_connection_without_a_session_ends_the_wait(vendors: Vendors) -> None:
    assert "UnsupportedByVendor" in (await event_of("accuauth_default"))["message"]


async def test_a_vendor_that_is_away_for_a_while_is_waited_for(vendors: Vendors) -> None:
    vendors.control("faults", vendor="wa_portal", kind="cut", times=4)
    assert (await event_of("wa_portal_default", seconds=20))["status"] == "success"


async def test_nothing_blocks_the_event_loop(vendors: Vendors) -> None:
    vendors.state.log_out("wa_portal")
    await event_of("wa_portal_default", seconds=0.1)  # the modules are loaded now, as in a triggerer that runs
    waiting = partial(event_of, "wa_portal_default", seconds=0.5)
    assert await any_round_holds_less(0.2, waiting), "Airflow warns of a blocked loop from 0.2 s"


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(1000):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it has not happened within 10 seconds")


def post(store: Store, word: str) -> None:
    """What the receiver stores of a post of WuzAPI about its session."""
    vendor = WuzApi(base_url="https://wuz.test", token="t")
    (told,) = vendor.events(Post(data={"type": word, "event": {}}))
    store.events.add([NewEvent(conn_id="wuzapi_default", vendor="wuzapi", event=told)])


async def test_a_state_that_is_stored_meanwhile_ends_the_wait_without_asking_the_vendor(
    vendors: Vendors, airflow_store: Store
) -> None:
    vendors.state.log_out("wuzapi")
    post(airflow_store, "Connected")
    waiting = asyncio.create_task(event_of("wuzapi_default", seconds=30, poll_interval=3600))
    await until(lambda: vendors.state.ledger.requests["wuzapi"] > 0)
    asked = vendors.state.ledger.requests["wuzapi"]
    post(airflow_store, "LoggedOut")
    post(airflow_store, "Connected")
    event = await waiting
    assert (event["status"], event["session"]["state"], event["session"]["detail"]) == (
        *("success", "logged_in", "connected"),
    )
    assert vendors.state.ledger.requests["wuzapi"] == asked


async def test_a_store_that_cannot_be_opened_leaves_the_vendor_to_answer(
    vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_connection(monkeypatch, "wa_store_default", "mysql", host="nowhere")
    assert (await event_of("wuzapi_default"))["status"] == "success"
