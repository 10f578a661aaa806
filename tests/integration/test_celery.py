# SPDX-License-Identifier: Apache-2.0
"""A list checked and sent to on Celery, with Redis, PostgreSQL and two workers: one is killed, one freezes for a while.

The one that froze comes back when its task runs a second time: one list is sent to by two processes at once.
"""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from helpers.airflow_processes import Airflow, running_airflow
from helpers.postgres import Postgres
from helpers.vendors import CREDENTIALS

from airflow_provider_wa.sandbox.server import Running, serve_in_thread

pytest.importorskip(
    "redis", reason="Airflow's Celery provider is not installed: only constraints/airflow-3.3.txt has it"
)
from helpers import redis_server

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

ROWS = 2000
HALVES = [{"first": 1, "last": ROWS // 2, "of": 2}, {"first": ROWS // 2 + 1, "last": ROWS, "of": 2}]
SENDERS = {"send_1": "worker-1", "send_2": "worker-2"}
"""Each half of the list is sent to by a worker of its own."""

HEARTBEATS = {
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "1",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "10",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    # Redis gives what was not finished after these seconds to another worker.
    "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT": "15",
}
"""Seconds after which a worker that is gone is missed; Airflow's defaults are minutes and hours."""

DAG = f"""
from datetime import timedelta
from airflow.sdk import DAG, task
from airflow_provider_wa.operators.check import WaBulkCheckOperator
from airflow_provider_wa.operators.send import WaBulkSendOperator
from airflow_provider_wa.vendors.green_api.client import GreenApi

# The sandbox reports a message at once, the vendor within minutes, which this test need not sit through.
GreenApi.report_seconds = 1.0

with DAG("celery", schedule=None) as dag:
    again = {{"retries": 9, "retry_delay": timedelta(seconds=1)}}
    out = "{{{{ params.folder }}}}/{{{{ ti.task_id }}}}-{{{{ ti.map_index }}}}.csv"
    rows = {{"input_path": "{{{{ params.folder }}}}/list.csv", "output_path": out, **again}}
    dag.params["folder"] = ""
    WaBulkCheckOperator.partial(task_id="check", wa_conn_id="wuzapi_default", **rows).expand(part={HALVES})
    for (task_id, queue), half in zip({SENDERS}.items(), {HALVES}):
        WaBulkSendOperator.partial(
            task_id=task_id, wa_conn_id="green_api_default", queue=queue, message="Hello", concurrency=4, **rows
        ).expand(part=[half])

    @task(**again)
    def session():
        from airflow_provider_wa.hooks.base import WaHook

        return WaHook.for_connection("wuzapi_default").session()

    @task(**again)
    def seen(found):
        return [type(found).__name__, found.state.name, found.logged_in]

    seen(session())
"""


def number(row: int) -> str:
    return f"1202{200 + row // 8000}{row // 80 % 100:02d}{10 + row % 80:02d}"


def connection(sandbox: Running, conn_type: str, **extra: Any) -> str:
    known = CREDENTIALS[conn_type]
    fields = {name: known[name] for name in ("login", "password") if name in known}
    return json.dumps({"conn_type": conn_type, "host": f"{sandbox.url}/{known['path']}", **fields, "extra": extra})


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with serve_in_thread(delivery_seconds=0.05) as running:
        yield running


@pytest.fixture
def databases(postgres: Postgres) -> Iterator[tuple[str, str]]:
    """Databases for Airflow and for the store."""
    metadata, store = postgres.new_database(), postgres.new_database()
    yield metadata, store
    for url in (metadata, store):
        postgres.drop(url)


@pytest.fixture
def airflow(
    databases: tuple[str, str],
    postgres: Postgres,
    sandbox: Running,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Airflow]:
    metadata, store = databases
    in_airflow = metadata.replace("postgresql://", "postgresql+psycopg2://")
    parts = ("api-server", "scheduler", "dag-processor", *SENDERS.values())
    store_fields = {"host": "127.0.0.1", "port": postgres.port, "login": "wa", "schema": store.rpartition("/")[2]}

    def query(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(metadata) as connected:
            return connected.execute(statement.replace("?", "%s"), parameters).fetchall()

    with (
        redis_server.serve(tmp_path) as broker,
        running_airflow(
            tmp_path / "airflow",
            {"celery_dag.py": DAG},
            parts,
            AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=in_airflow,
            AIRFLOW__CORE__EXECUTOR="CeleryExecutor",
            AIRFLOW__CORE__PARALLELISM="8",
            AIRFLOW__CELERY__BROKER_URL=broker,
            AIRFLOW__CELERY__RESULT_BACKEND=f"db+{in_airflow}",
            AIRFLOW_CONN_WA_STORE_DEFAULT=json.dumps(
                {"conn_type": "postgres", "password": postgres.password, **store_fields}
            ),
            AIRFLOW_CONN_WUZAPI_DEFAULT=connection(sandbox, "wuzapi"),
            # What a killed worker had begun is in doubt for twice the time-out and ten seconds.
            AIRFLOW_CONN_GREEN_API_DEFAULT=connection(sandbox, "green_api", timeout=2),
            **HEARTBEATS,
        ) as running,
    ):
        monkeypatch.setattr(running, "query", query)
        yield running


def task_of(airflow: Airflow, task_id: str) -> tuple[int, str, int]:
    """The number of the current try, its state, and its process."""
    ((tries, state, pid),) = airflow.query(
        "SELECT try_number, state, pid FROM task_instance WHERE task_id = ?", task_id
    )
    return tries, state, pid


def test_a_worker_is_killed_and_a_task_runs_twice_at_once(airflow: Airflow, sandbox: Running, tmp_path: Path) -> None:
    messages = sandbox.state.ledger.messages
    (tmp_path / "list.csv").write_text("phone\n" + "".join(f"+{number(row)}\n" for row in range(ROWS)))
    airflow.wait("the DAG is known", lambda: airflow.query("SELECT 1 FROM dag WHERE dag_id = 'celery'"), 120)
    airflow.run("dags", "trigger", "celery", "--conf", json.dumps({"folder": str(tmp_path)}))
    airflow.wait("both halves are sent to", lambda: all(count > 50 for count in halves(sandbox)), 120)

    # One worker freezes in the middle of its requests, Airflow's supervisor of the task included; the other is killed.
    tries, _, pid = task_of(airflow, "send_1")
    frozen = psutil.Process(pid)
    supervisor = frozen.parent()
    assert supervisor is not None
    assert frozen in airflow.started_by("worker-1")
    for process in (supervisor, frozen):
        process.send_signal(signal.SIGSTOP)
    airflow.kill("worker-2")
    airflow.start("worker-2")

    def runs_again() -> bool:
        again, state, process = task_of(airflow, "send_1")
        return again > tries and state == "running" and process not in (None, pid)

    airflow.wait("the frozen task runs again", runs_again, 120)
    assert len(messages) < ROWS, "nothing is left to be sent twice"
    frozen.send_signal(signal.SIGCONT)

    def ended() -> Any:
        rows = airflow.query("SELECT state FROM dag_run WHERE dag_id = 'celery'")
        return [state for (state,) in rows if state in ("success", "failed")]

    airflow.wait("the run ends", ended, 240)
    supervisor.send_signal(signal.SIGCONT)
    assert airflow.states("celery") == {"success": 6}, airflow.log_ends()
    assert task_of(airflow, "send_2")[0] > 1

    everybody = {number(row): 1 for row in range(ROWS)}
    assert Counter(message.to.partition("@")[0] for message in messages.values()) == everybody
    assert not any(message.repeats for message in messages.values())
    assert {check.number for check in sandbox.state.ledger.checks} == everybody.keys()
    returned = airflow.returned("celery")
    assert sum(returned["check", part]["total"] for part in (0, 1)) == ROWS
    assert all(returned["check", part]["unknown"] == 0 for part in (0, 1))
    assert sum(returned[task_id, 0]["accepted"] for task_id in SENDERS) == ROWS
    assert returned["seen", -1] == ["Session", "LOGGED_IN", True], "a record goes from one task to another"


def halves(sandbox: Running) -> list[int]:
    """The number of messages to each half of the list."""
    first = {number(row) for row in range(ROWS // 2)}
    sent = [message.to.partition("@")[0] in first for message in [*sandbox.state.ledger.messages.values()]]
    return [sum(sent), len(sent) - sum(sent)]
