# SPDX-License-Identifier: Apache-2.0
"""The plugin. Each of Airflow's components loads it: the receiver and the pages, which only the API server needs, are
loaded later.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin

from airflow_provider_wa.plugin.port_zero import PortZero
from airflow_provider_wa.receiver.paths import MASK, hide_path

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from airflow_provider_wa.receiver.app import Receiver

Message = MutableMapping[str, Any]

PAGES = "/wa/ui"
"""Path of the pages, below Airflow's own address."""


class LazyReceiver:
    """The receiver, made at its first request."""

    def __init__(self) -> None:
        self._receiver: Receiver | None = None
        self._making = threading.Lock()

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Answer a request."""
        # Before anything else: if the receiver cannot be made, the server logs the path with the error.
        hide_path(scope)
        receiver = self._receiver
        if receiver is None:
            receiver = await asyncio.to_thread(self._make)
        await receiver(scope, receive, send)

    def _make(self) -> Receiver:
        with self._making:
            if self._receiver is None:
                # Airflow loads plugins in all of its components; only the API server needs the receiver.
                from airflow_provider_wa.plugin.receiver_app import make_receiver  # noqa: PLC0415

                self._receiver = make_receiver()
            return self._receiver


class LazyPages:
    """The pages, made at their first request."""

    def __init__(self) -> None:
        self._pages: ASGIApp | None = None
        self._making = threading.Lock()

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Answer a request."""
        whole = dict(scope)
        _hide_person(scope)
        pages = self._pages
        if pages is None:
            pages = await asyncio.to_thread(self._make)
        await pages(whole, receive, send)

    def _make(self) -> ASGIApp:
        with self._making:
            if self._pages is None:
                from airflow_provider_wa.plugin.pages.app import make_pages  # noqa: PLC0415 - as above

                self._pages = make_pages()
            return self._pages


def _hide_person(scope: MutableMapping[str, Any]) -> None:
    """Leave only the page's name in the scope that servers log from: the rest may be somebody's number, or a search."""
    root, path = scope.get("root_path", ""), scope.get("path", "")
    inner = path[len(root) :] if root and path.startswith(root) else path
    name, rest = (*inner.removeprefix("/").split("/", 1), "")[:2]
    if rest and name != "static":
        scope["path"] = f"{path[: len(path) - len(inner)]}/{name}/{MASK}"
        scope["raw_path"] = scope["path"].encode("utf-8", "replace")
    scope["query_string"] = b""


def external_views() -> list[dict[str, str]]:
    """Return the entries of Airflow's UI that show the pages: in the menu, at a DAG run and at a task instance."""
    base = urlsplit(conf.get("api", "base_url", fallback="") or "").path.rstrip("/") + PAGES
    icons = {"icon": f"{base}/static/wa.svg", "icon_dark_mode": f"{base}/static/wa.svg"}
    run = f"{base}/campaigns?dag_id={{DAG_ID}}&run_id={{RUN_ID}}"
    task = f"{run}&task_id={{TASK_ID}}&map_index={{MAP_INDEX}}"
    return [
        {"name": name, "href": href, "destination": destination, "url_route": route, **icons}
        for name, href, destination, route in (
            ("WhatsApp", f"{base}/campaigns", "nav", "wa"),
            ("WhatsApp", run, "dag_run", "wa-run"),
            ("WhatsApp", task, "task_instance", "wa-task"),
        )
    ]


class WaPlugin(AirflowPlugin):
    """Mounts receiver and pages in the API server, under ``/wa``, mends its Test button, lets records into XComs."""

    name = "wa"
    # The first prefix that fits answers.
    fastapi_apps = [  # noqa: RUF012
        {"app": LazyPages(), "url_prefix": PAGES, "name": "WhatsApp pages"},
        {"app": LazyReceiver(), "url_prefix": "/wa", "name": "WhatsApp receiver"},
    ]
    external_views = external_views()
    fastapi_root_middlewares = [{"middleware": PortZero, "args": [], "kwargs": {}, "name": "WhatsApp: Test button"}]  # noqa: RUF012

    @classmethod
    def on_load(cls, *_: Any, **__: Any) -> None:
        """Prepare the process: Airflow calls it in each component, and in each task."""
        from airflow_provider_wa.plugin.xcom import allow_records  # noqa: PLC0415 - for whom Airflow is loaded

        allow_records()
