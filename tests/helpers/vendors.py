# SPDX-License-Identifier: Apache-2.0
"""A connection to each of the sandbox's vendors, through the environment as Airflow reads it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import httpx
import pytest
from helpers.connections import set_connection

from airflow_provider_wa.sandbox.server import Running
from airflow_provider_wa.sandbox.vendors import VENDORS

CREDENTIALS: dict[str, dict[str, Any]] = {
    vendor.name: {
        "path": vendor.prefix.removeprefix("/"),
        **{name: value for name, value in asdict(vendor.credentials).items() if value},
    }
    for vendor in VENDORS
}
# Its answers come with the reply, not by callback.
CREDENTIALS["checkwa"]["extra"] = {"mode": "sync"}


class Vendors:
    """The sandbox with its five connections ``<type>_default``."""

    def __init__(self, running: Running, environment: pytest.MonkeyPatch) -> None:
        self.url = running.url
        self.state = running.state
        self._environment = environment
        self.control("reset")
        for conn_type in CREDENTIALS:
            self.connect(conn_type)

    def connect(self, conn_type: str, conn_id: str = "", **fields: Any) -> str:
        """Set a connection, with other fields than the default if named, and return its id."""
        known = CREDENTIALS[conn_type]
        values = {name: known[name] for name in ("login", "password", "extra") if name in known}
        values = {"host": f"{self.url}/{known['path']}", **values, **fields}
        return set_connection(self._environment, conn_id or f"{conn_type}_default", conn_type, **values)

    def control(self, path: str, /, **body: Any) -> None:
        """Tell the sandbox something: ``control("faults", vendor="wuzapi", kind="cut")``."""
        httpx.post(f"{self.url}/sandbox/{path}", json=body).raise_for_status()

    def ledger(self, vendor: str = "") -> dict[str, Any]:
        """What the sandbox has seen."""
        reply = httpx.get(f"{self.url}/sandbox/ledger", params={"vendor": vendor} if vendor else {})
        return reply.raise_for_status().json()
