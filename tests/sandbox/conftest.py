# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from sandbox.calls import Recorder, recording
from starlette.testclient import TestClient

from airflow_provider_wa.sandbox.app import create_app
from airflow_provider_wa.sandbox.server import Running, serve_in_thread
from airflow_provider_wa.sandbox.state import Sandbox, Settings
from airflow_provider_wa.sandbox.vendors import VENDORS


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1_750_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Sandbox:
    return Sandbox(VENDORS, Settings(delivery_seconds=10), clock)


@pytest.fixture
def client(sandbox: Sandbox) -> TestClient:
    return TestClient(create_app(sandbox))


@pytest.fixture
def scanned_later(clock: Clock) -> TestClient:
    """A client of a sandbox that starts logged out and is scanned 3 seconds after it was asked for."""
    return TestClient(create_app(Sandbox(VENDORS, Settings(scan_after=3), clock)))


@pytest.fixture(scope="session")
def shared_server() -> Iterator[Running]:
    with serve_in_thread(delivery_seconds=0.02) as running:
        yield running


@pytest.fixture
def server(shared_server: Running) -> Running:
    """A sandbox on a socket, as new."""
    # Over its socket: what is under way may be dropped by the server's own thread only.
    httpx.post(f"{shared_server.url}/sandbox/reset").raise_for_status()
    return shared_server


@pytest.fixture
def live(server: Running) -> Iterator[httpx.Client]:
    """A client of the sandbox on a socket, which is reset afterwards as well: nothing is under way then."""
    with httpx.Client(base_url=server.url) as client:
        yield client
    httpx.post(f"{server.url}/sandbox/reset").raise_for_status()


@pytest.fixture
def hook() -> Iterator[Recorder]:
    """A webhook that records the requests to it."""
    with recording() as recorder:
        yield recorder
