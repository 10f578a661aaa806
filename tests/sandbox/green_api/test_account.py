# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest
from sandbox.calls import GROUP, PHONE, green, ledger
from starlette.testclient import TestClient

from airflow_provider_wa.sandbox.green_api.vendor import RATES, VENDOR

NOT_AUTHORIZED = "instance is starting or not authorized"


def set_state(client: TestClient, state: str | None) -> None:
    assert client.post("/sandbox/state", json={"vendor": "green_api", "state": state}).status_code == 200


def state(client: TestClient) -> Any:
    return green(client, "GET", "getStateInstance").json()["stateInstance"]


class TestState:
    @pytest.mark.parametrize("wanted", ["blocked", "sleepMode", "starting", "yellowCard", "notAuthorized", None])
    def test_every_state_and_back(self, client: TestClient, wanted: str | None) -> None:
        set_state(client, wanted)
        assert state(client) == wanted
        reply = green(client, "POST", "checkWhatsapp", {"phoneNumber": 51987654321})
        assert (reply.status_code, reply.json()) == (400, NOT_AUTHORIZED)
        set_state(client, "authorized")
        assert state(client) == "authorized"

    def test_an_unknown_state(self, client: TestClient) -> None:
        response = client.post("/sandbox/state", json={"vendor": "green_api", "state": "asleep"})
        assert response.status_code == 400
        assert client.post("/sandbox/state", json={"vendor": "wuzapi", "state": "blocked"}).status_code == 400

    def test_the_code_to_scan(self, scanned_later: TestClient, clock: Any) -> None:
        code = green(scanned_later, "GET", "qr").json()
        assert code["type"] == "qrCode"
        clock.now += 3
        assert green(scanned_later, "GET", "qr").json()["type"] == "alreadyLogged"
        set_state(scanned_later, "starting")
        assert green(scanned_later, "GET", "qr").json()["type"] == "error"

    def test_logout(self, client: TestClient) -> None:
        assert green(client, "GET", "logout").json() == {"isLogout": True}
        assert state(client) == "notAuthorized"


class TestSettings:
    def test_what_is_not_named_is_kept(self, client: TestClient) -> None:
        url = "http://127.0.0.1:1/"
        assert green(client, "POST", "setSettings", {"webhookUrl": url}).json() == {"saveSettings": True}
        assert green(client, "POST", "setSettings", {"webhookUrlToken": "t", "pollMessageWebhook": "no"}).is_success
        settings = green(client, "GET", "getSettings").json()
        assert (settings["webhookUrl"], settings["webhookUrlToken"]) == (url, "t")
        assert settings["wid"] == "51999000000@c.us"
        green(client, "POST", "setSettings", {"webhookUrl": ""})
        assert green(client, "GET", "getSettings").json()["webhookUrl"] == ""

    def test_a_wrong_type(self, client: TestClient) -> None:
        assert green(client, "POST", "setSettings", {"webhookUrl": 5}).status_code == 400


class TestDirectory:
    def test_contacts_and_groups(self, client: TestClient) -> None:
        everybody = green(client, "GET", "getContacts").json()
        people = green(client, "GET", "getContacts?group=false").json()
        groups = green(client, "GET", "getContacts?group=true").json()
        assert everybody == [*people, *groups]
        assert {"id": f"{PHONE}@c.us", "name": "Ana Quispe", "contactName": "Ana Quispe", "type": "user"} in people
        assert groups[0]["id"] == GROUP
        assert len(green(client, "GET", "getContacts?count=2").json()) == 2
        assert green(client, "GET", "getContacts?count=x").status_code == 400

    def test_one_group(self, client: TestClient) -> None:
        group = green(client, "POST", "getGroupData", {"groupId": GROUP}).json()
        assert (group["subject"], group["owner"]) == ("Sandbox team", "51999000000@c.us")
        assert [member["isAdmin"] for member in group["participants"]] == [True, False, False]
        reply = green(client, "POST", "getGroupData", {"groupId": "1@g.us"})
        assert (reply.status_code, reply.json()) == (400, "item-not-found")

    def test_avatar(self, client: TestClient) -> None:
        shown = green(client, "POST", "getAvatar", {"chatId": "51987654303@c.us"}).json()
        assert shown["available"] is True
        assert client.get(shown["urlAvatar"]).content.startswith(b"\x89PNG")
        hidden = green(client, "POST", "getAvatar", {"chatId": f"{PHONE}@c.us"}).json()
        assert hidden == {"urlAvatar": "", "available": False, "existsWhatsapp": True}

    @pytest.mark.parametrize(
        ("method", "name", "body"),
        [
            ("GET", "getContacts", None),
            ("POST", "getGroupData", {"groupId": GROUP}),
            ("POST", "getAvatar", {"chatId": f"{PHONE}@c.us"}),
        ],
    )
    def test_they_need_a_login(self, scanned_later: TestClient, method: str, name: str, body: Any) -> None:
        assert green(scanned_later, method, name, body).json() == NOT_AUTHORIZED


class TestRates:
    def enforce(self, client: TestClient) -> None:
        fault = {"vendor": "green_api", "kind": "rate_limit", "enforce": True}
        assert client.post("/sandbox/faults", json=fault).status_code == 200

    def test_they_do_not_bind_by_themselves(self, client: TestClient) -> None:
        assert {green(client, "GET", "getStateInstance").status_code for _ in range(5)} == {200}

    @pytest.mark.parametrize(
        ("method", "name", "body", "rate"),
        [
            ("GET", "getStateInstance", None, 1),
            ("GET", "qr", None, 3),
            ("POST", "checkWhatsapp", {"phoneNumber": 51987654321}, 10),
            ("POST", "sendMessage", {"chatId": f"{PHONE}@c.us", "message": "x"}, 50),
        ],
    )
    def test_switched_on_they_bind_each_method(
        self, client: TestClient, clock: Any, method: str, name: str, body: Any, rate: int
    ) -> None:
        self.enforce(client)
        codes = [green(client, method, name, body).status_code for _ in range(rate + 2)]
        assert codes == [200] * rate + [429] * 2
        assert green(client, "GET", "getSettings").status_code == 200
        clock.now += 1
        assert green(client, method, name, body).status_code == 200
        if name == "sendMessage":
            assert len(ledger(client, "green_api")) == rate + 1

    def test_the_table_names_methods_that_there_are(self) -> None:
        assert set(RATES) <= {method for _, method in VENDOR.routes}


class TestHidden:
    """A number that ends in 08 shows its LID."""

    @pytest.mark.parametrize("asked", [{"phoneNumber": 51987654308}, {"chatId": "180345678915@lid"}])
    def test_a_check_gives_lid_and_number(self, client: TestClient, asked: dict[str, Any]) -> None:
        reply = green(client, "POST", "checkWhatsapp", asked).json()
        assert reply == {"existsWhatsapp": True, "chatId": "180345678915@lid", "phoneNumber": 51987654308}

    def test_a_lid_that_shows_its_number(self, client: TestClient) -> None:
        reply = green(client, "POST", "checkWhatsapp", {"chatId": "112345678915@lid"}).json()
        assert reply == {"existsWhatsapp": True, "chatId": "51987654321@c.us"}

    def test_members_and_contacts(self, client: TestClient) -> None:
        group = green(client, "POST", "getGroupData", {"groupId": "120363020000000002@g.us"}).json()
        contacts = green(client, "GET", "getContacts").json()
        assert any(member["id"].endswith("@lid") for member in group["participants"])
        assert any(contact["id"].endswith("@lid") for contact in contacts)
