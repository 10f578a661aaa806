# SPDX-License-Identifier: Apache-2.0
"""Measure bulk sends: the whole ``WaBulkSendOperator`` against clients that only send, and how its cost grows.

The operator reads a CSV file, renders a message for each row, stores an intent before each request and its outcome
after it, and writes a CSV file. The other clients only send the same request.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from measuring import SDK, child, contestants, in_turn, middle, say
from stub import GREEN_SENT_BODY, SENT_BODY, stub

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from helpers import postgres
from helpers.certificates import make_certificate

SQLITE, POSTGRESQL = "ours, SQLite", "ours, PostgreSQL"
ENGINE = "ours, without a store"
"""The flow over the channel alone: what the operator adds is the difference."""

WIRES = ("plain", "TLS")


def send(options: argparse.Namespace) -> dict[str, Any]:
    """Measure each client with each number of workers, plain and over TLS, with the server's latency."""
    names = [SQLITE, POSTGRESQL, ENGINE, *contestants(options.sdk)[1:]]
    runs: dict[str, dict[str, Any]] = {wire: {} for wire in WIRES}
    with tempfile.TemporaryDirectory() as name, _databases() as new_database:
        certificate = make_certificate(Path(name) / "certificate.pem")
        for wire in WIRES:
            with _Sends(options, certificate if wire == "TLS" else None, new_database) as sends:
                for workers in options.send_workers:
                    say(f"sends, {wire}, {workers} workers")
                    found = in_turn(names, options.rounds, 4 * options.seconds, sends.measure(workers))
                    runs[wire][str(workers)] = {name: middle(each) for name, each in found.items() if each}
    return {"latency": options.latency, "runs": runs}


class _Sends:
    """Measurements over one kind of wire."""

    def __init__(self, options: argparse.Namespace, certificate: Path | None, new_database: Callable[[], str]) -> None:
        self._options = options
        self._new_database = new_database
        self._certificate = certificate
        self._tls = ("--certificate", certificate) if certificate else ()
        self._servers = ExitStack()

    def __enter__(self) -> _Sends:
        latency = self._options.latency
        self._url = self._servers.enter_context(stub(latency, SENT_BODY, certificate=self._certificate))
        self._green_url = self._servers.enter_context(stub(latency, GREEN_SENT_BODY, certificate=self._certificate))
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._servers.close()

    def measure(self, workers: int) -> Callable[[str], dict[str, Any]]:
        """Return a function that measures a client with this number of workers."""

        def measured(name: str) -> dict[str, Any]:
            if name in (SQLITE, POSTGRESQL):
                return self._operator(workers, self._new_database() if name == POSTGRESQL else None)
            python, url = (self._options.sdk, self._green_url) if name == SDK else (sys.executable, self._url)
            given = ("--workers", workers, "--seconds", self._options.seconds, "--what", "send", *self._tls)
            return child("contestants.py", "ours" if name == ENGINE else name, url, *given, python=python)

        return measured

    def _operator(self, workers: int, store: str | None) -> dict[str, Any]:
        count = max(int(workers * self._options.seconds / self._options.latency), workers)
        given = ("--url", self._url, "--numbers", count, "--workers", workers, "--warm", *self._tls)
        with tempfile.TemporaryDirectory() as folder:
            return child("operator_runs.py", "send", folder, *given, *(("--store", store) if store else ()))


@contextmanager
def _databases() -> Iterator[Callable[[], str]]:
    """Yield a function that makes a PostgreSQL database and returns its URL."""
    with postgres.serve() as server:
        yield server.new_database


def growth(options: argparse.Namespace) -> dict[str, Any]:
    """Measure memory and CPU time by length of the list, with the store on SQLite and no latency."""
    runs = {}
    with stub(0.0, SENT_BODY) as url:
        for count in (0, *options.growth):
            say(f"sends, {count:,} recipients")
            given = ("--url", url, "--numbers", count, "--workers", options.memory_workers)
            with tempfile.TemporaryDirectory() as folder:
                runs[count] = child("operator_runs.py", "send", folder, *given)
    imports = runs.pop(0)["peak_mb"]
    by_count = {str(count): run for count, run in runs.items()}
    return {"imports_mb": imports, "workers": options.memory_workers, "runs": by_count}
