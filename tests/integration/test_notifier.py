# SPDX-License-Identifier: Apache-2.0
"""The notifier on a real Airflow: tasks and DAG runs that fail, and a deadline that is missed."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from helpers.airflow_processes import BIN, migrated_database
from helpers.vendors import Vendors

from airflow_provider_wa.store.store import Store

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

DAGS = """
from __future__ import annotations
import pendulum
from airflow.sdk import DAG, task
from airflow_provider_wa.notifications.wa import WaNotifier

ON_CALL = {"wa_conn_id": "wa_portal_default", "to": "+12025550110"}
SHARED = WaNotifier(**ON_CALL, message="{{ ti.task_id }} failed: {{ exception }}")
BROKEN = WaNotifier(wa_conn_id="no_such_connection", to="+12025550110", message="never")
DEFAULTS = {"on_failure_callback": [BROKEN, SHARED]}

with DAG("fails", start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), schedule=None, default_args=DEFAULTS):

    @task
    def first():
        raise ValueError("{{ conn.other.password }} is s3cret-of-another")

    @task
    def second():
        raise ValueError("as well")

    @task(on_success_callback=WaNotifier(**ON_CALL, message={"type": "text", "body": "{{ ti.task_id }} is done"}))
    def third():
        pass

    first(), second(), third()
"""


def test_callbacks_of_a_run_tell_each_task_once(vendors: Vendors, tmp_path: Path) -> None:
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "fails.py").write_text(DAGS)
    shutil.copy(migrated_database(), tmp_path / "airflow.db")
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path / 'airflow.db'}",
        "AIRFLOW__CORE__DAGS_FOLDER": str(tmp_path / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW_CONN_OTHER": json.dumps({"conn_type": "http", "password": "s3cret-of-another"}),
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    done = subprocess.run(
        [BIN / "airflow", "dags", "test", "fails"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    output = done.stdout + done.stderr
    texts = sorted(message["text"] for message in vendors.ledger("wa_portal")["messages"])
    assert len(texts) == 3, output[-6000:]
    assert texts[0].startswith("first failed: {{ conn.other.password }} is ")
    assert texts[1:] == ["second failed: as well", "third is done"]
    assert output.count("The notice could not be sent: ") == 2


def test_the_triggerers_callback_sends_a_deadline_alert_once(vendors: Vendors, airflow_store: Store) -> None:
    callback = pytest.importorskip("airflow.triggers.callback", reason="Airflow 3.1 has another trigger for callbacks")
    kwargs = {"wa_conn_id": "wa_portal_default", "to": "+12025550110", "message": "{{ dag_run.dag_id }} is late"}
    run = {"dag_run": {"dag_id": "d", "dag_run_id": "r", "run_id": "r"}, "deadline": {"id": "1"}}

    async def fire() -> list[str]:
        trigger = callback.CallbackTrigger(
            "airflow_provider_wa.notifications.wa.WaNotifier", {**kwargs, "context": run}
        )
        return [str(event.payload["state"]) async for event in trigger.run()]

    for _ in range(2):
        assert asyncio.run(fire())[-1].endswith("success")
    assert [message["text"] for message in vendors.ledger("wa_portal")["messages"]] == ["d is late"]
