# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request

from airflow_provider_wa.plugin.port_zero import LONGEST_BODY, PATH, PortZero

CONNECTION = {"connection_id": "my_wa", "conn_type": "wuzapi", "host": "https://wa.test", "password": "***", "port": 0}


async def received(content: Any, path: str = PATH, method: str = "POST") -> bytes:
    """The body as the API gets it."""
    app = FastAPI()
    got: list[bytes] = []

    @app.api_route("/{path:path}", methods=["POST", "PATCH"])
    async def take(request: Request) -> None:
        got.append(await request.body())

    transport = httpx.ASGITransport(PortZero(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://airflow.test") as client:
        assert (await client.request(method, path, content=content)).status_code == 200
    return got[0]


async def test_port_0_of_a_tested_connection_is_no_port() -> None:
    assert json.loads(await received(json.dumps(CONNECTION))) == {**CONNECTION, "port": None}
    under_a_path = await received(json.dumps(CONNECTION), f"/airflow{PATH}")
    assert json.loads(under_a_path)["port"] is None


async def test_a_body_may_come_in_pieces() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for piece in json.dumps(CONNECTION).partition("port"):
            yield piece.encode()

    assert json.loads(await received(pieces()))["port"] is None


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({**CONNECTION, "port": 8080}),
        json.dumps({**CONNECTION, "port": None}),
        json.dumps({**CONNECTION, "conn_type": "postgres"}),
        json.dumps({**CONNECTION, "conn_type": ["wuzapi"]}),
        json.dumps([CONNECTION]),
        '{"conn_type": "wuzapi", "port": 0',
        "\udc80".encode("utf-8", "surrogatepass").decode("latin-1"),
        "",
    ],
)
async def test_all_else_stays_as_it_is(body: str) -> None:
    assert await received(body) == body.encode()


async def test_other_requests_are_not_looked_at() -> None:
    body = json.dumps(CONNECTION)
    assert await received(body, "/api/v2/connections") == body.encode()
    assert await received(body, PATH, "PATCH") == body.encode()


async def test_a_long_body_is_passed_on_as_it_comes() -> None:
    body = json.dumps({**CONNECTION, "extra": "x" * LONGEST_BODY}).encode()

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 65536):
            yield body[start : start + 65536]

    assert await received(pieces()) == body
