# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from helpers.junk import replies
from helpers.script import GARBAGE
from hypothesis import given

from airflow_provider_wa.api.errors import UnexpectedReply
from airflow_provider_wa.api.flow import Reply
from airflow_provider_wa.api.records import CheckStatus
from airflow_provider_wa.api.webhooks import Event, EventKind, Post
from airflow_provider_wa.vendors.checkwa.client import CheckWa
from airflow_provider_wa.vendors.checkwa.events import CheckCallback

VENDOR = CheckWa(base_url="x", user="u", api_key="k")
FIRST = {"code": "1", "num": "34666666666", "has_picture": "1", "token": "193e123x2"}
PNG = b"\x89PNG\r\n\x1a\nnot really"


def told(body: dict[str, Any]) -> Event:
    (event,) = VENDOR.events(Post(data=body))
    return event


def with_picture(content: bytes) -> dict[str, str]:
    return {**FIRST, "picture": base64.b64encode(content).decode()}


def test_the_decision() -> None:
    event = told(FIRST)
    assert event.record == CheckCallback(
        vendor="checkwa",
        number="34666666666",
        status=CheckStatus.EXISTS,
        jid="34666666666@s.whatsapp.net",
        reference="193e123x2",
        has_picture=True,
    )
    assert (event.kind, event.file, event.raw) == (EventKind.CHECK, None, FIRST)


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"<svg onload='x'/>", "application/octet-stream"),
        (b"%PDF-1.7", "application/octet-stream"),
    ],
)
def test_the_picture_is_a_file_by_its_first_bytes_and_nowhere_else(content: bytes, media_type: str) -> None:
    event = told(with_picture(content))
    assert event.file is not None
    assert (event.file.content, event.file.media_type) == (content, media_type)
    assert event.raw == FIRST
    assert event.record == told(FIRST).record
    assert base64.b64encode(content).decode() not in f"{event!r} {json.dumps(event.record.to_dict())}"


def test_decision_and_picture_are_two_events_and_each_repeat_none() -> None:
    assert told(FIRST).key == told({**FIRST, "code": 1}).key
    assert told(with_picture(PNG)).key == told(with_picture(PNG)).key
    assert told(FIRST).key != told(with_picture(PNG)).key


def test_a_form_with_the_same_names_is_the_same_event() -> None:
    (event,) = VENDOR.events(Post(fields=with_picture(PNG)))
    assert event == told(with_picture(PNG))


@pytest.mark.parametrize(
    ("post", "reason"),
    [
        (Post(), "not a JSON object"),
        (Post(data=[FIRST]), "not a JSON object"),
        (Post(data={}), "neither a number nor a token"),
        (Post(data={"code": "1", "num": "Ana, +34 666", "picture": "AAAA"}), "neither a number nor a token"),
        (Post(fields={"code": "1"}), "neither a number nor a token"),
    ],
)
def test_what_is_no_callback_is_refused_without_showing_it(post: Post, reason: str) -> None:
    with pytest.raises(UnexpectedReply, match=reason) as caught:
        VENDOR.events(post)
    assert "Ana" not in f"{caught.value} {caught.value.raw}"


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_refused(body: str | bytes) -> None:
    with pytest.raises(UnexpectedReply):
        VENDOR.events(Post(data=body))


@given(replies([FIRST, with_picture(PNG), {**FIRST, "code": "2"}]))
def test_any_post_is_an_event_or_refused(answer: Reply) -> None:
    for post in (Post(data=answer.body), Post(data=answer.json)):
        try:
            (event,) = VENDOR.events(post)
        except UnexpectedReply:
            continue
        assert event.reference or event.party
        json.dumps([event.record and event.record.to_dict(), event.raw, event.key], allow_nan=False)
