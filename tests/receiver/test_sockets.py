# SPDX-License-Identifier: Apache-2.0
"""The receiver on a real server: what the vendors post, who goes away, and what a clock tells."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import random
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
import pytest
import uvicorn
from helpers.vendors import Vendors
from receiver.kit import CHECKWA, MAX_BODY, SECRET, Hold, Kit, callback
from starlette.applications import Starlette
from starlette.routing import Mount

from airflow_provider_wa.api.webhooks import EventKind
from airflow_provider_wa.receiver.app import Limits
from airflow_provider_wa.receiver.sources import WebhookConnection
from airflow_provider_wa.sandbox.checkwa import check as checkwa
from airflow_provider_wa.sandbox.green_api import protocol as green_api
from airflow_provider_wa.sandbox.wa_portal import protocol as wa_portal
from airflow_provider_wa.sandbox.wuzapi import protocol as wuzapi
from airflow_provider_wa.store.events import StoredEvent
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.vendors.checkwa.client import CheckWa
from airflow_provider_wa.vendors.green_api.client import GreenApi
from airflow_provider_wa.vendors.wa_portal.client import WaPortal
from airflow_provider_wa.vendors.wuzapi.client import WuzApi

pytestmark = pytest.mark.sockets

HMAC_SECRET = "hmac-91c2aa04"
PHONE, WITH_PICTURE, READS = "51987654321", "51987654303", "51987654305"
PNG = b"\x89PNG\r\n\x1a\n a picture"


@contextmanager
def serving(kit: Kit, http: str = "auto") -> Iterator[str]:
    """Serve a receiver under ``/wa`` on a free port, and yield its URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    app = Starlette(routes=[Mount("/wa", kit.app)])
    server = uvicorn.Server(uvicorn.Config(app, http=http, log_config=None, log_level="info"))  # type: ignore[arg-type]
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()


def wait_for(kit: Kit, count: int) -> list[StoredEvent]:
    """The stored events, once there are so many."""
    deadline = time.monotonic() + 10
    while len(found := kit.stored()) < count:
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
    return found


class TestVendors:
    @pytest.fixture
    def kit(self, store: Store, vendors: Vendors) -> Kit:
        url = vendors.url
        found = (
            WebhookConnection(
                "wuz", WuzApi(base_url=f"{url}/wuzapi", token=wuzapi.TOKEN, hmac_secret=HMAC_SECRET), SECRET
            ),
            WebhookConnection("portal", WaPortal(base_url=f"{url}/portal", token=wa_portal.TOKEN), SECRET),
            WebhookConnection(
                "green", GreenApi(base_url=f"{url}/green", instance_id=green_api.ID_INSTANCE, token="t"), SECRET
            ),
            WebhookConnection(
                "ck", CheckWa(base_url=f"{url}/checkwa", user=checkwa.USER, api_key=checkwa.API_KEY), SECRET
            ),
        )
        return Kit(store, connections={known.conn_id: known for known in found})

    @pytest.fixture
    def base(self, kit: Kit, vendors: Vendors) -> Iterator[str]:
        with serving(kit) as url:
            yield f"{url}/wa/hooks"
            vendors.control("reset")

    def come_in(self, vendors: Vendors, vendor: str) -> None:
        """A text and a picture come in."""
        who = {"vendor": vendor, "from": PHONE}
        httpx.post(f"{vendors.url}/sandbox/inbox", json={**who, "text": "hello"}).raise_for_status()
        file = {"media": base64.b64encode(PNG).decode(), "mimetype": "image/png", "filename": "a.png"}
        httpx.post(f"{vendors.url}/sandbox/inbox", json={**who, "text": "look", **file}).raise_for_status()

    @pytest.mark.parametrize("as_json", [False, True])
    def test_wuzapi(self, kit: Kit, vendors: Vendors, base: str, as_json: bool) -> None:
        url = f"{base}/wuz/{SECRET}"
        vendors.control("webhook", vendor="wuzapi", url=url, hmac_key=HMAC_SECRET, json=as_json)
        self.come_in(vendors, "wuzapi")
        body = {"Phone": PHONE, "Body": "hi", "Id": "A1"}
        httpx.post(f"{vendors.url}/wuzapi/chat/send/text", json=body, headers={"Token": wuzapi.TOKEN})
        events = wait_for(kit, 3)
        assert sorted(event.kind.value for event in events) == ["delivery", "inbox", "inbox"]
        (file,) = [event.file for event in events if event.file]
        assert kit.kept[file] == PNG

    def test_wuzapi_with_another_key(self, kit: Kit, vendors: Vendors, base: str) -> None:
        vendors.control("webhook", vendor="wuzapi", url=f"{base}/wuz/{SECRET}", hmac_key="another")
        self.come_in(vendors, "wuzapi")
        deadline = time.monotonic() + 10
        while not (posts := vendors.ledger("wuzapi")["callbacks"]):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert "401" in json.dumps(posts)
        assert kit.stored() == []

    def test_the_portal(self, kit: Kit, vendors: Vendors, base: str) -> None:
        vendors.control("webhook", vendor="wa_portal", url=f"{base}/portal/{SECRET}")
        self.come_in(vendors, "wa_portal")
        parameters = {"token": wa_portal.TOKEN, "phone": PHONE, "message": "hi"}
        httpx.post(f"{vendors.url}/portal/api/sendText", params=parameters).raise_for_status()
        events = wait_for(kit, 4)
        assert sorted(event.kind.value for event in events) == ["delivery", "delivery", "inbox", "inbox"]
        (file,) = [event.file for event in events if event.file]
        assert kit.kept[file] == PNG

    def test_green_api(self, kit: Kit, vendors: Vendors, base: str) -> None:
        vendors.control("webhook", vendor="green_api", url=f"{base}/green/{SECRET}")
        self.come_in(vendors, "green_api")
        assert {event.kind for event in wait_for(kit, 2)} == {EventKind.INBOX}

    def test_checkwa(self, kit: Kit, vendors: Vendors, base: str) -> None:
        body = {"user": checkwa.USER, "apikey": checkwa.API_KEY, "action": "check", "number": WITH_PICTURE}
        body |= {"token": "my-token", "callback": f"{base}/ck/{SECRET}"}
        httpx.post(f"{vendors.url}/checkwa/check/", json=body).raise_for_status()
        events = wait_for(kit, 2)
        assert {event.reference for event in events} == {"my-token"}
        assert [bool(event.file) for event in events] == [False, True]


@pytest.mark.parametrize("http", ["h11", "httptools"])
def test_the_servers_own_access_log_shows_no_secret(
    kit: Kit, http: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Airflow may have turned it off in this process.
    logger = logging.getLogger("uvicorn.access")
    monkeypatch.setattr(logger, "disabled", False)
    monkeypatch.setattr(logger, "propagate", False)
    monkeypatch.setattr(logger, "handlers", [caplog.handler])
    with caplog.at_level(logging.DEBUG), serving(kit, http) as url:
        for conn_id, secret in (("ck", SECRET), ("ck", "hook-c0ffee43"), (SECRET, "ck")):
            httpx.post(f"{url}/wa/hooks/{conn_id}/{secret}", json=callback())
    lines = [record.getMessage() for record in caplog.records if record.name == "uvicorn.access"]
    assert len(lines) == 3
    assert all('"POST /wa/hooks/masked HTTP/1.1"' in line for line in lines), lines
    logged = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert "c0ffee" not in "\n".join(logged)


def test_who_hangs_up_before_the_answer_has_posted_all_the_same(kit: Kit) -> None:
    kit.events.before = hold = Hold()
    body = json.dumps(callback()).encode()
    with serving(kit) as url:
        with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port)) as client:
            head = f"POST /wa/hooks/ck/{SECRET} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
            client.sendall(head.encode() + body)
            asyncio.run(hold.begun())
        hold.release()
        assert len(wait_for(kit, 1)) == 1


def test_half_a_body_is_not_stored(kit: Kit) -> None:
    body = json.dumps(callback()).encode()
    with serving(kit) as url:
        with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port)) as client:
            head = f"POST /wa/hooks/ck/{SECRET} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body) + 1}\r\n\r\n"
            client.sendall(head.encode() + body)
        assert httpx.post(f"{url}/wa/hooks/ck/{SECRET}", json=callback(token="whole")).status_code == 200
    assert [event.reference for event in kit.stored()] == ["whole"]


def test_an_endless_body_ends_with_the_limit(store: Store) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(100_000):
            yield b"x" * 10_000

    with serving(Kit(store, limits=Limits(max_body=100_000))) as url:
        try:
            status = httpx.post(f"{url}/wa/hooks/ck/{SECRET}", content=endless(), timeout=20).status_code
        except httpx.WriteError:  # it was still writing when the connection was closed
            status = 413
    assert status == 413


def test_a_clock_does_not_tell_a_connection_that_exists_from_one_that_does_not(store: Store) -> None:
    def slow(conn_id: str) -> WebhookConnection | None:
        time.sleep(0.1)  # the difference that is to be hidden, twice the bound
        return kit.connections.get(conn_id)

    kit = Kit(store, limits=Limits(MAX_BODY, refusal_seconds=0.25))
    kit.look_up = slow
    kit.connections["known"] = WebhookConnection("known", CHECKWA.vendor, SECRET)
    order = ["known", "open", "new"] * 12
    random.Random(7).shuffle(order)
    seconds: dict[str, list[float]] = {kind: [] for kind in set(order)}
    with serving(kit) as url, httpx.Client(base_url=f"{url}/wa/hooks", timeout=60) as client:
        assert client.post(f"/known/{SECRET}", json=callback()).status_code == 200

        def refused(number: int, kind: str) -> None:
            conn_id = f"new{number}" if kind == "new" else kind
            begun = time.monotonic()
            assert client.post(f"/{conn_id}/wrong", json=callback()).status_code == 404
            seconds[kind].append(time.monotonic() - begun)

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(refused, *zip(*enumerate(order), strict=True)))
    medians = {kind: statistics.median(times) for kind, times in seconds.items()}
    assert min(medians.values()) >= 0.25
    assert max(medians.values()) - min(medians.values()) < 0.05, medians
