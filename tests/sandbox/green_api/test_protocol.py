# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from airflow_provider_wa.sandbox.green_api.protocol import BAD_NUMBER, BAD_REQUEST, ID_INSTANCE, NOT_ONE, TOKEN

TIMEOUT = "check phone number timeout limit exceeded"


def check(client: TestClient, body: Any, instance: str = ID_INSTANCE, token: str = TOKEN) -> httpx.Response:
    return client.post(f"/green/waInstance{instance}/checkWhatsapp/{token}", json=body)


def state(client: TestClient) -> str:
    return str(client.get(f"/green/waInstance{ID_INSTANCE}/getStateInstance/{TOKEN}").json()["stateInstance"])


def test_a_wrong_instance_is_403_and_a_wrong_token_401(client: TestClient) -> None:
    assert check(client, {"phoneNumber": 51987654321}, instance="1101000002").status_code == 403
    assert check(client, {"phoneNumber": 51987654321}, token="wrong").status_code == 401
    assert client.get(f"/green/waInstance{ID_INSTANCE}/getStateInstance/wrong").status_code == 401


def test_an_unknown_or_wrong_method_is_404(client: TestClient) -> None:
    assert client.get(f"/green/waInstance{ID_INSTANCE}/checkWhatsapp/{TOKEN}").status_code == 404
    assert client.post(f"/green/waInstance{ID_INSTANCE}/checkEverything/{TOKEN}").status_code == 404
    assert client.post("/green/checkWhatsapp").status_code == 404


@pytest.mark.parametrize(
    ("body", "number", "known"),
    [
        ({"phoneNumber": 51987654321}, "51987654321", True),
        ({"phoneNumber": "51987654321"}, "51987654321", True),
        ({"chatId": "51987654321@c.us"}, "51987654321", True),
        ({"phoneNumber": 51987654300}, "51987654300", False),
        ({"phoneNumber": 1234567890123456}, "1234567890123456", True),
        ({"phoneNumber": 525512345607}, "525512345607", False),
        ({"phoneNumber": 5215512345607}, "5215512345607", True),
    ],
)
def test_a_check(client: TestClient, body: Any, number: str, known: bool) -> None:
    response = check(client, body)
    assert response.status_code == 200
    assert response.json() == {"existsWhatsapp": known, "chatId": f"{number}@c.us" if known else ""}
    (entry,) = client.get("/sandbox/ledger").json()["checks"]
    assert (entry["number"], entry["answer"]) == (number, "exists" if known else "absent")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"phoneNumber": 5198765432}, BAD_NUMBER),
        ({"phoneNumber": 12345678901234567}, BAD_NUMBER),
        ({"phoneNumber": "+51987654321"}, BAD_NUMBER),
        ({"phoneNumber": True}, BAD_NUMBER),
        ({"chatId": 51987654321}, BAD_NUMBER),
        ({"chatId": "120362023605733675@g.us"}, BAD_NUMBER),
        ({}, NOT_ONE),
        ({"phoneNumber": 51987654321, "chatId": "51987654321@c.us"}, NOT_ONE),
        ([51987654321], BAD_REQUEST),
    ],
)
def test_what_is_wrong_is_refused(client: TestClient, body: Any, error: str) -> None:
    response = check(client, body)
    assert (response.status_code, response.json()) == (400, error)


def test_01_times_out_twice_and_then_exists(client: TestClient) -> None:
    replies = [check(client, {"phoneNumber": 51987654301}) for _ in range(3)]
    assert [(reply.status_code, reply.json()) for reply in replies[:2]] == [(400, TIMEOUT)] * 2
    assert replies[2].json()["existsWhatsapp"] is True


def test_02_comes_too_fast_once(client: TestClient) -> None:
    replies = [check(client, {"phoneNumber": 51987654302}) for _ in range(2)]
    assert (replies[0].status_code, replies[0].content) == (429, b"")
    assert replies[1].json()["existsWhatsapp"] is True


def test_04_times_out_for_ever(client: TestClient) -> None:
    assert {check(client, {"phoneNumber": 51987654304}).json() for _ in range(5)} == {TIMEOUT}


def test_quota(client: TestClient) -> None:
    client.post("/sandbox/quota", json={"vendor": "green_api", "left": 2})
    assert [check(client, {"phoneNumber": 51987654321}).status_code for _ in range(3)] == [200, 200, 466]
    status = check(client, {"phoneNumber": 51987654321}).json()["invokeStatus"]
    assert (status["method"], status["used"], status["total"]) == ("checkwhatsapp", 2, 2)
    assert status["status"] == "QUOTE_EXCEEDED"


def test_the_session_is_scanned_after_its_state_was_asked_for(scanned_later: TestClient, clock: Any) -> None:
    clock.now += 100
    assert state(scanned_later) == "notAuthorized"
    response = check(scanned_later, {"phoneNumber": 51987654321})
    assert (response.status_code, response.json()) == (400, "instance is starting or not authorized")
    clock.now += 3
    assert state(scanned_later) == "authorized"
    assert check(scanned_later, {"phoneNumber": 51987654321}).status_code == 200
