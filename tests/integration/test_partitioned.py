# SPDX-License-Identifier: Apache-2.0
"""A list checked in four tasks at once by a real scheduler, with Airflow's own tables and the store in PostgreSQL."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg
import pytest
from helpers.airflow_processes import running_airflow
from helpers.postgres import Postgres

from airflow_provider_wa.sandbox.server import serve_in_thread
from airflow_provider_wa.sandbox.wuzapi import protocol as wuzapi

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

DAG_ID = "example_wa_partitioned"
EXAMPLE = Path(__file__).parent.parent.parent / "example_dags" / f"{DAG_ID}.py"
ROWS, PARTS = 4000, 4


def number(row: int) -> str:
    """A number of its own for each row; every 80th is not on WhatsApp."""
    return f"+1202{200 + row // 8000}{row // 80 % 100:02d}{row % 80 and 10 + row % 80:02d}"


def store_connection(server: Postgres, url: str) -> str:
    fields = {"conn_type": "postgres", "host": "127.0.0.1", "port": server.port, "login": "wa"}
    return json.dumps({**fields, "password": server.password, "schema": url.rpartition("/")[2]})


def test_a_list_in_parts_costs_one_check_a_number_and_comes_together(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata, store = postgres.new_database(), postgres.new_database()
    customers, results = tmp_path / "customers.csv", tmp_path / "results"
    customers.write_text("name,phone\n" + "".join(f"Ana {row},{number(row)}\n" for row in range(ROWS)))

    def query(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(metadata) as connection:
            return connection.execute(statement.replace("?", "%s"), parameters).fetchall()

    with (
        serve_in_thread(delivery_seconds=0.05) as sandbox,
        running_airflow(
            tmp_path / "airflow",
            {EXAMPLE.name: EXAMPLE.read_text()},
            AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=metadata.replace("postgresql://", "postgresql+psycopg2://"),
            AIRFLOW__CORE__EXECUTOR="LocalExecutor",
            AIRFLOW_CONN_WA_STORE_DEFAULT=store_connection(postgres, store),
            AIRFLOW_CONN_WUZAPI_DEFAULT=json.dumps(
                {"conn_type": "wuzapi", "host": f"{sandbox.url}/wuzapi", "password": wuzapi.TOKEN}
            ),
        ) as airflow,
    ):
        monkeypatch.setattr(airflow, "query", query)
        airflow.wait("the DAG is known", lambda: query("SELECT 1 FROM dag WHERE dag_id = ?", DAG_ID), 120)
        conf = json.dumps({"customers": str(customers), "output_dir": str(results)})
        airflow.run("dags", "trigger", DAG_ID, "--conf", conf)

        def ended() -> Any:
            rows = query("SELECT state FROM dag_run WHERE dag_id = ?", DAG_ID)
            return [state for (state,) in rows if state in ("success", "failed")]

        airflow.wait("the run ends", ended, 240)
        assert airflow.states(DAG_ID) == {"success": PARTS + 2}, airflow.log_ends()
        returned = airflow.returned(DAG_ID)
        asked = Counter(check.number for check in sandbox.state.ledger.checks)

    assert asked == {number(row).removeprefix("+"): 1 for row in range(ROWS)}
    summary = returned["join", -1]
    assert summary["output"] == str(results / "checked.csv")
    counts = {name: summary[name] for name in ("total", "exists", "absent", "unknown", "invalid", "duplicates")}
    absent = ROWS // 80
    assert counts == {
        "total": ROWS, "exists": ROWS - absent, "absent": absent, "unknown": 0, "invalid": 0, "duplicates": 0,
    }  # fmt: skip
    with (results / "checked.csv").open(newline="") as rows:
        merged = list(csv.DictReader(rows))
    assert [row["input"] for row in merged] == [number(row) for row in range(ROWS)]
    assert [row["status"] for row in merged] == ["exists" if row % 80 else "absent" for row in range(ROWS)]
    for part in range(PARTS):
        assert returned["check", part]["total"] == ROWS // PARTS
    with psycopg.connect(store) as connection:
        kept = connection.execute("SELECT count(*), count(DISTINCT batch) FROM wa_checks").fetchall()
    assert kept == [(ROWS, PARTS)]
    for url in (metadata, store):
        postgres.drop(url)
