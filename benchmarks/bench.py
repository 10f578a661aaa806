# SPDX-License-Identifier: Apache-2.0
"""Measure bulk checks and sends against other clients in the same run: ``make bench``.

The server is a bare stub in a process of its own, and so is each client. CPU time is that of the measured process, and
each client counts its own calls. The clients take turns, several times. The median run by calls a second counts; for
the operator, all its runs together.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import datetime, timezone
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import report
import sending
from measuring import LOOP, SDK, SDK_PYTHON, child, contestants, in_turn, middle, say, together
from stub import GREEN_BODY, moment, stub
from validation import share


def bulk(options: argparse.Namespace) -> dict[str, Any]:
    """Measure each client with each number of workers, with the server's latency."""
    names = contestants(options.sdk)
    with ExitStack() as servers:
        url = servers.enter_context(stub(options.latency))
        green_url = servers.enter_context(stub(options.latency, GREEN_BODY))

        def measured(name: str, workers: int) -> dict[str, Any]:
            python, server = (options.sdk, green_url) if name == SDK else (sys.executable, url)
            given = ("--workers", workers, "--seconds", options.seconds)
            return child("contestants.py", name, server, *given, python=python)

        runs = {}
        for workers in options.workers:
            say(f"bulk check, {workers} workers")
            found = in_turn(names, options.rounds, 2 * options.seconds + 1, partial(measured, workers=workers))
            runs[str(workers)] = {name: middle(each) for name, each in found.items()}
        loop = measured(LOOP, 1)
    return {"latency": options.latency, "runs": runs, "loop": loop}


def operator(options: argparse.Namespace) -> dict[str, Any]:
    """Measure the operator and the engine alone in turn, with equal workers and durations, each over all its runs."""
    say("the whole operator")
    runs, engines, passes = [], [], []
    workers = ("--workers", options.operator_workers)
    ideal_seconds = options.numbers * options.latency / options.operator_workers
    with stub(options.latency) as url:
        for _ in range(options.rounds):
            with tempfile.TemporaryDirectory() as folder:
                given = ("--url", url, "--numbers", options.numbers, *workers, "--warm")
                runs.append(child("operator_runs.py", "check", folder, *given))
                passes.append(child("validation.py", folder, "--numbers", options.numbers))
            engines.append(child("contestants.py", "ours", url, *workers, "--seconds", ideal_seconds))
    checks = together(runs)
    validation = {figure: sum(each[figure] for each in passes) for figure in ("rows", "cpu")}
    return {
        **checks,
        "workers": options.operator_workers,
        "engine": together(engines),
        "validation": {**validation, "share": share(validation, checks)},
    }


def memory(options: argparse.Namespace) -> dict[str, Any]:
    """Measure the peak memory by length of the list, and that of the imports alone."""
    runs = {}
    with stub(0.0) as url:
        for count in (0, *options.sizes):
            say(f"memory, {count:,} numbers")
            with tempfile.TemporaryDirectory() as folder:
                given = ("--numbers", count, "--workers", options.memory_workers)
                runs[count] = child("operator_runs.py", "check", folder, "--url", url, *given)
    imports = runs.pop(0)["peak_mb"]
    by_count = {str(count): run for count, run in runs.items()}
    return {"imports_mb": imports, "workers": options.memory_workers, "runs": by_count}


def resume(options: argparse.Namespace) -> dict[str, Any]:
    """Measure the time to the first call of a task's second try, when the first try answered most numbers."""
    known, new = options.known, options.operator_workers
    say(f"resuming after {known:,} answers")
    first_call = moment()
    with tempfile.TemporaryDirectory() as folder, stub(options.latency) as url:
        child("operator_runs.py", "check", folder, "--url", url, "--numbers", 1)  # compiles all modules
    with tempfile.TemporaryDirectory() as folder, stub(options.latency, first_call=first_call) as url:
        stored = child("operator_runs.py", "answered", folder, "--numbers", known)
        given = ("--numbers", known + new, "--known", known)
        run = child("operator_runs.py", "check", folder, "--url", url, *given)
    seconds = first_call.value - run["began"]
    return {"known": known, "new": new, "first_call_seconds": seconds, "storing_seconds": stored["seconds"], **run}


def imports(options: argparse.Namespace) -> dict[str, Any]:
    """Measure the imports of a DAG file, in milliseconds."""
    say("imports")
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"AIRFLOW_HOME": folder, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
        return child("imports.py", "--tries", options.tries)


def mapped(options: argparse.Namespace) -> dict[str, Any]:
    """Measure one mapped Airflow task per number."""
    say(f"{options.mapped_numbers} mapped tasks")
    with stub(options.latency) as url:
        return child("mapped.py", url, "--numbers", options.mapped_numbers)


PARTS = {
    "bulk": bulk,
    "operator": operator,
    "send": sending.send,
    "growth": sending.growth,
    "memory": memory,
    "resume": resume,
    "imports": imports,
    "mapped": mapped,
}
"""Functions that measure each part. ``mapped`` runs only with ``--mapped``."""


def counts(text: str) -> list[int]:
    """Return the numbers of a list such as ``10,50``."""
    return [int(part) for part in text.split(",")]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--parts", type=lambda text: text.split(","), default=list(PARTS)[:-1])
    parser.add_argument("--mapped", action="store_true", help="also one mapped Airflow task per number: some minutes")
    parser.add_argument(
        "--full", action="store_true", help="all sizes, to 1,000,000 numbers: three quarters of an hour"
    )
    parser.add_argument("--docs", type=Path, help="folder of performance.json, .svg and .md, which are written")
    parser.add_argument("--workers", type=counts, default=[10, 50, 200, 500], help="workers of the bulk check")
    parser.add_argument("--latency", type=float, default=0.05, help="latency of the server in seconds")
    parser.add_argument("--seconds", type=float, default=1.5, help="duration of each measurement")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each client; the median counts")
    parser.add_argument("--sdk", type=Path, default=SDK_PYTHON, help="Python interpreter with Green-API's SDK")
    parser.add_argument("--numbers", type=int, default=10_000, help="numbers that the operator checks in each run")
    parser.add_argument("--operator-workers", type=int, default=50)
    parser.add_argument("--send-workers", type=counts, help="workers of the sends; default 50, with --full 10,50,200")
    parser.add_argument("--growth", type=counts, help="list lengths of the sends; default 1,000 and 10,000")
    parser.add_argument("--sizes", type=counts, help="list lengths of the memory part; default 10,000 and 100,000")
    parser.add_argument("--memory-workers", type=int, default=200)
    parser.add_argument("--known", type=int, help="stored answers before the resumed run; default 100,000")
    parser.add_argument("--tries", type=int, default=5, help="number of imports of each module; the median counts")
    parser.add_argument("--mapped-numbers", type=int, default=100)
    options = parser.parse_args()
    options.sizes = options.sizes or [10_000, 100_000, *([1_000_000] if options.full else [])]
    options.send_workers = options.send_workers or ([10, 50, 200] if options.full else [50])
    options.growth = options.growth or [1_000, 10_000, *([100_000, 1_000_000] if options.full else [])]
    options.known = options.known or (1_000_000 if options.full else 100_000)
    options.parts += ["mapped"] if options.mapped else []
    return options


def main() -> None:
    options = arguments()
    began = time.monotonic()
    results: dict[str, Any] = {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "airflow": version("apache-airflow"),
        },
    }
    for part in options.parts:
        results[part] = PARTS[part](options)
    print(report.as_text(results))
    say(f"measured in {time.monotonic() - began:,.0f} s")
    if options.docs:
        report.write(options.docs, results)


if __name__ == "__main__":
    main()
