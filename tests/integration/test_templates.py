# SPDX-License-Identifier: Apache-2.0
"""What is templated and when, on a real Airflow; a stranger's text is never run as a template."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from helpers.airflow_processes import BIN, migrated_database
from helpers.vendors import Vendors

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]

SECRET = "s3cret-of-another-connection"
DAGS = """
from __future__ import annotations
import pendulum
from airflow.sdk import DAG, task
from airflow_provider_wa.api.messages import Location
from airflow_provider_wa.operators.send import WaBulkSendOperator, WaSendMessageOperator
from airflow_provider_wa.sensors.delivery import WaDeliverySensor

SEND = {"wa_conn_id": "wa_portal_default", "raw": True}
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


def finished(native):
    params = {"text": "Hola {{ name }}", "plain": "of a param", "code": "482913"}
    with DAG(f"finished_{native}", render_template_as_native_obj=native, params=params, **FROM) as dag:

        @task
        def other():
            return "of a task"

        @task
        def number(at_least):
            return at_least + native

        @task
        def compose():
            return {"type": "location", "latitude": 1, "longitude": 2, "name": "of {{ name }}"}

        @task
        def template():
            return "Hi {{ name }} of {{ ds_nodash | length }}"

        @task
        def people():
            return [{"phone": "+12025550120", "name": "Ann {{ ds }}"}]

        text, one = other(), {"wa_conn_id": "wa_portal_default"}
        send = WaSendMessageOperator
        send(task_id="xcom", to="+12025550101", message=text, idempotency_key=number(70), **one)
        send(task_id="nested", to="+12025550102", message={"type": "text", "body": text}, **one)
        send(task_id="object", to="+12025550103", message=Location(1, 2, name=text), **one)
        send(task_id="param", to="+12025550104", message="{{ params.plain }} {{ dag.dag_id }}", **one)
        send(task_id="file", to="+12025550105", message="hello.j2", **one)
        send(task_id="file_inside", to="+12025550106", message={"type": "text", "body": "hello.j2"}, **one)
        key = "{{ 90 + (dag.dag_id | length) }}"
        send(task_id="code", to="+12025550107", message="482913", idempotency_key=key, **one)
        send(task_id="code_of_param", to="{{ '+' ~ '12025550108' }}", message="{{ params.code }}", **one)
        send.partial(task_id="mapped_object", message=Location(1, 2, name=text), **one).expand(to=["+12025550109"])
        send.partial(task_id="mapped_file", message="hello.j2", **one).expand(to=["+12025550110"])
        bulk = dict(recipients=people(), raw=True, **one)
        again = dict(bulk, duplicates="allow")
        WaBulkSendOperator(task_id="bulk_xcom", message=template(), **again)
        WaBulkSendOperator(task_id="bulk_param", message="{{ params.text }}", **again)
        WaBulkSendOperator(task_id="bulk_file", message="row.j2", **again)
        WaBulkSendOperator(task_id="bulk_dict", message=compose(), **again)
        WaBulkSendOperator(task_id="bulk_object", message=Location(1, 2, name=text), **again)
        WaBulkSendOperator(task_id="bulk_key", message="with a key", idempotency_key=number(80), **bulk)
        WaBulkSendOperator.partial(task_id="bulk_mapped", **again).expand(message=[text, "at {{ phone }}"])
    return dag


finished_text, finished_native = finished(False), finished(True)

with DAG("refused", params={"text": "Hola {{ name }}", "reads": "{{ conn.other.host }}"}, **FROM) as refused:
    for place, message in enumerate(["{{ params.text }}", {"type": "text", "body": "{{ '{%' }}"}, "nobody.j2"]):
        WaSendMessageOperator(task_id=f"left_{place}", to="+12025550109", message=message, **{**SEND, "raw": False})
    WaBulkSendOperator(task_id="outside", message="{{ params.reads }}", recipients=["+12025550109"], **SEND)
    WaSendMessageOperator(task_id="secret", to="+12025550109", message="look: {{ conn.other.password }}", **SEND)
"""


@pytest.fixture(scope="module")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("airflow")


@pytest.fixture(scope="module")
def airflow(airflow_home: Path) -> Any:
    home = airflow_home
    (home / "dags").mkdir()
    (home / "dags" / "written.py").write_text(DAGS)
    (home / "dags" / "hello.j2").write_text("Hello from {{ dag.dag_id }}")
    (home / "dags" / "row.j2").write_text("Hello {{ name }} of {{ params.plain }}")
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
            timeout=800,
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


def shown(home: Path, dag_id: str) -> dict[str, Any]:
    """Return the messages among Airflow's rendered templates, by task."""
    with closing(sqlite3.connect(home / "airflow.db")) as database:
        query = "SELECT task_id, rendered_fields FROM rendered_task_instance_fields WHERE dag_id = ?"
        return {task_id: json.loads(fields).get("message") for task_id, fields in database.execute(query, [dag_id])}


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


@pytest.mark.parametrize("dag_id", ["finished_False", "finished_True"])
def test_outputs_params_and_files_are_messages(vendors: Vendors, airflow: Any, airflow_home: Path, dag_id: str) -> None:
    done = airflow("dags", "test", dag_id)
    assert done.returncode == 0, problems(done)
    found = sent(vendors)
    assert sorted(found.pop("12025550120")) == sorted(
        [
            "Hi Ann {{ ds }} of 8",
            "Hola Ann {{ ds }}",
            "Hello Ann {{ ds }} of of a param",
            "of Ann {{ ds }}",
            "of a task",
            "with a key",
            "of a task",
            "at +12025550120",
        ]
    )
    assert found == {
        "12025550101": ["of a task"],
        "12025550102": ["of a task"],
        "12025550103": ["of a task"],
        "12025550104": [f"of a param {dag_id}"],
        "12025550105": [f"Hello from {dag_id}"],
        "12025550106": [f"Hello from {dag_id}"],
        "12025550107": ["482913"],
        "12025550108": ["482913"],
        "12025550109": ["of a task"],
        "12025550110": [f"Hello from {dag_id}"],
    }
    messages = shown(airflow_home, dag_id)
    assert (messages["file"], messages["code"]) == (f"Hello from {dag_id}", "482913")
    assert (messages["bulk_param"], messages["bulk_xcom"]) == (
        "Hola {{ name }}",
        "Hi {{ name }} of {{ ds_nodash | length }}",
    )


def test_templates_and_secrets_are_not_sent(vendors: Vendors, airflow: Any, airflow_home: Path) -> None:
    done = airflow("dags", "test", "refused")
    assert sent(vendors) == {}
    assert shown(airflow_home, "refused")["secret"] == "look: ***"
    told = done.stdout + done.stderr
    assert "message: body holds '{{' after it was rendered" in told
    assert "message: body holds '{%' after it was rendered" in told
    assert "there is no template file 'nobody.j2'" in told
    assert "message: there is no column 'conn'" in told  # a text of a param sees the row, and no connection
    assert "contains a secret" in told
    assert SECRET not in told
