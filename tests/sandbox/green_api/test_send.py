# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import hashlib
from typing import Any

import httpx
import pytest
from sandbox.calls import GROUP, PHONE, green, ledger
from starlette.testclient import TestClient

from airflow_provider_wa.sandbox.green_api import send as send_module
from airflow_provider_wa.sandbox.server import Running

CHAT = f"{PHONE}@c.us"


def send(client: httpx.Client, method: str, **fields: Any) -> httpx.Response:
    return green(client, "POST", method, {"chatId": CHAT, **fields})


def upload(client: httpx.Client, fields: dict[str, str], name: str = "a.png", content: bytes = b"x") -> httpx.Response:
    return green(client, "POST", "sendFileByUpload", data=fields, files={"file": (name, content)})


class TestSend:
    def test_text_with_a_quote(self, client: TestClient) -> None:
        found = send(client, "sendMessage", message="héllo", quotedMessageId="A1").json()["idMessage"]
        (message,) = ledger(client, "green_api")
        expected = {"message_id": found, "to": PHONE, "type": "text", "text": "héllo", "quoted": "A1"}
        assert expected.items() <= message.items()

    def test_20000_characters_and_no_more(self, client: TestClient) -> None:
        assert send(client, "sendMessage", message="é" * 20_000).status_code == 200
        assert send(client, "sendMessage", message="é" * 20_001).status_code == 400

    def test_a_file_by_url(self, client: TestClient) -> None:
        url = "https://example.com/file"
        assert send(client, "sendFileByUrl", urlFile=url, fileName="a.mp4", caption="see").status_code == 200
        (message,) = ledger(client, "green_api")
        assert {"type": "video", "filename": "a.mp4", "caption": "see", "link": url}.items() <= message.items()

    def test_a_loopback_url_is_followed(self, server: Running) -> None:
        with httpx.Client(base_url=server.url) as client:
            url = f"{server.url}/sandbox/health"
            assert send(client, "sendFileByUrl", urlFile=url, fileName="health.json").status_code == 200
            (message,) = ledger(client, "green_api")
            assert (message["type"], message["bytes"]) == ("document", len(client.get(url).content))
            assert "link" not in message
            for bad in (f"{server.url}/sandbox/nothing", "http://127.0.0.1:1/"):
                assert send(client, "sendFileByUrl", urlFile=bad, fileName="a.png").status_code == 400

    def test_a_file_by_upload(self, client: TestClient) -> None:
        response = upload(client, {"chatId": CHAT, "fileName": "b.png", "caption": "look"}, content=b"picture")
        (message,) = ledger(client, "green_api")
        assert message["message_id"] == response.json()["idMessage"]
        expected = {"type": "image", "filename": "b.png", "caption": "look", "bytes": 7}
        assert {**expected, "sha256": hashlib.sha256(b"picture").hexdigest()}.items() <= message.items()

    def test_an_upload_that_is_too_big_or_none(self, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(send_module, "MAX_FILE_BYTES", 5)
        assert upload(client, {"chatId": CHAT}, content=b"12345").status_code == 200
        assert upload(client, {"chatId": CHAT}, content=b"123456").status_code == 400
        assert upload(client, {}).status_code == 400
        assert green(client, "POST", "sendFileByUpload", data={"chatId": CHAT}).status_code == 400

    def test_location_contact_and_poll(self, client: TestClient) -> None:
        place = {"latitude": 0, "longitude": -77.03, "nameLocation": "Lima"}
        person = {"phoneContact": 51987654322, "firstName": "Ana", "lastName": "Quispe", "company": "ACME"}
        options = [{"optionName": "yes"}, {"optionName": "no"}]
        assert send(client, "sendLocation", **place).status_code == 200
        assert send(client, "sendContact", contact=person).status_code == 200
        assert send(client, "sendPoll", message="Lunch?", options=options, multipleAnswers=True).status_code == 200
        location, contact, poll = ledger(client, "green_api")
        assert {"latitude": 0, "longitude": -77.03, "name": "Lima"}.items() <= location.items()
        assert {"name": "Ana Quispe", "phone": "51987654322", "organization": "ACME"}.items() <= contact.items()
        assert {"text": "Lunch?", "options": ["yes", "no"], "multiple": True}.items() <= poll.items()

    @pytest.mark.parametrize(
        ("method", "fields"),
        [
            ("sendMessage", {"message": ""}),
            ("sendMessage", {}),
            ("sendMessage", {"message": 5}),
            ("sendMessage", {"message": "x", "chatId": PHONE}),
            ("sendMessage", {"message": "x", "chatId": f"+{PHONE}@c.us"}),
            ("sendMessage", {"message": "x", "chatId": None}),
            ("sendMessage", {"message": "x", "quotedMessageId": 5}),
            ("sendFileByUrl", {"urlFile": "a.png", "fileName": "a.png"}),
            ("sendFileByUrl", {"urlFile": "https://example.com/a.png"}),
            ("sendLocation", {"latitude": "1", "longitude": 2}),
            ("sendLocation", {"latitude": 1}),
            ("sendLocation", {"latitude": 90.1, "longitude": 2}),
            ("sendContact", {}),
            ("sendContact", {"contact": {"phoneContact": PHONE, "firstName": "Ana"}}),
            ("sendContact", {"contact": {"phoneContact": 51987654322}}),
            ("sendPoll", {"message": "?", "options": [{"optionName": "yes"}]}),
            ("sendPoll", {"message": "?", "options": [{"optionName": str(n)} for n in range(13)]}),
            ("sendPoll", {"message": "?", "options": [{"optionName": "a"}] * 2}),
            ("sendPoll", {"message": "?", "options": ["yes", "no"]}),
            ("sendPoll", {"message": "x" * 256, "options": [{"optionName": "a"}, {"optionName": "b"}]}),
            ("sendPoll", {"message": "?", "options": [{"optionName": "a"}, {"optionName": "x" * 101}]}),
        ],
    )
    def test_what_is_wrong_is_refused(self, client: TestClient, method: str, fields: dict[str, Any]) -> None:
        response = send(client, method, **fields)
        assert response.status_code == 400
        assert isinstance(response.json(), str)
        assert ledger(client, "green_api") == []

    def test_access(self, client: TestClient) -> None:
        assert client.post("/green/waInstance1101000001/sendMessage/wrong", json={}).status_code == 401
        assert client.post("/green/waInstance1/sendMessage/sandbox-green-token", json={}).status_code == 403
        assert green(client, "POST", "sendMessage/7", {"chatId": CHAT, "message": "x"}).status_code == 404


def statuses(client: TestClient) -> list[str]:
    return [item["statusMessage"] for item in green(client, "GET", "lastOutgoingMessages").json()]


class TestStatus:
    def test_it_is_taken_while_logged_out_and_sent_after_the_scan(self, scanned_later: TestClient) -> None:
        assert send(scanned_later, "sendMessage", message="x").status_code == 200
        assert statuses(scanned_later) == ["pending"]
        scanned_later.post("/sandbox/state", json={"vendor": "green_api", "state": "yellowCard"})
        assert statuses(scanned_later) == ["yellowCard"]
        scanned_later.post("/sandbox/scan", json={"vendor": "green_api"})
        assert statuses(scanned_later) == ["sent"]

    @pytest.mark.parametrize(
        ("chat", "after", "status"),
        [
            (CHAT, 0, "sent"),
            (CHAT, 10, "delivered"),
            ("51987654305@c.us", 20, "read"),
            ("51987654306@c.us", 1000, "sent"),
            ("51987654300@c.us", 1000, "noAccount"),
            (GROUP, 10, "delivered"),
            ("120363020000000009@g.us", 10, "notInGroup"),
            ("12345@lid", 10, "delivered"),
        ],
    )
    def test_it_follows_the_number(self, client: TestClient, clock: Any, chat: str, after: float, status: str) -> None:
        assert send(client, "sendMessage", chatId=chat, message="x").status_code == 200
        clock.now += after
        assert statuses(client) == [status]


URL_BUTTON = {"type": "url", "buttonId": "1", "buttonText": "Open", "url": "https://x.test"}
REPLY_BUTTON = {"buttonId": "1", "buttonText": "Yes"}


class TestButtons:
    @pytest.mark.parametrize(
        ("method", "button"),
        [("sendInteractiveButtons", URL_BUTTON), ("sendInteractiveButtonsReply", REPLY_BUTTON)],
    )
    def test_they_are_sent(self, client: TestClient, method: str, button: dict[str, str]) -> None:
        body = {"chatId": f"{PHONE}@c.us", "body": "Look", "footer": "Bye", "buttons": [button]}
        assert green(client, "POST", method, body).json()["idMessage"]
        (message,) = ledger(client, "green_api")
        assert (message["text"], message["footer"]) == ("Look", "Bye")
        assert message["buttons"][0].items() >= button.items()
        (row,) = green(client, "GET", "lastOutgoingMessages").json()
        assert row["typeMessage"] in row

    @pytest.mark.parametrize(
        "wrong",
        [{"buttons": []}, {"buttons": [URL_BUTTON] * 4}, {"buttons": ["x"]}, {"buttons": [{**URL_BUTTON, "url": ""}]},
         {"buttons": [{**URL_BUTTON, "type": "x"}]}, {"buttons": [{**URL_BUTTON, "buttonText": "x" * 26}]},
         {"body": ""}, {"chatId": "120363020000000001@g.us"}],
    )  # fmt: skip
    def test_wrong_ones_are_refused(self, client: TestClient, wrong: dict[str, Any]) -> None:
        body = {"chatId": f"{PHONE}@c.us", "body": "Look", "buttons": [URL_BUTTON], **wrong}
        assert green(client, "POST", "sendInteractiveButtons", body).status_code == 400
