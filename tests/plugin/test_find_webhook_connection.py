# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import hashlib
import hmac
import logging
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import BaseHook
from helpers.connections import SECRETS, assert_no_secret
from plugin.conftest import Connect

from airflow_provider_wa.api.errors import Unauthorized
from airflow_provider_wa.api.webhooks import PostsEvents, RawPost
from airflow_provider_wa.connections import settings
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.plugin import receiver_app
from airflow_provider_wa.plugin.receiver_app import find_webhook_connection
from airflow_provider_wa.receiver.sources import WebhookConnection


@pytest.mark.parametrize("conn_type", ["wuzapi", "wa_portal", "green_api", "checkwa"])
def test_a_connection_with_a_webhook_secret_is_found(connect: Connect, conn_type: str) -> None:
    found = find_webhook_connection(connect(conn_type, webhook_secret=SECRETS["webhook_secret"]))
    assert isinstance(found, WebhookConnection)
    assert isinstance(found.vendor, PostsEvents)
    assert (found.conn_id, found.vendor.name) == ("my_wa", conn_type)
    assert found.webhook_secret == SECRETS["webhook_secret"]


def test_the_key_of_signatures_comes_along(connect: Connect) -> None:
    found = find_webhook_connection(connect("wuzapi", webhook_secret="hook-1", hmac_secret=SECRETS["hmac_secret"]))
    assert found is not None
    with pytest.raises(Unauthorized, match="x-hmac-signature"):
        found.vendor.verify(RawPost({}, b"{}"))
    signature = hmac.new(SECRETS["hmac_secret"].encode(), b"{}", hashlib.sha256).hexdigest()
    found.vendor.verify(RawPost({"x-hmac-signature": signature}, b"{}"))


def test_secrets_are_masked(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    masked: list[str] = []
    monkeypatch.setattr(settings, "mask_secret", masked.append)
    find_webhook_connection(
        connect("wuzapi", webhook_secret=SECRETS["webhook_secret"], hmac_secret=SECRETS["hmac_secret"])
    )
    assert {SECRETS["webhook_secret"], SECRETS["hmac_secret"]} <= set(masked)


def test_a_connection_is_looked_up_once_and_no_hook_is_made(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up: list[str] = []
    get_connection = BaseHook.get_connection

    def watched(conn_id: str) -> Any:
        looked_up.append(conn_id)
        return get_connection(conn_id)

    monkeypatch.setattr(BaseHook, "get_connection", staticmethod(watched))
    monkeypatch.setattr(WaHook, "__init__", lambda *given: pytest.fail("a hook was made"))
    assert find_webhook_connection(connect("checkwa", webhook_secret=SECRETS["webhook_secret"]))
    assert looked_up == ["my_wa"]


def test_a_connection_that_does_not_exist() -> None:
    assert find_webhook_connection("nobody") is None


@pytest.mark.parametrize("extra", [{}, {"webhook_secret": ""}, {"webhook_secret": None}])
def test_a_connection_without_webhook_secret_is_none_and_nothing_is_loaded_for_it(
    connect: Connect, extra: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver_app, "connection_type", lambda *given: pytest.fail("the type was looked up"))
    assert find_webhook_connection(connect("checkwa", **extra)) is None


@pytest.mark.parametrize(
    ("conn_type", "extra", "reason"),
    [
        ("accuauth", {}, "accuauth posts nothing"),
        ("http", {}, "type 'http' is not that of a WhatsApp vendor"),
        ("checkwa", {"mode": "nonsense"}, "mode: unknown value 'nonsense'; expected one of queue, sync"),
    ],
)
def test_a_connection_that_cannot_post_is_none_and_the_log_says_why(
    connect: Connect, conn_type: str, extra: dict[str, Any], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert find_webhook_connection(connect(conn_type, webhook_secret=SECRETS["webhook_secret"], **extra)) is None
    assert reason in caplog.text
    assert_no_secret(caplog.text)
