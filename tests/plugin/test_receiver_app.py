# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from plugin.conftest import Connect

from airflow_provider_wa import config
from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.connections import store as store_module
from airflow_provider_wa.plugin.receiver_app import make_receiver


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_WA_STORE_DEFAULT", f'{{"conn_type": "sqlite", "host": "{tmp_path}/wa.db"}}')
    store_module._url.cache_clear()
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
def test_a_limit_that_is_none_is_refused(megabytes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__WA__RECEIVER_MAX_BODY_MB", megabytes)
    with pytest.raises(BadInput, match="receiver_max_body_mb"):
        make_receiver()
