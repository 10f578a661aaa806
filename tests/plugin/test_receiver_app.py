# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import hashlib
import hmac
import logging
from pathlib import Path
from typing import Any

import httpx
import pytest
from airflow.providers.common.compat.sdk import BaseHook
from helpers.connections import SECRETS, Connect, assert_no_secret, set_store

from airflow_provider_wa import config
from airflow_provider_wa.api.errors import BadInput, Unauthorized
from airflow_provider_wa.api.webhooks import PostsEvents, RawPost
from airflow_provider_wa.connections import settings
from airflow_provider_wa.connections import store as store_module
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.plugin import receiver_app
from airflow_provider_wa.plugin.receiver_app import find_webhook_connection, make_receiver
from airflow_provider_wa.receiver.sources import WebhookConnection


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_store(monkeypatch, tmp_path / "wa.db")
    monkeypatch.setattr(config, "AIRFLOW_HOME", str(tmp_path / "home"))


async def post(**body: str) -> int:
    receiver = make_receiver()
    transport = httpx.ASGITransport(receiver)
    async with httpx.AsyncClient(transport=transport, base_url="http://wa.test") as client:
        reply = await client.post("/hooks/my_wa/hook-c0ffee42", json={"num": "51987654321", "code": "1", **body})
    await receiver.close()
    store_module._url.cache_clear()
    return reply.status_code


async def test_files_go_to_airflows_home_unless_it_is_said_where(
    tmp_path: Path, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect("checkwa", webhook_secret="hook-c0ffee42")
    assert await post(picture="/9j/4AAQ") == 200
    monkeypatch.setenv("AIRFLOW__WA__MEDIA_PATH", f"file://{tmp_path}/elsewhere")
    assert await post(picture="/9j/4AAR") == 200
    for folder in ("home/wa_media", "elsewhere"):
        assert len(list((tmp_path / folder / "my_wa").iterdir())) == 1


async def test_the_longest_body_is_configured_in_megabytes(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    connect("checkwa", webhook_secret="hook-c0ffee42")
    assert await post(padding="x" * 3_000_000) == 200
    monkeypatch.setenv("AIRFLOW__WA__RECEIVER_MAX_BODY_MB", "2.5")
    assert await post(padding="x" * 2_000_000) == 200
    assert await post(padding="x" * 3_000_000) == 413


@pytest.mark.parametrize("megabytes", ["much", "0", "-1", "nan", "inf"])
@pytest.mark.parametrize("option", ["receiver_max_body_mb", "receiver_max_in_flight_mb"])
def test_a_limit_that_is_none_is_refused(option: str, megabytes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"AIRFLOW__WA__{option.upper()}", megabytes)
    with pytest.raises(BadInput, match=option):
        make_receiver()


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


@pytest.mark.parametrize(
    "value",
    [
        '{"conn_type": "checkwa", "login": "ana", "password": "key-5b1e77d0", "extra": "[1, 2]"}',
        '{"conn_type": "checkwa", "login": "ana", "password": "key-5b1e77d0", "extra": "7"}',
        '{"conn_type": "checkwa", "login": "ana", "password": "key-5b1e77d0", "port": "many"}',
        '{"conn_type": "checkwa", "unknown": "key-5b1e77d0"}',
        "checkwa://ana:key-5b1e77d0@host:many/?webhook_secret=hook-1",
        "checkwa://ana:key-5b1e77d0@host:99999/?webhook_secret=hook-1",
        "checkwa://ana:key-5b1e77d0@[host/?webhook_secret=hook-1",
        "checkwa://a://b://key-5b1e77d0",
    ],
)
def test_a_connection_that_cannot_be_read_is_none_and_the_log_says_so(
    value: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_BROKEN", value)
    assert find_webhook_connection("broken") is None
    said = [record.getMessage() for record in caplog.records if record.name.startswith("airflow_provider_wa")]
    assert [line for line in said if line.startswith("Posts are refused: connection 'broken'")]
    assert "key-5b1e77d0" not in "".join(said)
