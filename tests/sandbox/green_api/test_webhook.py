# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

import httpx
from sandbox.calls import Recorder, callbacks, come_in, final, green, point


def text_of(body: bytes) -> str:
    return str(json.loads(body)["messageData"]["textMessageData"]["textMessage"])


def test_what_was_not_told_yet_and_what_follows(live: httpx.Client, hook: Recorder) -> None:
    come_in(live, "green_api", "before")
    settings = {"webhookUrl": hook.url, "webhookUrlToken": "hook-token"}
    green(live, "POST", "setSettings", settings)
    headers, body = hook.next()
    assert headers["authorization"] == "Bearer hook-token"
    assert json.loads(body)["messageData"]["textMessageData"]["textMessage"] == "before"
    come_in(live, "green_api", "after")
    assert json.loads(hook.next()[1])["messageData"]["textMessageData"]["textMessage"] == "after"
    assert "hook-token" not in live.get("/sandbox/ledger").text


def test_later_ones_wait_until_the_first_is_taken(live: httpx.Client, hook: Recorder) -> None:
    hook.statuses = [503] * 6
    point(live, "green_api", hook.url)
    for text in ("one", "two"):
        come_in(live, "green_api", text)
    assert [text_of(hook.next()[1]) for _ in range(8)] == ["one"] * 7 + ["two"]
    assert [len(entry["attempts"]) for entry in final(str(live.base_url), 2)] == [7, 1]


def test_another_webhook_is_told_what_the_first_has_not_taken(live: httpx.Client, hook: Recorder) -> None:
    point(live, "green_api", "http://127.0.0.1:1/")
    for text in ("one", "two"):
        come_in(live, "green_api", text)
    callbacks(live, 1)
    point(live, "green_api", hook.url)
    come_in(live, "green_api", "three")
    assert [text_of(hook.next()[1]) for _ in range(3)] == ["one", "two", "three"]
    given_up = final(str(live.base_url), 4)[0]
    assert (given_up["url"], given_up["outcome"]) == ("http://127.0.0.1:1/", "failed")


def test_without_a_webhook_the_queue_has_what_was_not_taken(live: httpx.Client, hook: Recorder) -> None:
    point(live, "green_api", hook.url)
    come_in(live, "green_api", "taken")
    final(str(live.base_url), 1)
    hook.statuses = [503] * 100
    come_in(live, "green_api", "kept")
    callbacks(live, 2)
    point(live, "green_api", "")
    found = green(live, "GET", "receiveNotification?receiveTimeout=5").json()
    assert found["body"]["messageData"]["textMessageData"]["textMessage"] == "kept"
    assert green(live, "DELETE", f"deleteNotification/{found['receiptId']}").json()["result"] is True


def test_a_setting_that_is_not_the_webhooks_repeats_nothing(live: httpx.Client, hook: Recorder) -> None:
    live.post("/sandbox/posting", json={"vendor": "green_api", "gap": 60})
    hook.statuses = [503]
    point(live, "green_api", hook.url)
    come_in(live, "green_api")
    callbacks(live, 1)
    green(live, "POST", "setSettings", {"pollMessageWebhook": "no"})
    come_in(live, "green_api", "later")
    point(live, "wa_portal", hook.url)
    come_in(live, "wa_portal")
    assert [entry["vendor"] for entry in callbacks(live, 2)] == ["green_api", "wa_portal"]
