# SPDX-License-Identifier: Apache-2.0
"""The service of the old document."""

from __future__ import annotations

from typing import Any

import pytest
from sandbox.calls import PHONE, green
from starlette.testclient import TestClient

from airflow_provider_wa.sandbox.green_api.older import BAD_NUMBER


@pytest.fixture
def older(client: TestClient) -> TestClient:
    body = {"vendor": "green_api", "generation": "document"}
    assert client.post("/sandbox/generation", json=body).json() == body
    return client


@pytest.mark.parametrize(("number", "known"), [(PHONE, True), ("51987654300", False), ("51987654308", True)])
def test_a_check_gives_the_answer_alone(older: TestClient, number: str, known: bool) -> None:
    assert green(older, "POST", "checkWhatsapp", {"phoneNumber": int(number)}).json() == {"existsWhatsapp": known}


@pytest.mark.parametrize("asked", [{"phoneNumber": 5215512345678}, {"chatId": f"{PHONE}@c.us"}, {}])
def test_a_check_is_of_11_or_12_digits(older: TestClient, asked: dict[str, Any]) -> None:
    reply = green(older, "POST", "checkWhatsapp", asked)
    assert (reply.status_code, reply.json()) == (400, BAD_NUMBER)


def test_there_are_no_lids(older: TestClient) -> None:
    green(older, "POST", "sendMessage", {"chatId": "51987654308@c.us", "message": "x"})
    for found in (green(older, "GET", "lastOutgoingMessages").json(), green(older, "GET", "getContacts").json()):
        assert found
        assert "@lid" not in str(found)


@pytest.mark.parametrize("method", ["sendInteractiveButtons", "editMessage"])
def test_later_methods_are_not_there(older: TestClient, method: str) -> None:
    assert green(older, "POST", method, {}).status_code == 404


def test_a_reset_returns_to_the_newest(older: TestClient) -> None:
    older.post("/sandbox/reset")
    assert green(older, "POST", "checkWhatsapp", {"phoneNumber": int(PHONE)}).json()["chatId"] == f"{PHONE}@c.us"
