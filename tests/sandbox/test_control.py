# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from airflow_provider_wa.sandbox.green_api import protocol as green_api
from airflow_provider_wa.sandbox.wa_portal import protocol as wa_portal
from airflow_provider_wa.sandbox.wuzapi import protocol as wuzapi

WUZAPI = {"Token": wuzapi.TOKEN}


def test_health(client: TestClient) -> None:
    assert client.get("/sandbox/health").json()["status"] == "ok"


def test_requests_are_counted_by_vendor_even_if_they_are_refused(client: TestClient) -> None:
    client.get("/wuzapi/session/status", headers=WUZAPI)
    client.get("/wuzapi/session/status")
    client.get("/checkwa/")
    assert client.get("/sandbox/ledger").json()["requests"] == {"wuzapi": 2, "checkwa": 1}
    assert client.get("/sandbox/ledger?vendor=checkwa").json()["requests"] == {"checkwa": 1}


def test_the_ledger_never_shows_a_token(client: TestClient) -> None:
    client.post("/wuzapi/chat/send/text", headers=WUZAPI, json={"Phone": "51987654321", "Body": "x"})
    parameters = {"token": wa_portal.TOKEN, "phone": "51987654321", "message": "x"}
    client.post("/portal/api/sendText", params=parameters)
    text = client.get("/sandbox/ledger").text
    assert len(client.get("/sandbox/ledger").json()["messages"]) == 2
    assert wuzapi.TOKEN not in text
    assert wa_portal.TOKEN not in text


def test_the_ledger_stays_readable_after_half_a_surrogate_pair(client: TestClient) -> None:
    body = b'{"Phone":"51987654321","Body":"\\ud83d"}'
    assert client.post("/wuzapi/chat/send/text", headers=WUZAPI, content=body).status_code == 200
    assert client.get("/sandbox/ledger").json()["messages"][0]["text"] == "?"


def test_reset_is_back_to_the_start(client: TestClient) -> None:
    limited = f"/green/waInstance{green_api.ID_INSTANCE}/checkWhatsapp/{green_api.TOKEN}", {"phoneNumber": 51987654302}
    assert client.post(limited[0], json=limited[1]).status_code == 429
    client.post("/sandbox/faults", json={"kind": "html"})
    client.delete("/sandbox/faults")
    client.post("/sandbox/faults", json={"vendor": "green_api", "kind": "html"})
    client.post("/sandbox/quota", json={"vendor": "wa_portal", "left": 0})
    client.post("/wuzapi/session/logout", headers=WUZAPI)
    assert client.post("/sandbox/reset").status_code == 200
    assert client.get("/sandbox/faults").json() == {"faults": []}
    assert client.get("/sandbox/ledger").json() == {"messages": [], "checks": [], "callbacks": [], "requests": {}}
    assert client.get("/wuzapi/session/status", headers=WUZAPI).json()["data"]["loggedIn"] is True
    parameters = {"token": wa_portal.TOKEN, "phone": "51987654321", "message": "x"}
    assert client.post("/portal/api/sendText", params=parameters).status_code == 200
    assert client.post(limited[0], json=limited[1]).status_code == 429


def test_scan_logs_in_at_once(scanned_later: TestClient) -> None:
    assert scanned_later.post("/sandbox/scan", json={"vendor": "wuzapi"}).status_code == 200
    status = scanned_later.get("/wuzapi/session/status", headers=WUZAPI).json()["data"]
    assert (status["connected"], status["loggedIn"]) == (True, True)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/sandbox/scan", {"vendor": "checkwa"}),
        ("POST", "/sandbox/scan", {}),
        ("POST", "/sandbox/quota", {"vendor": "wuzapi", "left": 1}),
        ("POST", "/sandbox/quota", {"vendor": "checkwa", "left": -1}),
        ("POST", "/sandbox/quota", {"vendor": "checkwa", "left": "1"}),
        ("POST", "/sandbox/faults", []),
        ("GET", "/sandbox/ledger?vendor=nobody", None),
    ],
)
def test_what_is_wrong_is_explained(client: TestClient, method: str, path: str, body: Any) -> None:
    response = client.request(method, path, json=body)
    assert response.status_code == 400
    assert response.json()["error"]


def test_a_body_that_is_no_json(client: TestClient) -> None:
    assert client.post("/sandbox/scan", content=b"{").json() == {"error": "body: not JSON; expected a JSON object"}
