# SPDX-License-Identifier: Apache-2.0
"""The sandbox without a socket: real vendors' flows, whose requests go straight to its application."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest
from helpers.connections import set_connection
from helpers.vendors import CREDENTIALS

from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.sandbox.app import create_app
from airflow_provider_wa.sandbox.state import Sandbox
from airflow_provider_wa.sandbox.vendors import VENDORS
from airflow_provider_wa.transport.channel import AsyncChannel


class Offline:
    """The sandbox's vendors in this process, each with its connection ``<type>_default``."""

    def __init__(self, environment: pytest.MonkeyPatch) -> None:
        self.state = Sandbox(VENDORS)
        app = create_app(self.state)

        def channel(hook: WaHook, *, concurrency: int | None = None, rate: float | None = None) -> AsyncChannel:
            endpoint = replace(hook.endpoint, concurrency=concurrency or hook.endpoint.concurrency)
            return AsyncChannel(endpoint, transport=httpx.ASGITransport(app))

        environment.setattr(WaHook, "async_channel", channel)
        for conn_type, known in CREDENTIALS.items():
            fields = {name: known[name] for name in ("login", "password", "extra") if name in known}
            host = f"http://sandbox.test/{known['path']}"
            set_connection(environment, f"{conn_type}_default", conn_type, host=host, **fields)

    @property
    def requests(self) -> int:
        """Number of requests so far."""
        return sum(self.state.ledger.requests.values())

    @property
    def messages(self) -> list[Any]:
        """The messages so far, in their order."""
        return list(self.state.ledger.messages)
