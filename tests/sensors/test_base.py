# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.exceptions import AirflowRescheduleException
from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    AirflowTaskTimeout,
    TaskDeferred,
)
from helpers.waiting import Look, Scripted

from airflow_provider_wa.api.errors import SessionDown, Unauthorized, VendorUnavailable
from airflow_provider_wa.arguments import TRIGGERER_SECONDS
from airflow_provider_wa.sensors.base import WaSensor
from airflow_provider_wa.waiting.source import Found, NotYet

AWAY = VendorUnavailable("the vendor is away")
WAITS = NotYet("it is on its way")
HALF = NotYet("half of it", otherwise={"id": "half"})


class Waits(WaSensor):
    """A sensor whose trigger's looks come to what its script says."""

    def __init__(self, *, script: list[Look], **arguments: Any) -> None:
        super().__init__(**arguments)
        self._script = script
        self.made: list[Scripted] = []

    def trigger(self, context: Any, deadline: float) -> Scripted:
        self.made.append(Scripted(*self._script, deadline=deadline))
        return self.made[-1]

    def result(self, context: Any, found: Found) -> Any:
        return found["id"]


def waits(*script: Look, **arguments: Any) -> Waits:
    defaults = {"task_id": "wait", "wa_conn_id": "some_conn", "poke_interval": 0}
    return Waits(script=list(script), **{**defaults, **arguments})


class Rescheduled:
    """A task instance that was rescheduled for the first time so many seconds ago; None: never."""

    def __init__(self, seconds_ago: float | None) -> None:
        self.first = None if seconds_ago is None else datetime.now(timezone.utc) - timedelta(seconds=seconds_ago)

    def get_first_reschedule_date(self, context: Any) -> datetime | None:
        return self.first


def context(seconds_ago: float | None) -> Any:
    return {"ti": Rescheduled(seconds_ago)}


def test_poking_looks_until_it_is_there() -> None:
    sensor = waits(WAITS, AWAY, WAITS, {"id": 7}, timeout=60)
    assert sensor.execute({}) == 7
    (trigger,) = sensor.made
    assert len(trigger.looks) == 4, "one trigger for all pokes: it remembers what it has seen"


def test_execution_timeout_ends_a_wait_in_the_triggerer() -> None:
    """Airflow counts it from the first start, in the same try; 3.1 counts from the last deferral."""
    began = datetime.now(timezone.utc) - timedelta(seconds=40)
    sensor = waits(WAITS, timeout=3600, deferrable=True, execution_timeout=timedelta(seconds=50))
    with pytest.raises(TaskDeferred) as deferred:
        sensor.execute({"ti": SimpleNamespace(start_date=began)})
    ends = began.timestamp() + 50
    assert deferred.value.kwargs == {"ends": ends}
    assert deferred.value.trigger.deadline == ends
    assert 10 < deferred.value.timeout.total_seconds() < 10 + TRIGGERER_SECONDS
    event = {"status": "timeout", "message": "not in time"}
    with pytest.raises(AirflowTaskTimeout, match="execution_timeout: not in time"):
        sensor.resume_execution("execute_complete", {"event": event, "ends": ends - 20}, {})
    with pytest.raises(AirflowSensorTimeout):
        sensor.resume_execution("execute_complete", {"event": event, "ends": ends}, {})
    assert sensor.resume_execution("execute_complete", {"event": {"status": "success", "id": 7}, "ends": 0.0}, {}) == 7


def test_without_its_event_it_waits_again() -> None:
    """``airflow dags test`` beside a triggerer: one of the two has taken the event."""
    sensor = waits({"id": 7}, deferrable=True)
    assert sensor.resume_execution("execute_complete", {}, {}) == 7


@pytest.mark.parametrize(("soft_fail", "error"), [(False, AirflowSensorTimeout), (True, AirflowSkipException)])
def test_a_timeout_is_the_sensors_own_or_a_skip(soft_fail: bool, error: type[Exception]) -> None:
    with pytest.raises(error):
        waits(WAITS, timeout=0, soft_fail=soft_fail).execute({})
    with pytest.raises(error):
        waits(WAITS, timeout=60, soft_fail=soft_fail, mode="reschedule").execute(context(61))
    event = {"status": "timeout", "message": "not in time"}
    deferred = waits(WAITS, soft_fail=soft_fail, deferrable=True)
    with pytest.raises(error):
        deferred.resume_execution("execute_complete", {"event": event}, {})


def test_rescheduling_gives_the_slot_free_until_the_next_poke() -> None:
    with pytest.raises(AirflowRescheduleException) as rescheduled:
        waits(WAITS, timeout=3600, mode="reschedule", poke_interval=120).execute(context(None))
    left = rescheduled.value.reschedule_date - datetime.now(timezone.utc)
    assert 110 < left.total_seconds() <= 120
    assert waits({"id": 7}, timeout=3600, mode="reschedule").execute(context(600)) == 7


@pytest.mark.parametrize(("mode", "waited"), [("poke", 0.0), ("reschedule", 600.0)])
def test_the_deadline_counts_from_the_first_poke(mode: str, waited: float) -> None:
    sensor = waits({"id": 7}, timeout=3600, mode=mode)
    sensor.poke(context(600))
    ends = datetime.now(timezone.utc).timestamp() + 3600 - waited
    assert sensor.made[0].deadline == pytest.approx(ends, abs=5)


@pytest.mark.parametrize("script", [[HALF], [HALF, AWAY], [HALF, WAITS, AWAY]])
def test_when_time_is_up_what_there_is_is_made_do_with(script: list[Look]) -> None:
    sensor = waits(*script, timeout=0)
    for _ in script[:-1]:
        sensor._trigger_for({}).deadline = float("inf")
        assert not sensor.poke({}).is_done
    sensor._trigger_for({}).deadline = 0.0
    assert sensor.poke({}).xcom_value == "half"


def test_a_timeout_of_no_seconds_makes_do_with_what_there_is() -> None:
    assert waits(HALF, timeout=0).execute({}) == "half"
    assert waits(HALF, timeout=60, mode="reschedule").execute(context(61)) == "half"


def test_failures_that_might_pass_are_waited_out_so_many_in_a_row() -> None:
    down = SessionDown("logged out")
    assert waits(AWAY, down, WAITS, AWAY, AWAY, {"id": 7}, timeout=60, max_failures=2).execute({}) == 7
    with pytest.raises(VendorUnavailable):
        waits(WAITS, AWAY, timeout=60, max_failures=2).execute({})


def test_what_waiting_does_not_mend_fails_the_task_for_good() -> None:
    for deferrable in (False, True):
        with pytest.raises(AirflowFailException, match="Unauthorized: the token was refused"):
            waits(Unauthorized("the token was refused"), deferrable=deferrable).execute({})


def test_deferring_looks_once_and_hands_over() -> None:
    assert waits({"id": 7}, deferrable=True).execute({}) == 7
    sensor = waits(WAITS, deferrable=True)
    with pytest.raises(TaskDeferred) as deferred:
        sensor.execute({})
    assert deferred.value.trigger is sensor.made[0]
    assert len(sensor.made[0].looks) == 1
    assert deferred.value.method_name == "execute_complete"
    assert deferred.value.timeout is None, "a time-out of Airflow's would bypass the sensor"


def test_the_triggers_event_is_the_result_or_the_failure() -> None:
    sensor = waits(deferrable=True)
    assert sensor.execute_complete({}, {"status": "success", "id": 7}) == 7
    with pytest.raises(AirflowFailException, match="refused"):
        sensor.execute_complete({}, {"status": "error", "message": "refused", "retry": False})
    with pytest.raises(AirflowException, match="away") as passing:
        sensor.execute_complete({}, {"status": "error", "message": "away", "retry": True})
    assert not isinstance(passing.value, AirflowFailException), "Airflow is to retry it"


def test_a_failure_is_a_skip_with_soft_fail() -> None:
    event = {"status": "error", "message": "refused", "retry": False}
    with pytest.raises(AirflowSkipException):
        waits(deferrable=True, soft_fail=True).resume_execution("execute_complete", {"event": event}, {})


def test_a_further_run_in_the_same_process_starts_anew() -> None:
    sensor = waits({"id": 7}, timeout=60)
    sensor.execute({})
    sensor.execute({})
    assert len(sensor.made) == 2


def test_a_sensor_is_what_airflow_takes_for_one() -> None:
    assert Waits.template_fields == ("wa_conn_id",)
    assert waits(WAITS, max_failures=3).max_failures == 3
