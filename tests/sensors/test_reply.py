# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSensorTimeout, TaskDeferred
from helpers.vendors import Vendors
from helpers.waiting import event_of

from airflow_provider_wa.api.records import InboxMessage
from airflow_provider_wa.api.webhooks import Event, EventKind
from airflow_provider_wa.sensors.reply import WaReplySensor
from airflow_provider_wa.store.event_rows import NewEvent
from airflow_provider_wa.store.store import Store

pytestmark = pytest.mark.sockets

ANA = "51987654321"
STARTED = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


def sensor(conn_id: str = "wuzapi_default", **arguments: Any) -> WaReplySensor:
    defaults = {"task_id": "wait", "sender": f"+{ANA}", "poke_interval": 0.05, "timeout": 10}
    return WaReplySensor(wa_conn_id=conn_id, **{**defaults, **arguments})


def context(start: datetime | None = STARTED) -> Any:
    return {"dag_run": SimpleNamespace(start_date=start)}


def says(store: Store, text: str, *, at: datetime = STARTED + timedelta(minutes=1), file: str | None = None) -> None:
    record = InboxMessage(vendor="wuzapi", message_id=f"id-{text}", sender=ANA, text=text, received_at=at)
    told = Event(kind=EventKind.INBOX, record=record)
    store.events.add([NewEvent(conn_id="wuzapi_default", vendor="wuzapi", event=told, file=file)])


def test_the_answer_is_returned(vendors: Vendors, airflow_store: Store) -> None:
    says(airflow_store, "too early", at=STARTED - timedelta(minutes=1))
    says(airflow_store, "no")
    says(airflow_store, "yes", file="file:///kept/photo.jpg")
    assert sensor(pattern="^yes$").execute(context()) == {
        "vendor": "wuzapi",
        "message_id": "id-yes",
        "sender": ANA,
        "kind": "",
        "text": "yes",
        "chat": None,
        "wa_message_id": None,
        "received_at": "2026-03-01T12:01:00+00:00",
        "media_url": "file:///kept/photo.jpg",
        "quoted_id": None,
        "selected_id": None,
        "options": [],
        "latitude": None,
        "longitude": None,
        "sender_name": None,
        "participant": None,
        "lid": None,
        "target_id": None,
        "option_hashes": [],
    }


def test_the_whole_deferred_way(vendors: Vendors, airflow_store: Store) -> None:
    waiting = sensor(deferrable=True)
    with pytest.raises(TaskDeferred) as deferred:
        waiting.execute(context())
    assert deferred.value.trigger.serialize()[1]["store"] == {"id": airflow_store.id, "events": 0}
    says(airflow_store, "yes")
    event = asyncio.run(event_of(deferred.value.trigger))
    assert "text" not in event
    assert waiting.execute_complete(context(), event)["text"] == "yes"


@pytest.mark.parametrize("conn_type", ["wa_portal", "green_api"])
def test_an_answer_is_found_in_the_vendors_inbox(vendors: Vendors, conn_type: str) -> None:
    waiting = sensor(f"{conn_type}_default", after=datetime.now(timezone.utc), pattern="yes")
    vendors.state.receive(conn_type, ANA, "no")
    said = vendors.state.receive(conn_type, ANA, "yes")
    found = waiting.execute({})
    assert (found["message_id"], found["text"], found["sender"]) == (said.message_id, "yes", ANA)


def test_no_answer_is_a_timeout(vendors: Vendors, airflow_store: Store) -> None:
    with pytest.raises(AirflowSensorTimeout):
        sensor(timeout=0).execute(context())


@pytest.mark.parametrize(
    ("sender", "senders"),
    [
        ("+51 987 654 321", [ANA]),
        (51987654321, [ANA]),
        ("51987654321@s.whatsapp.net", [ANA]),
        ("+52 55 1234 5607", ["525512345607", "5215512345607"]),
        ("5491112345607@c.us", ["5491112345607", "541112345607"]),
        ("1234567890@lid", ["1234567890@lid"]),
        ("120363041234567890@g.us", ["120363041234567890@g.us"]),
    ],
)
def test_an_answer_may_come_from_either_form_of_a_number(vendors: Vendors, sender: Any, senders: list[str]) -> None:
    assert sensor(sender=sender).trigger(context(), 0.0).senders == senders


def test_a_number_without_country_code_is_of_the_country_that_is_named(vendors: Vendors) -> None:
    assert sensor(sender="987654321", default_region="pe").trigger(context(), 0.0).senders == [ANA]
    vendors.connect("wuzapi", "peru", extra={"default_region": "PE"})
    assert sensor("peru", sender="987654321").trigger(context(), 0.0).senders == [ANA]


@pytest.mark.parametrize(
    ("after", "moment"),
    [
        (None, STARTED),
        ("", STARTED),
        ("2026-03-02", datetime(2026, 3, 2, tzinfo=timezone.utc)),
        ("2026-03-02T10:00:00+02:00", datetime(2026, 3, 2, 8, tzinfo=timezone.utc)),
        (datetime(2026, 3, 2), datetime(2026, 3, 2, tzinfo=timezone.utc)),
    ],
)
def test_what_counts_is_what_came_after_a_moment(vendors: Vendors, after: Any, moment: datetime) -> None:
    assert sensor(after=after).trigger(context(), 0.0).after == moment.timestamp()


def test_a_run_that_begins_in_the_future_began_before_the_clock_was_set_back(
    vendors: Vendors, airflow_store: Store
) -> None:
    began = datetime.now(timezone.utc) + timedelta(hours=6)
    waiting = sensor()
    assert waiting.trigger(context(began), 0.0).after == pytest.approx(time.time(), abs=5)
    says(airflow_store, "yes", at=datetime.now(timezone.utc))
    assert waiting.execute(context(began))["text"] == "yes"


def test_without_a_run_it_is_what_comes_from_now_on(vendors: Vendors) -> None:
    waiting = sensor()
    after = waiting.trigger({}, 0.0).after
    assert after == pytest.approx(time.time(), abs=5)
    assert waiting.trigger({}, 0.0).after == after


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sender": "nobody"}, "not a phone number"),
        ({"pattern": "(yes"}, "pattern: invalid regular expression"),
        ({"after": "tomorrow"}, "after: not a date or time"),
        ({"source": "me"}, "source: unknown value 'me'; expected auto, vendor or store"),
        ({"source": "vendor"}, "keeps no messages of this user"),
        ({"conn_id": "checkwa_default"}, "cannot send messages"),
    ],
)
def test_a_mistake_fails_for_good(vendors: Vendors, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(AirflowFailException, match=message):
        sensor(**arguments).execute(context())


def test_an_answer_that_is_gone_says_so(vendors: Vendors, airflow_store: Store) -> None:
    with pytest.raises(AirflowFailException, match="no longer in the store"):
        sensor().execute_complete(context(), {"status": "success", "message_id": "m", "event_id": 7})
    with pytest.raises(AirflowFailException, match="no longer in the inbox"):
        sensor("wa_portal_default").execute_complete(context(), {"status": "success", "message_id": "m"})
