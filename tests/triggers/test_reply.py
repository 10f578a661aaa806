# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
import time
from datetime import datetime, timezone
from typing import Any

import pytest
from helpers.vendors import Vendors
from helpers.waiting import event_of

from airflow_provider_wa.api.records import InboxMessage
from airflow_provider_wa.api.webhooks import Event, EventKind
from airflow_provider_wa.store.event_rows import NewEvent
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.triggers.reply import WaReplyTrigger

ANA, BEN = "51987654321", "51987654322"
AFTER = 1_000_000_000.5


def message(text: str, sender: str = ANA, at: float | None = AFTER + 60, message_id: str = "") -> InboxMessage:
    moment = None if at is None else datetime.fromtimestamp(at, timezone.utc)
    return InboxMessage(message_id=message_id or text, sender=sender, text=text, received_at=moment)


def posted(told: InboxMessage, conn_id: str = "my_wa") -> NewEvent:
    return NewEvent(conn_id=conn_id, vendor="wuzapi", event=Event(kind=EventKind.INBOX, record=told))


def trigger(seconds: float = 10.0, **arguments: Any) -> WaReplyTrigger:
    defaults = {"conn_id": "my_wa", "senders": [ANA], "after": AFTER, "pattern": None, "from_store": True}
    chosen = {**defaults, **arguments}
    return WaReplyTrigger(chosen.pop("conn_id"), 0.05, time.time() + seconds, 2, **chosen)


@pytest.mark.sockets
async def test_an_answer_in_the_store_ends_the_wait(airflow_store: Store) -> None:
    airflow_store.events.add(
        [posted(message("too early", at=AFTER - 60)), posted(message("hers", BEN)), posted(message("x"), "another")]
    )
    waiting = asyncio.create_task(event_of(trigger(pattern="yes")))
    await asyncio.sleep(0.4)
    airflow_store.events.add([posted(message("no")), posted(message("yes"))])
    assert await waiting == {"status": "success", "message_id": "yes", "event_id": 5}


@pytest.mark.sockets
async def test_no_answer_is_a_timeout(airflow_store: Store) -> None:
    event = await event_of(trigger(seconds=0.3))
    assert event == {"status": "timeout", "message": "no reply came in time: no reply has come"}


@pytest.mark.sockets
@pytest.mark.parametrize("conn_type", ["wa_portal", "green_api"])
async def test_an_answer_in_the_vendors_inbox_ends_the_wait(vendors: Vendors, conn_type: str) -> None:
    after = time.time()
    waiting = trigger(conn_id=f"{conn_type}_default", from_store=False, after=after, pattern="yes")
    task = asyncio.create_task(event_of(waiting))
    await asyncio.sleep(0.3)
    vendors.state.receive(conn_type, BEN, "yes")
    vendors.state.receive(conn_type, ANA, "no")
    said = vendors.state.receive(conn_type, ANA, "yes")
    assert await task == {"status": "success", "message_id": said.message_id}


@pytest.mark.sockets
async def test_a_vendor_without_an_inbox_ends_the_wait(vendors: Vendors) -> None:
    event = await event_of(trigger(conn_id="wuzapi_default", from_store=False))
    assert event["status"] == "error"
    assert "UnsupportedByVendor" in event["message"]
