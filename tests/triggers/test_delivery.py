# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from helpers.vendors import Vendors
from helpers.waiting import event_of
from store.samples import delivered

from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.triggers.delivery import WaDeliveryTrigger
from airflow_provider_wa.waiting.source import NotYet

ANA, BEN, NEVER = "34666666610", "34666666611", "34666666606"
"""NEVER: a number whose messages are accepted and do not arrive."""


def trigger(*messages: str | tuple[str, str | None], seconds: float = 10.0, **arguments: Any) -> WaDeliveryTrigger:
    listed = [(message, None) if isinstance(message, str) else message for message in messages]
    defaults = {"conn_id": "my_wa", "wait_for": "delivered", "from_store": True}
    chosen = {**defaults, **arguments}
    return WaDeliveryTrigger(chosen.pop("conn_id"), 0.05, time.time() + seconds, 2, messages=listed, **chosen)


@pytest.mark.sockets
async def test_receipts_in_the_store_end_the_wait(airflow_store: Store) -> None:
    airflow_store.events.add([delivered("a", "sent"), delivered("b"), delivered("a", conn_id="another")])
    waiting = asyncio.create_task(event_of(trigger("a", "b")))
    await asyncio.sleep(0.4)
    assert not waiting.done()
    airflow_store.events.add([delivered("a", "read")])
    assert await waiting == {"status": "success", "states": {"a": "read", "b": "delivered"}}


@pytest.mark.sockets
@pytest.mark.parametrize(("fail_on_timeout", "status"), [(True, "timeout"), (False, "success")])
async def test_the_deadline(airflow_store: Store, fail_on_timeout: bool, status: str) -> None:
    airflow_store.events.add([delivered("a", "sent")])
    event = await event_of(trigger("a", seconds=0.4, fail_on_timeout=fail_on_timeout))
    assert event["status"] == status
    assert event.get("states") == (None if fail_on_timeout else {"a": "sent"})


def send(conn_type: str, to: str) -> tuple[str, str]:
    sent = WaHook.for_connection(f"{conn_type}_default").send(to, "hello")
    return sent.message_id, sent.to


def at(conn_type: str, *messages: tuple[str, str | None] | str, **arguments: Any) -> WaDeliveryTrigger:
    return trigger(*messages, conn_id=f"{conn_type}_default", from_store=False, **arguments)


ASKED = ("wa_portal", "green_api")


@pytest.mark.sockets
@pytest.mark.parametrize("conn_type", ASKED)
async def test_a_vendor_is_asked_until_all_are_delivered(vendors: Vendors, conn_type: str) -> None:
    messages = [await asyncio.to_thread(send, conn_type, to) for to in (ANA, BEN)]
    event = await event_of(at(conn_type, *messages))
    assert event == {"status": "success", "states": {message_id: "delivered" for message_id, _ in messages}}


@pytest.mark.sockets
@pytest.mark.parametrize("conn_type", ASKED)
async def test_what_is_over_is_not_asked_for_again(vendors: Vendors, conn_type: str) -> None:
    (one, to), other = [await asyncio.to_thread(send, conn_type, to) for to in (ANA, NEVER)]
    await asyncio.sleep(0.3)
    before = vendors.state.ledger.requests[conn_type]
    waiting = at(conn_type, (one, to), other)
    async with waiting.source() as source:
        for _ in range(5):
            assert isinstance(await source.look(), NotYet)
    assert vendors.state.ledger.requests[conn_type] - before == 2 + 4


@pytest.mark.sockets
async def test_a_message_that_nobody_knows_fails_the_wait_for_it_alone(vendors: Vendors) -> None:
    event = await event_of(at("wa_portal", "no-such-message"))
    assert (event["status"], event["retry"]) == ("error", False)
    assert "message_id: the portal does not know" in event["message"]


@pytest.mark.sockets
async def test_a_message_that_nobody_knows_does_not_fail_the_wait_for_the_others(vendors: Vendors) -> None:
    known = await asyncio.to_thread(send, "wa_portal", ANA)
    event = await event_of(at("wa_portal", "no-such-message", known, seconds=1.0, fail_on_timeout=False))
    assert event == {"status": "success", "states": {"no-such-message": "unknown", known[0]: "delivered"}}


@pytest.mark.sockets
async def test_a_vendor_that_goes_away_at_the_end_takes_no_states_with_it(vendors: Vendors) -> None:
    arrives, never = [await asyncio.to_thread(send, "green_api", to) for to in (ANA, NEVER)]
    made = at("green_api", arrives, never, seconds=4.0, fail_on_timeout=False)
    made.max_failures = 1000  # each takes no time here
    waiting = asyncio.create_task(event_of(made))
    await asyncio.sleep(1.0)
    vendors.control("faults", vendor="green_api", kind="server_error", status=503)
    event = await waiting
    assert event["status"] == "success"
    assert event["states"][arrives[0]] == "delivered"
