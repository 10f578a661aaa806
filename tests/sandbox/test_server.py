# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from helpers.timing import AT_ONCE, any_round_within

from airflow_provider_wa.sandbox import server
from airflow_provider_wa.sandbox.server import main, serve_in_thread
from airflow_provider_wa.sandbox.wuzapi import protocol as wuzapi

HEADERS = {"Token": wuzapi.TOKEN}
COMMAND = (sys.executable, "-m", "airflow_provider_wa.sandbox.server")


@contextmanager
def command(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command; yields the process and the URL that it announced."""
    with subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("wa-sandbox listening on http://127.0.0.1:"), line
            yield process, line.split()[-1]
        finally:
            process.kill()


def finish(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Wait for the end; return what is left of both outputs (communicate() would lose what readline() read ahead)."""
    process.wait(timeout=60)
    assert process.stdout is not None
    assert process.stderr is not None
    return process.stdout.read(), process.stderr.read()


@pytest.mark.system
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_and_ends_at_once(number: signal.Signals) -> None:
    with command("--port", "0") as (process, url), httpx.Client(base_url=url) as client:
        assert client.get("/sandbox/health").status_code == 200
        begun = time.monotonic()
        process.send_signal(number)
        rest, complaints = finish(process)
        assert time.monotonic() - begun < AT_ONCE
        assert (process.returncode, complaints) == (0, "")
        for prefix in ("/wuzapi", "/portal", "/green", "/checkwa", "/accuauth"):
            assert f"{url}{prefix} " in rest
        assert "docs/sandbox.md" in rest


@pytest.mark.system
def test_it_ends_at_once_with_a_request_under_way() -> None:
    with command("--port", "0", "--latency", "60", "--scan-after", "60") as (process, url):
        replies: list[int] = []
        waiting = threading.Thread(
            target=lambda: replies.append(httpx.get(f"{url}/wuzapi/session/status", headers=HEADERS).status_code)
        )
        waiting.start()
        while httpx.get(f"{url}/sandbox/ledger").json()["requests"] != {"wuzapi": 1}:
            time.sleep(0.01)
        begun = time.monotonic()
        process.terminate()
        _, complaints = finish(process)
        assert time.monotonic() - begun < AT_ONCE
        assert (process.returncode, complaints) == (0, "")
        waiting.join()
        assert replies == [200]


@pytest.mark.system
def test_options_reach_the_sandbox() -> None:
    with (
        command("--port", "0", "--scan-after", "0.05", "--latency", "0.02") as (_, url),
        httpx.Client(base_url=f"{url}/wuzapi", headers=HEADERS) as client,
    ):
        begun = time.monotonic()
        assert client.get("/session/status").json()["data"]["loggedIn"] is False
        assert time.monotonic() - begun >= 0.02
        # Without Immediate, connecting waits for the login.
        assert client.post("/session/connect", json={}).json()["data"]["jid"]
        assert client.get("/session/status").json()["data"]["loggedIn"] is True


@pytest.mark.sockets
def test_a_port_in_use_is_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["--port", str(port)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"wa-sandbox: cannot listen on 127.0.0.1 port {port}: Address already in use\n"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.com"])
def test_a_host_that_others_can_reach_is_refused(
    host: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # If this should ever break, the test must not be what opens the port.
    monkeypatch.setattr(server, "listen", lambda *_: pytest.fail("it listens"))
    assert main(["--host", host, "--port", "0"]) == 1
    assert "--allow-remote" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--port", "70000"], ["--latency", "-1"], ["--scan-after", "nan"]])
def test_nonsense_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.sockets
def test_serve_in_thread_serves_and_really_stops() -> None:
    before = threading.active_count()
    with serve_in_thread(delivery_seconds=0.1) as running:
        assert httpx.get(f"{running.url}/sandbox/health").status_code == 200
        assert running.state.settings.delivery_seconds == 0.1
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{running.url}/sandbox/health")
    assert threading.active_count() == before


@pytest.mark.sockets
def test_two_sandboxes_know_nothing_of_each_other() -> None:
    with serve_in_thread() as one, serve_in_thread(scan_after=60) as other:
        assert one.url != other.url
        statuses = [
            httpx.get(f"{running.url}/wuzapi/session/status", headers=HEADERS).json()["data"]["loggedIn"]
            for running in (one, other)
        ]
        assert statuses == [True, False]


@pytest.mark.sockets
def test_replies_over_a_kept_alive_connection_do_not_wait_for_acknowledgements() -> None:
    with serve_in_thread() as running, httpx.Client(base_url=running.url) as client:
        client.get("/sandbox/health")
        # With Nagle's algorithm on, each takes 40 ms.
        assert any_round_within(0.5, lambda: [client.get("/sandbox/health") for _ in range(25)])
