# SPDX-License-Identifier: Apache-2.0
"""A real Airflow in processes of its own, on loopback and in a folder of its own: scheduler, triggerer and all."""

from __future__ import annotations

import atexit
import functools
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

BIN = Path(os.environ.get("WA_TEST_AIRFLOW_BIN") or Path(sys.executable).parent)
"""Whose ``airflow`` is run: that of another release, for instance."""

PARTS = ("api-server", "scheduler", "dag-processor", "triggerer")
"""The parts of an Airflow that runs its tasks in the scheduler."""

COMMANDS: Mapping[str, tuple[str, ...]] = {
    "api-server": ("api-server",),
    # Their log servers would listen on all interfaces.
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
    **{
        name: (
            *("celery", "worker", "--skip-serve-logs", "--without-mingle", "--without-gossip"),
            *("--concurrency", "2", "--celery-hostname", f"{name}@%h", "--queues", f"default,{name}"),
        )
        for name in ("worker-1", "worker-2")
    },
}


class Airflow:
    """The processes, and what their database says. ``log`` is where each writes: ``<part>.log`` in the folder."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self.folder = folder
        self.database = folder / "airflow.db"
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.environment = {
            **os.environ,
            "AIRFLOW_HOME": str(folder),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.database}",
            "AIRFLOW__CORE__DAGS_FOLDER": str(folder / "dags"),
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API_AUTH__JWT_SECRET": "only-for-this-test-on-loopback-0123456789",
            "AIRFLOW__CORE__INTERNAL_API_SECRET_KEY": "only-for-this-test",
            "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
            "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
            # A triggerer that was killed is missed after this many seconds; its waits then go to another.
            "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "5",
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "PYTHONWARNINGS": "ignore",
            "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
            **variables,
        }
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def run(self, *command: str) -> str:
        """Run an ``airflow`` command to its end."""
        done = subprocess.run(
            [BIN / "airflow", *command], env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, f"airflow {' '.join(command)}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout

    def start(self, part: str) -> None:
        """Start one of ``COMMANDS``."""
        with (self.folder / f"{part}.log").open("ab") as log:
            self._processes[part] = subprocess.Popen(
                [BIN / "airflow", *COMMANDS[part]],
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self, part: str) -> None:
        """SIGKILL: the process and all that it has started, which get no chance to put anything in order."""
        started = self.started_by(part)
        process = self._processes.pop(part)
        os.killpg(process.pid, signal.SIGKILL)
        for child in started:
            with suppress(psutil.NoSuchProcess):
                child.kill()
        process.wait()

    def started_by(self, part: str) -> list[psutil.Process]:
        """The processes that a part has started, and those that they have."""
        return psutil.Process(self._processes[part].pid).children(recursive=True)

    def end(self) -> None:
        """End all that still runs."""
        for process in self._processes.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        for process in self._processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def query(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Ask Airflow's database."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)) as connection:
            return connection.execute(statement, parameters).fetchall()

    def states(self, dag_id: str) -> Counter[str]:
        """How many task instances there are in each state."""
        return Counter(
            {
                str(state): count
                for state, count in self.query(
                    "SELECT state, count(*) FROM task_instance WHERE dag_id = ? GROUP BY state", dag_id
                )
            }
        )

    def returned(self, dag_id: str) -> dict[tuple[str, int], Any]:
        """What the tasks returned, by task id and map index."""
        rows = self.query(
            "SELECT task_id, map_index, value FROM xcom WHERE dag_id = ? AND key = 'return_value'", dag_id
        )
        return {(task_id, map_index): _value(value) for task_id, map_index, value in rows}

    def wait(self, what: str, condition: Any, seconds: float) -> None:
        """Wait until ``condition()`` is true; fail with the ends of the logs if it does not become so in time."""
        given_up = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < given_up, f"{what}: not within {seconds:g} s\n{self.log_ends()}"
            dead = [part for part, process in self._processes.items() if process.poll() is not None]
            assert not dead, f"{what}: {dead} ended\n{self.log_ends()}"
            time.sleep(0.5)

    def log(self, part: str) -> str:
        """What a part has written so far."""
        return (self.folder / f"{part}.log").read_text(errors="replace")

    def log_ends(self) -> str:
        """The end of each log, for a failure's message."""
        return "\n".join(
            f"--- {path.name}\n{path.read_text(errors='replace')[-3000:]}" for path in self.folder.glob("*.log")
        )


@functools.cache
def migrated_database() -> Path:
    """An Airflow database with its tables, made once in a run of the tests: copy it."""
    folder = Path(tempfile.mkdtemp(prefix="airflow-migrated-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    Airflow(folder, {}).run("db", "migrate")
    return folder / "airflow.db"


@contextmanager
def running_airflow(
    folder: Path, dags: Mapping[str, str], parts: Iterable[str] = PARTS, **variables: str
) -> Iterator[Airflow]:
    """An Airflow with these DAG files (text by file name), its parts started; it ends with the block."""
    airflow = Airflow(folder, variables)
    (folder / "dags").mkdir(parents=True)
    for name, text in dags.items():
        (folder / "dags" / name).write_text(text)
    if "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" in variables:
        airflow.run("db", "migrate")
    else:
        shutil.copy(migrated_database(), airflow.database)
    try:
        for part in parts:
            airflow.start(part)
        yield airflow
    finally:
        airflow.end()


def _value(value: Any) -> Any:
    """An XCom as the database has it, JSON in JSON in some releases."""
    while isinstance(value, (str, bytes)):
        try:
            value = json.loads(value)
        except ValueError:
            break
    return value


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
