# SPDX-License-Identifier: Apache-2.0
"""Connections from environment variables, and vendors that answer without a network."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from helpers.connections import FIELDS, Answers, Connect, set_connection

from airflow_provider_wa.connections import settings
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.transport import channel
from airflow_provider_wa.transport.channel import Channel


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Makes a connection and returns its id: ``connect("wuzapi", timeout=5)`` or ``connect(uri="wuzapi://...")``.

    The fields are the type's in ``FIELDS`` unless named; what is no standard field goes into ``extra``.
    """

    def make(conn_type: str = "", *, conn_id: str = "my_wa", uri: str = "", **fields: Any) -> str:
        if uri:
            monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", uri)
            return conn_id
        standard = ("host", "schema", "port", "login", "password", "extra")
        own = {name: item for name, item in fields.items() if name in standard}
        extra = {name: item for name, item in fields.items() if name not in standard}
        known = {"extra": extra, **FIELDS.get(conn_type, {}), **own}
        return set_connection(monkeypatch, conn_id, conn_type, **known)

    return make


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Puts a handler in the network's place and returns the list that its requests are added to; waits take no time.

    A value in place of a handler is the JSON of every reply.
    """

    def answer(reply: Any = None, status: int = 200) -> list[httpx.Request]:
        seen: list[httpx.Request] = []

        def handle(request: httpx.Request) -> httpx.Response:
            seen.append(request)
            if not callable(reply):
                return httpx.Response(status, json=reply)
            response: httpx.Response = reply(request)
            return response

        def mocked(hook: WaHook) -> Channel:
            return Channel(hook.endpoint, transport=httpx.MockTransport(handle))

        monkeypatch.setattr(WaHook, "channel", mocked)
        monkeypatch.setattr(channel, "time", SimpleNamespace(monotonic=time.monotonic, sleep=lambda seconds: None))
        return seen

    return answer


@pytest.fixture
def masked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What Airflow is told to mask."""
    told: list[str] = []
    monkeypatch.setattr(settings, "mask_secret", told.append)
    return told
