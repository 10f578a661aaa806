# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest
from sandbox.calls import PHONE, come_in, green
from starlette.testclient import TestClient

from airflow_provider_wa.sandbox.green_api.notifications import pending
from airflow_provider_wa.sandbox.green_api.switches import BY_MESSAGE, BY_TYPE, SWITCHES
from airflow_provider_wa.sandbox.state import Sandbox


def save(client: TestClient, **values: Any) -> Any:
    return green(client, "POST", "setSettings", values)


def kinds(sandbox: Sandbox) -> list[str]:
    return [notification.body["typeWebhook"] for notification in pending(sandbox)]


def test_all_settings_are_shown(client: TestClient) -> None:
    shown = green(client, "GET", "getSettings").json()
    assert shown["wid"] == "51999000000@c.us"
    assert {*SWITCHES, "webhookUrl", "webhookUrlToken", "delaySendMessagesMilliseconds"} < shown.keys()
    assert {*BY_TYPE.values(), *BY_MESSAGE.values()} < shown.keys()


def test_settings_are_saved_and_shown(client: TestClient) -> None:
    assert save(client, stateWebhook="yes", delaySendMessagesMilliseconds=500).json() == {"saveSettings": True}
    assert green(client, "GET", "getSettings").json()["stateWebhook"] == "yes"
    client.post("/sandbox/reset")
    assert green(client, "GET", "getSettings").json()["stateWebhook"] == "no"


@pytest.mark.parametrize(
    "values",
    [{}, {"x": "yes"}, {"stateWebhook": True}, {"stateWebhook": "maybe"}, {"delaySendMessagesMilliseconds": 499},
     {"delaySendMessagesMilliseconds": "500"}, {"webhookUrl": 1}, {"stateWebhook": "yes", "x": "yes"}],
)  # fmt: skip
def test_wrong_settings_are_refused_and_nothing_is_saved(client: TestClient, values: dict[str, Any]) -> None:
    before = green(client, "GET", "getSettings").json()
    assert save(client, **values).status_code == 400
    assert green(client, "GET", "getSettings").json() == before


def test_what_is_switched_off_is_not_queued(client: TestClient, sandbox: Sandbox) -> None:
    save(client, incomingWebhook="no", outgoingWebhook="no")
    come_in(client, "green_api", "one")
    green(client, "POST", "sendMessage", {"chatId": f"{PHONE}@c.us", "message": "x"})
    assert kinds(sandbox) == []


def test_a_recipient_without_whatsapp_is_always_said(client: TestClient, sandbox: Sandbox) -> None:
    save(client, outgoingWebhook="no")
    green(client, "POST", "sendMessage", {"chatId": "51987654300@c.us", "message": "x"})
    assert [notification.body["status"] for notification in pending(sandbox)] == ["noAccount"]


def test_what_the_api_sends_is_queued_when_it_is_switched_on(client: TestClient, sandbox: Sandbox) -> None:
    save(client, outgoingAPIMessageWebhook="yes", outgoingWebhook="no")
    green(client, "POST", "sendMessage", {"chatId": f"{PHONE}@c.us", "message": "x"})
    (notification,) = pending(sandbox)
    assert notification.body["messageData"] == {"typeMessage": "textMessage", "textMessageData": {"textMessage": "x"}}
    assert notification.body["senderData"]["chatId"] == f"{PHONE}@c.us"


def test_a_new_state_is_queued_when_it_is_switched_on(client: TestClient, sandbox: Sandbox) -> None:
    for switch in ("no", "yes"):
        save(client, stateWebhook=switch)
        client.post("/sandbox/state", json={"vendor": "green_api", "state": "suspended"})
    (notification,) = pending(sandbox)
    assert notification.body["stateInstance"] == "suspended"
