# SPDX-License-Identifier: Apache-2.0
"""Downloads of the files of messages."""

from __future__ import annotations

from typing import Any

import pytest
from helpers.script import play, reply

from airflow_provider_wa.api.errors import BadInput, UnexpectedReply, VendorUnavailable
from airflow_provider_wa.vendors.green_api.client import GreenApi

VENDOR = GreenApi(base_url="https://api.green-api.com", instance_id="1101000001", token="A-TOKEN")
ITEM = {"chatId": "34666666666@c.us", "idMessage": "7"}
POST = {
    "idMessage": "7",
    "senderData": {"chatId": "34666666666:3@c.us"},
    "messageData": {"fileMessageData": {"fileName": "bill.pdf", "mimeType": "application/x-bill"}},
}
LINK = reply({"downloadUrl": "https://store.test/a/b.pdf?sig=1"})


@pytest.mark.parametrize(
    ("reference", "headers", "kind", "name"),
    [
        (ITEM, {}, "application/pdf", "b.pdf"),
        (ITEM, {"content_type": "application/octet-stream"}, "application/pdf", "b.pdf"),
        (ITEM, {"content_type": "image/png; x=1"}, "image/png", "b.pdf"),
        (POST, {"content_type": "image/png"}, "application/x-bill", "bill.pdf"),
        ({"chat": "34666666666", "message_id": "7"}, {}, "application/pdf", "b.pdf"),
    ],
)
def test_a_file_is_read_by_the_link_that_the_vendor_makes(
    reference: dict[str, Any], headers: dict[str, str], kind: str, name: str
) -> None:
    played = play(VENDOR.download("document", reference), [LINK, reply(b"%PDF", **headers)])
    asked, link = played.requests
    assert asked.json == ITEM
    assert (link.method, link.base, link.path) == ("GET", "https://store.test", "/a/b.pdf?sig=1")
    assert (played.result.content, played.result.media_type, played.result.filename) == (b"%PDF", kind, name)


def test_a_file_that_looks_like_an_error_is_a_file() -> None:
    body = b'{"status": false, "reason": "no"}'
    assert play(VENDOR.download("document", ITEM), [LINK, reply(body)]).result.content == body


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_file_that_is_gone(status: int) -> None:
    error = play(VENDOR.download("image", ITEM), [LINK, reply(b"<Error/>", status)]).error
    assert type(error) is BadInput
    assert "gone" in str(error)


def test_a_store_that_fails_is_asked_several_times() -> None:
    error = play(VENDOR.download("image", ITEM), [LINK, *[reply(b"", 503)] * 4]).error
    assert type(error) is VendorUnavailable


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "https://", "store.test/a"])
def test_a_reply_without_a_link_is_unexpected(url: str) -> None:
    assert type(play(VENDOR.download("image", ITEM), [reply({"downloadUrl": url})]).error) is UnexpectedReply


@pytest.mark.parametrize(
    ("kind", "reference", "words"),
    [
        ("text", ITEM, "kind: 'text' is unknown"),
        ("image", {"idMessage": "7"}, "reference: chatId or idMessage is missing"),
        ("image", {"chatId": "34666666666@c.us"}, "reference: chatId or idMessage is missing"),
        ("image", {"chatId": "x", "idMessage": "7"}, "chat: 'x' is neither"),
    ],
)
def test_a_reference_that_is_none_is_refused_before_any_call(kind: str, reference: dict[str, Any], words: str) -> None:
    error = play(VENDOR.download(kind, reference)).error
    assert type(error) is BadInput
    assert words in str(error)
