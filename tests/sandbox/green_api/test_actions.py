# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
from typing import Any

import pytest
from sandbox.calls import GROUP, PHONE, actions, come_in, green, ledger
from starlette.testclient import TestClient

from airflow_provider_wa.sandbox.green_api.protocol import NOT_FOUND

CHAT = f"{PHONE}@c.us"
OTHER = "51987654399@c.us"


def send(client: TestClient, text: str = "hi", chat: str = CHAT) -> str:
    return str(green(client, "POST", "sendMessage", {"chatId": chat, "message": text}).json()["idMessage"])


def test_an_edit_changes_the_text(client: TestClient) -> None:
    message_id = send(client)
    reply = green(client, "POST", "editMessage", {"chatId": CHAT, "idMessage": message_id, "message": "ho"})
    assert reply.json()["idMessage"] != message_id
    (message,) = ledger(client, "green_api")
    assert message["text"] == "ho"


def test_a_deletion_has_no_body_and_is_done_once(client: TestClient) -> None:
    body = {"chatId": CHAT, "idMessage": send(client)}
    reply = green(client, "POST", "deleteMessage", body)
    assert (reply.status_code, reply.content) == (200, b"")
    reply = green(client, "POST", "deleteMessage", body)
    assert (reply.status_code, reply.json()) == (400, NOT_FOUND)
    assert [action["name"] for action in actions(client)] == ["deleteMessage"]


@pytest.mark.parametrize("method", ["editMessage", "deleteMessage", "downloadFile"])
@pytest.mark.parametrize("wrong", [{"chatId": OTHER}, {"idMessage": "nope"}], ids=["chat", "id"])
def test_a_message_is_found_by_chat_and_id(client: TestClient, method: str, wrong: dict[str, str]) -> None:
    body = {"chatId": CHAT, "idMessage": send(client), "message": "x", **wrong}
    reply = green(client, "POST", method, body)
    assert (reply.status_code, reply.json()) == (400, NOT_FOUND)


def test_messages_of_both_ways_are_forwarded(client: TestClient) -> None:
    ids = [send(client, "mine"), come_in(client, "green_api", "yours")["message_id"]]
    body = {"chatId": GROUP, "chatIdFrom": CHAT, "messages": ids}
    made = green(client, "POST", "forwardMessages", body).json()["messages"]
    forwarded = [message for message in ledger(client, "green_api") if message["message_id"] in made]
    assert [message["text"] for message in forwarded] == ["mine", "yours"]


@pytest.mark.parametrize("ids", [None, [], "7", [7]])
def test_a_forward_needs_ids(client: TestClient, ids: Any) -> None:
    body = {"chatId": GROUP, "chatIdFrom": CHAT, "messages": ids}
    assert green(client, "POST", "forwardMessages", body).status_code == 400


def test_nothing_is_forwarded_if_one_is_not_there(client: TestClient) -> None:
    body = {"chatId": GROUP, "chatIdFrom": CHAT, "messages": [send(client), "nope"]}
    assert green(client, "POST", "forwardMessages", body).status_code == 400
    assert len(ledger(client, "green_api")) == 1


def test_a_chat_is_marked_as_read(client: TestClient) -> None:
    for body in ({"chatId": CHAT, "idMessage": "7"}, {"chatId": CHAT}):
        assert green(client, "POST", "readChat", body).json() == {"setRead": True}
    assert [action["content"]["message_id"] for action in actions(client)] == ["7", ""]


def test_the_file_of_a_message_is_served(client: TestClient) -> None:
    media = base64.b64encode(b"%PDF").decode()
    received = come_in(client, "green_api", "", media=media, filename="bill.pdf")
    body = {"chatId": CHAT, "idMessage": received["message_id"]}
    answer = client.get(green(client, "POST", "downloadFile", body).json()["downloadUrl"])
    assert (answer.content, answer.headers["content-type"]) == (b"%PDF", "application/pdf")
    assert client.get("/green/files/nope").status_code == 404


def test_a_text_has_no_file(client: TestClient) -> None:
    reply = green(client, "POST", "downloadFile", {"chatId": CHAT, "idMessage": send(client)})
    assert reply.status_code == 400
    assert "url not found" in reply.json()
