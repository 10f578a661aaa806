# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
from typing import Any

import pytest
from sandbox.calls import PHONE, refused, wuz
from starlette.testclient import TestClient

HOOK = "https://example.net/webhook"


def hook(client: TestClient) -> dict[str, Any]:
    return dict(wuz(client, "GET", "/webhook").json()["data"])


def status(client: TestClient) -> dict[str, Any]:
    return dict(wuz(client, "GET", "/session/status").json()["data"])


class TestWebhook:
    def test_it_starts_with_two_subscriptions_and_no_address(self, client: TestClient) -> None:
        assert hook(client) == {"subscribe": ["Message", "ReadReceipt"], "webhook": ""}

    def test_setting_it_with_events(self, client: TestClient) -> None:
        reply = wuz(client, "POST", "/webhook", {"webhookURL": HOOK, "events": ["Message"]})
        assert reply.json()["data"] == {"webhook": HOOK, "events": ["Message"]}
        assert hook(client) == {"subscribe": ["Message"], "webhook": HOOK}
        assert (status(client)["webhook"], status(client)["events"]) == (HOOK, "Message")

    def test_setting_it_without_events_blanks_the_subscriptions(self, client: TestClient) -> None:
        assert wuz(client, "POST", "/webhook", {"webhookURL": HOOK}).json()["data"] == {"webhook": HOOK}
        assert hook(client) == {"subscribe": [""], "webhook": HOOK}

    def test_unknown_events_are_left_out(self, client: TestClient) -> None:
        wuz(client, "POST", "/webhook", {"webhookURL": HOOK, "events": ["Nothing", "ChatPresence"]})
        assert hook(client)["subscribe"] == ["ChatPresence"]

    def test_an_update_that_is_not_active_clears_everything(self, client: TestClient) -> None:
        update = {"webhook": HOOK, "events": ["Message"]}
        reply = wuz(client, "PUT", "/webhook", {**update, "active": True}).json()["data"]
        assert reply == {**update, "active": True}
        assert wuz(client, "PUT", "/webhook", update).json()["data"] == {"webhook": "", "events": [], "active": False}
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
