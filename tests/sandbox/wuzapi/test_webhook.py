# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import email
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from sandbox.calls import GROUP, PHONE, Recorder, come_in, final, outcomes, point, wuz

from airflow_provider_wa.sandbox.pictures import photo_png
from airflow_provider_wa.sandbox.wuzapi import event_samples
from airflow_provider_wa.sandbox.wuzapi.subscriptions import EVENTS, NEW_EVENTS
from airflow_provider_wa.sandbox.wuzapi.webhook import go_json

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
    info = data["event"]["Info"]
    assert (info["Sender"], info["Chat"]) == (f"{PHONE}:12@s.whatsapp.net", f"{PHONE}@s.whatsapp.net")
    assert (info["SenderAlt"].endswith("@lid"), info["AddressingMode"], info["PushName"]) == (True, "pn", "Ana Quispe")
    assert data["event"]["Message"]["conversation"] == "héllo"
    assert data["event"]["RawMessage"] == data["event"]["Message"]
    assert headers["user-agent"].startswith("go-resty/")
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
    png = base64.b64encode(photo_png("x")).decode()
    message = come_in(live, "wuzapi", "look", media=png, filename="a.png")
    data = json.loads(hook.next()[1])
    assert (data["base64"], data["mimeType"], data["fileName"]) == (png, "image/png", f"{message['message_id']}.png")
    assert data["event"]["Message"]["imageMessage"]["caption"] == "look"


def test_a_documents_type_and_name_are_in_the_message_beside_what_the_server_finds(
    live: httpx.Client, hook: Recorder
) -> None:
    point(live, "wuzapi", hook.url, json=True)
    message = come_in(live, "wuzapi", media="YTti", filename="prices.csv")
    data = json.loads(hook.next()[1])
    assert (data["mimeType"], data["fileName"]) == ("text/plain; charset=utf-8", f"{message['message_id']}.csv")
    document = data["event"]["Message"]["documentMessage"]
    assert (document["mimetype"], document["fileName"]) == ("text/csv", "prices.csv")


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


KEY = "0123456789abcdef0123456789abcdef"


def bodies(hook: Recorder, count: int) -> list[dict[str, Any]]:
    """The bodies of so many posts, in whatever order they come."""
    return [json.loads(hook.next()[1]) for _ in range(count)]


def subscribe(live: httpx.Client, hook: Recorder, *events: str) -> None:
    wuz(live, "POST", "/webhook", {"webhookURL": "", "events": [*events]})
    point(live, "wuzapi", hook.url, json=True)


def test_a_members_first_message_in_a_group_comes_in_two_posts(live: httpx.Client, hook: Recorder) -> None:
    point(live, "wuzapi", hook.url, json=True)
    first = come_in(live, "wuzapi", "one", group=GROUP)
    events = [body["event"] for body in bodies(hook, 2)]
    assert {event["Info"]["ID"] for event in events} == {first["message_id"]}
    (key,) = (event for event in events if "senderKeyDistributionMessage" in event["Message"])
    (text,) = (event for event in events if "conversation" in event["Message"])
    assert "conversation" not in key["Message"]
    info = text["Info"]
    assert (info["Chat"], info["IsGroup"], info["AddressingMode"]) == (GROUP, True, "lid")
    assert (info["Sender"].endswith(":12@lid"), info["SenderAlt"]) == (True, f"{PHONE}@s.whatsapp.net")
    come_in(live, "wuzapi", "two", group=GROUP)
    assert bodies(hook, 1)[0]["event"]["Message"]["conversation"] == "two"


def test_a_hidden_sender_is_a_lid_without_a_number(live: httpx.Client, hook: Recorder) -> None:
    point(live, "wuzapi", hook.url, json=True)
    live.post("/sandbox/inbox", json={"vendor": "wuzapi", "from": "51987654308", "text": "x"})
    info = bodies(hook, 1)[0]["event"]["Info"]
    assert (info["Chat"].endswith("@lid"), info["Sender"].endswith(":12@lid"), info["SenderAlt"]) == (True, True, "")


def test_each_member_of_a_group_sends_receipts(live: httpx.Client, hook: Recorder) -> None:
    subscribe(live, hook, "ReadReceipt")
    wuz(live, "POST", "/chat/send/text", {"Phone": GROUP, "Body": "hi", "Id": "A1"})
    receipts = [body["event"] for body in bodies(hook, 2)]
    assert {receipt["Chat"] for receipt in receipts} == {GROUP}
    assert {receipt["SenderAlt"] for receipt in receipts} == {f"{PHONE}@s.whatsapp.net", f"{READS}@s.whatsapp.net"}


def test_the_session_tells_its_changes(live: httpx.Client, hook: Recorder) -> None:
    def told() -> str:
        return str(bodies(hook, 1)[0]["type"])

    def state(name: str) -> None:
        live.post("/sandbox/state", json={"vendor": "wuzapi", "state": name}).raise_for_status()

    subscribe(live, hook, *EVENTS)
    come_in(live, "wuzapi")
    assert told() == "Message"
    state("no_websocket")
    assert told() == "Disconnected"
    state("logged_in")
    assert told() == "Connected"
    state("never_connected")
    assert bodies(hook, 1)[0] == {
        "type": "LoggedOut",
        "event": {"OnConnect": False, "Reason": 401},
        "instanceName": "sandbox",
        "userID": "1",
    }
    live.post("/sandbox/scan", json={"vendor": "wuzapi"})
    assert {told(), told()} == {"PairSuccess", "Connected"}


def test_what_is_asked_for_is_not_told(live: httpx.Client, hook: Recorder) -> None:
    subscribe(live, hook, *EVENTS)
    come_in(live, "wuzapi")
    bodies(hook, 1)
    wuz(live, "POST", "/session/logout")
    wuz(live, "POST", "/session/connect", {"Subscribe": ["Message", "LoggedOut"], "Immediate": True})
    come_in(live, "wuzapi", "next")
    assert bodies(hook, 1)[0]["type"] == "Message"


def test_the_url_alone_ends_the_posts(live: httpx.Client, hook: Recorder) -> None:
    wuz(live, "POST", "/webhook", {"webhookURL": hook.url})
    come_in(live, "wuzapi", "unheard")
    live.post("/sandbox/events", json={"vendor": "wuzapi", "type": "Message"})
    wuz(live, "POST", "/webhook", {"webhookURL": hook.url, "events": ["Message"]})
    message = come_in(live, "wuzapi", "heard")
    heard = json.loads(parse_qs(hook.next()[1].decode())["jsonData"][0])
    assert heard["event"]["Info"]["ID"] == message["message_id"]


def test_there_is_a_sample_of_each_event_that_is_posted() -> None:
    posted = {*EVENTS, *NEW_EVENTS} - {"All", *event_samples.NEVER_POSTED}
    assert set(event_samples.SAMPLES) == posted


@pytest.mark.parametrize("kind", event_samples.SAMPLES)
def test_each_event_is_posted(live: httpx.Client, hook: Recorder, kind: str) -> None:
    live.post("/sandbox/generation", json={"vendor": "wuzapi", "generation": "newest"})
    subscribe(live, hook, kind)
    for other in ("Message", "LoggedOut", kind):
        live.post("/sandbox/events", json={"vendor": "wuzapi", "type": other}).raise_for_status()
    assert bodies(hook, 1)[0]["type"] == kind


def test_a_body_of_ones_own_is_posted_through_the_server(live: httpx.Client, hook: Recorder) -> None:
    point(live, "wuzapi", hook.url, json=True)
    body = {"event": {"Info": {"ID": "W1"}, "Message": {"pollUpdateMessage": {}}}, "pollVote": {"selectedOptions": []}}
    live.post("/sandbox/events", json={"vendor": "wuzapi", "type": "Message", "body": body})
    (posted,) = bodies(hook, 1)
    assert posted == {**body, "type": "Message", "instanceName": "sandbox", "userID": "1"}


class TestSignatures:
    def signature(self, signed: bytes) -> str:
        return hmac.new(KEY.encode(), signed, hashlib.sha256).hexdigest()

    def test_the_key_of_the_user_signs_forms(self, live: httpx.Client, hook: Recorder) -> None:
        point(live, "wuzapi", hook.url)
        wuz(live, "POST", "/session/hmac/config", {"hmac_key": KEY})
        come_in(live, "wuzapi")
        headers, body = hook.next()
        assert headers["x-hmac-signature"] == self.signature(body)
        assert list(parse_qs(body.decode())) == ["instanceName", "jsonData", "userID"]

    def test_after_a_restart_posts_are_unsigned_though_there_is_a_key(self, live: httpx.Client, hook: Recorder) -> None:
        point(live, "wuzapi", hook.url)
        wuz(live, "POST", "/session/hmac/config", {"hmac_key": KEY})
        live.post("/sandbox/state", json={"vendor": "wuzapi", "state": "restarted"})
        assert wuz(live, "GET", "/session/status").json()["data"]["hmac_configured"] is True
        come_in(live, "wuzapi")
        assert "x-hmac-signature" not in hook.next()[0]
        wuz(live, "POST", "/session/hmac/config", {"hmac_key": KEY})
        come_in(live, "wuzapi")
        assert "x-hmac-signature" in hook.next()[0]

    def test_of_a_form_with_a_file_its_fields_are_signed(self, live: httpx.Client, hook: Recorder) -> None:
        live.post("/sandbox/generation", json={"vendor": "wuzapi", "generation": "document"})
        point(live, "wuzapi", hook.url, hmac_key=KEY)
        message = come_in(live, "wuzapi", "<a> & b", media="T2dnUw==", filename="a.ogg")
        headers, body = hook.next()
        assert headers["content-type"].startswith("multipart/form-data")
        form = email.message_from_bytes(f"Content-Type: {headers['content-type']}\r\n\r\n".encode() + body)
        texts, files = {}, {}
        for part in form.walk():
            if name := part.get_param("name", header="content-disposition"):
                (files if part.get_filename() else texts)[str(name)] = part.get_payload(decode=True)
        assert files == {"file": b"OggS"}
        fields = {name: value.decode() for name, value in texts.items()}  # type: ignore[union-attr]
        assert fields["file"].startswith(f"/app/files/user_1/{message['message_id']}.")
        assert "\\u003ca\\u003e \\u0026 b" in fields["jsonData"]
        assert headers["x-hmac-signature"] == self.signature(go_json(fields).encode())
