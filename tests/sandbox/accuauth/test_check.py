# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from airflow_provider_wa.sandbox.accuauth.check import API_ID, API_SECRET

PATH = "/accuauth/check/whatsapp_advanced"
HEADERS = {"X-DF-API-ID": API_ID, "X-DF-API-SECRET": API_SECRET}


def check(client: TestClient, number: Any) -> httpx.Response:
    return client.post(PATH, headers=HEADERS, json={"number": number})


def outcome(response: httpx.Response) -> tuple[int, str]:
    body = response.json()
    assert body["request_id"].startswith("TID")
    assert ("result" in body) == (body["status"] == "OK")
    assert ("reason" in body) == (body["status"] != "OK")
    return response.status_code, body["status"]


def test_a_number_that_exists_and_one_that_does_not(client: TestClient) -> None:
    exists, absent = check(client, "987654303"), check(client, "987654300")
    assert outcome(exists) == outcome(absent) == (200, "OK")
    result = exists.json()["result"]
    assert (result["number"], result["whatsapp"], result["avatar"]) == ("+51987654303", "yes", "yes")
    assert len(result["status_update"]) == 8
    assert absent.json()["result"]["whatsapp"] == "no"
    assert check(client, "987654321").json()["result"]["avatar"] == "no"


def test_basic_tells_no_more_than_that(client: TestClient) -> None:
    def ask(number: str) -> httpx.Response:
        return client.post("/accuauth/check/whatsapp_basic", headers=HEADERS, json={"number": number})

    assert ask("987654303").json()["result"] == {"number": "+51987654303", "whatsapp": "yes"}
    assert ask("987654300").json()["result"] == {"number": "+51987654300", "whatsapp": "no"}
    assert outcome(ask("x")) == (400, "INVALID_ARGUMENT")
    assert outcome(client.post("/accuauth/check/whatsapp_basic", json={})) == (401, "UNAUTHORIZED")


def test_json_and_forms(client: TestClient) -> None:
    form = client.post(PATH, headers=HEADERS, data={"number": "987654321"})
    multipart = client.post(PATH, headers=HEADERS, files={"number": (None, "987654321")})
    assert outcome(form) == outcome(multipart) == (200, "OK")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, (401, "UNAUTHORIZED")),
        ({**HEADERS, "X-DF-API-SECRET": "wrong"}, (401, "UNAUTHORIZED")),
        ({**HEADERS, "X-DF-API-ID": "wrong"}, (401, "UNAUTHORIZED")),
        ({**HEADERS, "X-DF-API-ID": "sandbox-accuauth-expired"}, (401, "KEY_EXPIRED")),
        ({**HEADERS, "X-DF-API-ID": "sandbox-accuauth-no-permission"}, (403, "NO_PERMISSION")),
    ],
)
def test_access(client: TestClient, headers: dict[str, str], expected: tuple[int, str]) -> None:
    assert outcome(client.post(PATH, headers=headers, json={"number": "987654321"})) == expected


def test_an_unknown_path(client: TestClient) -> None:
    assert outcome(client.post("/accuauth/check/nothing", headers=HEADERS)) == (404, "NOT_FOUND")
    assert outcome(client.get(PATH, headers=HEADERS)) == (404, "NOT_FOUND")


@pytest.mark.parametrize("number", [None, "", "51987654321", "+987654321", 987654321, "98765", "x"])
def test_a_wrong_number(client: TestClient, number: Any) -> None:
    assert outcome(check(client, number)) == (400, "INVALID_ARGUMENT")


def test_a_missing_number_is_named(client: TestClient) -> None:
    for content in (b"", b"[]", b"{}"):
        response = client.post(PATH, headers=HEADERS, content=content)
        assert response.json()["reason"] == "argument 'number': not found"


def test_01_is_pending_twice_and_04_for_ever(client: TestClient) -> None:
    assert [outcome(check(client, "987654301")) for _ in range(3)] == [(400, "PENDING")] * 2 + [(200, "OK")]
    assert {outcome(check(client, "987654304")) for _ in range(5)} == {(400, "PENDING")}


def test_02_comes_too_fast_once(client: TestClient) -> None:
    assert [outcome(check(client, "987654302")) for _ in range(2)] == [(403, "RATE_LIMIT_EXCEEDED"), (200, "OK")]


def test_quota_is_not_spent_on_pending(client: TestClient) -> None:
    client.post("/sandbox/quota", json={"vendor": "accuauth", "left": 1})
    replies = [outcome(check(client, number)) for number in ("987654304", "987654321", "987654321")]
    assert replies == [(400, "PENDING"), (200, "OK"), (403, "OUT_OF_QUOTA")]


@pytest.mark.parametrize(("status", "said"), [(500, "INTERNAL_ERROR"), (503, None)])
def test_server_errors(client: TestClient, status: int, said: str | None) -> None:
    client.post("/sandbox/faults", json={"vendor": "accuauth", "kind": "server_error", "status": status})
    response = check(client, "987654321")
    assert response.status_code == status
    if said:
        assert outcome(response) == (status, said)
    else:
        assert response.headers["content-type"].startswith("text/plain")
