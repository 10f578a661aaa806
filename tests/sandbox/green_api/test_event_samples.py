# SPDX-License-Identifier: Apache-2.0
"""Each kind of notification comes in as the service posts it."""

from __future__ import annotations

import pytest
from sandbox.calls import GROUP, come_in, green
from starlette.testclient import TestClient

from airflow_provider_wa.sandbox.green_api.event_samples import MESSAGES, OTHERS, SAMPLES, queue_event
from airflow_provider_wa.sandbox.green_api.notifications import pending
from airflow_provider_wa.sandbox.green_api.switches import SWITCHES, InstanceSettings
from airflow_provider_wa.sandbox.state import Sandbox


@pytest.fixture(autouse=True)
def _all_switched_on(sandbox: Sandbox) -> None:
    sandbox.own_state(InstanceSettings).values |= dict.fromkeys(SWITCHES, "yes")


@pytest.mark.parametrize("kind", SAMPLES)
def test_each_sample_is_queued(sandbox: Sandbox, kind: str) -> None:
    queue_event(sandbox, {**SAMPLES[kind], "type": kind})
    (notification,) = pending(sandbox)
    assert {"typeWebhook", "instanceData", "timestamp"} < notification.body.keys()
    assert "type" not in notification.body
    assert notification.body["typeWebhook"] == (kind if kind in OTHERS else "incomingMessageReceived")


@pytest.mark.parametrize("kind", MESSAGES)
def test_each_message_is_in_the_journal(client: TestClient, sandbox: Sandbox, kind: str) -> None:
    queue_event(sandbox, {**SAMPLES[kind], "type": kind})
    (row,) = green(client, "GET", "lastIncomingMessages").json()
    assert row["typeMessage"] == SAMPLES[kind]["messageData"]["typeMessage"]
    assert row["senderId"] == row["chatId"] == "51987654321@c.us"
    assert row["idMessage"]


def test_a_body_of_its_own_takes_the_place_of_the_sample(sandbox: Sandbox) -> None:
    queue_event(sandbox, {**SAMPLES["textMessage"], "idMessage": "A1", "type": "textMessage"})
    assert pending(sandbox)[0].body["idMessage"] == "A1"


def test_what_is_switched_off_does_not_come(sandbox: Sandbox) -> None:
    sandbox.own_state(InstanceSettings).values["editedMessageWebhook"] = "no"
    queue_event(sandbox, {**SAMPLES["editedMessage"], "type": "editedMessage"})
    assert not pending(sandbox)


def test_the_control_api_lets_them_come_in(client: TestClient, sandbox: Sandbox) -> None:
    body = {"vendor": "green_api", "type": "reactionMessage", "body": {"idMessage": "A1"}}
    assert client.post("/sandbox/events", json=body).status_code == 200
    (notification,) = pending(sandbox)
    assert notification.body["idMessage"] == "A1"
    assert notification.body["messageData"]["extendedTextMessageData"] == {"text": "👍"}


def test_a_message_in_a_group_has_its_chat(client: TestClient, sandbox: Sandbox) -> None:
    received = come_in(client, "green_api", "one", group=GROUP)
    sender = pending(sandbox)[0].body["senderData"]
    assert (sender["chatId"], sender["sender"]) == (GROUP, "51987654321@c.us")
    (row,) = green(client, "POST", "getChatHistory", {"chatId": GROUP}).json()
    assert (row["idMessage"], row["senderId"]) == (received["message_id"], "51987654321@c.us")
