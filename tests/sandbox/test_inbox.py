# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest
from sandbox.calls import come_in, wuz
from starlette.testclient import TestClient


def inbox(client: TestClient, query: str = "") -> list[dict[str, Any]]:
    return list(client.get(f"/sandbox/inbox{query}").json()["messages"])


def test_it_is_one_for_each_vendor(client: TestClient) -> None:
    for vendor in ("wuzapi", "wa_portal", "green_api"):
        come_in(client, vendor, vendor)
    assert [message["text"] for message in inbox(client)] == ["wuzapi", "wa_portal", "green_api"]
    assert [message["text"] for message in inbox(client, "?vendor=green_api")] == ["green_api"]
    client.post("/sandbox/reset")
    assert inbox(client) == []


@pytest.mark.parametrize(
    ("filename", "mimetype", "kind"),
    [
        ("a.png", "", "image"),
        ("a.mp4", "", "video"),
        ("", "audio/ogg; codecs=opus", "audio"),
        ("a.pdf", "", "document"),
        ("", "", "document"),
    ],
)
def test_a_file_with_what_its_download_takes(client: TestClient, filename: str, mimetype: str, kind: str) -> None:
    message = come_in(client, "wuzapi", "", media="AAEC", filename=filename, mimetype=mimetype)
    assert message["type"] == kind
    assert message["download"]["FileLength"] == 3
    assert set(message["download"]) == {
        "Url", "DirectPath", "MediaKey", "Mimetype", "FileEncSHA256", "FileSHA256", "FileLength",
    }  # fmt: skip


def test_a_reply_of_05_comes_once_for_each_message(client: TestClient, clock: Any) -> None:
    text = {"Phone": "51987654305", "Body": "hi", "Id": "A1"}
    for _ in range(2):
        wuz(client, "POST", "/chat/send/text", text)
    wuz(client, "POST", "/chat/send/text", {**text, "Id": "A2", "Body": "again"})
    clock.now += 20
    assert [message["in_reply_to"] for message in inbox(client)] == ["A1", "A2"]
    assert [message["text"] for message in inbox(client)] == ["Re: hi", "Re: again"]


def test_groups_and_reactions_get_no_reply(client: TestClient, clock: Any) -> None:
    wuz(client, "POST", "/chat/send/text", {"Phone": "120363020000000005@g.us", "Body": "hi"})
    wuz(client, "POST", "/chat/react", {"Phone": "51987654305", "Body": "👍", "Id": "A1"})
    clock.now += 1000
    assert inbox(client) == []
