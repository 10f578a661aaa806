# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import hashlib
import hmac
import json
from urllib.parse import parse_qs

import httpx
from sandbox.calls import PHONE, Recorder, come_in, final, outcomes, point, wuz

READS = "51987654305"


def test_a_message_as_a_form(live: httpx.Client, hook: Recorder) -> None:
    come_in(live, "wuzapi", "before")
    wuz(live, "POST", "/webhook", {"webhookURL": hook.url, "events": ["Message"]})
    message = come_in(live, "wuzapi", "héllo")
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


def test_receipts_as_json_and_signed(live: httpx.Client, hook: Recorder) -> None:
    point(live, "wuzapi", hook.url, json=True, hmac_key="sandbox-key")
    wuz(live, "POST", "/chat/send/text", {"Phone": READS, "Body": "hi", "Id": "A1"})
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


def test_what_is_not_subscribed_to_is_not_told(live: httpx.Client, hook: Recorder) -> None:
    wuz(live, "POST", "/webhook", {"webhookURL": hook.url, "events": ["ReadReceipt"]})
    come_in(live, "wuzapi", "unheard")
    wuz(live, "POST", "/chat/send/text", {"Phone": PHONE, "Body": "hi"})
    assert json.loads(parse_qs(hook.next()[1].decode())["jsonData"][0])["state"] == "Delivered"
    assert hook.posted.empty()


def test_media(live: httpx.Client, hook: Recorder) -> None:
    point(live, "wuzapi", hook.url, json=True)
    come_in(live, "wuzapi", "look", media="iVBORw==", filename="a.png")
    data = json.loads(hook.next()[1])
    assert (data["base64"], data["mimeType"], data["fileName"]) == ("iVBORw==", "image/png", "a.png")
    assert data["event"]["Message"]["imageMessage"]["caption"] == "look"


def test_a_post_is_repeated_with_the_same_signature(live: httpx.Client, hook: Recorder) -> None:
    hook.statuses = [500, 502]
    point(live, "wuzapi", hook.url, hmac_key="sandbox-key")
    come_in(live, "wuzapi")
    posted = [hook.next() for _ in range(3)]
    assert posted[0] == posted[1] == posted[2]
    (entry,) = final(str(live.base_url), 1)
    assert outcomes(entry) == ["refused", "refused", "delivered"]
    assert (entry["outcome"], entry["detail"]) == ("delivered", "HTTP 200")


def test_what_is_under_way_keeps_its_address(live: httpx.Client, hook: Recorder) -> None:
    hook.statuses = [500]
    point(live, "wuzapi", hook.url)
    live.post("/sandbox/posting", json={"vendor": "wuzapi", "gap": 0.2})
    come_in(live, "wuzapi")
    hook.next()
    point(live, "wuzapi", "http://127.0.0.1:1/")
    assert hook.next()


def test_other_events_for_the_same_address_lose_nothing(live: httpx.Client, hook: Recorder) -> None:
    point(live, "wuzapi", hook.url, json=True)
    for number in range(20):
        come_in(live, "wuzapi", str(number))
        wuz(live, "POST", "/webhook", {"webhookURL": hook.url, "events": [("Message", "All")[number % 2]]})
    told = {json.loads(hook.next()[1])["event"]["Message"]["conversation"] for _ in range(20)}
    assert told == {str(number) for number in range(20)}
