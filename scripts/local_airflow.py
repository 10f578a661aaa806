# SPDX-License-Identifier: Apache-2.0
"""Private Airflow and sandbox for ``make demo`` and ``make airflow``. All their files are in ``.demo/``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from airflow_provider_wa.sandbox.vendors import VENDORS

PROJECT = Path(__file__).resolve().parent.parent
HOME = PROJECT / ".demo"
BIN = Path(sys.executable).parent

WEBHOOK_SECRET = "sandbox-webhook-secret"


def airflow_environment(sandbox_url: str, callback_base_url: str = "") -> dict[str, str]:
    """Return the environment of an Airflow with the example DAGs and a connection to each vendor of the sandbox."""
    HOME.mkdir(exist_ok=True)
    environment = {
        "AIRFLOW_HOME": str(HOME / "airflow"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME / 'airflow.db'}",
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "example_dags"),
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": os.environ.get("AIRFLOW__LOGGING__LOGGING_LEVEL", "WARNING"),
        "PYTHONWARNINGS": "ignore",
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",  # standalone starts its parts by name
    }
    receiver = {"callback_base_url": callback_base_url, "webhook_secret": WEBHOOK_SECRET}
    for vendor in VENDORS:
        connection = {
            "conn_type": vendor.name,
            "host": f"{sandbox_url}{vendor.prefix}",
            **{name: value for name, value in asdict(vendor.credentials).items() if value},
            "extra": receiver if import_module(f"airflow_provider_wa.vendors.{vendor.name}").FORM.posts else {},
        }
        environment[f"AIRFLOW_CONN_{vendor.name.upper()}_DEFAULT"] = json.dumps(connection)
    return environment


def migrate_database() -> None:
    """Create or migrate Airflow's tables."""
    done = subprocess.run([BIN / "airflow", "db", "migrate"], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"airflow db migrate failed:\n{done.stdout}\n{done.stderr}")


@contextmanager
def sandbox(*options: str) -> Iterator[str]:
    """Run the sandbox on a free port and yield its URL. It ends with the block."""
    with _server("wa-sandbox", *options) as url:
        yield url


@contextmanager
def receiver() -> Iterator[str]:
    """Run the receiver on a free port, with the connections of the environment, and yield its URL."""
    with _server("wa-receiver") as url:
        yield url


@contextmanager
def _server(command: str, *options: str) -> Iterator[str]:
    # A process group of its own: Ctrl-C reaches only this process, which then ends the server.
    process = subprocess.Popen(
        [BIN / command, "--port", "0", *options], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert process.stdout is not None
        first_line = process.stdout.readline().strip()
        if "listening on " not in first_line:
            sys.exit(f"{command} did not start: {first_line}")
        yield first_line.rpartition(" ")[2]
    finally:
        end_group(process)


def end_group(process: subprocess.Popen[str]) -> None:
    """End a process that runs in a process group of its own, and its child processes."""
    for sign, patience in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            break
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
    process.wait()


def end_in_order() -> None:
    """Turn Ctrl-C and SIGTERM into exceptions, so that child processes are ended too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    # A process that a shell starts in the background ignores SIGINT by default.
    signal.signal(signal.SIGINT, signal.default_int_handler)
