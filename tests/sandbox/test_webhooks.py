# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from sandbox.calls import PHONE, Recorder, come_in, green, portal, recording, wuz

from airflow_provider_wa.sandbox.server import Running

READS = "51987654305"


@pytest.fixture
def client(server: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url) as client:
        yield client
    server.state.reset()


@pytest.fixture
def hook() -> Iterator[Recorder]:
    with recording() as recorder:
        yield recorder


def point(client: httpx.Client, vendor: str, url: str, **options: Any) -> None:
    response = client.post("/sandbox/webhook", json={"vendor": vendor, "url": url, **options})
    assert response.status_code == 200, response.text


def callbacks(client: httpx.Client, count: int) -> list[dict[str, Any]]:
    deadline = time.monotonic() + 5
    while len(found := client.get("/sandbox/ledger").json()["callbacks"]) < count:
        assert time.monotonic() < deadline, found
        time.sleep(0.01)
    return list(found)


class TestWuzApi:
    def test_a_message_as_a_form(self, client: httpx.Client, hook: Recorder) -> None:
        come_in(client, "wuzapi", "before")
        wuz(client, "POST", "/webhook", {"webhookURL": hook.url, "events": ["Message"]})
        message = come_in(client, "wuzapi", "héllo")
        headers, body = hook.next()
        assert headers["content-type"] == "application/x-www-form-urlencoded"
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        assert set(form) == {"jsonData", "userID", "instanceName"}
        data = json.loads(form["jsonData"])
        assert data["type"] == "Message"
        assert data["event"]["Info"]["ID"] == message["message_id"]
        assert data["event"]["Info"]["Sender"] == f"{PHONE}@s.whatsapp.net"
        assert data["event"]["Message"] == {"conversation": "héllo"}
        assert "x-hmac-signature" not in headers

    def test_receipts_as_json_and_signed(self, client: httpx.Client, hook: Recorder) -> None:
        point(client, "wuzapi", hook.url, json=True, hmac_key="sandbox-key")
        wuz(client, "POST", "/chat/send/text", {"Phone": READS, "Body": "hi", "Id": "A1"})
        states = []
        while len(states) < 3:
            headers, body = hook.next()
            expected = hmac.new(b"sandbox-key", body, hashlib.sha256).hexdigest()
            assert headers["x-hmac-signature"] == expected
            data = json.loads(body)
            states.append(data.get("state", data["type"]))
            if data["type"] == "ReadReceipt":
                assert data["event"]["MessageIDs"] == ["A1"]
        assert sorted(states) == ["Delivered", "Message", "Read"]

    def test_what_is_not_subscribed_to_is_not_told(self, client: httpx.Client, hook: Recorder) -> None:
        wuz(client, "POST", "/webhook", {"webhookURL": hook.url, "events": ["ReadReceipt"]})
        come_in(client, "wuzapi", "unheard")
        wuz(client, "POST", "/chat/send/text", {"Phone": PHONE, "Body": "hi"})
        assert json.loads(parse_qs(hook.next()[1].decode())["jsonData"][0])["state"] == "Delivered"
        assert hook.posted.empty()

    def test_media(self, client: httpx.Client, hook: Recorder) -> None:
        point(client, "wuzapi", hook.url, json=True)
        come_in(client, "wuzapi", "look", media="iVBORw==", filename="a.png")
        data = json.loads(hook.next()[1])
        assert (data["base64"], data["mimeType"], data["fileName"]) == ("iVBORw==", "image/png", "a.png")
        assert data["event"]["Message"]["imageMessage"]["caption"] == "look"


class TestPortal:
    def test_delivery_on_its_own_scale(self, client: httpx.Client, hook: Recorder) -> None:
        point(client, "wa_portal", hook.url)
        found = portal(client, "sendText", phone=READS, message="hi").json()["data"]["messageIDs"][0]
        bodies = [json.loads(hook.next()[1]) for _ in range(4)]
        delivery = [body for body in bodies if body["reportType"] == "delivery"]
        (inbox,) = [body for body in bodies if body["reportType"] == "inbox"]
        assert [(body["status"], body["statusInfo"]) for body in delivery] == [
            (1, "Sent"),
            (3, "Delivered"),
            (4, "Read"),
        ]
        assert {body["messageID"] for body in delivery} == {found}
        assert (inbox["type"], inbox["value"], inbox["phone"]) == ("text", "Re: hi", READS)

    def test_a_file_comes_as_multipart(self, client: httpx.Client, hook: Recorder) -> None:
        point(client, "wa_portal", hook.url)
        come_in(client, "wa_portal", "look", media="iVBORw==", filename="a.png")
        headers, body = hook.next()
        assert headers["content-type"].startswith("multipart/form-data; boundary=")
        assert b'name="json"' in body
        assert b'name="file1"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n--' in body


class TestGreenApi:
    def test_what_was_not_told_yet_and_what_follows(self, client: httpx.Client, hook: Recorder) -> None:
        come_in(client, "green_api", "before")
        settings = {"webhookUrl": hook.url, "webhookUrlToken": "hook-token"}
        green(client, "POST", "setSettings", settings)
        headers, body = hook.next()
        assert headers["authorization"] == "Bearer hook-token"
        assert json.loads(body)["messageData"]["textMessageData"]["textMessage"] == "before"
        come_in(client, "green_api", "after")
        assert json.loads(hook.next()[1])["messageData"]["textMessageData"]["textMessage"] == "after"
        assert "hook-token" not in client.get("/sandbox/ledger").text


class TestOutcomes:
    @pytest.mark.parametrize("url", ["https://example.com/hook", "http://10.0.0.1/", "nonsense"])
    def test_only_loopback_is_called(self, client: httpx.Client, url: str) -> None:
        point(client, "wuzapi", url)
        come_in(client, "wuzapi")
        (entry,) = callbacks(client, 1)
        assert (entry["vendor"], entry["outcome"], entry["url"]) == ("wuzapi", "skipped", url)

    def test_a_webhook_that_is_away_is_tried_once(self, client: httpx.Client) -> None:
        point(client, "wuzapi", "http://127.0.0.1:1/")
        come_in(client, "wuzapi")
        assert [entry["outcome"] for entry in callbacks(client, 1)] == ["failed"]

    def test_another_address_takes_over_and_none_ends_it(self, client: httpx.Client, hook: Recorder) -> None:
        point(client, "wuzapi", "http://127.0.0.1:1/", json=True)
        point(client, "wuzapi", hook.url, json=True)
        come_in(client, "wuzapi", "one")
        assert json.loads(hook.next()[1])["event"]["Message"] == {"conversation": "one"}
        point(client, "wuzapi", "")
        come_in(client, "wuzapi", "two")
        point(client, "wuzapi", hook.url, json=True)
        come_in(client, "wuzapi", "three")
        assert json.loads(hook.next()[1])["event"]["Message"] == {"conversation": "three"}

    @pytest.mark.parametrize(
        "body",
        [
            {"vendor": "checkwa", "url": "http://127.0.0.1:1/"},
            {"vendor": "wuzapi", "url": 5},
            {"vendor": "wuzapi", "url": "", "json": "yes"},
        ],
    )
    def test_what_is_wrong_is_explained(self, client: httpx.Client, body: Any) -> None:
        assert client.post("/sandbox/webhook", json=body).status_code == 400
