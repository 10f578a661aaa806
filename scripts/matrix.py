# SPDX-License-Identifier: Apache-2.0
"""Run the tests with the supported Airflow releases and Python versions: ``make matrix``."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".matrix"


class Job(NamedTuple):
    """One environment: a file of ``constraints/`` and a Python version."""

    constraints: str
    python: str
    quick: bool = False
    """True for a job that ``--quick`` runs too, with the unit tests alone."""

    @property
    def name(self) -> str:
        """Name of the job on the command line."""
        return f"{self.constraints.removeprefix('airflow-')}-py{self.python}"


JOBS = (
    Job("airflow-3.1.8", "3.10"),
    Job("airflow-3.1.8", "3.13"),
    Job("airflow-3.2.2", "3.11"),
    Job("airflow-3.3.0", "3.12", quick=True),
    Job("airflow-3.3.1", "3.11"),
    Job("airflow-3.3", "3.10"),
    Job("airflow-3.3", "3.13"),
    Job("lowest", "3.10", quick=True),
)
"""The oldest and the newest release with the oldest and the newest Python, and each other release once."""


class Outcome(NamedTuple):
    """Row of the table at the end."""

    job: str
    airflow: str = "-"
    python: str = "-"
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0
    note: str = ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run jobs one after the other. Return 1 if a test failed, an environment could not be made, or nothing ran."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("jobs", nargs="*", metavar="JOB", help=f"one of {', '.join(job.name for job in JOBS)}")
    parser.add_argument("--quick", action="store_true", help="run two jobs only, with the unit tests alone")
    parser.add_argument("--tier", default="", help="pytest's -m, for example unit")
    parser.add_argument("--workers", default="2", help="test processes (2)")
    options = parser.parse_args(arguments)
    if unknown := set(options.jobs) - {job.name for job in JOBS}:
        parser.error(f"unknown job {', '.join(sorted(unknown))}; expected one of {', '.join(job.name for job in JOBS)}")
    chosen = [
        job for job in JOBS if job.name in options.jobs or (not options.jobs and (job.quick or not options.quick))
    ]
    tier = options.tier or ("unit" if options.quick else "unit or sockets")

    outcomes, missing = [], []
    for job in chosen:
        if interpreter := find_interpreter(job.python):
            outcomes.append(run(job, interpreter, tier, options.workers))
        else:
            missing.append(job)
            print(f"\n!!! {job.name} is SKIPPED: no Python {job.python} on this machine !!!\n", flush=True)
    print(table(outcomes))
    if missing:
        print(f"{len(missing)} of {len(chosen)} jobs SKIPPED, no interpreter: {', '.join(job.name for job in missing)}")
    return int(not outcomes or any(outcome.failed or outcome.note or not outcome.passed for outcome in outcomes))


def find_interpreter(version: str) -> str | None:
    """Return an interpreter of this version: from the PATH, from pyenv, or as uv finds it."""
    return next((path for path in _interpreters(version) if _version(path) == version), None)


def _interpreters(version: str) -> Iterator[str]:
    if path := shutil.which(f"python{version}"):
        yield path
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from (str(path) for path in sorted(pyenv.glob(f"versions/{version}.*/bin/python")))
    command = [uv(), "python", "find", "--no-python-downloads", "--no-project", version]
    if path := subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip():
        yield path


def _version(path: str) -> str:
    # pyenv puts shims on the PATH for versions that it then refuses to run.
    command = [path, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def uv() -> str:
    """Return the path of uv: the one on the PATH, or the one in the environment of this process."""
    return shutil.which("uv") or str(Path(sys.executable).with_name("uv"))


def run(job: Job, interpreter: str, tier: str, workers: str) -> Outcome:
    """Create a job's environment if needed, and run its tests."""
    print(f"=== {job.name}: {interpreter}", flush=True)
    begun = time.monotonic()
    python = FOLDER / job.name / "bin" / "python"
    try:
        install(job, interpreter, python)
        airflow, version = _versions(python)
    except subprocess.CalledProcessError as error:
        print(error.stderr or error, file=sys.stderr)
        return Outcome(job.name, seconds=time.monotonic() - begun, note="no environment")
    report, log = FOLDER / f"{job.name}.xml", FOLDER / f"{job.name}.log"
    report.unlink(missing_ok=True)
    command = [python, "-m", "pytest", "-q", "-m", tier, f"--junit-xml={report}", "-p", "no:cacheprovider"]
    command += ["--numprocesses", workers, "--dist", "worksteal"]
    with log.open("w") as output:
        done = subprocess.run(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, check=False)
    print("\n".join(log.read_text(errors="replace").splitlines()[-1 if done.returncode == 0 else -40 :]), flush=True)
    passed, failed, skipped = _counts(report)
    note = "" if done.returncode == 0 else f"see {log.relative_to(ROOT)}"
    return Outcome(job.name, airflow, version, passed, failed, skipped, time.monotonic() - begun, note)


def install(job: Job, interpreter: str, python: Path) -> None:
    """Create an environment, unless it exists and neither its pins nor ``pyproject.toml`` have changed since."""
    constraints = ROOT / "constraints" / f"{job.constraints}.txt"
    wanted = hashlib.sha256(constraints.read_bytes() + (ROOT / "pyproject.toml").read_bytes()).hexdigest()
    ready = python.parent.parent / ".ready"
    if ready.exists() and ready.read_text() == wanted:
        return
    make = [uv(), "venv", "--quiet", "--clear", "--python", interpreter, python.parent.parent]
    subprocess.run(make, check=True, stderr=subprocess.PIPE, text=True)
    command = [uv(), "pip", "install", "--quiet", "--python", python, "--constraint", constraints]
    command += ["--group", "test", "--editable", "."]
    subprocess.run(command, cwd=ROOT, check=True, stderr=subprocess.PIPE, text=True)
    ready.write_text(wanted)


def _versions(python: Path) -> tuple[str, str]:
    code = (
        "import json, platform; from importlib.metadata import version;"
        "print(json.dumps([version('apache-airflow'), platform.python_version()]))"
    )
    done = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True)
    airflow, version = json.loads(done.stdout)
    return airflow, version


def _counts(report: Path) -> tuple[int, int, int]:
    """Return the counts of passed, failed (with errors) and skipped tests from pytest's report."""
    if not report.exists():
        return 0, 0, 0
    suite = next(ElementTree.parse(report).iter("testsuite"))
    tests, failures, errors, skipped = (int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped"))
    return tests - failures - errors - skipped, failures + errors, skipped


def table(outcomes: list[Outcome]) -> str:
    """Return the outcomes as a table."""
    lines = [f"\n{'job':16} {'Airflow':8} {'Python':8} {'passed':>7} {'failed':>7} {'skipped':>8} {'seconds':>8}"]
    for job, airflow, python, passed, failed, skipped, seconds, note in outcomes:
        lines.append(
            f"{job:16} {airflow:8} {python:8} {passed:7} {failed:7} {skipped:8} {seconds:8.0f}  {note}".rstrip()
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
