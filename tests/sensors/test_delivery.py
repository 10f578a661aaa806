# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSensorTimeout, TaskDeferred
from helpers.vendors import Vendors
from helpers.waiting import event_of
from store.samples import delivered

from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.sensors.delivery import WaDeliverySensor
from airflow_provider_wa.store.store import Store

pytestmark = pytest.mark.sockets

ANA, NEVER = "34666666610", "34666666606"


def sensor(message_id: Any, conn_id: str = "wa_portal_default", **arguments: Any) -> WaDeliverySensor:
    defaults = {"task_id": "wait", "poke_interval": 0.05, "timeout": 10}
    return WaDeliverySensor(wa_conn_id=conn_id, message_id=message_id, **{**defaults, **arguments})


def send(conn_type: str, to: str) -> dict[str, Any]:
    """What ``WaSendMessageOperator`` returns."""
    return WaHook.for_connection(f"{conn_type}_default").send(to, "hello").to_dict()


@pytest.mark.parametrize("conn_type", ["wa_portal", "green_api"])
def test_a_message_is_waited_for_at_the_vendor(vendors: Vendors, conn_type: str) -> None:
    sent = send(conn_type, ANA)
    found = sensor(sent, f"{conn_type}_default").execute({})
    assert found == {"message_id": sent["message_id"], "to": sent["to"], "state": "delivered"}


def test_an_id_alone_will_do(vendors: Vendors) -> None:
    sent = send("wa_portal", ANA)
    assert sensor(sent["message_id"]).execute({}) == {
        "message_id": sent["message_id"],
        "to": None,
        "state": "delivered",
    }


def test_the_whole_deferred_way_with_what_the_receiver_was_told(vendors: Vendors, airflow_store: Store) -> None:
    waiting = sensor(["a", "b"], "wuzapi_default", wait_for="read", deferrable=True)
    with pytest.raises(TaskDeferred) as deferred:
        waiting.execute({})
    airflow_store.events.add([delivered(each, "read", conn_id="wuzapi_default") for each in "ab"])
    found = waiting.execute_complete({}, asyncio.run(event_of(deferred.value.trigger)))
    assert (found["total"], found["read"], found["undelivered"]) == (2, 2, [])


def test_a_message_that_failed_fails_the_task(vendors: Vendors, airflow_store: Store) -> None:
    airflow_store.events.add([delivered("a", "failed", conn_id="wuzapi_default")])
    with pytest.raises(AirflowFailException, match="message a has failed"):
        sensor("a", "wuzapi_default").execute({})


def test_of_a_list_those_that_failed_are_told(vendors: Vendors, airflow_store: Store) -> None:
    news = [delivered("a", "failed", conn_id="wuzapi_default"), delivered("b", "read", conn_id="wuzapi_default")]
    airflow_store.events.add(news)
    found = sensor([{"message_id": "a", "to": ANA}, "b"], "wuzapi_default").execute({})
    assert found == {
        "total": 2,
        **dict.fromkeys(("accepted", "sent", "delivered", "unknown"), 0),
        "read": 1,
        "failed": 1,
        "undelivered": [{"message_id": "a", "to": ANA, "state": "failed"}],
    }


def test_a_message_that_does_not_arrive_is_a_timeout(vendors: Vendors) -> None:
    with pytest.raises(AirflowSensorTimeout):
        sensor(send("wa_portal", NEVER), timeout=0.3).execute({})


@pytest.mark.parametrize("deferrable", [False, True])
def test_who_cannot_be_reached_is_told_when_a_timeout_is_no_failure(vendors: Vendors, deferrable: bool) -> None:
    sent = [send("wa_portal", to) for to in (ANA, NEVER)]
    waiting = sensor(sent, timeout=0.6, fail_on_timeout=False, deferrable=deferrable)
    if deferrable:
        with pytest.raises(TaskDeferred) as deferred:
            waiting.execute({})
        found = waiting.execute_complete({}, asyncio.run(event_of(deferred.value.trigger)))
    else:
        found = waiting.execute({})
    assert found["delivered"] == 1
    assert [row["to"] for row in found["undelivered"]] == [NEVER]


def test_what_was_seen_is_not_asked_for_at_each_poke(vendors: Vendors) -> None:
    waiting = sensor([send("wa_portal", to) for to in (ANA, NEVER)], timeout=60)
    while waiting._trigger is None or "delivered" not in waiting._trigger.progress.states.values():  # type: ignore[attr-defined]
        waiting.poke({})
    before = vendors.state.ledger.requests["wa_portal"]
    waiting.poke({})
    assert vendors.state.ledger.requests["wa_portal"] == before + 1


SOURCES = {
    ("wa_portal", "auto"): (True, True),
    ("green_api", "auto"): (True, True),
    ("wuzapi", "auto"): (True, False),
    ("wa_portal", "vendor"): (False, True),
    ("wa_portal", "store"): (True, False),
    ("green_api", "store"): (True, False),
    ("wuzapi", "store"): (True, False),
}


@pytest.mark.parametrize(("conn_type", "source"), SOURCES)
def test_who_tells(vendors: Vendors, conn_type: str, source: str) -> None:
    trigger = sensor("m", f"{conn_type}_default", source=source).trigger({}, 0.0)
    assert (trigger.from_store, trigger.ask_vendor) == SOURCES[conn_type, source]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"message_id": []}, "message_id: 0 messages; expected 1 to 1,000"),
        ({"message_id": 7}, "expected an id or a list"),
        ({"message_id": [""]}, "message_id: not a message id"),
        ({"message_id": [str(number) for number in range(1001)]}, "message_id: 1,001 messages; expected 1 to 1,000"),
        ({"message_id": "m", "wait_for": "sent"}, "wait_for: unknown value 'sent'; expected delivered or read"),
        ({"message_id": "m", "source": "me"}, "source: unknown value 'me'; expected"),
        ({"message_id": "m", "conn_id": "wuzapi_default", "source": "vendor"}, "can: green_api, wa_portal"),
        ({"message_id": "m", "conn_id": "accuauth_default"}, "cannot send messages"),
        ({"message_id": "m", "conn_id": "checkwa_default", "source": "store"}, "cannot send messages"),
    ],
)
def test_a_mistake_fails_for_good_before_any_call(
    vendors: Vendors, airflow_store: Store, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(AirflowFailException, match=message):
        sensor(**arguments).execute({})
    assert not any(vendors.ledger()["requests"].values())


def test_the_results_of_a_mapped_task_are_a_list(vendors: Vendors) -> None:
    class Lazy(Sequence[Any]):
        """XComs, each of which is fetched by a call, unless a slice asks for all."""

        def __len__(self) -> int:
            return 1

        def __getitem__(self, place: Any) -> Any:
            assert isinstance(place, slice), "one call for each"
            return sent

    sent = [send("wa_portal", ANA)]
    waiting = sensor("to be rendered")
    waiting.message_id = Lazy()
    assert waiting.execute({})["delivered"] == 1
