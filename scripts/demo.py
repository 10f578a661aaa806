# SPDX-License-Identifier: Apache-2.0
"""Run example DAGs on a private Airflow against the sandbox and print the outreach's funnel: ``make demo``."""

from __future__ import annotations

import csv
import json
import os
import sys
import threading
import time
import urllib.request
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from local_airflow import HOME, PROJECT, airflow_environment, end_in_order, migrate_database, receiver, sandbox

OUTPUT = HOME / "output"
MEMBERS = PROJECT / "example_dags" / "data" / "members.csv"
BAR = 40
REASON = 70

DAGS = {
    "example_wa_outreach": "wait for two sessions, check 200 numbers, send, wait for deliveries, count",
    "example_wa_campaign": "send a message to each customer, with a sending policy",
    "example_wa_checkwa": "check numbers, and wait for the callbacks",
    "example_wa_accuauth": "check numbers, some of which are PENDING at first",
    "example_wa_spreadsheet": "check a list as a spreadsheet writes it, send to those on WhatsApp",
    "example_wa_follow_up": "send, and use a second channel for messages that are not delivered",
}

# The examples wait up to an hour, as real people need; the sandbox's phones answer within seconds.
POLL_SECONDS = 1.0
DELIVERY_SECONDS = 6.0


def main() -> int:
    """Run the demo; 0 if every task succeeded."""
    end_in_order()
    started = time.monotonic()
    # The accounts start logged out, and somebody "scans" their QR codes after a few seconds.
    with sandbox("--scan-after", "4", "--delivery-seconds", "0.1") as url:
        os.environ.update(airflow_environment(url))
        with receiver() as callback_base_url:
            os.environ.update(airflow_environment(url, callback_base_url))
            print(f"sandbox at {url}, receiver at {callback_base_url}; preparing Airflow's database", flush=True)
            migrate_database()
            with progress(url):
                outcomes = {dag_id: run_dag(dag_id, what) for dag_id, what in DAGS.items()}
    if any(outcome is None for outcome in outcomes.values()):
        print("the demo failed: not every task succeeded", file=sys.stderr)
        return 1
    print_funnel(outcomes["example_wa_outreach"]["funnel"])
    print_rows(outcomes["example_wa_spreadsheet"])
    print("\ncampaign:    ", outcomes["example_wa_campaign"]["report"])
    print("CheckWA:     ", counted(outcomes["example_wa_checkwa"]["check"]))
    print("AccuAuth:    ", counted(outcomes["example_wa_accuauth"]["check"]))
    delivered = outcomes["example_wa_follow_up"]["delivered"]
    undelivered = len(delivered["undelivered"])
    print(f"follow-up:    {delivered['delivered']} delivered, {undelivered} sent over the second channel")
    print_files()
    print(f"\ndone in {time.monotonic() - started:.0f} s; 'make airflow' opens Airflow's UI with the same sandbox")
    return 0


def run_dag(dag_id: str, what: str) -> dict[str, Any] | None:
    """Run a DAG and return its tasks' results by task id, or None if a task did not succeed."""
    warnings.simplefilter("ignore")
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:  # Airflow 3.1
        from airflow.models.dagbag import DagBag

    bag = DagBag(PROJECT / "example_dags" / f"{dag_id}.py")
    if bag.import_errors:
        sys.exit(f"the example does not parse: {bag.import_errors}")
    print(f"{dag_id}: {what}", flush=True)
    dag = bag.dags[dag_id]
    for task in dag.tasks:
        shorten_waits(task)
    dag_run = dag.test(run_conf={"output_dir": str(OUTPUT)} if "output_dir" in dag.params else None)
    instances = dag_run.get_task_instances()
    states = Counter(str(ti.state) for ti in instances)
    print(f"  tasks: {', '.join(f'{count} {state}' for state, count in sorted(states.items()))}", flush=True)
    if set(states) != {"success"}:
        return None
    return {ti.task_id: ti.xcom_pull(task_ids=ti.task_id) for ti in instances if ti.map_index < 0}


def shorten_waits(task: Any) -> None:
    """Shorten a task's waits to what the sandbox needs."""
    if hasattr(task, "poke_interval"):
        task.poke_interval = POLL_SECONDS
    if hasattr(task, "pending_timeout"):
        task.poll_interval = POLL_SECONDS
    if hasattr(task, "wait_for"):
        task.timeout = DELIVERY_SECONDS


def counted(checked: dict[str, Any]) -> str:
    """Return a bulk check's counts as text."""
    return ", ".join(f"{checked[status]} {status}" for status in ("exists", "absent", "pending", "unknown"))


@contextmanager
def progress(url: str) -> Iterator[None]:
    """Print every few seconds the number of checks and messages at the sandbox."""
    over = threading.Event()

    def watch() -> None:
        shown = ""
        while not over.wait(3):
            with suppress(OSError, ValueError), urllib.request.urlopen(f"{url}/sandbox/ledger", timeout=3) as reply:
                ledger = json.load(reply)
                line = f"  {len(ledger['checks'])} checks, {len(ledger['messages'])} messages so far"
                if line != shown:
                    print(shown := line, flush=True)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def print_funnel(funnel: dict[str, int]) -> None:
    """Print the funnel as a table with bars, scaled to the largest count."""
    width = max(map(len, funnel))
    most = max(funnel.values()) or 1
    print()
    for step, count in funnel.items():
        print(f"{step:<{width}}  {count:>5}  {'█' * round(BAR * count / most)}")


def print_rows(outcome: dict[str, Any]) -> None:
    """Print each row of the spreadsheet with what became of it: the check's results, and then the send's."""
    with MEMBERS.open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter=";") if any(row.values())]
    checked, sent = (read_results(outcome[task]["output"]) for task in ("check", "send"))
    print(f"\n{'phone in the list':<34} {'name':<12} {'check':<9} {'message':<9} why")
    for row in rows:
        # A number that comes again has one answer, and its person one message.
        result = checked.pop(row["phone"], {"status": "again", "detail": "the same number as in a row before"})
        message = sent.pop(result.get("number", ""), {"status": "-", "detail": ""})
        why = result["detail"] or message["detail"]
        print(f"{row['phone']:<34} {row['name']:<12} {result['status']:<9} {message['status']:<9} {why[:REASON]}")


def read_results(path: str) -> dict[str, dict[str, str]]:
    """Return the results of a file by their input."""
    with Path(path).open(newline="") as file:
        return {row["input"]: row for row in csv.DictReader(file)}


def print_files() -> None:
    """Print the result files with their numbers of rows."""
    print("\nresults:")
    for path in sorted(OUTPUT.glob("*.csv")):
        with path.open() as rows:
            print(f"  {path.relative_to(PROJECT)}: {sum(1 for _ in csv.DictReader(rows))} rows")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
