# SPDX-License-Identifier: Apache-2.0
"""A wait that goes on with another store, or with an old one, says so before anything follows from it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from helpers.waiting import event_of
from sqlalchemy import event, text

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.records import DeliveryState, DeliveryStatus
from airflow_provider_wa.api.webhooks import Event, EventKind
from airflow_provider_wa.store.event_rows import NewEvent
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.triggers.reply import WaReplyTrigger
from airflow_provider_wa.waiting.same_store import check_same_store, store_mark


def delivered(message_id: str) -> NewEvent:
    record = DeliveryStatus(message_id=message_id, state=DeliveryState.READ)
    return NewEvent(conn_id="my_wa", vendor="wuzapi", event=Event(kind=EventKind.DELIVERY, record=record))


def reply(store: Any) -> WaReplyTrigger:
    arguments = {"senders": ["51987654321"], "after": 1.0, "pattern": None, "from_store": True}
    made = WaReplyTrigger("my_wa", 0.05, time.time() + 0.2, 2, **arguments)  # type: ignore[arg-type]
    made.store = store
    _, kwargs = made.serialize()
    return WaReplyTrigger(**kwargs)


async def test_the_same_store_is_waited_on(airflow_store: Store) -> None:
    assert (await event_of(reply(store_mark())))["status"] == "timeout"


async def test_another_store_is_an_error(airflow_store: Store) -> None:
    ended = await event_of(reply({**store_mark(), "id": "0" * 32}))
    assert ended["status"] == "error"
    assert f"this process has store {airflow_store.id}, the task began with store {'0' * 32}" in ended["message"]


async def test_a_store_that_was_restored_is_an_error(airflow_store: Store) -> None:
    airflow_store.events.add([delivered("m1"), delivered("m2")])
    began = store_mark()
    with airflow_store.database.writing() as connection:  # as a backup from before the second event has it
        connection.execute(text("DELETE FROM wa_events WHERE reference = 'm2'"))
        connection.execute(text("UPDATE sqlite_sequence SET seq = 1 WHERE name = 'wa_events'"))
    airflow_store.database._events_ever = 0  # the triggerer is another process
    ended = await event_of(reply(began))
    assert ended["status"] == "error"
    assert "it has had 1 events, and 2 when the task began: it was restored from a backup" in ended["message"]


def test_a_thousand_waits_ask_once(airflow_store: Store) -> None:
    airflow_store.events.add([delivered("m1")])
    began = store_mark()
    asked: list[str] = []
    event.listen(airflow_store.database.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    for _ in range(1000):
        check_same_store(began)
    assert asked == []


def test_events_that_were_removed_make_no_other_store(airflow_store: Store) -> None:
    airflow_store.events.add([delivered("m1")])
    began = store_mark()
    with airflow_store.database.writing() as connection:
        connection.execute(text("DELETE FROM wa_events"))
    check_same_store(began)
    assert began["events"] == 1
    with pytest.raises(BadInput, match="restored from a backup"):
        check_same_store({**began, "events": 2})
