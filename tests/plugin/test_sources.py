# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import logging
from typing import Any

import pytest
from helpers.connections import SECRETS, assert_no_secret
from plugin.conftest import Connect

from airflow_provider_wa.api.webhooks import PostsEvents
from airflow_provider_wa.hooks import base
from airflow_provider_wa.plugin import sources
from airflow_provider_wa.plugin.sources import find_source
from airflow_provider_wa.receiver.sources import Source


@pytest.mark.parametrize("conn_type", ["wuzapi", "wa_portal", "green_api", "checkwa"])
def test_a_connection_with_a_webhook_secret_is_found(connect: Connect, conn_type: str) -> None:
    found = find_source(connect(conn_type, webhook_secret=SECRETS["webhook_secret"]))
    assert isinstance(found, Source)
    assert isinstance(found.vendor, PostsEvents)
    assert (found.conn_id, found.vendor.name) == ("my_wa", conn_type)
    assert (found.webhook_secret, found.hmac_secret) == (SECRETS["webhook_secret"], "")


def test_the_key_of_signatures_comes_along(connect: Connect) -> None:
    found = find_source(connect("wuzapi", webhook_secret="hook-1", hmac_secret=SECRETS["hmac_secret"]))
    assert found is not None
    assert found.hmac_secret == SECRETS["hmac_secret"]


def test_secrets_are_masked(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    masked: list[str] = []
    monkeypatch.setattr(base, "mask_secret", masked.append)
    find_source(connect("wuzapi", webhook_secret=SECRETS["webhook_secret"], hmac_secret=SECRETS["hmac_secret"]))
    assert {SECRETS["webhook_secret"], SECRETS["hmac_secret"]} <= set(masked)


def test_a_connection_that_does_not_exist() -> None:
    assert find_source("nobody") is None


@pytest.mark.parametrize("extra", [{}, {"webhook_secret": ""}, {"webhook_secret": None}])
def test_a_connection_without_webhook_secret_is_none_and_nothing_is_loaded_for_it(
    connect: Connect, extra: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources.WaHook, "for_connection", lambda conn_id: pytest.fail("a hook was made"))
    assert find_source(connect("checkwa", **extra)) is None


@pytest.mark.parametrize(
    ("conn_type", "extra", "reason"),
    [
        ("accuauth", {}, "accuauth posts nothing"),
        ("http", {}, "has type 'http'"),
        ("checkwa", {"mode": "nonsense"}, "mode 'nonsense' is none of queue, sync"),
    ],
)
def test_a_connection_that_cannot_post_is_none_and_the_log_says_why(
    connect: Connect, conn_type: str, extra: dict[str, Any], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert find_source(connect(conn_type, webhook_secret=SECRETS["webhook_secret"], **extra)) is None
    assert reason in caplog.text
    assert_no_secret(caplog.text)
