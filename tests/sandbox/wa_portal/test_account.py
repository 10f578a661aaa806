# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest
from sandbox.calls import PHONE, portal
from starlette.testclient import TestClient

from airflow_provider_wa.sandbox.wa_portal.protocol import TOKEN
from airflow_provider_wa.sandbox.wa_portal.vendor import API_ROUTES


def test_the_code_as_a_link(scanned_later: TestClient, clock: Any) -> None:
    body = portal(scanned_later, "qrCodeLink").json()
    assert body["status"] == "qrcode"
    assert TOKEN in body["data"]
    picture = scanned_later.get(body["data"])
    assert (picture.headers["content-type"], picture.content[:4]) == ("image/png", b"\x89PNG")
    clock.now += 3
    body = portal(scanned_later, "qrCodeLink").json()
    assert (body["status"], body["data"]["login"]) == ("success", True)


def test_groups_and_contacts(client: TestClient, sandbox: Any) -> None:
    (team, _) = portal(client, "groups").json()["data"]
    assert (team["name"], PHONE in team["participants"]) == ("Sandbox team", True)
    contacts = portal(client, "contacts").json()["data"]
    assert {"id": PHONE, "name": "Ana Quispe"} in contacts
    sandbox.groups.clear()
    assert portal(client, "groups").json()["message"] == "14-Data not found"


@pytest.mark.parametrize("route", ["groups", "contacts"])
def test_without_a_login_there_is_no_data(scanned_later: TestClient, route: str) -> None:
    response = portal(scanned_later, route)
    assert (response.status_code, response.json()["message"]) == (400, "14-Data not found")


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("sandbox-portal-no-access", "01-Access token failed"),
        ("sandbox-portal-no-client", "02-Client id not found"),
        ("sandbox-portal-no-instance", "03-Instance id not found"),
    ],
)
def test_tokens_that_are_refused_in_their_own_way(client: TestClient, token: str, message: str) -> None:
    response = client.get("/portal/api/checkBal", params={"token": token})
    assert (response.status_code, response.json()["message"]) == (401, message)


def test_an_error_under_status_200(client: TestClient) -> None:
    fault = {"vendor": "wa_portal", "kind": "refuse", "code": "05", "status": 200}
    client.post("/sandbox/faults", json=fault)
    response = portal(client, "checkBal")
    assert (response.status_code, response.json()["status"]) == (200, "error")


def test_403_of_a_hanging_service(client: TestClient) -> None:
    client.post("/sandbox/faults", json={"vendor": "wa_portal", "kind": "server_error", "status": 403})
    assert (portal(client, "checkBal").status_code, portal(client, "checkBal").text) == (403, "Forbidden")


def test_every_route_of_the_document_is_there() -> None:
    assert {path.rpartition("/")[2] for path in API_ROUTES} == {
        "sendText", "sendFiles", "sendFileWithCaption", "sendLocation", "sendContact",
        "sendTextButton", "sendFilesButton", "sendLocationButton", "sendList",
        "campaignStatus", "campaignReport", "qrCode", "qrCodeLink",
        "inboxReport", "inboxReportOffset", "checkBal", "groups", "contacts",
    }  # fmt: skip
