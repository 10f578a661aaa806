# SPDX-License-Identifier: Apache-2.0
"""The plugin in a real ``airflow api-server``."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
import pytest
from helpers.airflow_processes import migrated_database
from helpers.raw_server import free_port
from receiver.processes import CONNECTION, HOOK, SECRET, Flood, connections, environment

from airflow_provider_wa.sandbox.server import Running
from airflow_provider_wa.sandbox.simulated_vendor import SimulatedVendor
from airflow_provider_wa.sandbox.vendors import VENDORS
from airflow_provider_wa.store.store import Store

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

CALLBACK = {"num": "51987654321", "token": "t1", "code": "1", "comment": "private words"}
START_SECONDS = 120


@dataclass
class ApiServer:
    """A server that runs."""

    url: str
    home: Path
    log: Path
    client: httpx.Client

    def stored(self) -> set[str | None]:
        with closing(Store(f"sqlite:///{self.home / 'wa_store.db'}")) as store:
            return {event.reference for event in store.events.after(0, 100_000)}

    def printed(self) -> str:
        return self.log.read_text(errors="replace")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    home = tmp_path_factory.mktemp("airflow")
    environ = environment(
        home,
        AIRFLOW__API_AUTH__JWT_SECRET="0123456789abcdef0123456789abcdef",
        AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS="True",
        AIRFLOW__API__WORKERS="1",
        AIRFLOW__CORE__TEST_CONNECTION="Enabled",
        **connections(ck=CONNECTION),
    )
    airflow = [sys.executable, "-m", "airflow"]
    shutil.copy(migrated_database(), home / "airflow.db")
    added = [*airflow, "connections", "add", "in_database", "--conn-type", "checkwa", "--conn-login", "ana"]
    added += ["--conn-password", "key-5b1e77d0", "--conn-extra", f'{{"webhook_secret": "{SECRET}"}}']
    subprocess.run(added, env=environ, check=True, capture_output=True, timeout=60)
    port, log = free_port(), home / "api-server.log"
    with log.open("wb") as output:
        command = [*airflow, "api-server", "--host", "127.0.0.1", "--port", str(port)]
        process = subprocess.Popen(command, env=environ, stdout=output, stderr=subprocess.STDOUT)
    url = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(base_url=url, timeout=30) as client:
            _wait_until_well(client, process, log)
            yield ApiServer(url, home, log, client)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_well(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if client.get("/wa/healthz").json() == {"status": "ok"}:
                return
        except (httpx.TransportError, ValueError):
            pass
        time.sleep(0.3)
    raise AssertionError(f"the API server did not start:\n{log.read_text(errors='replace')[-5000:]}")


def test_posts_are_stored_for_connections_of_the_environment_and_of_the_database(server: ApiServer) -> None:
    assert server.client.post(HOOK, json=CALLBACK).status_code == 200
    in_database = HOOK.replace("/ck/", "/in_database/")
    assert server.client.post(in_database, json={**CALLBACK, "token": "t2"}).status_code == 200
    assert {"t1", "t2"} <= server.stored()
    for path in ("/wa/hooks/ck/wrong", "/wa/hooks/nobody/wrong", "/wa/else"):
        assert server.client.post(path, json=CALLBACK).status_code == 404


def test_options_have_the_headers_that_checkwa_demands(server: ApiServer) -> None:
    reply = server.client.options(HOOK, headers={"Origin": "https://w2.checkwa.com"})
    assert reply.status_code == 200
    assert reply.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
def test_the_test_button_works_with_a_form_that_has_no_port(
    server: ApiServer, request: pytest.FixtureRequest, vendor: SimulatedVendor
) -> None:
    """What the UI sends: the form as it was filled in, then for the button what was stored, with port 0 for none."""
    sandbox: Running = request.getfixturevalue("_sandbox")
    credentials = {name: value for name, value in asdict(vendor.credentials).items() if value}
    form = {"connection_id": f"ui_{vendor.name}", "conn_type": vendor.name, "host": f"{sandbox.url}{vendor.prefix}"}
    headers = {"Authorization": f"Bearer {server.client.get('/auth/token').json()['access_token']}"}
    made = server.client.post("/api/v2/connections", json={**form, **credentials}, headers=headers)
    assert made.status_code == 201, made.text
    assert made.json()["port"] is None
    masked = {"extra": "{}", "schema": "", "description": "", **credentials, "password": "***", "port": 0}
    tested = server.client.post("/api/v2/connections/test", json={**masked, **form}, headers=headers)
    assert (tested.status_code, tested.json().get("status")) == (200, True), tested.text


def test_files_go_to_airflows_home(server: ApiServer) -> None:
    assert server.client.post(HOOK, json={**CALLBACK, "picture": "/9j/4AAQ"}).status_code == 200
    assert [path.suffix for path in (server.home / "wa_media" / "ck").iterdir()] == [".jpg"]


def test_many_clients_at_once(server: ApiServer) -> None:
    flood = Flood(server.url, clients=16, most=10)
    for thread in flood.start():
        thread.join(60)
    assert len(flood.acknowledged) == 160
    assert flood.acknowledged <= server.stored()


def test_no_secret_is_in_the_servers_log_right_or_wrong(server: ApiServer) -> None:
    before = server.printed().count("masked")
    paths = (HOOK, "/wa/hooks/ck/hook-c0ffee43", f"/wa/hooks/{SECRET}/ck", f"/wa/{SECRET}", f"/wa/x?{SECRET}")
    for path in paths:
        for method in ("POST", "OPTIONS", "GET"):
            server.client.request(method, path, json=CALLBACK)
    deadline = time.monotonic() + 10
    while server.printed().count("masked") < before + 15 and time.monotonic() < deadline:
        time.sleep(0.1)
    printed = server.printed()
    assert printed.count("masked") >= before + 15, printed[-3000:]
    assert "ck: stored 1 check" in printed
    for word in ("c0ffee", "private words", "key-5b1e77d0"):
        assert word not in printed


def test_a_store_connection_that_is_made_while_it_runs_is_used_within_seconds(server: ApiServer) -> None:
    """The last test here: what was posted before is in the old store."""
    assert server.client.post(HOOK, json={**CALLBACK, "token": "before"}).status_code == 200
    headers = {"Authorization": f"Bearer {server.client.get('/auth/token').json()['access_token']}"}
    new = server.home / "elsewhere.db"
    fields = {"connection_id": "wa_store_default", "conn_type": "sqlite", "host": str(new)}
    assert server.client.post("/api/v2/connections", json=fields, headers=headers).status_code == 201
    given_up = time.monotonic() + 30
    while not new.exists():
        assert server.client.post(HOOK, json={**CALLBACK, "token": "after"}).status_code == 200
        assert time.monotonic() < given_up, server.printed()[-3000:]
        time.sleep(0.5)
    assert server.client.post(HOOK, json={**CALLBACK, "token": "after"}).status_code == 200
    with closing(Store(f"sqlite:///{new}")) as store:
        assert [event.reference for event in store.events.after(0, 10)] == ["after"]
    assert "before" in server.stored()
    assert f"The store is sqlite:///{new} from now on; what was stored in" in server.printed()
