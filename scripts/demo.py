# SPDX-License-Identifier: Apache-2.0
"""Run ``example_wa_outreach`` on a private Airflow against the sandbox and print the funnel: ``make demo``."""

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

sys.path.insert(0, str(Path(__file__).parent))

from local_airflow import HOME, PROJECT, airflow_environment, end_in_order, migrate_database, sandbox

OUTPUT = HOME / "output"
BAR = 40


def main() -> int:
    """Run the demo; 0 if every task succeeded."""
    end_in_order()
    started = time.monotonic()
    # The accounts start logged out, and somebody "scans" their QR codes after a few seconds.
    with sandbox("--scan-after", "4", "--delivery-seconds", "0.1") as url:
        os.environ.update(airflow_environment(url))
        print(f"sandbox at {url}; preparing Airflow's database", flush=True)
        migrate_database()
        with progress(url):
            states, funnel = run_dag()
    for state, count in sorted(states.items()):
        print(f"tasks {state}: {count}")
    if set(states) != {"success"} or funnel is None:
        print("the demo failed: not every task succeeded", file=sys.stderr)
        return 1
    print_funnel(funnel)
    print_files()
    print(f"\ndone in {time.monotonic() - started:.0f} s; 'make airflow' shows the same in Airflow's UI")
    return 0


def run_dag() -> tuple[Counter[str], dict[str, int] | None]:
    """Run the DAG; the tasks' states counted, and what its last task returned."""
    warnings.simplefilter("ignore")
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:  # Airflow 3.1
        from airflow.models.dagbag import DagBag

    bag = DagBag(PROJECT / "example_dags" / "example_wa_outreach.py")
    if bag.import_errors:
        sys.exit(f"the example does not parse: {bag.import_errors}")
    print("running the DAG example_wa_outreach: wait for both sessions, check, send, ask, count", flush=True)
    dag_run = bag.dags["example_wa_outreach"].test(run_conf={"output_dir": str(OUTPUT)})
    instances = dag_run.get_task_instances()
    funnel = next((ti.xcom_pull(task_ids="funnel") for ti in instances if ti.task_id == "funnel"), None)
    return Counter(str(ti.state) for ti in instances), funnel


@contextmanager
def progress(url: str) -> Iterator[None]:
    """Print every few seconds what has reached the sandbox so far."""
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
    """The funnel as a table with bars, scaled to its first row."""
    width = max(map(len, funnel))
    most = max(funnel.values()) or 1
    print()
    for step, count in funnel.items():
        print(f"{step:<{width}}  {count:>5}  {'█' * round(BAR * count / most)}")


def print_files() -> None:
    """Where the results are, and how many rows each file has."""
    print("\nresults:")
    for path in sorted(OUTPUT.glob("*.csv")):
        with path.open() as rows:
            print(f"  {path.relative_to(PROJECT)}: {sum(1 for _ in csv.DictReader(rows))} rows")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
