# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import hashlib
import hmac
import json
import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from sandbox.calls import PHONE, Recorder, come_in, final, green, outcomes, portal, recording, wuz

from airflow_provider_wa.sandbox.server import Running, serve_in_thread

READS = "51987654305"


@pytest.fixture
def client(server: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url) as client:
        yield client
    httpx.post(f"{server.url}/sandbox/reset").raise_for_status()


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


def text_of(body: bytes) -> str:
    return str(json.loads(body)["messageData"]["textMessageData"]["textMessage"])


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

    def test_a_post_is_repeated_with_the_same_signature(self, client: httpx.Client, hook: Recorder) -> None:
        hook.statuses = [500, 502]
        point(client, "wuzapi", hook.url, hmac_key="sandbox-key")
        come_in(client, "wuzapi")
        posted = [hook.next() for _ in range(3)]
        assert posted[0] == posted[1] == posted[2]
        (entry,) = final(str(client.base_url), 1)
        assert outcomes(entry) == ["refused", "refused", "delivered"]
        assert (entry["outcome"], entry["detail"]) == ("delivered", "HTTP 200")

    def test_what_is_under_way_keeps_its_address(self, client: httpx.Client, hook: Recorder) -> None:
        hook.statuses = [500]
        point(client, "wuzapi", hook.url)
        client.post("/sandbox/posting", json={"vendor": "wuzapi", "gap": 0.2})
        come_in(client, "wuzapi")
        hook.next()
        point(client, "wuzapi", "http://127.0.0.1:1/")
        assert hook.next()

    def test_other_events_for_the_same_address_lose_nothing(self, client: httpx.Client, hook: Recorder) -> None:
        point(client, "wuzapi", hook.url, json=True)
        for number in range(20):
            come_in(client, "wuzapi", str(number))
            wuz(client, "POST", "/webhook", {"webhookURL": hook.url, "events": [("Message", "All")[number % 2]]})
        told = {json.loads(hook.next()[1])["event"]["Message"]["conversation"] for _ in range(20)}
        assert told == {str(number) for number in range(20)}


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

    def test_later_ones_wait_until_the_first_is_taken(self, client: httpx.Client, hook: Recorder) -> None:
        hook.statuses = [503] * 6
        point(client, "green_api", hook.url)
        for text in ("one", "two"):
            come_in(client, "green_api", text)
        assert [text_of(hook.next()[1]) for _ in range(8)] == ["one"] * 7 + ["two"]
        assert [len(entry["attempts"]) for entry in final(str(client.base_url), 2)] == [7, 1]

    def test_another_webhook_is_told_what_the_first_has_not_taken(self, client: httpx.Client, hook: Recorder) -> None:
        point(client, "green_api", "http://127.0.0.1:1/")
        for text in ("one", "two"):
            come_in(client, "green_api", text)
        callbacks(client, 1)
        point(client, "green_api", hook.url)
        come_in(client, "green_api", "three")
        assert [text_of(hook.next()[1]) for _ in range(3)] == ["one", "two", "three"]
        given_up = final(str(client.base_url), 4)[0]
        assert (given_up["url"], given_up["outcome"]) == ("http://127.0.0.1:1/", "failed")

    def test_without_a_webhook_the_queue_has_what_was_not_taken(self, client: httpx.Client, hook: Recorder) -> None:
        point(client, "green_api", hook.url)
        come_in(client, "green_api", "taken")
        final(str(client.base_url), 1)
        hook.statuses = [503] * 100
        come_in(client, "green_api", "kept")
        callbacks(client, 2)
        point(client, "green_api", "")
        found = green(client, "GET", "receiveNotification?receiveTimeout=5").json()
        assert found["body"]["messageData"]["textMessageData"]["textMessage"] == "kept"
        assert green(client, "DELETE", f"deleteNotification/{found['receiptId']}").json()["result"] is True

    def test_a_setting_that_is_not_the_webhooks_repeats_nothing(self, client: httpx.Client, hook: Recorder) -> None:
        client.post("/sandbox/posting", json={"vendor": "green_api", "gap": 60})
        hook.statuses = [503]
        point(client, "green_api", hook.url)
        come_in(client, "green_api")
        callbacks(client, 1)
        green(client, "POST", "setSettings", {"pollMessageWebhook": "no"})
        come_in(client, "green_api", "later")
        point(client, "wa_portal", hook.url)
        come_in(client, "wa_portal")
        assert [entry["vendor"] for entry in callbacks(client, 2)] == ["green_api", "wa_portal"]


class TestOutcomes:
    @pytest.mark.parametrize("url", ["https://example.com/hook", "http://10.0.0.1/", "nonsense"])
    def test_only_loopback_is_called(self, client: httpx.Client, url: str) -> None:
        point(client, "wuzapi", url)
        come_in(client, "wuzapi")
        (entry,) = callbacks(client, 1)
        assert (entry["vendor"], entry["outcome"], entry["url"]) == ("wuzapi", "skipped", url)

    @pytest.mark.parametrize(("vendor", "attempts"), [("wuzapi", 5), ("wa_portal", 1)])
    def test_a_webhook_that_is_away_is_given_up(self, client: httpx.Client, vendor: str, attempts: int) -> None:
        point(client, vendor, "http://127.0.0.1:1/")
        come_in(client, vendor)
        assert [outcomes(entry) for entry in final(str(client.base_url), 1)] == [["failed"] * attempts]

    def test_a_reset_drops_what_is_under_way(self, client: httpx.Client, hook: Recorder) -> None:
        for vendor in ("wuzapi", "green_api"):
            point(client, vendor, "http://127.0.0.1:1/")
            come_in(client, vendor)
        callbacks(client, 2)
        client.post("/sandbox/reset")
        point(client, "wa_portal", hook.url)
        come_in(client, "wa_portal")
        hook.next()
        assert [entry["vendor"] for entry in final(str(client.base_url), 1)] == ["wa_portal"]

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


class TestFaults:
    @pytest.mark.parametrize("vendor", ["wuzapi", "wa_portal", "green_api"])
    def test_copies_that_come_late_and_in_reverse(self, client: httpx.Client, hook: Recorder, vendor: str) -> None:
        change = {"vendor": vendor, "copies": 2, "delay": 0.1, "shuffle": True, "gap": 0.5}
        assert client.post("/sandbox/posting", json=change).status_code == 200
        point(client, vendor, hook.url)
        begun = time.monotonic()
        for text in ("one", "two"):
            come_in(client, vendor, text)
        bodies = [hook.next()[1] for _ in range(4)]
        assert time.monotonic() - begun >= 0.6
        assert [b"two" in body for body in bodies] == [True, True, False, False]
        assert bodies[0] == bodies[1]
        assert bodies[2] == bodies[3]


def test_a_webhook_that_hangs_does_not_hold_up_the_end() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with serve_in_thread(delivery_seconds=0) as server, httpx.Client(base_url=server.url) as client:
            for vendor in ("wuzapi", "wa_portal", "green_api"):
                point(client, vendor, url)
                come_in(client, vendor)
            for _ in range(3):
                silent.accept()[0].close()
            callbacks(client, 3)
            come_in(client, "wa_portal")
            connection = silent.accept()[0]
            begun = time.monotonic()
        assert time.monotonic() - begun < 3
        connection.close()
