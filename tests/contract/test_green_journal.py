# SPDX-License-Identifier: Apache-2.0
"""Green-API's queue and its journal say the same of each type of message, though their fields differ."""

from __future__ import annotations

from typing import Any

import pytest
from helpers.vendors import Vendors

from airflow_provider_wa.api.records import InboxMessage
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.hooks.green_api import GreenApiHook
from airflow_provider_wa.sandbox.green_api.event_samples import MESSAGES
from airflow_provider_wa.sandbox.green_api.switches import SWITCHES
from airflow_provider_wa.vendors.green_api.tables import SWITCHES as KNOWN

# type of message -> kind and text of our record
WANTED: dict[str, tuple[str, str]] = {
    "textMessage": ("text", "Hello"),
    "extendedTextMessage": ("text", "Look: https://example.com"),
    "quotedMessage": ("text", "Yes"),
    "imageMessage": ("image", "A horse"),
    "videoMessage": ("video", "It runs"),
    "audioMessage": ("audio", ""),
    "documentMessage": ("document", "For May"),
    "stickerMessage": ("sticker", ""),
    "locationMessage": ("location", "Plaza"),
    "contactMessage": ("contact", "Ana"),
    "contactsArrayMessage": ("contact", "Ana, Rosa"),
    "reactionMessage": ("reaction", "👍"),
    "pollMessage": ("poll", "When?"),
    "pollUpdateMessage": ("vote", "Thursday"),
    "groupInviteMessage": ("invitation", "Join us"),
    "buttonsMessage": ("template", "Shall we?"),
    "buttonsResponseMessage": ("button", "Yes"),
    "listMessage": ("template", "Choose"),
    "listResponseMessage": ("list", "Mint"),
    "templateMessage": ("template", "Your order"),
    "templateButtonsReplyMessage": ("button", "Yes"),
    "interactiveButtons": ("template", "Shall we?"),
    "interactiveButtonsReply": ("template", "Shall we?"),
    "interactiveButtonsResponse": ("button", "Yes"),
    "editedMessage": ("edit", "Hello again"),
    "deletedMessage": ("deletion", ""),
    "unreadable": ("unreadable", ""),
}


@pytest.fixture
def hook(vendors: Vendors) -> GreenApiHook:
    found = WaHook.for_connection("green_api_default")
    assert isinstance(found, GreenApiHook)
    found.set_settings(dict.fromkeys(KNOWN & SWITCHES.keys(), "yes"))
    return found


def comparable(message: InboxMessage) -> dict[str, Any]:
    return message.to_dict()


def test_the_table_has_every_type() -> None:
    assert WANTED.keys() == MESSAGES.keys()


@pytest.mark.parametrize("kind", WANTED)
def test_queue_and_journal_say_the_same(vendors: Vendors, hook: GreenApiHook, kind: str) -> None:
    vendors.control("events", vendor="green_api", type=kind)
    notification = hook.receive_notification()
    assert notification is not None
    queued = notification.content
    (journalled,) = [
        message
        for message in hook.inbox()
        if isinstance(queued, InboxMessage) and message.message_id == queued.message_id
    ]
    assert isinstance(queued, InboxMessage)
    assert (queued.kind, queued.text) == WANTED[kind]
    assert queued.sender == "51987654321"
    assert comparable(journalled) == comparable(queued)
