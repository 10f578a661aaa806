# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from helpers.vendors import Vendors
from helpers.waiting import call_back, event_of, queries
from store.samples import checked, pending

from airflow_provider_wa.store.checks import CheckRow
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.triggers.check import WaBatchCheckTrigger, WaPendingCheckTrigger

pytestmark = pytest.mark.sockets

FAST = 0.05


def one(number: str, seconds: float = 10.0, conn_id: str = "accuauth_default") -> WaPendingCheckTrigger:
    return WaPendingCheckTrigger(conn_id, FAST, time.time() + seconds, number=number)


def batch(conn_id: str, seconds: float = 10.0, name: str = "b", **more: Any) -> WaBatchCheckTrigger:
    return WaBatchCheckTrigger(conn_id, FAST, time.time() + seconds, **{"max_failures": 2, "batch": name, **more})


def peruvian(row: int, ending: str) -> CheckRow:
    number = f"+51999{row:04d}{ending}"
    return checked(row, "pending", input=number, number=number, reference=f"TID{row}")


def statuses(store: Store, name: str = "b") -> list[str]:
    return [row.status for row in store.checks.rows(name)]


async def test_a_number_is_asked_for_until_it_is_no_longer_pending(vendors: Vendors) -> None:
    event = await event_of(one("+51999888701"))
    assert (event["status"], event["check"]["status"]) == ("success", "exists")
    assert event["check"]["number"] == "51999888701"
    assert "raw" not in event["check"]
    assert vendors.state.ledger.requests["accuauth"] == 3, "pending twice"


async def test_a_number_that_stays_pending_ends_with_the_deadline(vendors: Vendors) -> None:
    event = await event_of(one("+51999888704", seconds=0.3))
    assert event["status"] == "timeout"
    assert "still pending" in event["message"]


async def test_a_vendor_that_calls_back_is_not_asked_again(vendors: Vendors) -> None:
    event = await event_of(one("+34666666610", conn_id="checkwa_default"))
    assert (event["status"], event["retry"]) == ("error", False)
    assert "UnsupportedByVendor" in event["message"]
    assert not vendors.state.ledger.requests["checkwa"]


async def test_a_batch_is_asked_for_again_and_answers_are_stored(vendors: Vendors, airflow_store: Store) -> None:
    rows = [peruvian(1, "01"), checked(2, "absent"), peruvian(3, "00"), peruvian(4, "01")]
    airflow_store.checks.put("b", "accuauth_default", rows)
    assert await event_of(batch("accuauth_default", carry={"x": 1})) == {"status": "success", "carry": {"x": 1}}
    found = list(airflow_store.checks.rows("b"))
    assert [row.status for row in found] == ["exists", "absent", "absent", "exists"]
    assert [row.input for row in found] == [row.input for row in rows]
    assert found[0].jid == "51999000101@s.whatsapp.net"
    assert found[0].checked_at > rows[0].checked_at
    assert vendors.state.ledger.requests["accuauth"] == 3 + 1 + 3, "each until it is answered, and no longer"


async def test_the_second_part_of_a_batch_is_waited_for_as_well(vendors: Vendors, airflow_store: Store) -> None:
    airflow_store.checks.put("b", "accuauth_default", [peruvian(1, "01")._replace(form=1)])
    assert (await event_of(batch("accuauth_default")))["status"] == "success"
    assert [row.status for row in airflow_store.checks.rows("b", form=1)] == ["exists"]


async def test_a_number_that_stays_pending_keeps_no_answer_from_the_others(
    vendors: Vendors, airflow_store: Store
) -> None:
    airflow_store.checks.put("b", "accuauth_default", [peruvian(1, "04"), peruvian(2, "10")])
    event = await event_of(batch("accuauth_default", seconds=0.5))
    assert event["status"] == "timeout"
    assert "1 of 2 checks are pending" in event["message"]
    assert event["carry"] == {}
    assert statuses(airflow_store) == ["pending", "exists"]


async def test_a_number_that_is_refused_is_unknown_and_the_others_are_waited_for(
    vendors: Vendors, airflow_store: Store
) -> None:
    foreign = checked(2, "pending", number="+34666666610", reference="TID2")
    airflow_store.checks.put("b", "accuauth_default", [peruvian(1, "01"), foreign])
    assert (await event_of(batch("accuauth_default")))["status"] == "success"
    one, other = airflow_store.checks.rows("b")
    assert (one.status, other.status) == ("exists", "unknown")
    assert other.detail.startswith("BadInput")


async def test_more_rows_than_are_held_at_once(
    vendors: Vendors, airflow_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airflow_provider_wa.waiting.pending_checks.ROWS_AT_ONCE", 3)
    airflow_store.checks.put("b", "accuauth_default", [peruvian(row, "10") for row in range(1, 11)])
    assert (await event_of(batch("accuauth_default")))["status"] == "success"
    assert statuses(airflow_store) == ["exists"] * 10
    assert vendors.state.ledger.requests["accuauth"] == 10


async def test_some_that_fail_are_asked_for_again(vendors: Vendors, airflow_store: Store) -> None:
    conn_id = vendors.connect("accuauth", "single", extra={"concurrency": 1})
    airflow_store.checks.put("b", conn_id, [peruvian(1, "10"), peruvian(2, "04"), peruvian(3, "10")])
    vendors.control("faults", vendor="accuauth", kind="html", status=200, times=1)
    event = await event_of(batch(conn_id, seconds=1.0, max_failures=0))
    assert event["status"] == "timeout", "one failure among answers is no failed look"
    assert statuses(airflow_store) == ["exists", "pending", "exists"]


async def test_a_vendor_that_is_away_fails_the_look_and_is_not_asked_for_each_row(
    vendors: Vendors, airflow_store: Store
) -> None:
    airflow_store.checks.put("b", "accuauth_default", [peruvian(row, "10") for row in range(1, 101)])
    vendors.control("faults", vendor="accuauth", kind="html", status=200)
    event = await event_of(batch("accuauth_default"))
    assert event["status"] == "error"
    assert vendors.state.ledger.requests["accuauth"] < 40
    assert statuses(airflow_store) == ["pending"] * 100


async def test_an_error_that_stops_all_keeps_what_was_answered(vendors: Vendors, airflow_store: Store) -> None:
    conn_id = vendors.connect("accuauth", "single", extra={"concurrency": 1})
    airflow_store.checks.put("b", conn_id, [peruvian(row, "10") for row in range(1, 6)])
    vendors.control("quota", vendor="accuauth", left=2)
    event = await event_of(batch(conn_id))
    assert (event["status"], event["retry"]) == ("error", False)
    assert event["message"].startswith("QuotaExceeded")
    assert statuses(airflow_store) == ["exists", "exists", "pending", "pending", "pending"]


async def test_a_deadline_within_a_look_keeps_what_was_answered(
    vendors: Vendors, airflow_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airflow_provider_wa.waiting.trigger.LAST_LOOK", 0.0)
    conn_id = vendors.connect("accuauth", "single", extra={"concurrency": 1})
    airflow_store.checks.put("b", conn_id, [peruvian(row, "10") for row in range(1, 101)])
    vendors.control("faults", vendor="accuauth", kind="latency", seconds=0.1)
    # All of them would take ten seconds, one after the other.
    assert (await event_of(batch(conn_id, seconds=2)))["status"] == "timeout"
    assert 0 < statuses(airflow_store).count("exists") < 40


async def test_callbacks_end_the_wait_for_a_batch(vendors: Vendors, airflow_store: Store) -> None:
    airflow_store.checks.put("b", "checkwa_default", [pending(1), pending(2)])
    waiting = asyncio.create_task(event_of(batch("checkwa_default")))
    await asyncio.sleep(0.5)
    airflow_store.events.add([call_back("ref-1")])
    await asyncio.sleep(0.5)
    assert not waiting.done()
    airflow_store.events.add([call_back("ref-2", "absent")])
    assert (await waiting)["status"] == "success"
    assert statuses(airflow_store) == ["exists", "absent"]
    assert not vendors.state.ledger.requests["checkwa"], "asking again would cost another credit"


async def test_a_batch_that_is_answered_already_ends_at_once(vendors: Vendors, airflow_store: Store) -> None:
    airflow_store.checks.put("b", "checkwa_default", [checked(1), checked(2, "absent")])
    assert (await event_of(batch("checkwa_default", seconds=-3600)))["status"] == "success"


async def test_many_batches_share_their_queries(vendors: Vendors, airflow_store: Store) -> None:
    names = [f"b{number}" for number in range(100)]
    for name in names:
        airflow_store.checks.put(name, "checkwa_default", [pending(1, f"{name}-1"), pending(2, f"{name}-2")])
    waiting = [asyncio.create_task(event_of(batch("checkwa_default", name=name))) for name in names]
    await asyncio.sleep(1.5)
    with queries(airflow_store) as asked:
        airflow_store.events.add([call_back(f"{name}-1") for name in names])
        await asyncio.sleep(1.5)
        counted = [query for query in asked if "wa_checks" in query]
        assert len(counted) == 1
        airflow_store.events.add([call_back(f"{name}-2") for name in names])
        assert {event["status"] for event in await asyncio.gather(*waiting)} == {"success"}
