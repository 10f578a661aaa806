# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_wa.api.kinds import KINDS, Standing
from airflow_provider_wa.api.records import InboxMessage
from airflow_provider_wa.vendors.green_api import incoming

ANA, GROUP = "51987654321@c.us", "120363000000000001@g.us"


def read(content: dict[str, Any], chat: str = ANA, sender: str = ANA, **people: Any) -> InboxMessage:
    found = incoming.inbox_message(
        {"idMessage": "A1", "senderData": {"chatId": chat, "sender": sender, **people}, "messageData": content}
    )
    assert found is not None
    return found


def part(type_: str, name: str, /, **fields: Any) -> dict[str, Any]:
    return {"typeMessage": type_, name: fields}


SAID: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "an answer": (
        {**part("quotedMessage", "extendedTextMessageData", text="Yes"), "quotedMessage": {"stanzaId": "Q1"}},
        {"kind": "text", "quoted_id": "Q1"},
    ),
    "a button": (
        part("buttonsResponseMessage", "buttonsResponseMessage",
             stanzaId="Q1", selectedButtonId="1", selectedButtonText="Yes"),
        {"kind": "button", "selected_id": "1", "quoted_id": "Q1"},
    ),
    "a template's button": (
        part("templateButtonsReplyMessage", "templateButtonReplyMessage",
             stanzaId="Q1", selectedIndex=0, selectedId="t1", selectedDisplayText="Yes"),
        {"kind": "button", "selected_id": "t1", "quoted_id": "Q1"},
    ),
    "an interactive button": (
        part("interactiveButtonsResponse", "interactiveButtonsResponse",
             stanzaId="Q1", selectedId="2", selectedDisplayText="Yes"),
        {"kind": "button", "selected_id": "2", "quoted_id": "Q1"},
    ),
    "an interactive button in an older spelling": (
        part("interactiveButtonsResponse", "interactiveButtonsResponse",
             selectedButtonId="2", selectedButtonText="Yes"),
        {"kind": "button", "selected_id": "2"},
    ),
    "a row of a list": (
        part("listResponseMessage", "listResponseMessage", stanzaId="Q1", title="Yes", singleSelectReply="r1"),
        {"kind": "list", "selected_id": "r1", "quoted_id": "Q1"},
    ),
    "a question with buttons": (
        part("interactiveButtons", "interactiveButtons", titleText="Shop", contentText="Yes"), {"kind": "template"},
    ),
    "a question to be answered": (
        part("interactiveButtonsReply", "interactiveButtonsReply", header="Shop", body="Yes"), {"kind": "template"},
    ),
    "a template": (part("templateMessage", "templateMessage", contentText="Yes", footer="x"), {"kind": "template"}),
    "a question with a list": (part("listMessage", "listMessage", contentText="Yes"), {"kind": "template"}),
    "a place": (
        part("locationMessage", "locationMessageData", nameLocation="Yes", latitude=-12.05, longitude=0),
        {"kind": "location", "latitude": -12.05, "longitude": 0.0},
    ),
    "contacts": (
        part("contactsArrayMessage", "messageData", contacts=[{"displayName": "Yes", "vcard": "BEGIN:VCARD"}]),
        {"kind": "contact"},
    ),
    "a poll": (
        part("pollMessage", "pollMessageData", name="Yes", options=[{"optionName": "Thu"}, {"optionName": "Fri"}]),
        {"kind": "poll", "options": ("Thu", "Fri")},
    ),
    "an invitation": (part("groupInviteMessage", "groupInviteMessageData", groupName="Yes"), {"kind": "invitation"}),
    "a reaction": (
        {**part("reactionMessage", "extendedTextMessageData", text="Yes"), "quotedMessage": {"stanzaId": "T1"}},
        {"kind": "reaction", "target_id": "T1", "quoted_id": None},
    ),
    "an edit": (
        part("editedMessage", "editedMessageData", textMessage="Yes", stanzaId="T1"),
        {"kind": "edit", "target_id": "T1"},
    ),
    "an edit of a caption": (
        part("editedMessage", "editedMessageData", caption="Yes", stanzaId="T1"),
        {"kind": "edit", "target_id": "T1"},
    ),
    "a type that we do not know": (part("futureMessage", "futureMessageData", text="Yes"), {"kind": "text"}),
}  # fmt: skip


@pytest.mark.parametrize(("content", "expected"), SAID.values(), ids=SAID)
def test_what_was_said_and_what_it_is_about(content: dict[str, Any], expected: dict[str, Any]) -> None:
    found = read(content)
    assert found.text == "Yes"
    assert {name: getattr(found, name) for name in expected} == expected


SILENT: dict[str, tuple[dict[str, Any], str]] = {
    "a deletion": (part("deletedMessage", "deletedMessageData", stanzaId="T1"), "deletion"),
    "a reaction taken back": (
        {**part("reactionMessage", "extendedTextMessageData", text=""), "quotedMessage": {"stanzaId": "T1"}},
        "reaction_removed",
    ),
    "a vote taken back": (
        part("pollUpdateMessage", "pollMessageData", stanzaId="T1", votes=[{"optionName": "Thu", "optionVoters": []}]),
        "vote_removed",
    ),
}


@pytest.mark.parametrize(("content", "kind"), SILENT.values(), ids=SILENT)
def test_what_nobody_said_is_of_a_kind_of_its_own(content: dict[str, Any], kind: str) -> None:
    found = read(content)
    assert (found.kind, found.text, found.target_id) == (kind, "", "T1")
    assert KINDS[kind] is Standing.CHANGE


@pytest.mark.parametrize("content", [{}, {"typeMessage": "futureMessage"}, part("textMessage", "textMessageData")])
def test_what_says_nothing_is_unknown(content: dict[str, Any]) -> None:
    assert read(content).kind == "unknown"


def test_a_journal_has_the_fields_flat() -> None:
    row = {"idMessage": "A1", "chatId": ANA, "senderName": "Ana", "typeMessage": "locationMessage",
           "location": {"nameLocation": "Plaza", "latitude": 1, "longitude": 2}}  # fmt: skip
    found = incoming.inbox_message(row)
    assert found is not None
    assert (found.kind, found.text, found.latitude, found.sender_name) == ("location", "Plaza", 1.0, "Ana")
    edited = incoming.inbox_message(
        {"idMessage": "A2", "typeMessage": "editedMessage", "textMessage": "new", "editedMessageId": "A1"}
    )
    assert edited is not None
    assert (edited.kind, edited.text, edited.target_id) == ("edit", "new", "A1")


def votes(**voters: list[str]) -> dict[str, Any]:
    rows = [{"optionName": name, "optionVoters": who} for name, who in voters.items()]
    return part("pollUpdateMessage", "pollMessageData", stanzaId="P1", name="When?", votes=rows)


def test_a_vote_is_the_options_of_its_voter() -> None:
    found = read(votes(Thu=[ANA], Fri=["51900000001@c.us"], Sat=[f"{ANA[:11]}:3@c.us"]), chat=GROUP)
    assert (found.kind, found.text, found.options) == ("vote", "Thu, Sat", ("Thu", "Sat"))
    assert found.target_id == "P1"


def test_a_vote_in_a_chat_of_two_counts_under_the_other_address() -> None:
    assert read(votes(Thu=["100000000000001@lid"], Fri=[])).text == "Thu"


def test_a_vote_in_a_group_that_names_others_only_is_not_guessed() -> None:
    found = read(votes(Thu=["100000000000001@lid"]), chat=GROUP)
    assert (found.kind, found.text, found.options) == ("vote", "", ())


def test_in_a_group_the_member_is_the_sender_and_the_participant() -> None:
    found = read(part("textMessage", "textMessageData", textMessage="Hi"), chat=GROUP, senderName="Ana")
    assert (found.sender, found.participant, found.chat) == ("51987654321", "51987654321", GROUP)
    assert found.sender_name == "Ana"
    assert read(part("textMessage", "textMessageData", textMessage="Hi")).participant is None


def test_a_lid_is_kept_beside_the_number_if_both_are_known() -> None:
    text = part("textMessage", "textMessageData", textMessage="Hi")
    hidden = read(text, chat="1528@lid", sender="1528@lid")
    assert (hidden.sender, hidden.lid) == ("1528@lid", "1528@lid")
    known = read(text, chat="1528@lid", sender="1528@lid", phoneNumber=51987654321)
    assert (known.sender, known.lid) == ("51987654321", "1528@lid")


def test_what_the_vendor_could_not_decrypt_has_no_text() -> None:
    found = read(part("textMessage", "textMessageData", textMessage="{{SWE001}}"))
    assert (found.kind, found.text, KINDS[found.kind]) == ("unreadable", "", Standing.SIGNAL)


@pytest.mark.parametrize(("chat", "kind"), [("status@broadcast", "status"), ("1203@newsletter", "channel")])
def test_chats_without_messages_to_the_account(chat: str, kind: str) -> None:
    assert read(part("textMessage", "textMessageData", textMessage="my day"), chat=chat).kind == kind


def test_every_kind_is_one_of_ours() -> None:
    assert {known.kind for known in incoming.TYPES.values()} <= set(KINDS)
