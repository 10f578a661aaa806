# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

import httpx
from sandbox.calls import Recorder, come_in, point, portal

READS = "51987654305"


def test_delivery_on_its_own_scale(live: httpx.Client, hook: Recorder) -> None:
    point(live, "wa_portal", hook.url)
    found = portal(live, "sendText", phone=READS, message="hi").json()["data"]["messageIDs"][0]
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


def test_a_file_comes_as_multipart(live: httpx.Client, hook: Recorder) -> None:
    point(live, "wa_portal", hook.url)
    come_in(live, "wa_portal", "look", media="iVBORw==", filename="a.png")
    headers, body = hook.next()
    assert headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'name="json"' in body
    assert b'name="file1"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n--' in body
