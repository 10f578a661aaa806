# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from sandbox.calls import PHONE, come_in, refused, wuz
from starlette.testclient import TestClient

from airflow_provider_wa.sandbox.wuzapi.protocol import TOKEN
from airflow_provider_wa.sandbox.wuzapi.subscriptions import EVENTS

HOOK = "https://example.net/webhook"


def hook(client: TestClient) -> dict[str, Any]:
    return dict(wuz(client, "GET", "/webhook").json()["data"])


def status(client: TestClient) -> dict[str, Any]:
    return dict(wuz(client, "GET", "/session/status").json()["data"])


def send(client: TestClient) -> Any:
    return wuz(client, "POST", "/chat/send/text", {"Phone": PHONE, "Body": "x"})


class TestSession:
    def test_it_starts_connected_and_logged_in(self, client: TestClient) -> None:
        reply = wuz(client, "GET", "/session/status").json()
        assert (reply["code"], reply["success"]) == (200, True)
        assert (reply["data"]["connected"], reply["data"]["loggedIn"]) == (True, True)
        assert reply["data"]["jid"].endswith("@s.whatsapp.net")
        assert refused(wuz(client, "POST", "/session/connect", {})) == (500, "already connected")
        assert reply["data"].keys() == {
            *("id", "name", "token", "connected", "loggedIn", "jid", "webhook", "events", "proxy_url", "qrcode"),
            *("history", "hmac_configured", "proxy_config", "s3_config"),
        }
        assert refused(wuz(client, "GET", "/session/qr")) == (500, "already logged in")

    def test_disconnect_keeps_the_login(self, client: TestClient) -> None:
        assert wuz(client, "POST", "/session/disconnect", {}).json()["data"] == {"Details": "Disconnected"}
        status = wuz(client, "GET", "/session/status").json()["data"]
        assert (status["connected"], status["loggedIn"]) == (False, False)
        assert refused(send(client)) == (500, "no session")
        connected = wuz(client, "POST", "/session/connect", {"Subscribe": ["Message"], "Immediate": True}).json()[
            "data"
        ]
        assert connected["details"] == "Connected!"
        assert connected["events"] == "Message"
        assert wuz(client, "GET", "/session/status").json()["data"]["loggedIn"] is True

    def test_logout_needs_a_new_scan(self, client: TestClient) -> None:
        assert wuz(client, "POST", "/session/logout", {}).json()["data"] == {"Details": "Logged out"}
        assert refused(wuz(client, "POST", "/session/logout", {})) == (500, "no session")
        wuz(client, "POST", "/session/connect", {"Immediate": True})
        status = wuz(client, "GET", "/session/status").json()["data"]
        assert (status["connected"], status["loggedIn"]) == (True, False)
        assert refused(wuz(client, "POST", "/session/logout", {})) == (500, "could not logout as it was not logged in")

    def test_never_connected_answers_no_session(self, scanned_later: TestClient) -> None:
        status = wuz(scanned_later, "GET", "/session/status").json()["data"]
        assert (status["connected"], status["loggedIn"]) == (False, False)
        for response in (
            wuz(scanned_later, "GET", "/session/qr"),
            wuz(scanned_later, "POST", "/session/disconnect", {}),
            wuz(scanned_later, "POST", "/session/logout", {}),
            wuz(scanned_later, "POST", "/user/check", {"Phone": ["51987654321"]}),
            send(scanned_later),
        ):
            assert refused(response) == (500, "no session")

    def test_the_code_comes_a_moment_after_connecting_and_the_scan_later(
        self, scanned_later: TestClient, clock: Any
    ) -> None:
        wuz(scanned_later, "POST", "/session/connect", {"Immediate": True})
        assert wuz(scanned_later, "GET", "/session/qr").json()["data"] == {"QRCode": ""}
        clock.now += 1
        code = wuz(scanned_later, "GET", "/session/qr").json()["data"]["QRCode"]
        assert base64.b64decode(code.removeprefix("data:image/png;base64,")).startswith(b"\x89PNG")
        assert wuz(scanned_later, "GET", "/session/status").json()["data"]["qrcode"] == code
        assert refused(send(scanned_later)) == (500, "error sending message: the store doesn't contain a device JID")
        response = wuz(scanned_later, "POST", "/user/check", {"Phone": ["51987654321"]})
        assert response.status_code == 500
        assert "websocket not connected" in response.json()["error"]
        clock.now += 2
        assert wuz(scanned_later, "GET", "/session/status").json()["data"]["loggedIn"] is True
        assert send(scanned_later).status_code == 200

    def test_connect_needs_a_body(self, scanned_later: TestClient) -> None:
        response = scanned_later.post("/wuzapi/session/connect", headers={"Token": TOKEN})
        assert refused(response) == (400, "could not decode Payload")


class TestWebhook:
    def test_it_starts_with_two_subscriptions_and_no_address(self, client: TestClient) -> None:
        assert hook(client) == {"subscribe": ["Message", "ReadReceipt"], "webhook": ""}

    def test_setting_it_with_events(self, client: TestClient) -> None:
        reply = wuz(client, "POST", "/webhook", {"webhookURL": HOOK, "events": ["Message"]})
        assert reply.json()["data"] == {"webhook": HOOK}
        assert hook(client) == {"subscribe": ["Message"], "webhook": HOOK}
        assert (status(client)["webhook"], status(client)["events"]) == (HOOK, "Message")

    @pytest.mark.parametrize(("method", "name"), [("POST", "webhookURL"), ("PUT", "webhook")])
    def test_without_events_the_list_stays_but_nothing_is_subscribed_to(
        self, client: TestClient, method: str, name: str
    ) -> None:
        wuz(client, method, "/webhook", {name: HOOK, "active": True})
        assert hook(client) == {"subscribe": ["Message", "ReadReceipt"], "webhook": HOOK}
        assert status(client)["events"] == ""

    def test_unknown_events_are_left_out(self, client: TestClient) -> None:
        wuz(client, "POST", "/webhook", {"webhookURL": HOOK, "events": ["Nothing", "LoggedOut", "message"]})
        assert hook(client)["subscribe"] == ["LoggedOut"]
        wuz(client, "POST", "/webhook", {"webhookURL": HOOK, "events": ["Nothing"]})
        assert hook(client)["subscribe"] == [""]

    def test_all_48_names_are_known(self, client: TestClient) -> None:
        assert len(EVENTS) == 48
        wuz(client, "POST", "/webhook", {"webhookURL": HOOK, "events": [*EVENTS]})
        assert hook(client)["subscribe"] == [*EVENTS]

    def test_an_update_that_is_not_active_clears_everything(self, client: TestClient) -> None:
        update = {"webhook": HOOK, "events": ["Message"]}
        reply = wuz(client, "PUT", "/webhook", {**update, "active": True}).json()["data"]
        assert reply == {**update, "active": True}
        assert wuz(client, "PUT", "/webhook", update).json()["data"] == {
            "webhook": "",
            "events": ["Message"],
            "active": False,
        }
        assert hook(client) == {"subscribe": [""], "webhook": ""}

    def test_removing_it(self, client: TestClient) -> None:
        wuz(client, "POST", "/webhook", {"webhookURL": HOOK, "events": ["Message"]})
        assert wuz(client, "DELETE", "/webhook").status_code == 200
        assert hook(client) == {"subscribe": [""], "webhook": ""}

    def test_a_wrong_type_is_refused(self, client: TestClient) -> None:
        assert refused(wuz(client, "POST", "/webhook", {"webhookURL": HOOK, "events": "Message"}))[0] == 400


class TestConnect:
    def test_subscribe_is_kept_and_its_absence_wipes(self, client: TestClient) -> None:
        wuz(client, "POST", "/webhook", {"webhookURL": HOOK, "events": ["Message"]})
        for body, events in (
            ({"Subscribe": ["Message", "HistorySync"], "Immediate": False}, "Message,HistorySync"),
            ({}, ""),
        ):
            wuz(client, "POST", "/session/disconnect")
            assert hook(client)["subscribe"] == [""], "disconnecting blanks them"
            reply = wuz(client, "POST", "/session/connect", body).json()["data"]
            assert (reply["events"], reply["webhook"]) == (events, HOOK)
            assert status(client)["events"] == events

    def test_wrong_types_are_refused(self, client: TestClient) -> None:
        wuz(client, "POST", "/session/disconnect")
        for body in ({"Subscribe": "Message"}, {"Immediate": "true"}):
            assert refused(wuz(client, "POST", "/session/connect", body)) == (400, "could not decode Payload")
        assert status(client)["connected"] is False


class TestPairing:
    def test_a_code_to_type_starts_the_wait_for_the_login(self, scanned_later: TestClient, clock: Any) -> None:
        assert refused(wuz(scanned_later, "POST", "/session/pairphone", {"Phone": PHONE})) == (500, "no session")
        wuz(scanned_later, "POST", "/session/connect", {"Immediate": True})
        code = wuz(scanned_later, "POST", "/session/pairphone", {"Phone": PHONE}).json()["data"]["LinkingCode"]
        assert re.fullmatch(r"[0-9A-F]{4}-[0-9A-F]{4}", code)
        clock.now += 3
        assert status(scanned_later)["loggedIn"] is True

    @pytest.mark.parametrize(
        ("body", "error"), [({}, "missing Phone in Payload"), ({"Phone": PHONE}, "already paired")]
    )
    def test_refusals(self, client: TestClient, body: dict[str, str], error: str) -> None:
        assert refused(wuz(client, "POST", "/session/pairphone", body)) == (400, error)


class TestHmac:
    def test_a_key_is_set_masked_and_removed(self, client: TestClient) -> None:
        def key(method: str = "GET", body: Any = None) -> Any:
            return wuz(client, method, "/session/hmac/config", body)

        assert key().json() == {"hmac_key": ""}
        assert refused(key("POST", {"hmac_key": "x" * 31})) == (400, "HMAC key must be at least 32 characters long")
        assert key("POST", {"hmac_key": "x" * 32}).json() == {"Details": "HMAC configuration saved successfully"}
        assert key().json() == {"hmac_key": "***"}
        assert status(client)["hmac_configured"] is True
        assert key("DELETE").json() == {"Details": "HMAC configuration deleted successfully"}
        assert status(client)["hmac_configured"] is False


def test_health_needs_no_token_and_tells_the_version(client: TestClient) -> None:
    body = client.get("/wuzapi/health").json()
    assert (body["status"], body["version"], body["logged_in_users"]) == ("ok", "1.0.6", 1)


class TestHistory:
    def ask(self, client: TestClient, chat: str, **query: Any) -> Any:
        return wuz(client, "GET", "/chat/history", params={"chat_jid": chat, **query})

    def test_it_is_off_at_first(self, client: TestClient) -> None:
        assert refused(self.ask(client, "index")) == (501, "message history is disabled for this user")
        assert refused(wuz(client, "POST", "/session/history", {"history": -1}))[0] == 400

    def test_it_keeps_the_newest_messages_of_each_chat_from_then_on(self, client: TestClient, clock: Any) -> None:
        come_in(client, "wuzapi", "before")
        clock.now += 1
        reply = wuz(client, "POST", "/session/history", {"history": 2}).json()["data"]
        assert reply == {"Details": "History configured successfully", "History": 2}
        assert status(client)["history"] == "2"
        for text in ("one", "two"):
            clock.now += 1
            come_in(client, "wuzapi", text)
        clock.now += 1
        wuz(client, "POST", "/chat/send/text", {"Phone": PHONE, "Body": "three"})
        index = self.ask(client, "index").json()["data"]
        assert [chat["chat_jid"] for chat in index["1"]] == [f"{PHONE}@s.whatsapp.net"]
        assert len(index) == 2, "the server lists the chats of its other users, too"
        messages = self.ask(client, f"{PHONE}@s.whatsapp.net").json()["data"]
        assert [(message["sender_jid"], message["text_content"]) for message in messages] == [
            ("me", "three"),
            (f"{PHONE}:12@s.whatsapp.net", "two"),
        ]
        assert json.loads(messages[1]["data_json"])["Info"]["ID"] == messages[1]["message_id"]
        assert len(self.ask(client, f"{PHONE}@s.whatsapp.net", limit=1).json()["data"]) == 1
        assert self.ask(client, "51900000000@s.whatsapp.net").json()["data"] is None
        assert refused(self.ask(client, "")) == (400, "chat_jid is required")
        assert refused(self.ask(client, PHONE, limit="x")) == (400, "invalid limit")
