# SPDX-License-Identifier: Apache-2.0
"""Measure one mapped Airflow task per number with a real scheduler: the usual way without an operator."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from helpers.airflow_processes import running_airflow

TASKS_AT_ONCE = 16
"""Airflow's default limit of concurrent tasks of a DAG."""

DAG = """
import httpx
from airflow.sdk import dag, task

@dag(schedule=None)
def mapped():
    @task
    def check(number):
        reply = httpx.post("{url}/check/whatsapp_advanced", json={{"number": number}}).json()
        return reply["result"]["whatsapp"]

    check.expand(number=[f"9{{n:08d}}" for n in range({numbers})])

mapped()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--numbers", type=int, default=100)
    options = parser.parse_args()
    text = DAG.format(url=options.url, numbers=options.numbers)
    limit = {"AIRFLOW__CORE__PARALLELISM": str(TASKS_AT_ONCE)}
    with tempfile.TemporaryDirectory() as name, running_airflow(Path(name), {"mapped.py": text}, **limit) as airflow:
        airflow.wait("the DAG is known", lambda: airflow.query("SELECT 1 FROM dag WHERE dag_id = 'mapped'"), 120)
        airflow.run("dags", "trigger", "mapped")
        airflow.wait(
            "every number is checked",
            lambda: airflow.query("SELECT 1 FROM dag_run WHERE state IN ('success', 'failed')"),
            60 + 10 * options.numbers,
        )
        if airflow.states("mapped")["success"] != options.numbers:
            sys.exit(f"the run failed: {airflow.states('mapped')}")
        ((began, ended),) = airflow.query("SELECT start_date, end_date FROM dag_run")
    seconds = (datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds()
    print(json.dumps({"calls": options.numbers, "seconds": seconds}))


if __name__ == "__main__":
    main()
