# SPDX-License-Identifier: Apache-2.0
"""The fault `refuse`: each vendor refuses with each of its codes, and nothing is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest
from sandbox.calls import PHONE, green, portal, refused, wuz
from starlette.testclient import TestClient

from airflow_provider_wa.sandbox.vendors import VENDORS


def call_wuzapi(client: httpx.Client) -> tuple[int, Any]:
    return refused(wuz(client, "POST", "/chat/send/text", {"Phone": PHONE, "Body": "hello"}))


def call_wa_portal(client: httpx.Client) -> tuple[int, Any]:
    response = portal(client, "sendText", phone=PHONE, message="hello")
    assert response.json()["status"] == "error"
    return response.status_code, response.json()["message"]


def call_green_api(client: httpx.Client) -> tuple[int, Any]:
    response = green(client, "POST", "sendMessage", {"chatId": f"{PHONE}@c.us", "message": "hello"})
    found = response.json() if response.content else None
    return response.status_code, found["invokeStatus"]["status"] if isinstance(found, dict) else found


def call_checkwa(client: httpx.Client) -> tuple[int, Any]:
    response = client.post("/checkwa/check/", json={})
    return response.status_code, response.json()


def call_accuauth(client: httpx.Client) -> tuple[int, Any]:
    response = client.post("/accuauth/check/whatsapp_advanced", json={"number": "987654321"})
    assert response.json()["request_id"].startswith("TID")
    assert "result" not in response.json()
    assert response.json()["reason"]
    return response.status_code, response.json()["status"]


CALLS: Mapping[str, Callable[[httpx.Client], tuple[int, Any]]] = {
    "wuzapi": call_wuzapi,
    "wa_portal": call_wa_portal,
    "green_api": call_green_api,
    "checkwa": call_checkwa,
    "accuauth": call_accuauth,
}

# vendor -> code -> HTTP status and text of the refusal
REFUSALS: Mapping[str, Mapping[str, tuple[int, Any]]] = {
    "wuzapi": {
        "479": (500, "error sending message: server returned error 479"),
        "timeout": (500, "error sending message: timed out waiting for message send response"),
        "no lid": (500, "error sending message: no LID found for 51987654321@s.whatsapp.net from server"),
        "unknown server": (500, "error sending message: can't send message to unknown server nowhere"),
        "websocket": (500, "error sending message: websocket not connected"),
        "no device": (500, "error sending message: the store doesn't contain a device JID"),
        "no session": (500, "no session"),
        "upload": (
            500,
            "failed to upload file: failed to refresh media connections: failed to query media connections: "
            "info query timed out",
        ),
        "device list": (500, "error sending message: failed to get device list: unexpected status 500"),
        "info query": (500, "error sending message: failed to get group members: info query timed out"),
        "plain": (500, None),
    },
    "wa_portal": {
        "01": (401, "01-Access token failed"),
        "02": (401, "02-Client id not found"),
        "03": (401, "03-Instance id not found"),
        "04": (400, "04-Phone number not registered on whatsapp or your instance not connected"),
        "05": (400, "05-Quota expiry"),
        "06": (400, "06-Not enough quota"),
        "07": (400, "07-Quota limit"),
        "08": (400, "08-Save file / document failed"),
        "09": (400, "09-Link not valid"),
        "10": (400, "10-Download file failed"),
        "11": (400, "11-Unknown file type"),
        "12": (400, "12-Parsing parameter failed"),
        "13": (400, "13-Parameter required"),
        "14": (400, "14-Data not found"),
        "15": (400, "15-QrCode failed"),
    },
    "green_api": {
        "bad request": (400, "bad request data"),
        "bad number": (400, "bad phone number, valid from 11 to 16 digits"),
        "not authorized": (400, "instance is starting or not authorized"),
        "timeout": (400, "check phone number timeout limit exceeded"),
        "401": (401, None),
        "403": (403, None),
        "429": (429, None),
        "466": (466, "QUOTE_EXCEEDED"),
        "466 chats": (466, "QUOTE_ALLOWED"),
        "469": (469, "User get contact info limit reached"),
        "queue closed": (400, "Message cannot be received because custom webhook url is set"),
        "suspended": (403, "Your account is suspended"),
    },
    "checkwa": {code: (200, {"code": code}) for code in ("0", "1", "2", "3", "4", "5", "6", "7", "9")},
    "accuauth": {
        "PENDING": (400, "PENDING"),
        "INVALID_ARGUMENT": (400, "INVALID_ARGUMENT"),
        "UNAUTHORIZED": (401, "UNAUTHORIZED"),
        "KEY_EXPIRED": (401, "KEY_EXPIRED"),
        "NO_PERMISSION": (403, "NO_PERMISSION"),
        "OUT_OF_QUOTA": (403, "OUT_OF_QUOTA"),
        "RATE_LIMIT_EXCEEDED": (403, "RATE_LIMIT_EXCEEDED"),
        "NOT_FOUND": (404, "NOT_FOUND"),
        "INTERNAL_ERROR": (500, "INTERNAL_ERROR"),
    },
}
CASES = [(vendor, code, refusal) for vendor, refusals in REFUSALS.items() for code, refusal in refusals.items()]


def test_the_table_has_all_codes_of_all_vendors() -> None:
    assert {vendor: set(refusals) for vendor, refusals in REFUSALS.items()} == {
        vendor.name: vendor.codes for vendor in VENDORS
    }


@pytest.mark.parametrize(("vendor", "code", "refusal"), CASES, ids=[f"{vendor} {code}" for vendor, code, _ in CASES])
def test_a_code_is_refused_in_the_vendors_own_words(
    client: TestClient, vendor: str, code: str, refusal: tuple[int, Any]
) -> None:
    fault = {"vendor": vendor, "kind": "refuse", "code": code, "times": 1}
    assert client.post("/sandbox/faults", json=fault).status_code == 200
    assert CALLS[vendor](client) == refusal
    ledger = client.get("/sandbox/ledger").json()
    assert (ledger["messages"], ledger["checks"]) == ([], [])


def test_a_code_under_another_status(client: TestClient) -> None:
    for vendor, code in (("wuzapi", "479"), ("wa_portal", "05"), ("green_api", "429"), ("accuauth", "PENDING")):
        fault = {"vendor": vendor, "kind": "refuse", "code": code, "status": 418, "times": 1}
        client.post("/sandbox/faults", json=fault)
    assert wuz(client, "GET", "/session/status").status_code == 418
    assert portal(client, "checkBal").status_code == 418
    assert green(client, "GET", "getSettings").status_code == 418
    assert client.post("/accuauth/check/whatsapp_advanced").status_code == 418
