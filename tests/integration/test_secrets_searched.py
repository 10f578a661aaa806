# SPDX-License-Identifier: Apache-2.0
"""Each operator and sensor, with vendors that fail in every way and all loggers at DEBUG: no secret is written."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil
import pytest
from helpers.airflow_processes import Airflow, migrated_database
from helpers.leaky_vendors import ANSWERS, ODD
from helpers.raw_server import Answer, RawServer, Wire
from helpers.secret_search import files, found, spellings
from helpers.vendors import CREDENTIALS

from airflow_provider_wa.sandbox.server import serve_in_thread

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

ROOT = Path(__file__).parent.parent

DAG_FILE = """
from airflow.sdk import DAG
from helpers.leaky_run import dags

globals().update(dags())
"""

FAILURES: Mapping[str, tuple[str, ...]] = {
    "quotes": ("refuses", "complains", "accepts", "slows", "fails", "accepts"),
    "breaks": ("html", "junk", "redirects", "headers", "resets", "silent", "nests"),
}
"""How the hostile server answers one request after the other to the same path."""


def _server(kind: str) -> RawServer:
    """Return a server that begins with another answer for each path, however often the others are asked for."""
    answers = [ANSWERS[name] for name in FAILURES[kind]]
    turns: dict[str, Iterator[Answer]] = {}

    def answer(wire: Wire) -> None:
        path = _path(wire.request.target)
        turn = turns.setdefault(path, itertools.islice(itertools.cycle(answers), len(turns), None))
        next(turn)(wire)

    return RawServer(answer)


def _path(target: str) -> str:
    return target.partition("?")[0]


def _paths(server: RawServer) -> set[str]:
    return {_path(request.target) for request in server.requests}


def _connections(urls: Mapping[str, str], sandbox: str) -> tuple[dict[str, list[str]], dict[str, str], dict[str, str]]:
    """Return the connections by DAG, the environment that has them, and all their secrets by name."""
    dags: dict[str, list[str]] = {}
    environment: dict[str, str] = {}
    secrets: dict[str, str] = {}
    numbers = itertools.count(1000)
    odd = itertools.cycle(ODD)

    def one(conn_id: str, name: str) -> str:
        secret = next(odd)
        secrets[f"{conn_id} {name}"] = secret if len(secret) < 5 else f"{secret}-{next(numbers)}"
        return secrets[f"{conn_id} {name}"]

    for kind, url in {**urls, "simulated": sandbox}.items():
        for conn_type, known in CREDENTIALS.items():
            conn_id = f"{kind}_{conn_type}"
            dags.setdefault(kind, []).append(conn_id)
            plain = {name: known[name] for name in ("login", "password") if name in known}
            if kind == "simulated":
                secrets[f"{conn_id} password"] = plain["password"]
            else:
                plain["password"] = one(conn_id, "password")
            secrets[f"{conn_id} webhook"] = webhook = f"hook-{next(numbers)}-9f31c07e55ab"
            connection = {
                **plain,
                "conn_type": conn_type,
                "host": f"{url}/{known['path']}",
                "extra": {
                    **known.get("extra", {}), "timeout": 0.5, "webhook_secret": webhook,
                    "callback_base_url": "https://me.example.com",
                },
            }  # fmt: skip
            environment[f"AIRFLOW_CONN_{conn_id.upper()}"] = json.dumps(connection)
    return dags, environment, secrets


def _run(environment: Mapping[str, str], output: Path) -> set[str]:
    """Run the program to its end; return the arguments of all processes that it was and started."""
    arguments: set[str] = set()
    with output.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "helpers.leaky_run"], env=dict(environment), stdout=log, stderr=subprocess.STDOUT
        )
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            try:
                seen = [watched, *watched.children(recursive=True)]
                arguments |= {" ".join(one.cmdline()) for one in seen}
            except psutil.Error:
                pass
            try:
                process.wait(0.5)
            except subprocess.TimeoutExpired:
                continue
    assert process.returncode == 0, output.read_text(errors="replace")[-3000:]
    return arguments


def test_no_secret_is_written_anywhere(tmp_path: Path) -> None:
    airflow = Airflow(tmp_path / "airflow", {})
    dag_file, given = tmp_path / "airflow" / "dags" / "leaky.py", tmp_path / "given.json"
    dag_file.parent.mkdir(parents=True)
    (tmp_path / "output").mkdir()
    dag_file.write_text(DAG_FILE)
    shutil.copy(migrated_database(), airflow.database)
    with _server("quotes") as quotes, _server("breaks") as breaks, serve_in_thread(delivery_seconds=0.05) as sandbox:
        urls = {"quotes": quotes.url, "breaks": breaks.url, "tls": breaks.url.replace("http:", "https:")}
        dags, connections, secrets = _connections(urls, sandbox.url)
        rotated = _rotated(connections, secrets)
        given.write_text(json.dumps({"dags": dags, "output": str(tmp_path / "output"), "rotated": rotated}))
        environment = {
            **airflow.environment,
            **connections,
            "AIRFLOW_CONN_WA_STORE_DEFAULT": json.dumps({"conn_type": "sqlite", "host": str(tmp_path / "store.db")}),
            "LEAKY_RUN": str(given),
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT.parent), *sys.path]),
        }
        arguments = _run(environment, tmp_path / "stdout")
    written = dict(files(tmp_path, but=[given]))
    written["arguments"] = "\n".join(arguments).encode()
    leaks = found(secrets, written)
    assert leaks == [], "\n".join(leaks)
    # Requests are more or fewer as a sensor looks more or less often in its second.
    assert len(_paths(quotes)) >= 10
    assert len(_paths(breaks)) >= 6
    _assert_it_ran(written, airflow)


def _rotated(connections: Mapping[str, str], secrets: dict[str, str]) -> dict[str, str]:
    """Give the connections of one DAG another password, for after the first retry of any task."""
    rotated = {}
    for name, text in connections.items():
        if name.startswith("AIRFLOW_CONN_QUOTES"):
            secrets[f"{name} rotated"] = f"rotated-{len(rotated)}-%+7c1e5d9b"
            rotated[name] = json.dumps({**json.loads(text), "password": secrets[f"{name} rotated"]})
    return rotated


def _assert_it_ran(written: Mapping[str, bytes], airflow: Airflow) -> None:
    """All tasks came to an end, all loggers said something, and what was masked is there."""
    states = dict(airflow.query("SELECT state, count(*) FROM task_instance GROUP BY state"))
    assert set(states) <= {"success", "failed", "skipped"}, states
    assert states["failed"] > 40
    assert states["success"] > 5
    output = written["stdout"]
    for logger in (b"httpcore", b"sqlalchemy", b"asyncio", b"in a callback"):
        assert logger in output, logger
    assert output.count(b"***") > 50
    assert b"Traceback" in output


def test_the_search_finds_what_it_looks_for() -> None:
    secrets = {str(place): secret for place, secret in enumerate(ODD)}
    for name, secret in secrets.items():
        for form in spellings(secret):
            assert any(place.startswith(f"{name} in file") for place in found(secrets, {"file": b"xx" + form + b"yy"}))
