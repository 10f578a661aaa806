# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
import itertools
import subprocess
import sys
import threading
from importlib import metadata
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from airflow_provider_wa.plugin import receiver_app
from airflow_provider_wa.plugin.plugin import LazyApp, WaPlugin, external_views, hide_person, hide_secret, make_receiver
from airflow_provider_wa.receiver.paths import take_path


def test_the_entry_point_leads_to_the_plugin() -> None:
    (entry_point,) = metadata.distribution("airflow-provider-wa").entry_points.select(group="airflow.plugins")
    assert entry_point.load() is WaPlugin
    # In this order: the first prefix that fits answers.
    assert [mounted["url_prefix"] for mounted in WaPlugin.fastapi_apps] == ["/wa/ui", "/wa"]


@pytest.mark.system
def test_the_plugin_loads_nothing_that_every_component_would_have_to_wait_for() -> None:
    program = (
        "import sys, airflow.plugins_manager; before = set(sys.modules)\n"
        "import airflow_provider_wa.plugin.plugin; print(*(set(sys.modules) - before))"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert "airflow_provider_wa.receiver.paths" in loaded.split()
    assert "airflow_provider_wa.receiver.app" not in loaded.split()
    assert "airflow_provider_wa.hooks.base" not in loaded.split()
    assert "airflow_provider_wa.plugin.pages" not in loaded.split()
    assert "jinja2" not in loaded.split()


@pytest.mark.parametrize(
    ("base_url", "path"),
    [("", ""), ("/", ""), ("https://airflow.example.com", ""), ("https://example.com/team/airflow/", "/team/airflow")],
)
def test_the_entries_of_the_ui_respect_the_path_of_the_base_url(
    monkeypatch: pytest.MonkeyPatch, base_url: str, path: str
) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", base_url)
    for view in external_views():
        assert view["href"].startswith(f"{path}/wa/ui/")
        assert view["icon"] == f"{path}/wa/ui/static/wa.svg"


async def test_servers_log_neither_the_person_nor_the_search() -> None:
    seen: list[dict[str, Any]] = []

    async def pages(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)

    path = "/wa/ui/messages/51987654321"
    scope = {"type": "http", "path": path, "raw_path": path.encode(), "root_path": "/wa/ui", "query_string": b"q=Ana"}
    await LazyApp(lambda: pages, hide_person)(scope, None, None)  # type: ignore[arg-type]
    assert (seen[0]["path"], seen[0]["query_string"]) == (path, b"q=Ana")
    assert (scope["path"], scope["raw_path"]) == ("/wa/ui/messages/masked", b"/wa/ui/messages/masked")
    assert scope["query_string"] == b""


@pytest.mark.system
def test_the_receiver_knows_nothing_of_airflow() -> None:
    program = "import sys, airflow_provider_wa.receiver.app; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert "airflow" not in loaded


async def test_many_first_requests_make_one_receiver(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []

    async def receiver(scope: Any, receive: Any, send: Any) -> None:
        assert take_path(scope).segments == ["hooks", "c", "s"]
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    all_there, there, lazy = threading.Event(), itertools.count(1), LazyApp(make_receiver, hide_secret)

    def slow_to_make() -> Any:
        assert all_there.wait(10)
        made.append(receiver)
        return receiver

    async def counted(scope: Any, receive: Any, send: Any) -> None:
        if next(there) == 20:
            all_there.set()
        await lazy(scope, receive, send)

    monkeypatch.setattr(receiver_app, "make_receiver", slow_to_make)
    app = FastAPI()
    app.mount("/wa", counted)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://wa.test") as client:
        replies = await asyncio.gather(*(client.post("/wa/hooks/c/s") for _ in range(20)))
    assert {reply.status_code for reply in replies} == {204}
    assert len(made) == 1


async def test_a_receiver_that_cannot_be_made_does_not_leave_the_secret_to_the_servers_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail() -> None:
        raise RuntimeError("a wrong option")

    monkeypatch.setattr(receiver_app, "make_receiver", fail)
    scope: dict[str, Any] = {"type": "http", "path": "/wa/hooks/c/hook-c0ffee42", "root_path": "/wa"}
    with pytest.raises(RuntimeError):
        await LazyApp(make_receiver, hide_secret)(scope, None, None)  # type: ignore[arg-type]
    assert (scope["path"], scope["raw_path"]) == ("/wa/hooks/masked", b"/wa/hooks/masked")
