# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Connect = Callable[..., str]


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Makes a connection in the environment and returns its id."""

    def make(conn_type: str, *, conn_id: str = "my_wa", **extra: Any) -> str:
        fields = {"conn_type": conn_type, "host": "https://wa.test", "login": "1101", "password": "pass-word-1"}
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps({**fields, "extra": extra}))
        return conn_id

    return make
