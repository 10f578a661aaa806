# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest
from sandbox.calls import PHONE, come_in, green
from starlette.testclient import TestClient

from airflow_provider_wa.sandbox.green_api import protocol
from airflow_provider_wa.sandbox.state import Sandbox

CHAT = f"{PHONE}@c.us"


@pytest.fixture
def client(client: TestClient, sandbox: Sandbox, clock: Any, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """A client of a sandbox that waits in no time: its clock goes on instead."""

    async def sleep(seconds: float) -> None:
        clock.now += seconds

    monkeypatch.setattr(sandbox, "sleep", sleep)
    return client


def send(client: TestClient, chat: str = CHAT, text: str = "hi") -> str:
    return str(green(client, "POST", "sendMessage", {"chatId": chat, "message": text}).json()["idMessage"])


def receive(client: TestClient, seconds: str = "5") -> Any:
    return green(client, "GET", f"receiveNotification?receiveTimeout={seconds}").json()


def delete(client: TestClient, receipt: Any) -> bool:
    return bool(green(client, "DELETE", f"deleteNotification/{receipt}").json()["result"])


def drain(client: TestClient) -> list[dict[str, Any]]:
    bodies = []
    while (found := receive(client)) is not None:
        bodies.append(found["body"])
        assert delete(client, found["receiptId"])
    return bodies


class TestQueue:
    def test_the_same_comes_until_it_is_deleted(self, client: TestClient) -> None:
        for text in ("one", "two"):
            come_in(client, "green_api", text)
        first = receive(client)
        assert receive(client) == first
        assert first["body"]["messageData"]["textMessageData"] == {"textMessage": "one"}
        assert first["body"]["senderData"]["chatId"] == CHAT
        assert delete(client, 0) is False
        assert receive(client) == first
        assert delete(client, first["receiptId"]) is True
        assert delete(client, first["receiptId"]) is False
        assert [body["messageData"]["textMessageData"]["textMessage"] for body in drain(client)] == ["two"]

    def test_nothing_comes_within_the_time(self, client: TestClient, clock: Any) -> None:
        begun = clock.now
        assert receive(client, "7") is None
        assert clock.now - begun == pytest.approx(7, abs=0.1)

    def test_a_webhook_closes_the_queue(self, client: TestClient, sandbox: Sandbox) -> None:
        sandbox.webhooks["green_api"].url = "http://127.0.0.1:1/"
        come_in(client, "green_api", "one")
        for reply in (
            green(client, "GET", "receiveNotification?receiveTimeout=5"),
            green(client, "DELETE", "deleteNotification/1"),
        ):
            assert (reply.status_code, reply.json()) == (400, protocol.QUEUE_CLOSED)
        sandbox.webhooks["green_api"].url = ""
        assert receive(client)["body"]["messageData"]["textMessageData"] == {"textMessage": "one"}

    def test_a_wait_ends_when_something_comes(self, client: TestClient, clock: Any) -> None:
        send(client)
        begun = clock.now
        assert delete(client, receive(client)["receiptId"])
        assert receive(client, "60")["body"]["status"] == "delivered"
        assert clock.now - begun == pytest.approx(10, abs=0.1)

    @pytest.mark.parametrize("seconds", ["4", "61", "x", "-5"])
    def test_5_to_60_seconds(self, client: TestClient, seconds: str) -> None:
        assert green(client, "GET", f"receiveNotification?receiveTimeout={seconds}").status_code == 400

    def test_statuses_and_the_reply_of_05_in_the_order_of_time(self, client: TestClient, clock: Any) -> None:
        found = send(client, "51987654305@c.us", "who?")
        absent = send(client, "51987654300@c.us")
        clock.now += 30
        told = [(b["typeWebhook"], b.get("status", ""), b["idMessage"]) for b in drain(client)]
        assert told[:4] == [
            ("outgoingMessageStatus", "sent", found),
            ("outgoingMessageStatus", "noAccount", absent),
            ("outgoingMessageStatus", "delivered", found),
            ("incomingMessageReceived", "", told[3][2]),
        ]
        assert told[4][1] == "read"

    def test_a_notification_waits_a_day(self, client: TestClient, clock: Any) -> None:
        come_in(client, "green_api")
        assert receive(client) is not None
        clock.now += 86_401
        assert receive(client) is None

    def test_a_reset_empties_it(self, client: TestClient) -> None:
        come_in(client, "green_api")
        assert receive(client)["body"]["typeWebhook"] == "incomingMessageReceived"
        client.post("/sandbox/reset")
        assert receive(client) is None

    def test_a_file_that_came_in(self, client: TestClient) -> None:
        come_in(client, "green_api", "look", media="iVBORw==", filename="a.png")
        data = receive(client)["body"]["messageData"]
        assert data["typeMessage"] == "imageMessage"
        assert (data["fileMessageData"]["fileName"], data["fileMessageData"]["mimeType"]) == ("a.png", "image/png")


class TestJournals:
    def test_what_came_in_newest_first(self, client: TestClient, clock: Any) -> None:
        old = come_in(client, "green_api", "old")["message_id"]
        clock.now += 120
        new = come_in(client, "green_api", "new")["message_id"]

        def shown(query: str = "") -> list[str]:
            return [item["idMessage"] for item in green(client, "GET", f"lastIncomingMessages{query}").json()]

        assert shown() == [new, old]
        assert shown("?minutes=1") == [new]
        clock.now += 86_401
        assert shown() == []
        assert shown("?minutes=2000") == [new, old]

    def test_what_was_sent(self, client: TestClient, clock: Any) -> None:
        send(client, text="old")
        clock.now += 120
        send(client, text="new")
        items = green(client, "GET", "lastOutgoingMessages").json()
        assert [(item["textMessage"], item["statusMessage"]) for item in items] == [
            ("new", "sent"),
            ("old", "delivered"),
        ]
        assert len(green(client, "GET", "lastOutgoingMessages?minutes=1").json()) == 1
        assert green(client, "GET", "lastOutgoingMessages?minutes=x").status_code == 400

    def test_every_kind_of_message_is_shown(self, client: TestClient) -> None:
        bodies: dict[str, dict[str, Any]] = {
            "sendMessage": {"message": "x"},
            "sendFileByUrl": {"urlFile": "https://example.com/a", "fileName": "a.pdf"},
            "sendLocation": {"latitude": 1, "longitude": 2},
            "sendContact": {"contact": {"phoneContact": 51987654322, "firstName": "Ana"}},
            "sendPoll": {"message": "?", "options": [{"optionName": "a"}, {"optionName": "b"}]},
        }
        for method, body in bodies.items():
            assert green(client, "POST", method, {"chatId": CHAT, **body}).status_code == 200
        items = green(client, "GET", "lastOutgoingMessages").json()
        assert [item["typeMessage"] for item in items[::-1]] == [
            "textMessage",
            "documentMessage",
            "locationMessage",
            "contactMessage",
            "pollMessage",
        ]

    def test_a_caption_is_shown(self, client: TestClient) -> None:
        file = {"urlFile": "https://example.com/a", "fileName": "a.png"}
        for more in ({"caption": "look"}, {}):
            assert green(client, "POST", "sendFileByUrl", {"chatId": CHAT, **file, **more}).status_code == 200
        items = green(client, "GET", "lastOutgoingMessages").json()
        assert [(item["chatId"], item["caption"]) for item in items[::-1]] == [(CHAT, "look"), (CHAT, "")]

    def test_one_message(self, client: TestClient) -> None:
        sent, received = send(client), come_in(client, "green_api")["message_id"]
        for found, kind in ((sent, "outgoing"), (received, "incoming")):
            item = green(client, "POST", "getMessage", {"chatId": CHAT, "idMessage": found}).json()
            assert (item["type"], item["idMessage"]) == (kind, found)
        for body in ({"chatId": CHAT, "idMessage": "x"}, {"chatId": "51987654322@c.us", "idMessage": sent}):
            assert green(client, "POST", "getMessage", body).status_code == 400


HIDDEN = "51987654308"
LID = "180345678915@lid"


class TestHistory:
    def test_both_ways_newest_first(self, client: TestClient, clock: Any) -> None:
        sent = send(client)
        clock.now += 5
        received = come_in(client, "green_api", "one")["message_id"]
        send(client, "51987654399@c.us")
        rows = green(client, "POST", "getChatHistory", {"chatId": CHAT}).json()
        assert [(row["type"], row["idMessage"]) for row in rows] == [("incoming", received), ("outgoing", sent)]
        assert green(client, "POST", "getChatHistory", {"chatId": CHAT, "count": 1}).json() == rows[:1]

    @pytest.mark.parametrize("count", [0, -1, "1", True])
    def test_a_count_must_be_a_number(self, client: TestClient, count: Any) -> None:
        assert green(client, "POST", "getChatHistory", {"chatId": CHAT, "count": count}).status_code == 400


class TestHidden:
    def test_a_hidden_person_is_a_lid_everywhere(self, client: TestClient) -> None:
        sent = send(client, f"{HIDDEN}@c.us")
        received = come_in(client, "green_api", "one", **{"from": HIDDEN})["message_id"]
        assert {body.get("chatId") or body["senderData"]["chatId"] for body in drain(client)} == {LID}
        for journal, message_id in (("lastIncomingMessages", received), ("lastOutgoingMessages", sent)):
            (row,) = green(client, "GET", journal).json()
            assert (row["chatId"], row["idMessage"]) == (LID, message_id)

    @pytest.mark.parametrize("chat", [f"{HIDDEN}@c.us", LID])
    def test_both_forms_are_one_chat(self, client: TestClient, chat: str) -> None:
        sent = [send(client, f"{HIDDEN}@c.us"), send(client, LID)]
        for message_id in sent:
            row = green(client, "POST", "getMessage", {"chatId": chat, "idMessage": message_id}).json()
            assert (row["idMessage"], row["chatId"]) == (message_id, LID)
        assert len(green(client, "POST", "getChatHistory", {"chatId": chat}).json()) == 2


@pytest.mark.parametrize("state", ["yellowCard", "suspended"])
def test_an_account_that_may_not_send_holds_messages(client: TestClient, state: str) -> None:
    client.post("/sandbox/state", json={"vendor": "green_api", "state": state})
    send(client)
    (row,) = green(client, "GET", "lastOutgoingMessages").json()
    assert row["statusMessage"] == state
