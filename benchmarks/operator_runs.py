# SPDX-License-Identifier: Apache-2.0
"""Run a bulk operator as a task does: a CSV file in, the store on SQLite or PostgreSQL, a CSV file out.

``check`` checks a list and prints the calls, the seconds, the CPU time and the peak memory; ``send`` sends a message
to each of the list. Without numbers they only import. ``answered`` fills the store with the answers of a run over a
list.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import resource
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

CONN_ID = "bench"
VENDORS = {"check": "accuauth", "answered": "accuauth", "send": "wa_portal"}
WARM_UP = 50
ROWS_AT_ONCE = 2000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["check", "send", "answered"])
    parser.add_argument("folder", type=Path, help="folder of AIRFLOW_HOME, the store and the files")
    parser.add_argument("--url", default="http://127.0.0.1:9")
    parser.add_argument("--numbers", type=int, required=True)
    parser.add_argument("--known", type=int, default=0, help="number of answers that are in the store already")
    parser.add_argument("--workers", type=int, default=50)
    parser.add_argument("--warm", action="store_true", help="check or send to a few numbers before the measurement")
    parser.add_argument("--store", help="URL of a PostgreSQL database; by default the store is a file in the folder")
    parser.add_argument("--certificate", help="file with the certificate of a server that speaks TLS")
    options = parser.parse_args()
    folder = options.folder
    os.environ |= {"AIRFLOW_HOME": str(folder), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    store = options.store or json.dumps({"conn_type": "sqlite", "host": str(folder / "store.db")})
    os.environ["AIRFLOW_CONN_WA_STORE_DEFAULT"] = store
    vendor = {"conn_type": VENDORS[options.what], "host": options.url, "login": "bench", "password": "no-secret-here"}
    vendor["extra"] = {"verify": options.certificate} if options.certificate else {}
    os.environ[f"AIRFLOW_CONN_{CONN_ID.upper()}"] = json.dumps(vendor)
    if options.what == "answered":
        print(json.dumps(answered(options.numbers)))
        return
    run = {"check": check, "send": send}[options.what]
    if options.warm:
        run(folder, "warm", WARM_UP, options.workers)
    result = run(folder, "measured", options.numbers, options.workers, options.known)
    print(json.dumps({**result, "peak_mb": peak_mb()}))


def check(folder: Path, run: str, count: int, workers: int, known: int = 0) -> dict[str, Any]:
    """Check ``count`` numbers in a DAG run of this name, and return the figures."""
    from airflow_provider_wa.operators.check import WaBulkCheckOperator

    logging.disable(logging.WARNING)
    if not count:
        return {"calls": 0}
    operator = WaBulkCheckOperator(task_id="check", **list_arguments(folder, run, count, workers))
    summary, figures = executed(operator, run)
    if summary["exists"] != count or summary["calls"] != count - known:
        sys.exit(f"the run failed: {summary}")
    return figures


def send(folder: Path, run: str, count: int, workers: int, known: int = 0) -> dict[str, Any]:
    """Send to ``count`` numbers in a DAG run of this name, and return the figures."""
    from airflow_provider_wa.operators.send import WaBulkSendOperator

    logging.disable(logging.WARNING)
    if not count:
        return {"calls": 0}
    message = "Hello {{ name }}, your order is on its way."
    operator = WaBulkSendOperator(task_id="send", message=message, **list_arguments(folder, run, count, workers))
    summary, figures = executed(operator, run)
    if summary["accepted"] != count:
        sys.exit(f"the run failed: {summary}")
    # Without the few calls that ask whether the account is logged in.
    return {**figures, "calls": count}


def list_arguments(folder: Path, run: str, count: int, workers: int) -> dict[str, Any]:
    """Write the list, and return the arguments that all bulk operators take."""
    source = folder / f"{run}.csv"
    with source.open("w") as file:
        file.write("phone,name\n")
        file.writelines(f"{given(row)},Name {row}\n" for row in range(1, count + 1))
    return {
        "wa_conn_id": CONN_ID,
        "input_path": str(source),
        "output_path": str(folder / f"{run}-results.csv"),
        "concurrency": workers,
        # Never reached, but its cost is part of the measurement.
        "rate_limit": "1000000/s",
    }


def executed(operator: Any, run: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Execute an operator, and return its summary and the figures."""
    began, wall, cpu = time.time(), time.perf_counter(), time.process_time()
    summary = operator.execute(context(run))
    seconds, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return summary, {"calls": summary["calls"], "seconds": seconds, "cpu": cpu, "began": began}


def answered(count: int) -> dict[str, Any]:
    """Store the answers of the measured run's first ``count`` numbers, as the operator does."""
    from airflow_provider_wa.connections.store import get_store
    from airflow_provider_wa.operators._run.message_keys import batch_name

    store, batch = get_store(), batch_name(context("measured"), CONN_ID)
    began, rows = time.perf_counter(), answers(count)
    while part := list(islice(rows, ROWS_AT_ONCE)):
        store.checks.put(batch, CONN_ID, part)
    store.close()
    return {"rows": count, "seconds": time.perf_counter() - began}


def answers(count: int) -> Iterator[Any]:
    """Yield the rows of the list's first ``count`` numbers."""
    from airflow_provider_wa.store.checks import CheckRow

    now = datetime.now(timezone.utc)
    for row in range(1, count + 1):
        number = given(row).replace(" ", "")
        jid = f"{number[1:]}@s.whatsapp.net"
        yield CheckRow(row=row, input=given(row), number=number, status="exists", jid=jid, checked_at=now)


def given(row: int) -> str:
    """Return the number in this row of the list, in the spelling of people."""
    return f"+51 9{row:08d}"


def context(run: str) -> Any:
    """Return the part of a task's context that identifies the run in the store."""
    ti = SimpleNamespace(
        dag_id="bench", run_id=run, task_id="check", map_index=-1, try_number=1, max_tries=0, key="bench"
    )
    return {"ti": ti, "task_instance": ti, "run_id": run}


def peak_mb() -> float:
    """Return the peak memory of this process in MB of 1,000,000 bytes."""
    # Preferred to getrusage's maxrss, which on Linux starts with the memory of the parent at the fork.
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


if __name__ == "__main__":
    main()
