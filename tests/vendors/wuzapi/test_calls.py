# SPDX-License-Identifier: Apache-2.0
"""WuzAPI's errors: what a READ and a SEND make of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from contract.samples_wuzapi import SENT, STATUS, TO, VENDOR, envelope, failure
from helpers.script import HTML, play, reply

from airflow_provider_wa.api.errors import (
    BadInput,
    OutcomeUnknown,
    SessionDown,
    Unauthorized,
    UnexpectedReply,
    UnsupportedByVendor,
    VendorUnavailable,
    WaError,
)
from airflow_provider_wa.api.flow import Flow, Reply
from airflow_provider_wa.api.messages import Media, Text
from airflow_provider_wa.api.numbers import PhoneNumber

KNOWN = PhoneNumber("5491155554445", "54")
GROUP = "120362023605733675@g.us"


def send(*answers: Reply | WaError) -> WaError:
    error = play(VENDOR.send(TO, Text("x")), list(answers)).error
    assert error is not None
    return error


NO_TEXT = {"code": 500, "success": True}
ERRORS: list[tuple[int, str, type[WaError], type[WaError]]] = [
    (400, "missing Phone in Payload", BadInput, BadInput),
    (400, "could not decode Payload", BadInput, BadInput),
    (400, "already paired", BadInput, BadInput),
    (400, "missing required fields: Phone, ButtonText, Desc, TopText", BadInput, BadInput),
    (500, "could not decode base64 encoded data from payload", BadInput, BadInput),
    (401, "unauthorized", Unauthorized, Unauthorized),
    (404, "LID not found for this number", UnexpectedReply, UnexpectedReply),
    (409, "already connected", BadInput, BadInput),
    (500, "no session", SessionDown, SessionDown),
    (500, "No session", SessionDown, SessionDown),
    (500, "not connected", SessionDown, SessionDown),
    (500, "already logged in", SessionDown, SessionDown),
    (500, "error sending message: websocket not connected", SessionDown, SessionDown),
    (500, "error sending message: the store doesn't contain a device JID", SessionDown, SessionDown),
    (500, "could not connect: Not logged in yet", SessionDown, SessionDown),
    (500, "error sending message: timed out waiting for message send response", OutcomeUnknown, OutcomeUnknown),
    (500, "error sending message: no LID found for 5491155554444@s.whatsapp.net from server", BadInput, BadInput),
    (500, "error sending message: can't send message to unknown server x", BadInput, BadInput),
    (500, "failed to download image download failed with status code 410", BadInput, BadInput),
    (500, "failed to get avatar: that user or group does not have a profile picture", BadInput, BadInput),
    (500, "no avatar found", BadInput, BadInput),
    (500, "error sending message: server returned error 479", VendorUnavailable, OutcomeUnknown),
    (
        500,
        "failed to upload file: failed to refresh media connections: info query timed out",
        VendorUnavailable,
        VendorUnavailable,
    ),
    (500, "Failed to upload file: server returned 507", VendorUnavailable, VendorUnavailable),
    (
        500,
        "failed to upload file: failed to query media connections: websocket not connected",
        SessionDown,
        SessionDown,
    ),
    (500, "error sending message: failed to get device list: x", VendorUnavailable, VendorUnavailable),
    (500, "error sending message: info query timed out", VendorUnavailable, VendorUnavailable),
    (400, 'failed to fetch image from url: Get "http://127.0.0.1": ssrf attempt detected', BadInput, BadInput),
    (500, "failed to convert image sticker to webp: exit status 1", BadInput, BadInput),
    (501, "message history is disabled for this user", UnsupportedByVendor, UnsupportedByVendor),
    (500, "failed to get user info", VendorUnavailable, OutcomeUnknown),
]


@pytest.mark.parametrize(("status", "words", "read", "sent"), ERRORS)
def test_each_error(status: int, words: str, read: type[WaError], sent: type[WaError]) -> None:
    tries = 4 if read is VendorUnavailable else 1
    error = play(VENDOR.check([KNOWN]), [failure(status, words)] * tries).error
    assert type(error) is read
    assert error.code == words
    assert type(send(failure(status, words))) is sent


def test_a_conflict_says_what_it_is() -> None:
    assert "another state" in str(play(VENDOR.delete_webhook(), [failure(409, "already connected")]).error)


def test_a_list_without_a_header_says_what_older_servers_want() -> None:
    assert "need a header" in str(send(failure(400, "missing TopText in Payload")))


def test_an_answer_with_another_status_than_success_is_none() -> None:
    assert type(play(VENDOR.contacts(), [reply(envelope({}).body, 300)]).error) is UnexpectedReply
    assert type(send(reply(SENT, 300))) is OutcomeUnknown
    assert type(send(reply(SENT, 500))) is OutcomeUnknown


BARE = reply(NO_TEXT, 500)
DOWN, QR_SHOWN, UP = (
    envelope({"connected": connected, "loggedIn": logged_in})
    for connected, logged_in in ((False, False), (True, False), (True, True))
)

NO_REPLY = VendorUnavailable("no reply (ServerDisconnectedError)")
WORDLESS: dict[str, tuple[Callable[[], Flow[Any]], Reply | WaError]] = {
    "groups": (lambda: VENDOR.groups(), BARE),
    "group info": (lambda: VENDOR.group_info(GROUP), BARE),
    "invite link": (lambda: VENDOR.invite_link(GROUP), BARE),
    "group name": (lambda: VENDOR.set_group_name(GROUP, "x"), BARE),
    "group photo": (lambda: VENDOR.set_group_photo(GROUP, Media(b"\xff\xd8\xff")), BARE),
    "user info": (lambda: VENDOR.user_info([TO]), BARE),
    "presence": (lambda: VENDOR.presence(TO), failure(500, "failure sending chat presence to Whatsapp servers")),
    "mark read": (lambda: VENDOR.mark_read(["A1"], TO), failure(500, "failure marking messages as read")),
    "avatar": (lambda: VENDOR.avatar(TO), NO_REPLY),
    "contacts": (lambda: VENDOR.contacts(), NO_REPLY),
    "lid": (lambda: VENDOR.lid(TO), NO_REPLY),
}


@pytest.mark.parametrize("status", [DOWN, QR_SHOWN], ids=["down", "qr shown"])
@pytest.mark.parametrize(("call", "answer"), WORDLESS.values(), ids=WORDLESS)
def test_a_failure_without_words_is_told_apart_by_one_question(
    call: Callable[[], Flow[Any]], answer: Reply | WaError, status: Reply
) -> None:
    played = play(call(), [answer, status])
    assert type(played.error) is SessionDown
    assert played.requests[1].path == "/session/status"
    assert played.sleeps == []


@pytest.mark.parametrize(("call", "answer"), WORDLESS.values(), ids=WORDLESS)
def test_of_a_session_that_is_logged_in_it_is_a_failure_of_the_vendor(
    call: Callable[[], Flow[Any]], answer: Reply | WaError
) -> None:
    # Only a reply that never came is asked for again.
    answers = [answer, UP, *([answer] * 3 if answer is NO_REPLY else [])]
    assert type(play(call(), answers).error) is VendorUnavailable


@pytest.mark.parametrize("status", [reply(NO_TEXT, 500), reply(HTML, 502), envelope({}), NO_REPLY])
def test_a_state_that_cannot_be_asked_for_leaves_the_failure_as_it_is(status: Reply | WaError) -> None:
    played = play(VENDOR.groups(), iter([BARE, status, *[BARE] * 3]))
    assert type(played.error) is VendorUnavailable
    assert sum(request.path == "/session/status" for request in played.requests) == 1


def test_a_send_without_words_is_never_taken_for_unsent() -> None:
    assert type(send(BARE)) is OutcomeUnknown


def test_an_endpoint_that_is_not_there_never_took_the_message() -> None:
    answer = reply("404 page not found", 404, content_type="text/plain")
    assert type(send(answer)) is UnexpectedReply
    error = play(VENDOR.check([KNOWN]), [answer]).error
    assert type(error) is UnexpectedReply
    assert "does not have the endpoint: it is too old or too new" in str(error)


def test_a_dropped_connection_leaves_a_send_unknown() -> None:
    dropped = OutcomeUnknown("the connection closed")
    assert send(dropped) is dropped


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_read_is_repeated(status: int) -> None:
    assert play(VENDOR.session(), [reply(HTML, status), reply(HTML, status), reply(STATUS)]).result
