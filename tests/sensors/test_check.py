# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSensorTimeout, TaskDeferred
from helpers.vendors import Vendors
from helpers.waiting import event_of

from airflow_provider_wa.sensors.check import WaPendingCheckSensor

pytestmark = pytest.mark.sockets


def sensor(number: Any, **arguments: Any) -> WaPendingCheckSensor:
    defaults = {"task_id": "wait", "wa_conn_id": "accuauth_default", "poke_interval": 0.05, "timeout": 10}
    return WaPendingCheckSensor(number=number, **{**defaults, **arguments})


def test_a_pending_check_is_asked_for_until_it_is_answered(vendors: Vendors) -> None:
    check = sensor("+51 999 888 701").execute({})
    assert (check["number"], check["status"]) == ("51999888701", "exists")
    assert check["signature"] == "Hello world"
    assert vendors.state.ledger.requests["accuauth"] == 3


def test_the_whole_deferred_way(vendors: Vendors) -> None:
    waiting = sensor("999 888 701", deferrable=True, default_region="pe")
    with pytest.raises(TaskDeferred) as deferred:
        waiting.execute({})
    event = asyncio.run(event_of(deferred.value.trigger))
    assert waiting.execute_complete({}, event)["status"] == "exists"


def test_a_number_without_country_code_is_of_the_connections_country(vendors: Vendors) -> None:
    vendors.connect("accuauth", "peru", extra={"default_region": "PE"})
    assert sensor(999888710, wa_conn_id="peru").execute({})["number"] == "51999888710"


def test_a_check_that_stays_pending_is_a_timeout(vendors: Vendors) -> None:
    with pytest.raises(AirflowSensorTimeout):
        sensor("+51999888704", timeout=0.2).execute({})


def test_a_vendor_is_left_in_peace_for_some_25_seconds_by_default() -> None:
    assert WaPendingCheckSensor(task_id="wait", wa_conn_id="c", number="1").poke_interval == 25


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"number": "nobody"}, "not a phone number"),
        ({"number": "+51999888701", "default_region": "Peru"}, "default_region: 'PERU' is not a country"),
        ({"number": "+34666666610", "wa_conn_id": "checkwa_default"}, "can: accuauth"),
    ],
)
def test_a_mistake_fails_for_good_before_any_call(vendors: Vendors, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(AirflowFailException, match=message):
        sensor(**arguments).execute({})
    assert not any(vendors.ledger()["requests"].values())
