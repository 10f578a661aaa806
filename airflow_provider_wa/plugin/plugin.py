# SPDX-License-Identifier: Apache-2.0
"""The plugin. Each of Airflow's components loads it: the receiver, which only the API server needs, is loaded later."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from airflow.plugins_manager import AirflowPlugin

from airflow_provider_wa.plugin.port_zero import PortZero
from airflow_provider_wa.receiver.paths import hide_path

if TYPE_CHECKING:
    from airflow_provider_wa.receiver.app import Receiver

Message = MutableMapping[str, Any]


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


class WaPlugin(AirflowPlugin):
    """Mounts the receiver in Airflow's API server, under ``/wa``, mends its Test button, lets records into XComs."""

    name = "wa"
    fastapi_apps = [{"app": LazyReceiver(), "url_prefix": "/wa", "name": "WhatsApp receiver"}]  # noqa: RUF012
    fastapi_root_middlewares = [{"middleware": PortZero, "args": [], "kwargs": {}, "name": "WhatsApp: Test button"}]  # noqa: RUF012

    @classmethod
    def on_load(cls, *_: Any, **__: Any) -> None:
        """Prepare the process: Airflow calls it in each component, and in each task."""
        from airflow_provider_wa.plugin.xcom import allow_records  # noqa: PLC0415 - for whom Airflow is loaded

        allow_records()
