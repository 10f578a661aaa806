# SPDX-License-Identifier: Apache-2.0
"""A stranger's text is sent as it was written, on a real Airflow: never run as a template."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import Any

import pytest
from helpers.airflow_processes import BIN, migrated_database
from helpers.vendors import Vendors

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

SECRET = "s3cret-of-another-connection"
DAGS = """
from __future__ import annotations
import pendulum
from airflow.sdk import DAG, task
from airflow_provider_wa.operators.send import WaBulkSendOperator, WaSendMessageOperator
from airflow_provider_wa.sensors.delivery import WaDeliverySensor

SEND = {"wa_conn_id": "wa_portal_default"}
READS = "{{ conn.other.password }}"
RUNS = "{{ ''.__class__.__mro__[1].__subclasses__() }}"
FROM = {"schedule": None, "start_date": pendulum.datetime(2026, 1, 1, tz="UTC")}


def written(native):
    with DAG(f"written_{native}", render_template_as_native_obj=native, **FROM) as dag:

        @task
        def strangers():
            return [
                {"to": "+12025550101", "message": READS},
                {"to": "+12025550102", "message": {"type": "text", "body": RUNS}},
                {"to": "+12025550103", "message": {"type": "location", "latitude": 1, "longitude": 2, "name": READS}},
            ]

        @task
        def texts():
            return [READS, RUNS]

        @task
        def rows():
            return [{"phone": "+12025550106", "text": READS}, {"phone": "+12025550107", "text": RUNS}]

        @task
        def replaced():
            return [{"to": "+12025550108", "message": READS}]

        WaSendMessageOperator.partial(task_id="kwargs", **SEND).expand_kwargs(strangers())
        WaSendMessageOperator.partial(task_id="expand", to="+12025550104", **SEND).expand(message=texts())
        WaSendMessageOperator.partial(task_id="literal", **SEND).expand_kwargs(
            [{"to": "+12025550105", "message": "{{ dag.dag_id }} {{ ti.map_index }}", "message_id": None}]
        )
        WaBulkSendOperator(task_id="bulk", recipients=rows(), message="You wrote: {{ text }}", **SEND)
        WaSendMessageOperator.partial(task_id="override", to="+12025550100", message="hi", **SEND).expand_kwargs(
            replaced(), strict=False
        )
        WaSendMessageOperator.partial(task_id="partial", message="in {{ dag.dag_id }}", **SEND).expand_kwargs(
            strangers().map(lambda row: {"to": row["to"].replace("555010", "555011")})
        )
    return dag


text, native = written(False), written(True)

with DAG("secret", **FROM) as secret:
    WaSendMessageOperator(task_id="secret", to="+12025550109", message="look: {{ conn.other.password }}", **SEND)
"""


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Any:
    home = tmp_path_factory.mktemp("airflow")
    (home / "dags").mkdir()
    (home / "dags" / "written.py").write_text(DAGS)
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW_CONN_OTHER": json.dumps({"conn_type": "http", "password": SECRET}),
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
    }

    def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        known = {name: value for name, value in os.environ.items() if name.startswith("AIRFLOW_CONN_WA_")}
        return subprocess.run(
            [BIN / "airflow", *command],
            env={**environment, **known, **variables},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    shutil.copy(migrated_database(), home / "airflow.db")
    return run


def sent(vendors: Vendors) -> dict[str, list[str]]:
    """Return the texts that each person was sent."""
    found: dict[str, list[str]] = {}
    for message in vendors.ledger("wa_portal")["messages"]:
        found.setdefault(message["to"], []).append(message.get("text") or message.get("name"))
    return found


def problems(done: subprocess.CompletedProcess[str]) -> str:
    """Return the lines of an output that tell what went wrong."""
    lines = (done.stdout + done.stderr).splitlines()
    return "\n".join(line[:500] for line in lines if "rror" in line or "xception" in line)[-6000:]


@pytest.mark.parametrize("dag_id", ["written_False", "written_True"])
def test_what_an_xcom_holds_is_sent_as_it_is(vendors: Vendors, airflow: Any, dag_id: str) -> None:
    done = airflow("dags", "test", dag_id)
    assert done.returncode == 0, problems(done)
    reads, runs = "{{ conn.other.password }}", "{{ ''.__class__.__mro__[1].__subclasses__() }}"
    assert {to: sorted(texts) for to, texts in sent(vendors).items()} == {
        "12025550101": [reads],
        "12025550102": [runs],
        "12025550103": [reads],
        "12025550104": sorted([reads, runs]),
        # What the DAG file holds is a template, in expand_kwargs() as well.
        "12025550105": [f"{dag_id} 0"],
        "12025550106": [f"You wrote: {reads}"],
        "12025550107": [f"You wrote: {runs}"],
        "12025550108": [reads],
        **{f"1202555011{place}": [f"in {dag_id}"] for place in (1, 2, 3)},
    }


def test_a_secret_is_not_sent(vendors: Vendors, airflow: Any) -> None:
    done = airflow("dags", "test", "secret")
    assert sent(vendors) == {}
    assert "contains a secret" in done.stdout + done.stderr
    assert SECRET not in done.stdout + done.stderr
