# SPDX-License-Identifier: Apache-2.0
"""What a message says, by whatever part of it: whatsmeow's names, and those that captured posts have."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_wa.api.kinds import KINDS, Standing
from airflow_provider_wa.vendors.wuzapi import contents

CONTEXT = {"contextInfo": {"stanzaID": "Q1", "quotedMessage": {"conversation": "quoted words"}}}
CHOSEN = json.dumps({"id": "row-7", "display_text": "Yes"})

SAID: dict[str, tuple[Any, dict[str, Any]]] = {
    "an answer that quotes": ({"extendedTextMessage": {"text": "Yes", **CONTEXT}}, {"kind": "text", "quoted_id": "Q1"}),
    "a button": (
        {"buttonsResponseMessage": {"selectedButtonID": "b1", "Response": {"SelectedDisplayText": "Yes"}, **CONTEXT}},
        {"kind": "button", "selected_id": "b1", "quoted_id": "Q1"},
    ),
    "a button, flat": (
        {"buttonsResponseMessage": {"selectedButtonID": "b1", "selectedDisplayText": "Yes"}},
        {"kind": "button", "selected_id": "b1"},
    ),
    "a template's button": (
        {"templateButtonReplyMessage": {"selectedID": "t1", "selectedDisplayText": "Yes"}},
        {"kind": "button", "selected_id": "t1"},
    ),
    "a native flow with a body": (
        {"interactiveResponseMessage": {"body": {"text": "Yes"}, "nativeFlowResponseMessage": {"paramsJSON": CHOSEN}}},
        {"kind": "button", "selected_id": "row-7"},
    ),
    "a native flow without a body": (
        {"interactiveResponseMessage": {"nativeFlowResponseMessage": {"name": "quick_reply", "paramsJSON": CHOSEN}}},
        {"kind": "button", "selected_id": "row-7"},
    ),
    "a native flow, one step down": (
        {"interactiveResponseMessage": {"InteractiveResponseMessage": {"NativeFlowResponseMessage": {
            "paramsJSON": CHOSEN}}}},
        {"kind": "button", "selected_id": "row-7"},
    ),
    "a row of a list": (
        {"listResponseMessage": {"title": "Yes", "singleSelectReply": {"selectedRowID": "r1"}, **CONTEXT}},
        {"kind": "list", "selected_id": "r1", "quoted_id": "Q1"},
    ),
    "a contact": ({"contactMessage": {"displayName": "Yes", "vcard": "BEGIN:VCARD"}}, {"kind": "contact"}),
    "a place without a name": (
        {"locationMessage": {"degreesLatitude": -12.05, "degreesLongitude": 0, "address": "Yes"}},
        {"kind": "location", "latitude": -12.05, "longitude": 0.0},
    ),
    "a live place": (
        {"liveLocationMessage": {"degreesLatitude": 1, "degreesLongitude": 2, "caption": "Yes"}},
        {"kind": "location", "latitude": 1.0, "longitude": 2.0},
    ),
    "an invitation": ({"groupInviteMessage": {"groupName": "Club", "caption": "Yes"}}, {"kind": "invitation"}),
    "an invitation without words": ({"groupInviteMessage": {"groupName": "Yes"}}, {"kind": "invitation"}),
    "an order": ({"orderMessage": {"orderID": "1", "message": "Yes", "orderTitle": "Shop"}}, {"kind": "order"}),
    "an order without words": ({"orderMessage": {"orderID": "1", "orderTitle": "Yes"}}, {"kind": "order"}),
    "a product": ({"productMessage": {"product": {"productID": "1", "title": "Yes"}}}, {"kind": "product"}),
    "an event": ({"eventMessage": {"name": "Yes", "description": "at eight"}}, {"kind": "event"}),
    "a template": ({"templateMessage": {"hydratedTemplate": {"hydratedContentText": "Yes"}}}, {"kind": "template"}),
    "a template, one step down": (
        {"templateMessage": {"Format": {"HydratedFourRowTemplate": {"hydratedContentText": "Yes"}}}},
        {"kind": "template"},
    ),
    "an interactive template": (
        {"templateMessage": {"Format": {"InteractiveMessageTemplate": {"body": {"text": "Yes"}}}}},
        {"kind": "template"},
    ),
    "a question with buttons": (
        {"interactiveMessage": {"header": {"title": "Shop"}, "body": {"text": "Yes"}}}, {"kind": "template"},
    ),
    "old buttons": ({"buttonsMessage": {"contentText": "Yes", "buttons": []}}, {"kind": "template"}),
    "a question with a list": ({"listMessage": {"title": "Menu", "description": "Yes"}}, {"kind": "template"}),
    "a poll": (
        {"pollCreationMessageV3": {"name": "Yes", "options": [{"optionName": "Thu"}, {"optionName": "Fri"}]}},
        {"kind": "poll", "options": ("Thu", "Fri")},
    ),
    "a payment": ({"sendPaymentMessage": {"noteMessage": {"extendedTextMessage": {"text": "Yes"}}}},
                  {"kind": "payment"}),
    "a reaction": ({"reactionMessage": {"text": "Yes", "key": {"ID": "T1"}}}, {"kind": "reaction", "target_id": "T1"}),
    "a text beside a key": ({"senderKeyDistributionMessage": {}, "conversation": "Yes"}, {"kind": "text"}),
    "a text that we do not know": ({"futureMessage": {"body": {"text": "Yes"}, **CONTEXT}},
                                   {"kind": "text", "quoted_id": "Q1"}),
    "an edit": (
        {"protocolMessage": {"type": 14, "key": {"ID": "T1"}, "editedMessage": {"conversation": "Yes"}}},
        {"kind": "edit", "target_id": "T1"},
    ),
    "an edit, wrapped": (
        {"editedMessage": {"message": {"protocolMessage": {
            "type": "MESSAGE_EDIT", "key": {"ID": "T1"}, "editedMessage": {"imageMessage": {"caption": "Yes"}}}}}},
        {"kind": "edit", "target_id": "T1"},
    ),
    "an edit, unwrapped by half": ({"editedMessage": {"message": {"conversation": "Yes"}}}, {"kind": "edit"}),
}  # fmt: skip


@pytest.mark.parametrize(("message", "expected"), SAID.values(), ids=SAID)
def test_what_was_said_and_what_it_is_about(message: Any, expected: dict[str, Any]) -> None:
    found = contents.read(message)
    assert found.text == "Yes"
    assert {name: getattr(found, name) for name in expected} == expected


SILENT: dict[str, tuple[Any, str, str | None]] = {
    "a deletion": ({"protocolMessage": {"type": 0, "key": {"ID": "T1"}}}, "deletion", "T1"),
    "a deletion by its word": ({"protocolMessage": {"type": "REVOKE", "key": {"ID": "T1"}}}, "deletion", "T1"),
    "a setting": ({"protocolMessage": {"type": 3, "ephemeralExpiration": 86400}}, "control", None),
    "an encrypted edit": ({"secretEncryptedMessage": {"targetMessageKey": {"ID": "T1"}}}, "edit", "T1"),
    "a pin": ({"pinInChatMessage": {"key": {"ID": "T1"}, "type": 1}}, "pin", "T1"),
    "a message kept": ({"keepInChatMessage": {"key": {"ID": "T1"}}}, "keep", "T1"),
    "an encrypted reaction": ({"encReactionMessage": {"targetMessageKey": {"ID": "T1"}}}, "encrypted", "T1"),
    "a reaction taken back": ({"reactionMessage": {"key": {"ID": "T1"}, "text": ""}}, "reaction_removed", "T1"),
    "a call": ({"callLogMesssage": {"isVideo": True}}, "call", None),
    "a group's key": ({"senderKeyDistributionMessage": {"groupID": "1@g.us"}, "messageContextInfo": {}}, "keys", None),
    "a status that names us": ({"statusMentionMessage": {"message": {"conversation": "x"}}}, "status", None),
    "an empty text": ({"conversation": "", "messageContextInfo": {}}, "unknown", None),
    "nothing": ({}, "unknown", None),
    "something new": ({"futureMessage": {"depth": 3}}, "unknown", None),
}


@pytest.mark.parametrize(("message", "kind", "target"), SILENT.values(), ids=SILENT)
def test_what_nobody_said_is_of_a_kind_of_its_own(message: Any, kind: str, target: str | None) -> None:
    found = contents.read(message)
    assert (found.kind, found.text, found.target_id) == (kind, "", target)
    assert KINDS[found.kind] is Standing.CHANGE


WRAPPERS = (
    *("ephemeralMessage", "viewOnceMessage", "viewOnceMessageV2", "viewOnceMessageV2Extension", "deviceSentMessage"),
    *("documentWithCaptionMessage", "groupMentionedMessage", "associatedChildMessage", "botInvokeMessage"),
    *("lottieStickerMessage", "commentMessage", "aWrapperOfTomorrow"),
)


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_a_wrapper_is_looked_into(wrapper: str) -> None:
    wrapped = {wrapper: {"message": {"imageMessage": {"caption": "look"}}}, "messageContextInfo": {}}
    found = contents.read({"ephemeralMessage": {"message": wrapped}})
    assert (found.kind, found.text) == ("image", "look")


def test_wrappers_are_looked_into_to_a_depth() -> None:
    message: Any = {"conversation": "deep"}
    for _ in range(contents.MAX_WRAPPERS - 1):
        message = {"ephemeralMessage": {"message": message}}
    assert contents.read(message).text == "deep"
    assert contents.read({"ephemeralMessage": {"message": message}}).kind == "unknown"


def test_every_kind_is_one_of_ours() -> None:
    kinds = {part.kind for part in contents.PARTS} | set(contents.PROTOCOL_KINDS.values())
    assert kinds <= set(KINDS)
    assert len({part.name.casefold() for part in contents.PARTS}) == len(contents.PARTS)
