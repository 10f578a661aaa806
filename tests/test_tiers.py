# SPDX-License-Identifier: Apache-2.0
"""The guard of the unit tier, and the tier that a test is in."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
from helpers.tiers import TIERS, TierError, guarded


def connect() -> None:
    socket.create_connection(("127.0.0.1", 9), timeout=1)


def listen() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))


def run() -> None:
    subprocess.run([sys.executable, "-c", ""], check=True)


def fork() -> None:
    if not (child := os.fork()):
        os._exit(0)
    os.waitpid(child, 0)


def in_a_thread() -> None:
    thread = threading.Thread(target=caught)
    thread.start()
    thread.join()


def caught() -> None:
    with suppress(RuntimeError):
        listen()


@pytest.mark.sockets
@pytest.mark.parametrize("use", [connect, listen, run, fork, in_a_thread, caught])
def test_a_unit_test_may_use_no_socket_and_start_no_process(use: Callable[[], None]) -> None:
    with pytest.raises(TierError, match="a unit test "), guarded():
        use()


@pytest.mark.sockets
def test_a_server_that_was_there_before_may_go_on() -> None:
    begin, served = threading.Event(), []

    def serve() -> None:
        begin.wait()
        listen()
        served.append(True)

    thread = threading.Thread(target=serve)
    thread.start()
    with guarded():
        begin.set()
        thread.join()
    assert served


def test_this_test_is_guarded() -> None:
    with pytest.raises(TierError):
        listen()
    # Caught above, and yet found: forgiven here alone.
    from helpers import tiers

    assert tiers._guard is not None
    tiers._guard.found.clear()


def tier(request: pytest.FixtureRequest) -> list[str]:
    return [mark.name for mark in request.node.iter_markers() if mark.name in TIERS]


def test_a_test_is_a_unit_test_unless_it_says_otherwise(request: pytest.FixtureRequest) -> None:
    assert tier(request) == ["unit"]


@pytest.mark.usefixtures("vendors")
def test_the_sandbox_is_reached_over_sockets(request: pytest.FixtureRequest) -> None:
    assert tier(request) == ["sockets"]


@pytest.mark.sockets
def test_postgresql_is_a_process(request: pytest.FixtureRequest, store_url: str) -> None:
    assert tier(request) == ["system" if store_url.startswith("postgresql") else "sockets"]
