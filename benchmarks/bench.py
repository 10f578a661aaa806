# SPDX-License-Identifier: Apache-2.0
"""How fast bulk checks are, against their rivals in the same run: ``make bench``.

The server is the bare stub in a process of its own, each contestant another process. CPU time is that of the measured
process alone, and calls are counted by who makes them. Measured in turn, several times; the middle one by calls a
second counts, but for the operator, which is measured over all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

import report
from contestants import ASYNC, THREADS
from figures import rate
from stub import GREEN_BODY, moment, stub

HERE = Path(__file__).resolve().parent
SDK_PYTHON = HERE.parent / ".venv-sdk" / "bin" / "python"
SDK, LOOP = "Green-API SDK pool", "requests loop"
LONGEST = 3600
"""Seconds after which a measurement has gone wrong."""


def child(script: str, *arguments: Any, python: Path | str = sys.executable) -> dict[str, Any]:
    """Run one of the scripts beside this one, and read the JSON of its last line."""
    command = [str(python), str(HERE / script), *map(str, arguments)]
    # Python compiles a module once and keeps that, unless the environment forbids it: to compile all is not measured.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, check=False, env=environment)
    if done.returncode:
        sys.exit(f"{script} {' '.join(map(str, arguments))} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def bulk(options: argparse.Namespace) -> dict[str, Any]:
    """Everybody at every number of workers, with the server's latency."""
    names = [name for name in (*ASYNC, *THREADS) if name != LOOP]
    if not options.sdk.exists():
        names.remove(SDK)
        print(f"without {SDK}: `make sdk` installs it", file=sys.stderr)
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
            found: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
            # In turn: what slows down the machine for a while slows down all of them.
            for name in names * options.rounds:
                # Who has collapsed would take minutes to be measured again.
                if not any(run["seconds"] > 2 * options.seconds + 1 for run in found[name]):
                    found[name].append(measured(name, workers))
            runs[str(workers)] = {name: middle(each) for name, each in found.items()}
        loop = measured(LOOP, 1)
    return {"latency": options.latency, "runs": runs, "loop": loop}


def operator(options: argparse.Namespace) -> dict[str, Any]:
    """The whole operator and the engine alone at as many workers, in turn and for as long; each over all its runs."""
    say("the whole operator")
    runs, engines = [], []
    workers = ("--workers", options.operator_workers)
    ideal_seconds = options.numbers * options.latency / options.operator_workers
    with stub(options.latency) as url:
        for _ in range(options.rounds):
            with tempfile.TemporaryDirectory() as folder:
                given = ("--url", url, "--numbers", options.numbers, *workers, "--warm")
                runs.append(child("operator_runs.py", "check", folder, *given))
            engines.append(child("contestants.py", "ours", url, *workers, "--seconds", ideal_seconds))
    return {**together(runs), "workers": options.operator_workers, "engine": together(engines)}


def memory(options: argparse.Namespace) -> dict[str, Any]:
    """The peak of the memory by the length of the list, and what importing alone takes."""
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
    """How long a task's second try takes to its first call, when most numbers were answered in the first."""
    known, new = options.known, options.operator_workers
    say(f"going on after {known:,} answers")
    first_call = moment()
    with tempfile.TemporaryDirectory() as folder, stub(options.latency) as url:
        child("operator_runs.py", "check", folder, "--url", url, "--numbers", 1)  # all modules are compiled then
    with tempfile.TemporaryDirectory() as folder, stub(options.latency, first_call=first_call) as url:
        stored = child("operator_runs.py", "answered", folder, "--numbers", known)
        given = ("--numbers", known + new, "--known", known)
        run = child("operator_runs.py", "check", folder, "--url", url, *given)
    seconds = first_call.value - run["began"]
    return {"known": known, "new": new, "first_call_seconds": seconds, "storing_seconds": stored["seconds"], **run}


def imports(options: argparse.Namespace) -> dict[str, Any]:
    """The milliseconds that a DAG file's imports take."""
    say("imports")
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"AIRFLOW_HOME": folder, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
        return child("imports.py", "--tries", options.tries)


def mapped(options: argparse.Namespace) -> dict[str, Any]:
    """One mapped Airflow task a number."""
    say(f"{options.mapped_numbers} mapped tasks")
    with stub(options.latency) as url:
        return child("mapped.py", url, "--numbers", options.mapped_numbers)


def middle(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The run in the middle by calls a second."""
    return sorted(runs, key=rate)[len(runs) // 2]


def together(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """All of the runs as one."""
    return {figure: sum(run[figure] for run in runs) for figure in ("calls", "seconds", "cpu")}


def say(what: str) -> None:
    print(f"... {what}", file=sys.stderr, flush=True)


PARTS = {
    "bulk": bulk,
    "operator": operator,
    "memory": memory,
    "resume": resume,
    "imports": imports,
    "mapped": mapped,
}
"""What can be measured; the last one only if it is asked for."""


def counts(text: str) -> list[int]:
    """Read ``10,50``."""
    return [int(part) for part in text.split(",")]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--parts", type=lambda text: text.split(","), default=list(PARTS)[:-1])
    parser.add_argument("--mapped", action="store_true", help="also one mapped Airflow task a number: some minutes")
    parser.add_argument("--full", action="store_true", help="1,000,000 numbers and answers: a quarter of an hour")
    parser.add_argument("--docs", type=Path, help="the folder of performance.json, .svg and .md, to be written")
    parser.add_argument("--workers", type=counts, default=[10, 50, 200, 500], help="of the bulk check")
    parser.add_argument("--latency", type=float, default=0.05, help="of the server, in seconds")
    parser.add_argument("--seconds", type=float, default=1.5, help="that each contestant is measured")
    parser.add_argument("--rounds", type=int, default=3, help="how often: the middle one counts")
    parser.add_argument("--sdk", type=Path, default=SDK_PYTHON, help="the Python that has Green-API's SDK")
    parser.add_argument("--numbers", type=int, default=10_000, help="of the whole operator, each time")
    parser.add_argument("--operator-workers", type=int, default=50)
    parser.add_argument("--sizes", type=counts, help="numbers whose memory is measured; 10,000 and ten times as many")
    parser.add_argument("--memory-workers", type=int, default=200)
    parser.add_argument("--known", type=int, help="answers after which a run goes on; 100,000")
    parser.add_argument("--tries", type=int, default=5, help="at importing each module")
    parser.add_argument("--mapped-numbers", type=int, default=100)
    options = parser.parse_args()
    options.sizes = options.sizes or [10_000, 100_000, *([1_000_000] if options.full else [])]
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
