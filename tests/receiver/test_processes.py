# SPDX-License-Identifier: Apache-2.0
"""The command ``wa-receiver``, as a process."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from helpers.airflow_processes import migrated_database
from helpers.timing import any_round_within
from receiver.processes import (
    COMMAND,
    CONNECTION,
    HOOK,
    SECRET,
    Flood,
    Process,
    connections,
    environment,
    running,
    sqlite_store,
)

from airflow_provider_wa.store.store import Store

pytestmark = pytest.mark.system

CALLBACK = {"num": "51987654321", "token": "t1", "code": "1"}


def stored(path: Path) -> set[str | None]:
    with closing(Store(f"sqlite:///{path}")) as store:
        return {event.reference for event in store.events.after(0, 100_000)}


def test_with_nothing_but_a_connection_in_the_environment(tmp_path: Path) -> None:
    home = tmp_path / "home"
    environ = environment(home, **connections(ck=CONNECTION))
    with running(home, environ=environ) as server, httpx.Client(base_url=server.url, timeout=60) as client:
        assert client.post(HOOK, json=CALLBACK).status_code == 200
        assert client.post("/wa/hooks/nobody/x", json=CALLBACK).status_code == 404
        assert client.get("/healthz").json() == client.get("/wa/healthz").json() == {"status": "ok"}
        assert server.stop() == 0
    # Airflow's own database was not even made.
    assert {path.name for path in home.iterdir()} >= {"wa_store.db"}
    assert not (home / "airflow.db").exists()
    assert stored(home / "wa_store.db") == {"t1"}


def test_with_airflows_metadata_database(tmp_path: Path) -> None:
    home = tmp_path / "home"
    environ = environment(home)
    airflow = [sys.executable, "-m", "airflow"]
    home.mkdir()
    shutil.copy(migrated_database(), home / "airflow.db")
    added = [*airflow, "connections", "add", "ck", "--conn-type", "checkwa", "--conn-login", "ana"]
    added += ["--conn-password", "key-5b1e77d0", "--conn-extra", f'{{"webhook_secret": "{SECRET}"}}']
    subprocess.run(added, env=environ, check=True, capture_output=True, timeout=60)
    with running(home, environ=environ) as server, httpx.Client(base_url=server.url, timeout=60) as client:
        assert client.post(HOOK, json=CALLBACK).status_code == 200
        assert client.post("/wa/hooks/nobody/x", json=CALLBACK).status_code == 404
        # A metadata database that fails is not taken for one without the connection.
        (home / "airflow.db").write_bytes(b"no database any more" * 1000)
        assert client.post("/wa/hooks/nobody2/x", json=CALLBACK).status_code == 503


def test_every_post_that_was_answered_is_stored_once_when_the_server_is_killed(tmp_path: Path, store_url: str) -> None:
    environ = environment(tmp_path / "home", AIRFLOW_CONN_WA_STORE_DEFAULT=store_url, **connections(ck=CONNECTION))
    with running(tmp_path / "home", environ=environ) as server:
        flood = Flood(server.url, clients=32)
        flood.until_killed(server.process, after=500)

    with closing(Store(store_url)) as store:
        references = [event.reference for event in store.events.after(0, 100_000)]
    assert flood.acknowledged <= set(references) <= flood.tried
    assert len(references) == len(set(references))
    assert flood.refused == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_order_and_finishes_what_is_under_way(tmp_path: Path, number: signal.Signals) -> None:
    path = tmp_path / "wa.db"
    environ = environment(tmp_path / "home", **connections(ck=CONNECTION), **sqlite_store(path))
    with running(tmp_path / "home", environ=environ) as server:
        netloc = urlsplit(server.url).netloc
        body = b'{"num":"51987654321","token":"slow","code":"1"}'
        slow = http.client.HTTPConnection(netloc, timeout=20)
        slow.putrequest("POST", HOOK)
        slow.putheader("Content-Length", str(len(body)))
        slow.endheaders(body[:10])
        time.sleep(0.5)
        ending = threading.Thread(target=lambda: codes.append(server.stop(number)))
        codes: list[int] = []
        ending.start()
        time.sleep(0.5)
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{server.url}/healthz")
        slow.send(body[10:])
        status = slow.getresponse().status
        ending.join(30)
        assert codes == [0]
    # uvicorn before 0.50, as Airflow 3.1 has it, no longer reads on when it ends: the vendor is told to come again.
    assert (status, stored(path)) in ((200, {"slow"}), (503, set()))
    assert status == 200 or version("uvicorn") < "0.50"


def test_several_processes_share_the_port_and_the_store(tmp_path: Path) -> None:
    path = tmp_path / "wa.db"
    environ = environment(tmp_path / "home", **connections(ck=CONNECTION), **sqlite_store(path))
    options = ("--workers", "2", "--max-body-mb", "0.001")
    with running(tmp_path / "home", *options, environ=environ) as server:
        flood = Flood(server.url, clients=8, most=20)
        for thread in flood.start():
            thread.join(60)
        too_long = httpx.post(f"{server.url}{HOOK}", content=b"x" * 1100)
        assert server.stop() == 0
    assert flood.acknowledged == stored(path)
    assert len(flood.acknowledged) == 8 * 20
    assert too_long.status_code == 413


def test_files_go_where_they_are_told_to(tmp_path: Path) -> None:
    environ = environment(tmp_path / "home", **connections(ck=CONNECTION))
    options = ("--media-path", str(tmp_path / "media"))
    with running(tmp_path / "home", *options, environ=environ) as server:
        assert httpx.post(f"{server.url}{HOOK}", json={**CALLBACK, "picture": "/9j/4AAQ"}).status_code == 200
    (file,) = (tmp_path / "media" / "ck").iterdir()
    assert file.suffix == ".jpg"
    with closing(Store(f"sqlite:///{tmp_path / 'home' / 'wa_store.db'}")) as store:
        assert [event.file for event in store.events.after(0, 10)] == [f"file://{file}"]


def test_tls(tmp_path: Path) -> None:
    key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "cert.pem")
    openssl = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    openssl += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate]
    subprocess.run(openssl, check=True, capture_output=True)
    environ = environment(tmp_path / "home", **connections(ck=CONNECTION))
    with running(tmp_path / "home", "--tls-cert", certificate, "--tls-key", key, environ=environ) as server:
        assert server.url.startswith("https://")
        trusted = ssl.create_default_context(cafile=certificate)
        assert httpx.post(f"{server.url}{HOOK}", json=CALLBACK, verify=trusted).status_code == 200


def log_of(server: Process) -> str:
    return server.log.read_text(errors="replace")


def test_no_secret_is_in_the_log_right_or_wrong(tmp_path: Path) -> None:
    environ = environment(tmp_path / "home", **connections(ck=CONNECTION))
    with running(tmp_path / "home", environ=environ) as server, httpx.Client(base_url=server.url, timeout=60) as client:
        paths = (HOOK, "/wa/hooks/ck/hook-c0ffee43", f"/wa/hooks/{SECRET}/ck", f"/hooks/{SECRET}", f"/x?{SECRET}")
        for path in paths:
            for method in ("POST", "GET", "OPTIONS"):
                client.request(method, path, json={**CALLBACK, "comment": "private words"})
        with socket.create_connection((client.base_url.host, client.base_url.port)) as junk:
            junk.sendall(f"POST {HOOK} HTTP/9\r\n\r\n".encode())
            junk.recv(1000)
        assert server.stop() == 0
        log = log_of(server)
    assert "ck: stored 1 check" in log
    assert "refused a request from 127.0.0.1" in log
    for word in ("c0ffee", "private words", "key-5b1e77d0"):
        assert word not in log


def test_the_addresses_that_a_proxy_names_are_believed_only_if_it_is_said(tmp_path: Path) -> None:
    environ = environment(tmp_path / "home", **connections(ck=CONNECTION))
    for options, address in (((), "127.0.0.1"), (("--proxy",), "192.0.2.7")):
        with running(tmp_path / "home", *options, environ=environ) as server:
            httpx.post(f"{server.url}/wa/hooks/ck/wrong", headers={"X-Forwarded-For": "192.0.2.7"})
            server.stop()
            assert f"refused a request from {address}:" in log_of(server)


def test_replies_over_a_kept_alive_connection_do_not_wait_for_acknowledgements(tmp_path: Path) -> None:
    environ = environment(tmp_path / "home", **connections(ck=CONNECTION))
    with running(tmp_path / "home", environ=environ) as server, httpx.Client(base_url=server.url, timeout=60) as client:
        client.get("/healthz")
        # With Nagle's algorithm on, each takes 40 ms.
        assert any_round_within(0.5, lambda: [client.get("/healthz") for _ in range(25)])


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--tls-key", "key.pem"], "--tls-key: needs --tls-cert; give both"),
        (["--tls-cert", "nothing.pem"], "--tls-cert: cannot be used: No such file or directory; expected a PEM file"),
        (["--host", "192.0.2.1"], "cannot listen on 192.0.2.1 port 0: "),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from airflow_provider_wa.plugin.command import main

    assert main(["--port", "0", *arguments]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"wa-receiver: {complaint}")


@pytest.mark.parametrize("arguments", [["--port", "70000"], ["--workers", "0"], ["--max-body-mb", "nan"]])
def test_nonsense_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    from airflow_provider_wa.plugin.command import main

    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_a_wrong_option_of_the_configuration_stops_it(tmp_path: Path) -> None:
    environ = environment(tmp_path, AIRFLOW__WA__RECEIVER_MAX_BODY_MB="much")
    command = [sys.executable, "-m", "airflow_provider_wa.plugin.command", "--port", "0"]
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60)
    assert ended.returncode != 0
    assert "[wa] receiver_max_body_mb: 'much' is not allowed; expected" in ended.stdout + ended.stderr
    assert os.listdir(tmp_path) == ["logs"]


def test_silent_connections_leave_handles_for_the_honest(tmp_path: Path) -> None:
    """More connections than file handles, all silent: before, nobody was served, and the log grew by megabytes."""
    environ = environment(tmp_path, **connections(ck=CONNECTION), **sqlite_store(tmp_path / "wa.db"))
    limited = ("sh", "-c", 'ulimit -n 400 && exec "$@"', "sh", *COMMAND)
    with running(tmp_path, environ=environ, command=limited) as server, ExitStack() as opened:
        parts = urlsplit(server.url)
        for _ in range(600):
            opened.enter_context(socket.create_connection((parts.hostname, parts.port), timeout=20))
        for number in range(5):
            body = {"num": "51987654321", "token": f"t{number}", "code": "1"}
            assert httpx.post(f"{server.url}{HOOK}", json=body, timeout=60).status_code == 200
        assert server.log.read_text().count("Too many connections from 127.0.0.1") == 1
        assert server.log.stat().st_size < 20_000
