# SPDX-License-Identifier: Apache-2.0
"""WuzAPI's checks, users and groups are read in whatever form the server has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from contract.samples_wuzapi import AVATAR, CHECKED, GONE, JPEG, PICTURE, PNG, TO, VENDOR, envelope, failure
from helpers.script import play, reply

from airflow_provider_wa.api.errors import BadInput, UnexpectedReply, VendorUnavailable
from airflow_provider_wa.api.flow import Flow
from airflow_provider_wa.api.messages import Media
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import CheckStatus, Contact, UserInfo

KNOWN, STRANGER = PhoneNumber("5491155554445", "54"), PhoneNumber("5491155554444", "54")
GROUP = "120362023605733675@g.us"

# Checks


def test_a_result_keeps_what_the_server_said() -> None:
    results = play(VENDOR.check([KNOWN, STRANGER]), [reply(CHECKED)]).result
    assert [result.raw["Query"] for result in results] == [KNOWN.digits, STRANGER.digits]


def user(query: str, known: Any, **more: Any) -> dict[str, Any]:
    return {"Query": query, "IsInWhatsapp": known, **more}


@pytest.mark.parametrize(
    ("users", "statuses"),
    [
        ([user(STRANGER.digits, False), user(KNOWN.digits, True)], (CheckStatus.EXISTS, CheckStatus.ABSENT)),
        (
            [user(f"+{KNOWN.digits}", True), user(f"+{STRANGER.digits}", False)],
            (CheckStatus.EXISTS, CheckStatus.ABSENT),
        ),
        ([user(STRANGER.digits, False)], (CheckStatus.UNKNOWN, CheckStatus.ABSENT)),
        ([user(STRANGER.digits, None), user(KNOWN.digits, "?")], (CheckStatus.UNKNOWN, CheckStatus.UNKNOWN)),
        ([{"query": KNOWN.digits, "isInWhatsApp": True}], (CheckStatus.EXISTS, CheckStatus.UNKNOWN)),
        ([{"IsInWhatsapp": False}, None, "junk", [False]], (CheckStatus.UNKNOWN, CheckStatus.UNKNOWN)),
        ([user("1", False), user("2", False)], (CheckStatus.UNKNOWN, CheckStatus.UNKNOWN)),
        ([], (CheckStatus.UNKNOWN, CheckStatus.UNKNOWN)),
    ],
    ids=["out of order", "with plus", "one missing", "no clear word", "other case", "junk", "of others", "empty"],
)
def test_entries_are_matched_by_what_was_asked(users: list[Any], statuses: tuple[CheckStatus, CheckStatus]) -> None:
    results = play(VENDOR.check([KNOWN, STRANGER]), [envelope({"Users": users})]).result
    assert [result.number for result in results] == [KNOWN.digits, STRANGER.digits]
    assert tuple(result.status for result in results) == statuses
    assert all(result.detail for result in results if result.status is CheckStatus.UNKNOWN)


def test_a_hidden_number_is_sent_to_under_the_jid_that_the_server_tells() -> None:
    users = [user(KNOWN.digits, True, JID="123456789012345@lid")]
    assert play(VENDOR.check([KNOWN]), [envelope({"Users": users})]).result[0].jid == "123456789012345@lid"


def test_an_absent_number_has_no_jid() -> None:
    users = [user(KNOWN.digits, False, JID=f"{KNOWN.digits}@s.whatsapp.net")]
    assert play(VENDOR.check([KNOWN]), [envelope({"Users": users})]).result[0].jid is None


@pytest.mark.parametrize("value", [None, {}, [], "x", {"Users": None}, {"Users": {"a": 1}}, {"Users": "x"}], ids=str)
def test_a_check_without_a_list_of_users_is_unexpected(value: Any) -> None:
    assert type(play(VENDOR.check([KNOWN]), [envelope(value)]).error) is UnexpectedReply


# Users


def test_users_are_asked_for_by_full_jids() -> None:
    asked = ["5491155554445", "+54 9 11 5555-4444", "1@lid"]
    request = play(VENDOR.user_info(asked), [envelope({"Users": {}})]).request
    assert request.json == {"Phone": ["5491155554445@s.whatsapp.net", "5491155554444@s.whatsapp.net", "1@lid"]}


def test_what_is_told_of_a_user_is_read_and_junk_is_left_out() -> None:
    users = {
        "1@s.whatsapp.net": {"Status": "Busy", "PictureID": 1645308319, "LID": "2@lid", "Devices": ["1:0@x", None, 3]},
        "2@s.whatsapp.net": None,
        "3@s.whatsapp.net": {"Devices": "x", "VerifiedName": "x", "Status": ["x"]},
    }
    assert play(VENDOR.user_info(["1@s.whatsapp.net"]), [envelope({"Users": users})]).result == [
        UserInfo(
            vendor="wuzapi", jid="1@s.whatsapp.net", about="Busy", picture_id="1645308319", lid="2@lid",
            devices=("1:0@x", "3"),
        ),
        UserInfo(vendor="wuzapi", jid="2@s.whatsapp.net"),
        UserInfo(vendor="wuzapi", jid="3@s.whatsapp.net"),
    ]  # fmt: skip


@pytest.mark.parametrize("value", [None, {}, {"Users": None}, {"Users": []}], ids=str)
def test_a_reply_without_users_is_unexpected(value: Any) -> None:
    assert type(play(VENDOR.user_info([TO]), [envelope(value)]).error) is UnexpectedReply


def test_both_generations_of_servers_have_avatars() -> None:
    assert play(VENDOR.avatar(TO), [reply(AVATAR)]).result == PICTURE
    assert play(VENDOR.avatar(TO), [GONE, envelope({"url": PICTURE.url, "id": "1645308319", "type": "preview"})]).result
    get = play(VENDOR.avatar(TO, preview=True), [GONE, reply(AVATAR)]).requests[1]
    assert (get.method, get.json) == ("GET", {"Phone": TO, "Preview": True})


@pytest.mark.parametrize(
    "words",
    [
        "failed to get avatar: that user or group does not have a profile picture",
        "failed to get avatar: the user has hidden their profile picture from you",
        "no avatar found",
    ],
)
def test_no_picture_is_an_answer(words: str) -> None:
    assert play(VENDOR.avatar(TO), [failure(500, words)]).result.url is None


def test_other_failures_of_an_avatar_are_errors() -> None:
    assert type(play(VENDOR.avatar(TO), [failure(400, "could not parse Phone")]).error) is BadInput
    assert type(play(VENDOR.avatar(TO), [failure(500, "failed to get avatar: x")] * 4).error) is VendorUnavailable
    assert type(play(VENDOR.avatar(TO), [GONE, GONE]).error) is UnexpectedReply
    for value in (None, {}, "x", {"url": ""}, {"url": None}):
        assert type(play(VENDOR.avatar(TO), [envelope(value)]).error) is UnexpectedReply


@pytest.mark.parametrize(
    ("contact", "name"),
    [
        ({"FullName": "Ana Ruiz", "FirstName": "Ana", "PushName": "ana"}, "Ana Ruiz"),
        ({"fullname": "", "firstname": "Ana"}, "Ana"),
        ({"BusinessName": "Ana SL", "PushName": "ana"}, "Ana SL"),
        ({"PushName": "ana"}, "ana"),
        ({"Found": True, "FullName": ["x"]}, ""),
        ({}, ""),
        (None, ""),
        ("Ana", ""),
    ],
    ids=str,
)
def test_a_contact_is_known_by_its_best_name(contact: Any, name: str) -> None:
    found = play(VENDOR.contacts(), [envelope({"1@s.whatsapp.net": contact})]).result
    assert found == [Contact(vendor="wuzapi", jid="1@s.whatsapp.net", name=name)]


@pytest.mark.parametrize("value", [None, {}], ids=str)
def test_no_contacts_is_no_error(value: Any) -> None:
    assert play(VENDOR.contacts(), [envelope(value)]).result == []


@pytest.mark.parametrize("value", [[], "x", 0, False, [{"jid": "1"}]], ids=str)
def test_contacts_in_no_known_form_are_unexpected(value: Any) -> None:
    assert type(play(VENDOR.contacts(), [envelope(value)]).error) is UnexpectedReply


def test_a_number_without_a_lid_has_none() -> None:
    assert play(VENDOR.lid(TO), [failure(404, "LID not found for this number")]).result is None


def test_a_server_without_lids_is_another_matter() -> None:
    assert type(play(VENDOR.lid(TO), [GONE]).error) is UnexpectedReply
    assert type(play(VENDOR.lid(TO), [envelope({"jid": "1@s.whatsapp.net"})]).error) is UnexpectedReply


# Groups


@pytest.mark.parametrize("value", [None, {}, [], "x", {"Other": []}, {"Groups": {"a": 1}}, {"Groups": "x"}], ids=str)
def test_groups_in_no_known_form_are_unexpected(value: Any) -> None:
    assert type(play(VENDOR.groups(), [envelope(value)]).error) is UnexpectedReply


def test_of_a_group_what_can_be_read_is_read() -> None:
    groups = [
        {"jid": GROUP, "participants": [{"JID": "1@lid"}, None, {"JID": 2}], "GroupCreated": "0001-01-01T00:00:00Z"},
        {"JID": GROUP, "Participants": "x", "GroupCreated": 1650572126, "Topic": "tea"},
        {"Name": "of no JID"},
        None,
    ]
    first, second = play(VENDOR.groups(), [envelope({"groups": groups})]).result
    assert (first.participants, first.created_at, first.owner) == (("1@lid", "2"), None, None)
    assert second.created_at is not None
    assert (second.participants, second.topic) == ((), "tea")


@pytest.mark.parametrize("value", [None, {}, {"Name": "x"}, "x"], ids=str)
def test_a_reply_that_describes_no_group_is_unexpected(value: Any) -> None:
    assert type(play(VENDOR.group_info(GROUP), [envelope(value)]).error) is UnexpectedReply


@pytest.mark.parametrize("value", [None, {}, {"InviteLink": ""}, {"InviteLink": ["x"]}], ids=str)
def test_a_reply_without_a_link_is_unexpected(value: Any) -> None:
    assert type(play(VENDOR.invite_link(GROUP), [envelope(value)]).error) is UnexpectedReply


BAD_INPUT: dict[str, tuple[Callable[[], Flow[Any]], str]] = {
    "no user": (lambda: VENDOR.user_info([]), "users: expected a list"),
    "a text for users": (lambda: VENDOR.user_info(TO), "users: expected a list"),
    "a user that is none": (lambda: VENDOR.user_info(["Ana"]), "users: 'Ana' is neither"),
    "nobody's avatar": (lambda: VENDOR.avatar(" "), "who is empty"),
    "nobody's LID": (lambda: VENDOR.lid("../admin"), "who: '../admin' is neither"),
    "a person for a group": (lambda: VENDOR.group_info(f"{TO}@s.whatsapp.net"), "is not the JID of a group"),
    "digits for a group": (lambda: VENDOR.invite_link("120362023605733675"), "is not the JID of a group"),
    "an empty name": (lambda: VENDOR.set_group_name(GROUP, ""), "name is empty"),
    "a photo by link": (lambda: VENDOR.set_group_photo(GROUP, Media(url="https://x/a.jpg")), "group photo: url"),
    "a PNG for a photo": (lambda: VENDOR.set_group_photo(GROUP, Media(PNG)), "it must be image/jpeg"),
    "a photo for nobody": (lambda: VENDOR.set_group_photo("x", Media(JPEG)), "is not the JID of a group"),
}


@pytest.mark.parametrize(("call", "words"), BAD_INPUT.values(), ids=BAD_INPUT)
def test_bad_input_is_refused_before_any_call(call: Callable[[], Flow[Any]], words: str) -> None:
    error = play(call(), []).error
    assert type(error) is BadInput
    assert words in str(error)
