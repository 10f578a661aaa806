# SPDX-License-Identifier: Apache-2.0
"""``wa-receiver`` as a process of its own, and many clients that post to it until it is killed."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

COMMAND = (sys.executable, "-m", "airflow_provider_wa.plugin.command")
START_SECONDS = 60.0
SECRET = "hook-c0ffee42"
CONN_ID = "ck"
HOOK = f"/wa/hooks/{CONN_ID}/{SECRET}"
CONNECTION = {"conn_type": "checkwa", "login": "ana", "password": "key-5b1e77d0", "extra": {"webhook_secret": SECRET}}


def environment(home: Path, **more: str) -> dict[str, str]:
    """What a process of Airflow with a home of its own needs: no connections but those in ``more``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "_AIRFLOW"))}
    return {**kept, "AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False", **more}


def connections(**fields: Mapping[str, Any]) -> dict[str, str]:
    """Connections as environment variables: ``connections(ck=CONNECTION)``."""
    return {f"AIRFLOW_CONN_{conn_id.upper()}": json.dumps(values) for conn_id, values in fields.items()}


def sqlite_store(path: Path) -> dict[str, str]:
    """A SQLite file as the store."""
    return connections(wa_store_default={"conn_type": "sqlite", "host": str(path)})


@dataclass
class Process:
    """A server that runs, where it is, and where its output goes."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, wait for the end, and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(30)


@contextmanager
def running(
    home: Path, *arguments: str, environ: Mapping[str, str], command: tuple[str, ...] = COMMAND
) -> Iterator[Process]:
    """Run ``wa-receiver`` on a free port until the block ends."""
    home.mkdir(parents=True, exist_ok=True)
    log = home / "receiver.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--port", "0", *arguments], env=dict(environ), stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield Process(process, _announced(process, log), log)
    finally:
        # Asked first: it may have processes of its own.
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _announced(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        for line in log.read_text().splitlines():
            if line.startswith("wa-receiver listening on "):
                return line.split()[-1]
        time.sleep(0.05)
    raise AssertionError(f"wa-receiver did not start:\n{log.read_text()}")


@dataclass
class Flood:
    """Clients that post callbacks, each with a token of its own, as fast as they are answered."""

    url: str
    clients: int = 16
    most: int = 200
    """Posts of one client."""
    tried: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    refused: list[int] = field(default_factory=list)

    def start(self) -> list[threading.Thread]:
        """Let them go, and return their threads."""
        threads = [threading.Thread(target=self._post, args=(number,), daemon=True) for number in range(self.clients)]
        for thread in threads:
            thread.start()
        return threads

    def until_killed(self, process: subprocess.Popen[bytes], after: int) -> None:
        """Kill the server (SIGKILL) when so many posts were answered with 200, and wait until all have noticed."""
        threads = self.start()
        deadline = time.monotonic() + 60
        while len(self.acknowledged) < after and time.monotonic() < deadline:
            time.sleep(0.001)
        process.kill()
        process.wait()
        for thread in threads:
            thread.join(30)
        assert len(self.acknowledged) >= after

    def _post(self, client: int) -> None:
        with suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=20)
            for number in range(self.most):
                token = f"{client}-{number}"
                self.tried.add(token)
                body = json.dumps({"num": "51987654321", "token": token, "code": "1"})
                connection.request("POST", HOOK, body, {"Content-Type": "application/json"})
                reply = connection.getresponse()
                reply.read()
                if reply.status == 200:
                    self.acknowledged.add(token)
                else:
                    self.refused.append(reply.status)
