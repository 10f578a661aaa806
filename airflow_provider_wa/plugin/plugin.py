# SPDX-License-Identifier: Apache-2.0
"""The plugin. Each component of Airflow loads it. The receiver and the pages are loaded at their first request, since
only the API server needs them.
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

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]

PAGES = "/wa/ui"
"""Path of the pages, below Airflow's own address."""


class LazyApp:
    """An ASGI application that is made at its first request: only the API server needs it.

    :param make: returns the application; it is called once, in a thread.
    :param hide: masks secrets and personal data in the scope of a request, since servers log its path; returns the
        unmasked scope for the application.
    """

    def __init__(self, make: Callable[[], ASGIApp], hide: Callable[[Scope], Scope]) -> None:
        self._make = make
        self._hide = hide
        self._app: ASGIApp | None = None
        self._making = threading.Lock()

    async def __call__(
        self,
        scope: Scope,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Answer a request."""
        # First of all: if the application cannot be made, the server logs the path with the error.
        own_scope = self._hide(scope)
        app = self._app
        if app is None:
            app = await asyncio.to_thread(self._made)
        await app(own_scope, receive, send)

    def _made(self) -> ASGIApp:
        with self._making:
            if self._app is None:
                self._app = self._make()
            return self._app


# Both are imported at the first request, since Airflow loads plugins in all of its components.


def make_receiver() -> ASGIApp:
    """Return the receiver of webhooks and callbacks."""
    from airflow_provider_wa.plugin import receiver_app  # noqa: PLC0415

    return receiver_app.make_receiver()


def make_pages() -> ASGIApp:
    """Return the pages."""
    from airflow_provider_wa.plugin.pages import app  # noqa: PLC0415

    return app.make_pages()


def hide_secret(scope: Scope) -> Scope:
    """Mask the path of a post, which contains the connection's secret. The receiver has its own copy of the path."""
    hide_path(scope)
    return scope


def hide_person(scope: Scope) -> Scope:
    """Mask the query of a page and its path after the page's name: they may contain a phone number or a search."""
    whole = dict(scope)
    root, path = scope.get("root_path", ""), scope.get("path", "")
    inner = path[len(root) :] if root and path.startswith(root) else path
    name, rest = (*inner.removeprefix("/").split("/", 1), "")[:2]
    if rest and name != "static":
        scope["path"] = f"{path[: len(path) - len(inner)]}/{name}/{MASK}"
        scope["raw_path"] = scope["path"].encode("utf-8", "replace")
    scope["query_string"] = b""
    return whole


def external_views() -> list[dict[str, str]]:
    """Return the entries of the pages in Airflow's UI: in the menu, at a DAG run and at a task instance."""
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
    """Mounts receiver and pages under ``/wa`` in the API server, fixes its Test button, allows records in XComs."""

    name = "wa"
    # The first matching prefix answers, so the longer one comes first.
    fastapi_apps = [  # noqa: RUF012
        {"app": LazyApp(make_pages, hide_person), "url_prefix": PAGES, "name": "WhatsApp pages"},
        {"app": LazyApp(make_receiver, hide_secret), "url_prefix": "/wa", "name": "WhatsApp receiver"},
    ]
    external_views = external_views()
    fastapi_root_middlewares = [{"middleware": PortZero, "args": [], "kwargs": {}, "name": "WhatsApp: Test button"}]  # noqa: RUF012

    @classmethod
    def on_load(cls, *_: Any, **__: Any) -> None:
        """Prepare the process: Airflow calls it in each component, and in each task."""
        from airflow_provider_wa.plugin.xcom import allow_records  # noqa: PLC0415 - for whom Airflow is loaded

        allow_records()
