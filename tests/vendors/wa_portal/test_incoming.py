# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_wa.api.records import InboxMessage
from airflow_provider_wa.vendors.wa_portal.incoming import posted_message, reported_message

PERSON = "919300000001@s.whatsapp.net"
GROUP = "120363020000000001@g.us"
POST: dict[str, Any] = {
    "phone": "919300000001",
    "waID": PERSON,
    "waMessageID": "A4B7",
    "type": "text",
    "value": "Hello",
}
ROW: dict[str, Any] = {"phone": "919300000001", "waID": PERSON, "messageID": "6201", "waMessageID": "A4B7"}

CONTENTS: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    (
        "button",
        "isButton",
        {"selectedButtonID": "yes-1", "selectedDisplayText": "Yes", "contextInfo": {"stanzaID": "Q1"}},
        {"text": "Yes", "selected_id": "yes-1", "quoted_id": "Q1"},
    ),
    (
        "list",
        "isList",
        {"title": "Tuesday", "singleSelectReply": {"selectedRowID": "row-2"}, "description": "from nine"},
        {"text": "Tuesday", "selected_id": "row-2"},
    ),
    (
        "location",
        "isLocation",
        {"degreesLatitude": "-12.05", "degreesLongitude": -77.04, "name": "The office"},
        {"text": "The office", "latitude": -12.05, "longitude": -77.04},
    ),
    ("location", "isLocation", {"lat": 0, "lng": 0}, {"text": "", "latitude": 0.0, "longitude": 0.0}),
    ("contact", "isContact", {"displayName": "Ana", "id": "no choice"}, {"text": "Ana", "selected_id": None}),
]
"""A kind, the mark of a row of the inbox, the object of the content, and what the message says by it."""


def posted(**changed: Any) -> InboxMessage:
    found = posted_message({**POST, **changed})
    assert found is not None
    return found


def reported(**changed: Any) -> InboxMessage:
    return reported_message({**ROW, **changed}, raw={})


@pytest.mark.parametrize(("kind", "mark", "value", "said"), CONTENTS)
def test_a_content_given_as_an_object_says_the_same_in_a_post_and_in_the_inbox(
    kind: str, mark: str, value: dict[str, Any], said: dict[str, Any]
) -> None:
    for found in (
        posted(type=kind, value=value),
        reported(**{mark: True, kind: value}),
        reported(**{mark: True, "value": value}),
    ):
        assert found.kind == kind
        assert {name: getattr(found, name) for name in said} == said


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("chat", "text"),
        ("ptt", "audio"),
        ("VCARD", "contact"),
        ("buttons", "button"),
        ("revoked", "deletion"),
        ("", "text"),
    ],
)
def test_the_vendors_word_for_a_kind(word: str, kind: str) -> None:
    assert posted(type=word).kind == kind


def test_an_unknown_kind_with_no_text_stays_unknown() -> None:
    assert posted(type="", value={"anything": 1}).kind == "unknown"


@pytest.mark.parametrize("each", [posted, reported])
def test_a_groups_message_is_the_groups_and_names_the_member_if_the_portal_does(each: Any) -> None:
    found = each(waID=GROUP, phone="120363020000000001", participant=f"{PERSON}")
    assert (found.sender, found.chat, found.participant) == (GROUP, GROUP, "919300000001")
    assert each(waID=GROUP).participant is None
    assert each(participant=PERSON).participant is None


@pytest.mark.parametrize("each", [posted, reported])
@pytest.mark.parametrize(
    ("chat", "kind", "lid"),
    [
        ("status@broadcast", "status", None),
        ("1203@newsletter", "channel", None),
        ("98000000000007@lid", None, "98000000000007@lid"),
    ],
)
def test_the_chat_tells_statuses_channels_and_lids(each: Any, chat: str, kind: str | None, lid: str | None) -> None:
    plain = each().kind
    found = each(waID=chat)
    assert (found.kind, found.lid) == (kind or plain, lid)


def test_a_post_without_whatsapps_id_is_no_message() -> None:
    assert posted_message({**POST, "waMessageID": ""}) is None


@pytest.mark.parametrize(
    ("fields", "kind", "url"),
    [
        ({"isMedia": True, "mediaType": "ptt", "mediaPath": "/f/1.ogg"}, "audio", "/f/1.ogg"),
        ({"isMedia": "true", "link": "/f/2.pdf"}, "document", "/f/2.pdf"),
    ],
)
def test_a_file_in_the_inbox(fields: dict[str, Any], kind: str, url: str) -> None:
    found = reported(**fields)
    assert (found.kind, found.media_url) == (kind, url)
