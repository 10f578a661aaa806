# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
import logging
import re
import time
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    TaskDeferred,
)
from helpers.vendors import Vendors

from airflow_provider_wa.hooks.wuzapi import WuzApiHook
from airflow_provider_wa.sensors.session import WaSessionSensor
from airflow_provider_wa.triggers.session import WaSessionTrigger

pytestmark = pytest.mark.sockets

WITH_SESSION = ("wuzapi", "wa_portal", "green_api")


def sensor(conn_id: str = "wuzapi_default", **arguments: Any) -> WaSessionSensor:
    defaults = {"task_id": "wait", "poke_interval": 0.05, "timeout": 5}
    return WaSessionSensor(wa_conn_id=conn_id, **{**defaults, **arguments})


def log_out(vendors: Vendors, vendor: str) -> None:
    vendors.state.log_out(vendor)


@pytest.mark.parametrize("conn_type", WITH_SESSION)
@pytest.mark.parametrize("deferrable", [False, True])
def test_a_session_that_is_logged_in_is_returned_at_once(vendors: Vendors, conn_type: str, deferrable: bool) -> None:
    session = sensor(f"{conn_type}_default", deferrable=deferrable).execute({})
    assert (session["vendor"], session["state"]) == (conn_type, "logged_in")


@pytest.mark.parametrize("conn_type", WITH_SESSION)
def test_poking_waits_for_the_scan(vendors: Vendors, conn_type: str) -> None:
    log_out(vendors, conn_type)
    asked = sensor(f"{conn_type}_default")
    assert not asked.poke({}).is_done
    vendors.control("scan", vendor=conn_type)
    assert asked.execute({})["state"] == "logged_in"


@pytest.mark.parametrize("conn_type", WITH_SESSION)
def test_deferring_hands_the_wait_and_its_deadline_to_the_trigger(vendors: Vendors, conn_type: str) -> None:
    log_out(vendors, conn_type)
    waiting = sensor(f"{conn_type}_default", deferrable=True, poke_interval=7, timeout=100)
    with pytest.raises(TaskDeferred) as deferred:
        waiting.execute({})
    trigger = deferred.value.trigger
    assert isinstance(trigger, WaSessionTrigger)
    assert (trigger.wa_conn_id, trigger.poll_interval) == (f"{conn_type}_default", 7)
    assert trigger.deadline == pytest.approx(time.time() + 100, abs=5)
    assert deferred.value.method_name == "execute_complete"


def test_the_whole_deferred_way(vendors: Vendors) -> None:
    log_out(vendors, "wuzapi")
    WuzApiHook().connect()
    waiting = sensor(deferrable=True)
    with pytest.raises(TaskDeferred) as deferred:
        waiting.execute({})

    async def in_the_triggerer() -> Any:
        events = deferred.value.trigger.run()
        event = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0.12)
        assert not event.done()
        vendors.state.scan("wuzapi")
        return (await event).payload

    assert waiting.execute_complete({}, asyncio.run(in_the_triggerer()))["state"] == "logged_in"


def test_a_timeout_is_the_sensors_own(vendors: Vendors) -> None:
    log_out(vendors, "wa_portal")
    with pytest.raises(AirflowSensorTimeout):
        sensor("wa_portal_default", timeout=0.1).execute({})
    with pytest.raises(AirflowSensorTimeout, match="not in time"):
        sensor().execute_complete({}, {"status": "timeout", "message": "not in time"})
    with pytest.raises(AirflowSkipException):
        sensor("wa_portal_default", timeout=0.1, soft_fail=True).execute({})


def test_a_deferred_timeout_is_a_skip_with_soft_fail() -> None:
    event = {"status": "timeout", "message": "not in time"}
    with pytest.raises(AirflowSkipException):
        sensor(soft_fail=True, deferrable=True).resume_execution("execute_complete", {"event": event}, {})


def test_what_waiting_does_not_mend_fails_for_good(vendors: Vendors) -> None:
    conn_id = vendors.connect("wuzapi", "mistyped", password="very-wrong-token")
    for deferrable in (False, True):
        with pytest.raises(AirflowFailException, match="Unauthorized"):
            sensor(conn_id, deferrable=deferrable).execute({})
    with pytest.raises(AirflowFailException, match="connection types that can: green_api, wa_portal, wuzapi"):
        sensor("accuauth_default").execute({})
    with pytest.raises(AirflowFailException, match="token was refused"):
        sensor().execute_complete({}, {"status": "error", "message": "the token was refused"})


def test_a_vendor_that_is_away_for_a_while_is_waited_for(vendors: Vendors) -> None:
    vendors.control("faults", vendor="green_api", kind="server_error", status=503, times=4)
    asked = sensor("green_api_default")
    assert not asked.poke({}).is_done
    assert asked.poke({}).is_done


def test_deferring_follows_airflows_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sensor().deferrable is False
    monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", "True")
    assert sensor().deferrable is True
    assert sensor(deferrable=False).deferrable is False


def test_the_log_says_until_when_it_waits_and_who_is_logged_in(
    vendors: Vendors, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("INFO", "the task")
    monkeypatch.setattr(WaSessionSensor, "log", logging.getLogger("the task"))
    session = sensor(timeout=60).execute({})
    lines = [record.getMessage() for record in caplog.records if record.name == "the task"]
    waiting, logged_in = (line for line in lines if line.startswith("Connection "))
    assert re.fullmatch(r"Connection wuzapi_default: waiting until 20\S+ \S+\+00:00 at the latest", waiting)
    assert logged_in.startswith("Connection wuzapi_default: logged in as ")
    assert session["jid"] in logged_in
