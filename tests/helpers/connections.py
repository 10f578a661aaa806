# SPDX-License-Identifier: Apache-2.0
"""What the tests of connections share: a connection of each type, and a search for secrets in what comes out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import httpx
import pytest

from airflow_provider_wa.connections import store

Connect = Callable[..., str]
Answers = Callable[..., list[httpx.Request]]

SECRETS = {
    "password": "pass+word/7f3a9c=",
    "hmac_secret": "hmac-91c2aa04",
    "webhook_secret": "hook-c0ffee42",
}
"""Distinct, long and in need of percent-encoding, so that a test can look for each in what comes out."""

FIELDS: dict[str, dict[str, Any]] = {
    "wuzapi": {"host": "https://wuz.test:8080/api", "password": SECRETS["password"]},
    "wa_portal": {"host": "https://portal.test", "password": SECRETS["password"]},
    "green_api": {"login": "1101000001", "password": SECRETS["password"]},
    "checkwa": {"login": "ana", "password": SECRETS["password"]},
    "accuauth": {"login": "api-id-1", "password": SECRETS["password"]},
}
"""For each connection type the fields that it cannot do without."""


def set_connection(environment: pytest.MonkeyPatch, conn_id: str, conn_type: str, **fields: Any) -> str:
    """Set a connection as Airflow reads it from the environment, and return its id."""
    environment.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps({"conn_type": conn_type, **fields}))
    return conn_id


def set_store(environment: pytest.MonkeyPatch, path: Path) -> None:
    """Set a SQLite file as the store."""
    set_connection(environment, "wa_store_default", "sqlite", host=str(path))
    store._url.cache_clear()


def assert_no_secret(*texts: object) -> None:
    """No secret of ``SECRETS`` is in these, plain or percent-encoded."""
    for text in map(str, texts):
        for name, secret in SECRETS.items():
            for spelling in (secret, quote(secret), quote(secret, safe=""), quote_plus(secret)):
                assert spelling not in text, f"{name} shows in {text!r}"
