# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import argparse
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from airflow_provider_wa.serving import Server, listen, port_number, serve_until_signal, serving_in_thread, url_of

pytestmark = pytest.mark.sockets


async def hello(request: Request) -> Response:
    return PlainTextResponse("hello")


def config() -> uvicorn.Config:
    return uvicorn.Config(Starlette(routes=[Route("/", hello)]), ws="none", log_level="error")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with listen("127.0.0.1", 0) as opened:
        yield opened


def test_the_socket_is_tcp_and_has_a_url(listener: socket.socket) -> None:
    assert listener.proto == socket.IPPROTO_TCP
    port = listener.getsockname()[1]
    assert url_of(listener) == f"http://127.0.0.1:{port}"
    assert url_of(listener, "https") == f"https://127.0.0.1:{port}"


def test_an_ipv6_address_is_in_brackets() -> None:
    try:
        listener = listen("::1", 0)
    except OSError:
        pytest.skip("this machine has no IPv6 loopback address")
    with listener:
        assert url_of(listener) == f"http://[::1]:{listener.getsockname()[1]}"


def test_an_address_in_use_is_an_error_and_leaves_no_socket(listener: socket.socket) -> None:
    with pytest.raises(OSError, match="in use"):
        listen("127.0.0.1", listener.getsockname()[1])


def test_port_numbers() -> None:
    assert [port_number(text) for text in ("0", "8790", "65535")] == [0, 8790, 65535]
    for text in ("-1", "65536"):
        with pytest.raises(argparse.ArgumentTypeError, match="expected 0 to 65535"):
            port_number(text)


def test_it_serves_in_a_thread_until_the_block_ends(listener: socket.socket) -> None:
    called: list[str] = []
    server = Server(config(), lambda: called.append("started"), lambda: called.append("shutdown"))
    before = threading.active_count()
    with serving_in_thread(server, listener, "test"):
        assert called == ["started"]
        assert httpx.get(url_of(listener)).text == "hello"
    assert called == ["started", "shutdown"]
    assert threading.active_count() == before


def test_an_error_in_the_block_stops_the_server_too(listener: socket.socket) -> None:
    before = threading.active_count()
    with pytest.raises(ZeroDivisionError), serving_in_thread(Server(config()), listener, "test"):
        raise ZeroDivisionError
    assert threading.active_count() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_and_the_handlers_are_restored(
    listener: socket.socket, number: signal.Signals
) -> None:
    handlers = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    server = Server(config())

    def stop_once_it_answers() -> None:
        server.ready.wait(10)
        replies.append(httpx.get(url_of(listener)).text)
        os.kill(os.getpid(), number)

    replies: list[str] = []
    client = threading.Thread(target=stop_once_it_answers)
    client.start()
    begun = time.monotonic()
    serve_until_signal(server, listener)
    client.join()
    assert replies == ["hello"]
    assert time.monotonic() - begun < 30
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == handlers
