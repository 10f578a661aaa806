# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSensorTimeout, TaskDeferred
from helpers.vendors import Vendors
from helpers.waiting import call_back, event_of
from store.samples import checked, pending

from airflow_provider_wa.sensors.callback import WaCallbackSensor
from airflow_provider_wa.store.store import Store


def sensor(**arguments: Any) -> WaCallbackSensor:
    defaults = {"task_id": "wait", "wa_conn_id": "checkwa_default", "poke_interval": 0.05, "timeout": 10}
    return WaCallbackSensor(**{**defaults, **arguments})


def deferred_way(waiting: WaCallbackSensor, *news: Any, store: Store) -> Any:
    """The result of a sensor that is deferred, with these callbacks after a while."""
    with pytest.raises(TaskDeferred) as deferred:
        waiting.execute({})

    async def in_the_triggerer() -> dict[str, Any]:
        event = asyncio.create_task(event_of(deferred.value.trigger))
        await asyncio.sleep(0.4)
        store.events.add(news)
        return await event

    return waiting.execute_complete({}, asyncio.run(in_the_triggerer()))


def test_the_callback_is_returned(airflow_store: Store) -> None:
    airflow_store.events.add([call_back("r", jid="34666666610@s.whatsapp.net", has_picture=False)])
    assert sensor(reference="r").execute({}) == {
        "vendor": "checkwa",
        "number": "34666666610",
        "status": "exists",
        "jid": "34666666610@s.whatsapp.net",
        "detail": "",
        "reference": "r",
        "has_picture": False,
        "picture": None,
    }


def test_the_first_callback_is_returned_with_the_picture_of_any(airflow_store: Store) -> None:
    airflow_store.events.add([call_back("r", has_picture=True), call_back("r", has_picture=True, picture=True)])
    result = sensor(reference="r", wait_for_picture=True).execute({})
    assert result["picture"] == "file:///pictures/r.png"


def test_a_picture_that_does_not_come_keeps_nobody_from_the_answer(airflow_store: Store) -> None:
    airflow_store.events.add([call_back("r", has_picture=True)])
    result = sensor(reference="r", wait_for_picture=True, timeout=0).execute({})
    assert (result["status"], result["picture"]) == ("exists", None)


def test_no_callback_is_a_timeout(airflow_store: Store) -> None:
    with pytest.raises(AirflowSensorTimeout):
        sensor(reference="r", timeout=0).execute({})


@pytest.mark.sockets
def test_the_whole_deferred_way(airflow_store: Store) -> None:
    result = deferred_way(sensor(reference="r", deferrable=True), call_back("r"), store=airflow_store)
    assert (result["reference"], result["status"]) == ("r", "exists")


@pytest.mark.sockets
@pytest.mark.parametrize("deferrable", [False, True])
def test_a_batch_is_counted_when_all_of_it_is_answered(
    vendors: Vendors, airflow_store: Store, deferrable: bool
) -> None:
    rows = [pending(1), checked(2, "absent"), checked(3, "invalid"), pending(4)]
    airflow_store.checks.put("b", "checkwa_default", rows)
    waiting = sensor(batch="b", deferrable=deferrable)
    answers = [call_back("ref-1"), call_back("ref-4", "unknown")]
    if deferrable:
        result = deferred_way(waiting, *answers, store=airflow_store)
    else:
        assert not waiting.poke({}).is_done
        airflow_store.events.add(answers)
        result = waiting.execute({})
    counts = {"exists": 1, "absent": 1, "pending": 0, "unknown": 1, "invalid": 1}
    assert result == {"batch": "b", "total": 4, **counts}


@pytest.mark.sockets
def test_a_batch_of_which_nothing_was_left_pending_is_done(vendors: Vendors, airflow_store: Store) -> None:
    airflow_store.checks.put("b", "checkwa_default", [checked(1, "exists")])
    assert sensor(batch="b").execute({})["total"] == 1


@pytest.mark.sockets
def test_a_batch_that_is_not_in_the_store_is_not_one_that_is_done(vendors: Vendors, airflow_store: Store) -> None:
    with pytest.raises(
        AirflowFailException, match="batch: 'nothing' is not in the store; expected that of a bulk check"
    ):
        sensor(batch="nothing").execute({})
    with pytest.raises(AirflowFailException, match="batch: 'nothing' is not in the store"):
        sensor(batch="nothing").execute_complete({}, {"status": "success"})


@pytest.mark.sockets
def test_a_number_whose_other_form_nobody_asked_for_is_not_absent(vendors: Vendors, airflow_store: Store) -> None:
    airflow_store.checks.put("b", "checkwa_default", [pending(1, "r")])
    mexican = checked(2, "absent", number="+525512345607", reference="r2")
    airflow_store.checks.put("b", "checkwa_default", [checked(1, "absent", reference="r"), mexican])
    result = sensor(batch="b").execute({})
    assert (result["absent"], result["unknown"]) == (1, 1)


@pytest.mark.parametrize("arguments", [{}, {"reference": "r", "batch": "b"}, {"reference": "", "batch": None}])
def test_one_check_or_a_batch_is_waited_for(airflow_store: Store, arguments: dict[str, Any]) -> None:
    with pytest.raises(AirflowFailException, match="reference, batch: expected one of the two"):
        sensor(**arguments).execute({})


def test_references_and_batches_are_templates() -> None:
    assert {"reference", "batch", "wa_conn_id"} <= set(WaCallbackSensor.template_fields)
