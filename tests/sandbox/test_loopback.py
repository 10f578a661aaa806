# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio

import pytest

from airflow_provider_wa.sandbox import loopback
from airflow_provider_wa.sandbox.server import Running


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/", "http://127.8.8.8:1/x", "https://localhost:8080", "http://[::1]:5/", "http://u:p@localhost/"],
)
def test_this_machine(url: str) -> None:
    assert loopback.is_loopback(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "http://10.0.0.1/",
        "http://0.0.0.0/",
        "http://127.0.0.1.example.com/",
        "http://localhost@example.com/",
        "http://example.com#@localhost",
        "ftp://localhost/",
        "//localhost/",
        "http://[::1",
        "http://localhost:99999/",
        "",
    ],
)
def test_any_other(url: str) -> None:
    assert not loopback.is_loopback(url)
    with pytest.raises(loopback.CallFailed, match="loopback"):
        asyncio.run(loopback.call("GET", url))


def test_a_call(server: Running) -> None:
    answer = asyncio.run(loopback.call("GET", f"{server.url}/sandbox/ledger?vendor=checkwa"))
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert b'"requests":{}' in answer.body


def test_a_call_with_a_body(server: Running) -> None:
    body = b'{"vendor":"checkwa","left":5}'
    answer = asyncio.run(loopback.call("POST", f"{server.url}/sandbox/quota", {"Content-Type": "x/y"}, body))
    assert answer.body == b'{"vendor":"checkwa","left":5}'
    assert server.state.quotas["checkwa"].left == 5


@pytest.mark.sockets
def test_nobody_there() -> None:
    with pytest.raises(loopback.CallFailed, match="ConnectionRefused"):
        asyncio.run(loopback.call("GET", "http://127.0.0.1:1/"))


def test_an_answer_that_is_no_http(server: Running) -> None:
    server.state.faults.clear()
    asyncio.run(
        loopback.call("POST", f"{server.url}/sandbox/faults", body=b'{"kind":"junk","times":1}'),
    )
    with pytest.raises(loopback.CallFailed):
        asyncio.run(loopback.call("GET", f"{server.url}/wuzapi/session/status"))
