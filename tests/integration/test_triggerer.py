# SPDX-License-Identifier: Apache-2.0
"""A hundred waits in a real triggerer that is killed in the middle: every wait ends, nothing is lost or doubled.

``dag.test()`` would prove little here: it lets triggers touch Airflow's database, which a triggerer forbids.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from helpers.airflow_processes import Airflow, running_airflow

from airflow_provider_wa.api.records import CheckResult, CheckStatus, DeliveryState, DeliveryStatus
from airflow_provider_wa.api.webhooks import Event, EventKind
from airflow_provider_wa.sandbox.server import Running, serve_in_thread
from airflow_provider_wa.sandbox.wa_portal import protocol as wa_portal
from airflow_provider_wa.sandbox.wuzapi import protocol as wuzapi
from airflow_provider_wa.store.event_rows import NewEvent
from airflow_provider_wa.store.store import Store

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

CALLBACKS, DELIVERIES, SESSIONS = 60, 30, 10
WAITS = CALLBACKS + DELIVERIES + SESSIONS

HAND_OVER_SECONDS, WATCHED_SECONDS, POKE_INTERVAL = 8, 10, 0.5
"""Twenty looks of each wait are watched."""

DAG = f"""
from airflow.sdk import DAG
from airflow_provider_wa.sensors.callback import WaCallbackSensor
from airflow_provider_wa.sensors.delivery import WaDeliverySensor
from airflow_provider_wa.sensors.session import WaSessionSensor

with DAG("waits", schedule=None) as dag:
    wait = {{"poke_interval": {POKE_INTERVAL}, "timeout": 900, "deferrable": True}}
    WaCallbackSensor.partial(task_id="callback", wa_conn_id="wuzapi_default", **wait).expand(
        reference=[f"token-{{n}}" for n in range({CALLBACKS})]
    )
    WaDeliverySensor.partial(task_id="delivery", wa_conn_id="wuzapi_default", **wait).expand(
        message_id=[f"message-{{n}}" for n in range({DELIVERIES})]
    )
    WaSessionSensor.partial(task_id="session", **wait).expand(wa_conn_id=["wa_portal_default"] * {SESSIONS})
"""

IN_TIME = """
from datetime import timedelta
from airflow.sdk import DAG
from airflow_provider_wa.sensors.callback import WaCallbackSensor

with DAG("in_time", schedule=None) as dag:
    WaCallbackSensor(
        task_id="wait", wa_conn_id="wuzapi_default", reference="never", timeout=900, deferrable=True,
        poke_interval=1, execution_timeout=timedelta(seconds=20),
    )
"""
"""Airflow by itself keeps to ``execution_timeout`` in workers only: this would wait for fifteen minutes."""


def answer(store: Store, numbers: range) -> None:
    """What the receiver is told: a callback and a receipt for each of these."""
    news = []
    for n in numbers:
        checked = CheckResult(
            number=str(n), status=CheckStatus.EXISTS if n % 2 else CheckStatus.ABSENT, reference=f"token-{n}"
        )
        arrived = DeliveryStatus(message_id=f"message-{n}", state=DeliveryState.DELIVERED)
        news.append(Event(kind=EventKind.CHECK, record=checked, raw={}))
        if n < DELIVERIES:
            news.append(Event(kind=EventKind.DELIVERY, record=arrived, raw={}))
    # Each one again: vendors repeat what was not acknowledged in time.
    store.events.add([NewEvent(conn_id="wuzapi_default", vendor="wuzapi", event=event) for event in news * 2])


def connection(running: Running, conn_type: str, path: str, password: str) -> str:
    return json.dumps({"conn_type": conn_type, "host": f"{running.url}/{path}", "password": password})


def done(airflow: Airflow) -> int:
    return airflow.states("waits")["success"]


def test_a_hundred_waits_survive_a_triggerer_that_is_killed(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/wa_store.db")
    with (
        serve_in_thread(delivery_seconds=0.05) as sandbox,
        running_airflow(
            tmp_path / "airflow",
            {"waits.py": DAG, "in_time.py": IN_TIME},
            AIRFLOW_CONN_WA_STORE_DEFAULT=json.dumps({"conn_type": "sqlite", "host": f"{tmp_path}/wa_store.db"}),
            AIRFLOW_CONN_WUZAPI_DEFAULT=connection(sandbox, "wuzapi", "wuzapi", wuzapi.TOKEN),
            AIRFLOW_CONN_WA_PORTAL_DEFAULT=connection(sandbox, "wa_portal", "portal", wa_portal.TOKEN),
        ) as airflow,
    ):
        sandbox.state.log_out("wa_portal")
        known = "SELECT count(*) FROM dag WHERE dag_id IN ('waits', 'in_time')"
        airflow.wait("the DAGs are known", lambda: airflow.query(known) == [(2,)], 120)
        airflow.run("dags", "trigger", "in_time")
        airflow.wait("the other task waits", lambda: airflow.states("in_time")["deferred"] == 1, 120)
        airflow.run("dags", "trigger", "waits")
        airflow.wait("all tasks wait", lambda: airflow.states("waits")["deferred"] == WAITS, 300)

        # While Airflow hands many triggers over it holds up its loop by itself, whatever they are.
        time.sleep(HAND_OVER_SECONDS)
        handed_over = len(airflow.log("triggerer"))
        time.sleep(WATCHED_SECONDS)
        assert "blocked" not in airflow.log("triggerer")[handed_over:]

        # Killed while some results are on their way, and more come while nobody is there to see them.
        answer(store, range(20))
        airflow.wait("the first ones are done", lambda: done(airflow) >= 3, 120)
        airflow.kill("triggerer")
        answer(store, range(20, 40))
        sandbox.state.scan("wa_portal")
        time.sleep(2)
        airflow.start("triggerer")
        answer(store, range(40, CALLBACKS))
        airflow.wait("every wait ends", lambda: done(airflow) == WAITS, 300)

        airflow.wait("execution_timeout ends a wait", lambda: airflow.states("in_time")["failed"] == 1, 120)
        logs = [path.read_text() for path in airflow.folder.glob("logs/dag_id=in_time/**/*.log")]
        assert "execution_timeout: no callback came in time" in "".join(logs)

        returned = airflow.returned("waits")
        assert len(returned) == WAITS
        for n in range(CALLBACKS):
            result = returned["callback", n]
            assert (result["reference"], result["status"]) == (f"token-{n}", "exists" if n % 2 else "absent")
        for n in range(DELIVERIES):
            assert returned["delivery", n] == {"message_id": f"message-{n}", "to": None, "state": "delivered"}
        assert all(returned["session", n]["state"] == "logged_in" for n in range(SESSIONS))
        assert airflow.query("SELECT max(try_number) FROM task_instance WHERE dag_id = 'waits'") == [(1,)]
        assert airflow.query("SELECT count(*) FROM trigger") == [(0,)]
        assert len(store.events.after(0, 1000)) == CALLBACKS + DELIVERIES
    store.close()
