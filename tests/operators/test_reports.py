# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import csv
import json
import time
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from helpers.connections import set_store
from helpers.vendors import Vendors

from airflow_provider_wa.api.records import DeliveryState, DeliveryStatus, InboxMessage
from airflow_provider_wa.api.webhooks import event
from airflow_provider_wa.connections.store import get_store
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.operators.reports import WaMessageStatusOperator, WaReadInboxOperator
from airflow_provider_wa.store.event_rows import NewEvent
from airflow_provider_wa.store.store import Store

pytestmark = pytest.mark.sockets


def status(message_id: Any, **arguments: Any) -> dict[str, Any]:
    defaults = {"task_id": "status", "wa_conn_id": "wa_portal_default"}
    return WaMessageStatusOperator(**{**defaults, **arguments}, message_id=message_id).execute({})


@pytest.fixture
def sent(vendors: Vendors) -> list[dict[str, Any]]:
    """Three messages: one is delivered, one read, one never arrives."""
    hook = WaHook.for_connection("wa_portal_default")
    messages = [hook.send(f"+1 202 555 01{ending}", "hello").to_dict() for ending in ("10", "05", "06")]
    time.sleep(2 * vendors.state.settings.delivery_seconds + 0.05)
    return messages


def test_one_message(sent: list[dict[str, Any]]) -> None:
    found = status(sent[0]["message_id"])
    assert (found["message_id"], found["state"], found["to"]) == (sent[0]["message_id"], "delivered", "12025550110")
    assert found["delivered_at"] > found["sent_at"]
    assert json.loads(json.dumps(found)) == found
    assert status(sent[0]) == found


def test_many_messages_by_id_or_as_the_send_returned_them(sent: list[dict[str, Any]]) -> None:
    found = status([sent[0], sent[1]["message_id"], sent[2], sent[0]])
    results = {row["message_id"]: row["state"] for row in found.pop("results")}
    assert found == {
        "total": 3,
        "accepted": 0,
        "sent": 1,
        "delivered": 1,
        "read": 1,
        "failed": 0,
        "unknown": 0,
        "output": None,
    }
    ids = [message["message_id"] for message in sent]
    assert results == dict(zip(ids, ["delivered", "read", "sent"], strict=True))


def test_green_api_finds_messages_by_whom_they_went_to(vendors: Vendors) -> None:
    hook = WaHook.for_connection("green_api_default")
    messages = [hook.send(f"+1 202 555 01{ending}", "hello").to_dict() for ending in ("10", "11")]
    time.sleep(vendors.state.settings.delivery_seconds + 0.05)
    assert status(messages[0]["message_id"], wa_conn_id="green_api_default")["state"] == "delivered"
    # The journal, where an id alone is looked for, takes one question a second.
    vendors.control("faults", vendor="green_api", path="lastOutgoingMessages", kind="html")
    found = status(messages, wa_conn_id="green_api_default")
    assert found["delivered"] == 2
    assert sorted(row["to"] for row in found["results"]) == ["12025550110", "12025550111"]
    assert status(messages[0], wa_conn_id="green_api_default")["state"] == "delivered"


def test_many_messages_to_a_file(sent: list[dict[str, Any]], tmp_path: Path) -> None:
    output = tmp_path / "statuses.csv"
    assert status(sent, output_path=str(output))["results"] is None
    with output.open() as rows:
        assert sorted(row["state"] for row in csv.DictReader(rows)) == ["delivered", "read", "sent"]


def test_a_message_that_the_vendor_does_not_know_is_unknown_among_many(sent: list[dict[str, Any]]) -> None:
    found = status([sent[0], "nobody-sent-this"])
    assert (found["delivered"], found["unknown"]) == (1, 1)
    assert "the portal does not know" in next(row["detail"] for row in found["results"] if row["state"] == "unknown")


def test_no_messages_are_no_error(vendors: Vendors) -> None:
    assert (status([])["total"], status([])["results"]) == (0, [])


@pytest.mark.parametrize(
    ("message_id", "arguments", "message"),
    [
        ("nobody-sent-this", {}, "message_id: the portal does not know 'nobody-sent-this'"),
        ("  ", {}, "message_id: not a message id"),
        ([{"to": "1"}], {}, "message_id: not a message id"),
        (5, {}, "expected an id or a list of ids"),
        ([str(number) for number in range(1001)], {}, "more than 1,000 messages"),
        ("x", {"wa_conn_id": "wuzapi_default"}, "connection types that can: green_api, wa_portal"),
    ],
)
def test_bad_input_fails_for_good(vendors: Vendors, message_id: Any, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(AirflowFailException, match=message):
        status(message_id, **arguments)


NOON = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    set_store(monkeypatch, tmp_path / "wa_store.db")
    return get_store()


def received(store: Store, *texts: str, conn_id: str = "wa_portal_default", file: str | None = None) -> list[int]:
    """Messages of the store, and their ids."""
    last = store.events.last_id()
    for text in texts:
        message = InboxMessage(
            vendor="wa_portal", message_id=f"M-{text}", sender="12025550111", text=text, received_at=NOON
        )
        news = NewEvent(conn_id=conn_id, vendor="wa_portal", event=event(message, raw={"any": 1}), file=file)
        store.events.add([news])
    return [found.id for found in store.events.after(last, 10_000)]


def started_by(*batches: Any) -> dict[str, Any]:
    """The context of a run that these payloads started, as Airflow gives it: events by asset."""
    extras = [{"from_trigger": True, "payload": batch} for batch in batches]
    return {"triggering_asset_events": {"asset": [SimpleNamespace(extra=extra) for extra in extras]}}


def batch(ids: Sequence[int], conn_id: str = "wa_portal_default") -> dict[str, Any]:
    return {"conn_id": conn_id, "event_ids": list(ids), "count": len(ids)}


def read(context: dict[str, Any] | None = None, **arguments: Any) -> dict[str, Any]:
    defaults = {"task_id": "read", "wa_conn_id": "wa_portal_default"}
    return WaReadInboxOperator(**{**defaults, **arguments}).execute(context or {})


def test_the_messages_that_started_the_run(vendors: Vendors, store: Store) -> None:
    ids = received(store, "one", "two", "three")
    found = read(started_by(batch(ids[:2])))
    assert (found["count"], found["cursor"], found["output"]) == (2, ids[1], None)
    assert found["items"][0] == {
        "vendor": "wa_portal",
        "message_id": "M-one",
        "sender": "12025550111",
        "kind": "",
        "text": "one",
        "chat": None,
        "wa_message_id": None,
        "received_at": NOON.isoformat(),
        "media_url": None,
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
        "event_id": ids[0],
    }
    assert json.loads(json.dumps(found)) == found


def test_several_batches_are_read_as_one_each_message_once(vendors: Vendors, store: Store) -> None:
    ids = received(store, "one", "two", "three")
    found = read(started_by(batch(ids[1:]), batch(ids[:2])))
    assert [item["text"] for item in found["items"]] == ["one", "two", "three"]


def test_a_stored_file_stands_in_for_the_vendors_address(vendors: Vendors, store: Store) -> None:
    ids = received(store, "a picture", file="file:///media/1.png")
    assert read(event_ids=ids)["items"][0]["media_url"] == "file:///media/1.png"


def test_what_is_not_a_message_of_the_connection_is_left_out(vendors: Vendors, store: Store) -> None:
    others = received(store, "of another", conn_id="wuzapi_default")
    status = DeliveryStatus(vendor="wa_portal", message_id="M", state=DeliveryState.READ)
    store.events.add([NewEvent(conn_id="wa_portal_default", vendor="wa_portal", event=event(status, raw={}))])
    ids = received(store, "ours")
    found = read(started_by(batch(range(1, ids[-1] + 100)), batch(others, "wuzapi_default")))
    assert [item["text"] for item in found["items"]] == ["ours"]


@pytest.mark.parametrize(
    "context", [{}, {"triggering_asset_events": {}}, started_by(None, "text", {"event_ids": "1"}, {"other": 1})]
)
def test_a_run_that_no_message_started_reads_nothing(vendors: Vendors, store: Store, context: dict[str, Any]) -> None:
    received(store, "one")
    assert read(context) == {"count": 0, "cursor": None, "output": None, "items": []}


def test_ids_may_be_given_as_a_list_or_as_json(vendors: Vendors, store: Store) -> None:
    ids = received(store, "one", "two")
    given = read(started_by(batch(ids)), event_ids=ids[:1])
    assert given["count"] == 1, "in place of what started the run"
    assert read(event_ids=json.dumps(ids[:1])) == given
    assert read(event_ids=[])["count"] == 0


@pytest.mark.parametrize("event_ids", ["one", "5", 5, ["1"], [True], '{"event_ids": [1]}'])
def test_ids_that_are_none_fail_for_good(vendors: Vendors, store: Store, event_ids: Any) -> None:
    with pytest.raises(AirflowFailException, match="event_ids: expected a list of ids"):
        read(event_ids=event_ids)


def test_more_messages_than_an_xcom_holds_need_a_file(vendors: Vendors, store: Store, tmp_path: Path) -> None:
    last = store.events.last_id()
    messages = [InboxMessage(vendor="wa_portal", message_id=f"M-{n}", sender="1", text=str(n)) for n in range(1001)]
    store.events.add([NewEvent(conn_id="wa_portal_default", vendor="wa_portal", event=event(m)) for m in messages])
    ids = [found.id for found in store.events.after(last, 2000)]
    with pytest.raises(AirflowFailException, match="more than 1,000 items"):
        read(event_ids=ids)
    output = tmp_path / "messages.csv"
    found = read(event_ids=ids, output_path=str(output))
    assert (found["count"], found["items"], found["output"]) == (1001, None, str(output))
    with output.open() as rows:
        assert [int(row["event_id"]) for row in csv.DictReader(rows)] == ids
