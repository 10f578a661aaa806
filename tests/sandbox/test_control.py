# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest
from sandbox.calls import GROUP, PHONE
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


WITH_ACCOUNT = "expected one of wuzapi, wa_portal, green_api"
NO_NUMBER = "from: not a phone number; expected 8 to 15 digits with the country code, without +"


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        ("scan", {"vendor": "checkwa"}, f"vendor: 'checkwa' has no session; {WITH_ACCOUNT}"),
        ("scan", {}, f"vendor: None has no session; {WITH_ACCOUNT}"),
        ("scan", [], "body: wrong type; expected a JSON object"),
        ("quota", {"vendor": "wuzapi", "left": 1},
         "vendor: 'wuzapi' has no quota; expected one of wa_portal, green_api, checkwa, accuauth"),
        ("quota", {"vendor": "checkwa", "left": -1},
         "left: not a count; expected a whole number from 0, or null for unlimited"),
        ("quota", {"vendor": "checkwa", "left": "1"}, "left: not a count"),
        ("faults", [], "body: wrong type"),
        ("faults", {"vendor": "wuzapi", "kind": "refuse", "code": "05"},
         "code: unknown code '05'; expected one of 479, device list, info query, no device, no lid, no session, pl"),
        ("faults", {"kind": "refuse", "code": "05"},
         "vendor: codes belong to one vendor; expected one of wuzapi, wa_portal, green_api, checkwa, accuauth"),
        ("faults", {"vendor": "wuzapi", "kind": "rate_limit", "enforce": True},
         "vendor: 'wuzapi' has no documented rates; expected one of green_api"),
        ("state", {"vendor": "wuzapi", "state": "blocked"}, "state: unknown state 'blocked'; expected one of never_"),
        ("state", {"vendor": "wa_portal", "state": "blocked"}, "vendor: 'wa_portal' has no account state"),
        ("generation", {"vendor": "wa_portal"}, "vendor: 'wa_portal' has no generation"),
        ("generation", {"vendor": "wuzapi", "generation": "2"}, "generation: unknown '2'; expected one of 1.0.6, doc"),
        ("events", {"vendor": "wa_portal"}, "vendor: 'wa_portal' has no events of its own"),
        ("events", {"vendor": "wuzapi", "type": "Nothing"}, "type: unknown 'Nothing'; expected one of Message, "),
        ("events", {"vendor": "wuzapi", "type": "QR", "body": []}, "body: wrong type; expected a JSON object"),
        ("inbox", {"vendor": "wuzapi", "from": PHONE, "text": "x", "group": "1@g.us"}, "group: unknown '1@g.us'; exp"),
        ("inbox", {"vendor": "wa_portal", "from": PHONE, "text": "x", "group": "1@g.us"}, "group: wa_portal has none"),
        ("state", {"vendor": "green_api", "state": "asleep"},
         "state: unknown state 'asleep'; expected one of authorized, notAuthorized, blocked, sleepMode"),
        ("state", {"vendor": "green_api", "state": []}, "state: unknown state []"),
        ("inbox", {"vendor": "checkwa", "from": PHONE, "text": "x"}, f"vendor: 'checkwa' has no inbox; {WITH_ACCOUNT}"),
        ("inbox", {"vendor": [], "from": PHONE, "text": "x"}, "vendor: [] has no inbox"),
        ("inbox", {"vendor": "wuzapi", "text": "x"}, NO_NUMBER),
        ("inbox", {"vendor": "wuzapi", "from": f"+{PHONE}", "text": "x"}, NO_NUMBER),
        ("inbox", {"vendor": "wuzapi", "from": GROUP, "text": "x"}, NO_NUMBER),
        ("inbox", {"vendor": "wuzapi", "from": PHONE}, "text: missing; expected text, media, or both"),
        ("inbox", {"vendor": "wuzapi", "from": PHONE, "text": 5}, "text: not a string; expected a string"),
        ("inbox", {"vendor": "wuzapi", "from": PHONE, "media": "%"}, "media: not base64; expected a file in base64"),
        ("webhook", {"vendor": "checkwa", "url": "http://127.0.0.1:1/"}, "vendor: 'checkwa' has no webhook"),
        ("webhook", {"vendor": "wuzapi", "url": 5}, "url: invalid value; expected a string"),
        ("webhook", {"vendor": "wuzapi", "url": "", "hmac_key": 5}, "hmac_key: invalid value; expected a string"),
        ("webhook", {"vendor": "wuzapi", "url": "", "json": "yes"}, "json: invalid value; expected true or false"),
    ],
)  # fmt: skip
def test_a_wrong_request_is_explained_and_changes_nothing(client: TestClient, path: str, body: Any, error: str) -> None:
    response = client.post(f"/sandbox/{path}", json=body)
    assert response.status_code == 400
    assert response.json()["error"].startswith(error)
    assert client.get("/sandbox/inbox").json() == {"messages": []}
    assert client.get("/sandbox/faults").json() == {"faults": []}


@pytest.mark.parametrize("path", ["ledger", "actions"])
def test_an_unknown_vendor_is_explained(client: TestClient, path: str) -> None:
    response = client.get(f"/sandbox/{path}?vendor=nobody")
    assert response.status_code == 400
    assert response.json()["error"].startswith("vendor: 'nobody' has no ledger; expected one of wuzapi,")


def test_a_body_that_is_not_json(client: TestClient) -> None:
    error = {"error": "body: invalid JSON; expected a JSON object"}
    assert client.post("/sandbox/scan", content=b"{").json() == error
