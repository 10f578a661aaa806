# SPDX-License-Identifier: Apache-2.0
"""A further vendor is a record: this one lives in the test, and no file of the package knows it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from helpers.pigeon_wa.sandbox import NAME, PIGEON, TOKEN
from sandbox.calls import final, outcomes, recording

from airflow_provider_wa.sandbox.server import overview, serve_in_thread
from airflow_provider_wa.sandbox.vendors import VENDORS

pytestmark = pytest.mark.sockets

PHONE = "51987654321"
ABSENT = "51987654300"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve_in_thread(delivery_seconds=0.02, vendors=(*VENDORS, PIGEON)) as running:
        yield running.url


@pytest.fixture
def client(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        client.post("/sandbox/reset").raise_for_status()
        yield client


def control(client: httpx.Client, path: str, /, **body: Any) -> Any:
    response = client.post(f"/sandbox/{path}", json={"vendor": NAME, **body})
    assert response.status_code == 200, response.text
    return response.json()


def asked(client: httpx.Client, number: str = PHONE) -> httpx.Response:
    return client.get("/pigeon/check", params={"number": number})


def sent(client: httpx.Client, to: str = PHONE) -> httpx.Response:
    return client.post("/pigeon/send", json={"to": to, "text": "coo"})


def test_it_answers_beside_the_others_and_the_ledger_has_what_it_did(client: httpx.Client) -> None:
    assert client.get("/sandbox/health").json()["vendors"] == [*(vendor.name for vendor in VENDORS), NAME]
    assert [asked(client, number).json() for number in (PHONE, ABSENT)] == [{"exists": True}, {"exists": False}]
    message_id = sent(client).json()["id"]
    assert client.get("/pigeon/nowhere").status_code == 404
    ledger = client.get("/sandbox/ledger", params={"vendor": NAME}).json()
    assert [(check["number"], check["answer"]) for check in ledger["checks"]] == [(PHONE, "exists"), (ABSENT, "absent")]
    assert [(message["message_id"], message["to"]) for message in ledger["messages"]] == [(message_id, PHONE)]
    assert ledger["requests"] == {NAME: 4}


def test_faults(client: httpx.Client) -> None:
    control(client, "faults", kind="refuse", code="quota", times=1)
    assert (asked(client).status_code, asked(client).status_code) == (400, 200)
    control(client, "faults", kind="lost_reply", path="/send", times=1)
    with pytest.raises(httpx.TransportError):
        sent(client)
    assert len(client.get("/sandbox/ledger", params={"vendor": NAME}).json()["messages"]) == 1
    control(client, "faults", kind="server_error", status=503, times=1)
    assert asked(client).status_code == 503
    control(client, "faults", kind="logged_out", times=1)
    assert sent(client).json() == {"refused": "login"}
    control(client, "scan")
    assert sent(client).status_code == 200
    control(client, "faults", kind="rate_limit", enforce=True)
    assert [asked(client).status_code for _ in range(2)] == [200, 429]


def test_a_code_that_is_not_its_own_is_refused(client: httpx.Client) -> None:
    response = client.post("/sandbox/faults", json={"vendor": NAME, "kind": "refuse", "code": "05"})
    assert response.json() == {"error": "code: unknown code '05'; expected one of login, quota, token"}


def test_quota_and_state(client: httpx.Client) -> None:
    control(client, "quota", left=1)
    assert [asked(client).status_code for _ in range(2)] == [200, 402]
    control(client, "state", state="asleep")
    assert sent(client).status_code == 409


def test_inbox_and_webhook(client: httpx.Client, url: str) -> None:
    with recording() as hook:
        control(client, "webhook", url=hook.url)
        hook.statuses = [500]
        control(client, "inbox", **{"from": PHONE, "text": "hello"})
        bodies = [json.loads(hook.next()[1]) for _ in range(2)]
        assert bodies == [{"from": PHONE, "text": "hello"}] * 2
        (entry,) = final(url, 1)
        assert (entry["vendor"], outcomes(entry)) == (NAME, ["refused", "delivered"])
        message_id = sent(client).json()["id"]
        assert [json.loads(hook.next()[1]) for _ in range(2)] == [
            {"id": message_id, "status": "sent"},
            {"id": message_id, "status": "delivered"},
        ]
    assert control(client, "posting", copies=2)["posting"][NAME]["copies"] == 2


def test_the_command_shows_its_connection() -> None:
    lines = overview("http://127.0.0.1:8790", (PIGEON,)).splitlines()
    assert lines[1].split() == [NAME, "http://127.0.0.1:8790/pigeon", "-"]


def test_each_record_has_a_name_a_prefix_and_credentials_of_its_own() -> None:
    records = (*VENDORS, PIGEON)
    assert len({vendor.name for vendor in records}) == len({vendor.prefix for vendor in records}) == len(records)
    assert all(vendor.credentials.password.startswith("sandbox-") for vendor in records)
