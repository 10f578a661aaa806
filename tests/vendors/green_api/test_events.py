# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from typing import Any

import pytest
from contract.samples_green_api import POSTS
from helpers.incoming import is_change
from helpers.junk import replies
from helpers.script import GARBAGE
from hypothesis import given

from airflow_provider_wa.api.errors import UnexpectedReply
from airflow_provider_wa.api.flow import Reply
from airflow_provider_wa.api.webhooks import Event, EventKind, Post
from airflow_provider_wa.vendors.green_api.client import GreenApi

VENDOR = GreenApi(base_url="https://api.green-api.com", instance_id="1101000001", token="A-TOKEN")
BODIES: dict[str, dict[str, Any]] = {kind: json.loads(text) for kind, (text, _) in POSTS.items()}


def told(body: dict[str, Any]) -> Event:
    (event,) = VENDOR.events(Post(data=body))
    return event


@pytest.mark.parametrize(
    ("kind", "meaning"),
    [
        ("incomingMessageReceived", EventKind.INBOX),
        ("outgoingMessageStatus", EventKind.DELIVERY),
        ("stateInstanceChanged", EventKind.SESSION),
        ("incomingCall", EventKind.OTHER),
    ],
)
def test_what_kind_a_notification_is_of(kind: str, meaning: EventKind) -> None:
    assert told(BODIES[kind]).kind is meaning


@pytest.mark.parametrize("kind", ["incomingMessageReceived", "outgoingMessageStatus"])
def test_a_message_without_an_id_is_kept_raw(kind: str) -> None:
    body = {**BODIES[kind], "idMessage": None}
    event = told(body)
    assert (event.kind, event.record, event.vendor_kind, event.raw) == (EventKind.OTHER, None, kind, body)


@pytest.mark.parametrize("kind", BODIES)
def test_a_repeat_has_the_same_key(kind: str) -> None:
    assert told(BODIES[kind]).key == told(json.loads(json.dumps(BODIES[kind]))).key


def test_each_step_of_a_message_has_a_key_of_its_own() -> None:
    body = BODIES["outgoingMessageStatus"]
    keys = {told({**body, "status": status}).key for status in ("sent", "delivered", "read", "failed", "noAccount")}
    assert len(keys) == 5


def test_the_same_state_at_another_time_is_another_event() -> None:
    body = BODIES["stateInstanceChanged"]
    assert told(body).key != told({**body, "timestamp": body["timestamp"] + 60}).key


@pytest.mark.parametrize("body", [None, [], {}, {"typeWebhook": ""}, {"typeWebhook": ["x"]}, {"name": "Ana"}], ids=str)
def test_what_is_no_notification_is_refused_without_showing_it(body: Any) -> None:
    with pytest.raises(UnexpectedReply, match=r"not a JSON object|no typeWebhook") as caught:
        VENDOR.events(Post(data=body))
    assert "Ana" not in f"{caught.value} {caught.value.raw}"


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_refused(body: str | bytes) -> None:
    with pytest.raises(UnexpectedReply):
        VENDOR.events(Post(data=body))


@given(replies(list(BODIES.values())))
def test_any_post_is_an_event_or_refused(answer: Reply) -> None:
    for post in (Post(data=answer.body), Post(data=answer.json)):
        try:
            (event,) = VENDOR.events(post)
        except UnexpectedReply:
            continue
        assert event.vendor_kind
        assert (event.kind is EventKind.OTHER) == (event.record is None or is_change(event.record))
        json.dumps([event.record and event.record.to_dict(), event.raw, event.key], allow_nan=False)
