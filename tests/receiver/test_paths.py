# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from receiver.kit import SECRET, Kit
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from airflow_provider_wa.receiver.paths import take_path


def scope_of(path: str, root_path: str = "") -> dict[str, Any]:
    return {"type": "http", "path": path, "raw_path": path.encode(), "root_path": root_path, "query_string": b"a=s3"}


@pytest.mark.parametrize(
    ("path", "root_path", "segments", "shown"),
    [
        ("/hooks/c/s3", "", ["hooks", "c", "s3"], "/hooks/masked"),
        ("/wa/hooks/c/s3", "/wa", ["hooks", "c", "s3"], "/wa/hooks/masked"),
        ("/af/wa/hooks/c/s3/more", "/af/wa", ["hooks", "c", "s3/more"], "/af/wa/hooks/masked"),
        ("/wa/hooks/s3", "/wa", ["hooks", "s3"], "/wa/hooks/masked"),
        ("/wa/s3", "/wa", ["s3"], "/wa/masked"),
        ("/wa/hook/c/s3", "/wa", ["hook", "c", "s3"], "/wa/masked"),
        ("/wa//hooks/c/s3", "/wa", ["", "hooks", "c/s3"], "/wa/masked"),
        ("/wasted/s3", "/wa", ["wasted", "s3"], "/masked"),
    ],
)
def test_all_that_may_be_a_secret_leaves_the_scope(path: str, root_path: str, segments: list[str], shown: str) -> None:
    scope = scope_of(path, root_path)
    assert take_path(scope) == (segments, b"a=s3")
    assert scope["path"] == shown
    assert "s3" not in repr(scope)


def test_the_path_of_the_health_check_stays() -> None:
    scope = scope_of("/wa/healthz", "/wa")
    assert take_path(scope).segments == ["healthz"]
    assert scope["path"] == "/wa/healthz"


class AccessLog:
    """Notes what a server or a middleware would log once the answer is out: from the scope that it has passed on."""

    def __init__(self, app: ASGIApp, seen: list[Any]) -> None:
        self.app, self.seen = app, seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        finally:
            self.seen.append((scope["path"], scope["raw_path"], scope["query_string"]))


async def test_what_is_outside_of_a_mount_and_of_middlewares_sees_the_masked_path(kit: Kit) -> None:
    async def pass_on(request: Any, call_next: Any) -> Any:
        return await call_next(request)

    seen: list[Any] = []
    app = FastAPI()
    app.mount("/wa", kit.app)
    app.add_middleware(BaseHTTPMiddleware, dispatch=pass_on)
    app.add_middleware(GZipMiddleware)
    app.add_middleware(AccessLog, seen=seen)
    transport = httpx.ASGITransport(AccessLog(app, seen))
    async with httpx.AsyncClient(transport=transport, base_url="http://wa.test") as client:
        reply = await client.post(f"/wa/hooks/ck/{SECRET}", json={"num": "51987654321", "code": "1"})
        assert reply.status_code == 200
        assert (await client.post(f"/wa/hooks/nobody/{SECRET}?key={SECRET}")).status_code == 404
        assert (await client.post(f"/wa/hooks/{SECRET}")).status_code == 404
    assert len(seen) == 6
    assert set(seen) == {("/wa/hooks/masked", b"/wa/hooks/masked", b"")}
