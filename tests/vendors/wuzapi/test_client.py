# SPDX-License-Identifier: Apache-2.0
"""WuzAPI: errors, doubtful replies, session and webhook."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from contract.samples_wuzapi import CONNECTED, PNG, QR, SAMPLES, SENT, STATUS, TO, VENDOR, envelope, failure
from helpers.junk import replies
from helpers.script import GARBAGE, HTML, play, reply
from hypothesis import given
from hypothesis import strategies as st

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
from airflow_provider_wa.api.flow import Effect, Flow, Reply
from airflow_provider_wa.api.messages import Media, Text
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import CheckStatus, Record, SentMessage, SessionState, Webhook
from airflow_provider_wa.vendors.wuzapi.client import WuzApi
from airflow_provider_wa.vendors.wuzapi.tables import EVENTS, KNOWN_EVENTS

KNOWN = PhoneNumber("5491155554445", "54")
GROUP = "120362023605733675@g.us"


def send(*answers: Reply | WaError) -> WaError:
    error = play(VENDOR.send(TO, Text("x")), list(answers)).error
    assert error is not None
    return error


# Errors: what a READ and a SEND make of them

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
    assert "no such endpoint: it is too old for it or too new" in str(error)


def test_a_dropped_connection_leaves_a_send_unknown() -> None:
    dropped = OutcomeUnknown("the connection closed")
    assert send(dropped) is dropped


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_read_is_repeated(status: int) -> None:
    assert play(VENDOR.session(), [reply(HTML, status), reply(HTML, status), reply(STATUS)]).result


# Session


@pytest.mark.parametrize(
    ("value", "state"),
    [
        ({"connected": True, "loggedIn": True, "jid": "1@s.whatsapp.net", "name": "me"}, SessionState.LOGGED_IN),
        ({"connected": True, "loggedIn": False}, SessionState.LOGGED_OUT),
        ({"connected": False, "loggedIn": True}, SessionState.LOGGED_OUT),
        ({"connected": False, "loggedIn": False}, SessionState.LOGGED_OUT),
        ({"Connected": True, "LoggedIn": None}, SessionState.LOGGED_OUT),
        ({"connected": None, "loggedIn": None}, None),
        ({}, None),
        (None, None),
        ("connected", None),
    ],
    ids=str,
)
def test_each_session_state(value: Any, state: SessionState | None) -> None:
    played = play(VENDOR.session(), [envelope(value)])
    if state is None:
        assert type(played.error) is UnexpectedReply
    else:
        assert played.result.state is state
        assert played.result.jid == value.get("jid")
        assert played.result.name == value.get("name")


def test_a_session_keeps_neither_the_login_code_nor_the_token() -> None:
    value = {"connected": True, "loggedIn": False, "QRcode": "data:...", "token": "1234ABCD", "events": "All"}
    session = play(VENDOR.session(), [envelope(value)]).result
    assert session.raw == {"connected": True, "loggedIn": False, "events": "All"}


def test_a_user_that_never_connected_is_logged_out() -> None:
    session = play(VENDOR.session(), [failure(500, "no session")]).result
    assert (session.state, session.detail) == (SessionState.LOGGED_OUT, "no session")


def test_a_session_that_cannot_be_asked_for_is_an_error() -> None:
    assert type(play(VENDOR.session(), [failure(401, "unauthorized")]).error) is Unauthorized


SUBSCRIBED = envelope({"webhook": "https://x", "subscribe": ["Message", "CallOffer"]})
UNSUBSCRIBED = envelope({"webhook": "", "subscribe": [""]})


def test_connecting_asks_for_the_state() -> None:
    status = play(VENDOR.connect(["Message"]), [reply(CONNECTED), reply(STATUS)]).requests[-1]
    assert (status.method, status.path) == ("GET", "/session/status")


@pytest.mark.parametrize(
    ("webhook", "sent"), [(SUBSCRIBED, ["Message", "CallOffer"]), (UNSUBSCRIBED, [*EVENTS])], ids=["some", "none"]
)
def test_connecting_sends_the_subscriptions_that_are_there(webhook: Reply, sent: list[str]) -> None:
    (_, connect, _) = play(VENDOR.connect(), [webhook, reply(CONNECTED), reply(STATUS)]).requests
    assert connect.json == {"Subscribe": sent, "Immediate": True}


def test_the_default_is_messages_receipts_and_the_session() -> None:
    assert (
        *("Message", "ReadReceipt", "Connected", "Disconnected", "LoggedOut"),
        *("TemporaryBan", "PairSuccess", "StreamError"),
    ) == EVENTS
    assert len(KNOWN_EVENTS) == len({*KNOWN_EVENTS}) == 48 + 7


CONFLICTS = [failure(500, "already connected"), failure(409, "already connected"), failure(500, "Already Connected")]


@pytest.mark.parametrize("conflict", CONFLICTS, ids=["1.0.6", "newest", "document"])
def test_connecting_twice_is_fine(conflict: Reply) -> None:
    assert play(VENDOR.connect(), [SUBSCRIBED, conflict, reply(STATUS)]).result.logged_in


def test_subscriptions_that_a_connected_session_did_not_take_are_set() -> None:
    answers = [CONFLICTS[0], SUBSCRIBED, envelope({"webhook": "https://x"}), reply(STATUS)]
    requests = play(VENDOR.connect(["Message", "QR"]), answers).requests
    assert requests[2].json == {"webhookURL": "https://x", "events": ["Message", "QR"]}
    answers = [CONFLICTS[0], SUBSCRIBED, reply(STATUS)]
    assert play(VENDOR.connect(["Message"]), answers).result.logged_in


@pytest.mark.parametrize("answer", [reply(HTML, 502), failure(500, "failed to Connect"), OutcomeUnknown("cut")])
def test_a_connect_goes_out_once(answer: Reply | WaError) -> None:
    played = play(VENDOR.connect(["Message"]), [answer, DOWN])
    assert type(played.error) is VendorUnavailable
    assert "not connected" in str(played.error)
    assert play(VENDOR.connect(["Message"]), [answer, QR_SHOWN]).result.state is SessionState.LOGGED_OUT
    assert play(VENDOR.connect(["Message"]), [answer, UP]).result.logged_in


def test_a_connect_that_is_refused_is_an_error() -> None:
    assert type(play(VENDOR.connect(["Message"]), [failure(401, "unauthorized")]).error) is Unauthorized


def test_connected_is_not_believed_without_the_state() -> None:
    answers = [reply(CONNECTED), envelope({"connected": False, "loggedIn": False})]
    assert not play(VENDOR.connect(["Message"]), answers).result.logged_in


@pytest.mark.parametrize("words", ["no session", "could not disconnect as it was not connected"])
def test_disconnecting_twice_is_fine(words: str) -> None:
    assert play(VENDOR.disconnect(), [failure(500, words)]).result is None


def test_logging_out_twice_is_fine_but_not_without_a_connection() -> None:
    assert play(VENDOR.logout(), [failure(500, "could not logout as it was not logged in")]).result is None
    assert type(play(VENDOR.logout(), [failure(500, "no session")]).error) is SessionDown


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"connected": True, "loggedIn": True}, "logged in already"),
        ({"connected": True, "loggedIn": False}, "ask again in a moment"),
    ],
)
def test_no_qr_code_says_why(state: dict[str, bool], words: str) -> None:
    error = play(VENDOR.qr_code(), [envelope({"QRCode": ""}), envelope(state)]).error
    assert type(error) is SessionDown
    assert words in str(error)


@pytest.mark.parametrize("words", ["no session", "not connected", "already logged in"])
def test_there_is_no_qr_code_before_connecting_nor_after_the_login(words: str) -> None:
    assert type(play(VENDOR.qr_code(), [failure(500, words)]).error) is SessionDown


@pytest.mark.parametrize(
    ("health", "words"),
    [
        (reply({"status": "ok", "version": "1.0.6"}), "logged in; the server's version is 1.0.6"),
        (reply("404 page not found", 404), "logged in"),
        (reply({"status": "ok"}), "logged in"),
        (NO_REPLY, "logged in"),
    ],
)
def test_a_probe_tells_the_state_and_the_version(health: Reply | WaError, words: str) -> None:
    assert play(VENDOR.probe(), [reply(STATUS), health]).result.endswith(words)
    assert "session is logged out" in play(VENDOR.probe(), [envelope({"connected": False}), health]).result


def test_login_secrets_are_not_shown() -> None:
    code = play(VENDOR.pair_phone("+34600000001"), [envelope({"linkingCode": "9H3J-H3J8"})]).result
    assert code.code == "9H3J-H3J8"
    assert "9H3J" not in repr(code) + str(code) + json.dumps(code.to_dict())
    assert code.raw is None
    assert repr(PNG) not in repr(play(VENDOR.qr_code(), [reply(QR)]).result)
    assert "1234ABCD" not in repr(VENDOR)


def test_a_phone_that_is_paired_already_is_told() -> None:
    error = play(VENDOR.pair_phone(TO), [failure(400, "already paired")]).error
    assert type(error) is BadInput
    assert "already paired" in str(error)


# Webhook


@pytest.mark.parametrize(
    ("value", "events"),
    [
        ({"subscribe": ["Message", "ReadReceipt"], "webhook": "https://x"}, ("Message", "ReadReceipt")),
        ({"Subscribe": "Message,ReadReceipt", "Webhook": "https://x"}, ("Message", "ReadReceipt")),
        ({"subscribe": [""], "webhook": "https://x"}, ()),
        ({"subscribe": None, "webhook": "https://x"}, ()),
        ({"subscribe": {"a": 1}, "webhook": "https://x"}, ()),
        ({"webhook": "https://x"}, ()),
    ],
    ids=str,
)
def test_subscriptions_in_any_form(value: Any, events: tuple[str, ...]) -> None:
    assert play(VENDOR.webhook(), [envelope(value)]).result == Webhook(vendor="wuzapi", url="https://x", events=events)


@pytest.mark.parametrize("value", [None, {}, [], "https://x", {"subscribe": ["Message"]}], ids=str)
def test_a_reply_that_names_no_webhook_is_unexpected(value: Any) -> None:
    assert type(play(VENDOR.webhook(), [envelope(value)]).error) is UnexpectedReply


def hook(*events: str, url: str = "https://x") -> Reply:
    return envelope({"webhook": url, "subscribe": [*events] or [""]})


DEEDS = pytest.mark.parametrize("deed", [VENDOR.set_webhook, VENDOR.update_webhook], ids=["set", "update"])
DONE = envelope({"webhook": "https://x"})


@DEEDS
def test_events_are_sent_along_even_if_none_is_named_and_read_back(deed: Callable[..., Flow[Webhook]]) -> None:
    played = play(deed("https://x"), [DONE, hook(*EVENTS)])
    assert played.requests[0].json["events"] == list(EVENTS)
    assert (played.requests[1].method, played.requests[1].path) == ("GET", "/webhook")
    assert played.result.events == EVENTS
    assert play(deed("https://x", ["All"]), [DONE, hook("All")]).result.events == ("All",)


@DEEDS
def test_an_event_that_the_server_dropped_is_an_error(deed: Callable[..., Flow[Webhook]]) -> None:
    error = play(deed("https://x", ["Message", "ChatNew"]), [DONE, hook("Message")]).error
    assert type(error) is BadInput
    assert "this server does not know ChatNew; it posts Message now" in str(error)
    assert play(deed("https://x"), [DONE, hook("Message", "ReadReceipt")]).result.events == ("Message", "ReadReceipt")


@DEEDS
def test_a_url_that_the_server_did_not_keep_is_an_error(deed: Callable[..., Flow[Webhook]]) -> None:
    assert type(play(deed("https://x/s3cr3t"), [DONE, hook(url="https://x")]).error) is UnexpectedReply


def test_a_webhook_that_is_switched_off_is_read_back_as_well() -> None:
    played = play(VENDOR.update_webhook("https://x", ["Message"], active=False), [DONE, hook(url="")])
    assert (played.result.url, played.result.events) == ("", ())


SIGNING = replace(VENDOR, hmac_secret="0123456789abcdef0123456789abcdef")
SAVED = reply({"Details": "HMAC configuration saved successfully"})


def test_with_a_key_the_server_is_told_to_sign_first() -> None:
    played = play(SIGNING.set_webhook("https://x"), [SAVED, DONE, hook(*EVENTS)])
    assert [(request.method, request.path) for request in played.requests] == [
        ("POST", "/session/hmac/config"),
        ("POST", "/webhook"),
        ("GET", "/webhook"),
    ]
    assert played.requests[0].json == {"hmac_key": SIGNING.hmac_secret}
    assert SIGNING.hmac_secret not in repr(played.requests)


@pytest.mark.parametrize(
    "answer", [reply("404 page not found", 404), reply({}), reply(HTML), failure(500, "failed to encrypt HMAC key")]
)
def test_without_a_saved_key_the_webhook_stays_as_it_is(answer: Reply) -> None:
    played = play(SIGNING.set_webhook("https://x"), iter([answer] * 4))
    assert played.error is not None
    assert {request.path for request in played.requests} == {"/session/hmac/config"}


def test_a_short_key_is_refused_before_any_call() -> None:
    error = play(replace(VENDOR, hmac_secret="k" * 31).set_webhook("https://x"), []).error
    assert type(error) is BadInput
    assert "hmac_secret: it has 31 characters; the server takes 32 or more" in str(error)


def test_a_webhooks_url_is_not_shown() -> None:
    url = "https://x/s3cr3t"
    found = play(VENDOR.set_webhook(url), [DONE, hook(*EVENTS, url=url)]).result
    assert "s3cr3t" not in repr(found) + json.dumps(found.to_dict())


BAD_INPUT: dict[str, tuple[Callable[[], Flow[Any]], str]] = {
    "no web address": (lambda: VENDOR.set_webhook("ftp://x"), "webhook: the URL"),
    "no host": (lambda: VENDOR.update_webhook("https://"), "webhook: the URL"),
    "an unknown event": (
        lambda: VENDOR.set_webhook("https://x", ["Message", "LoggedOff"]),
        "events: unknown 'LoggedOff'; expected some of Message, UndecryptableMessage",
    ),
    "an event in small letters": (lambda: VENDOR.connect(["message"]), "events: unknown 'message'"),
    "a negative number to keep": (lambda: VENDOR.keep_history(-1), "messages_per_chat: -1 is negative"),
    "blocking nobody": (lambda: VENDOR.block("Ana"), "who: 'Ana' is neither"),
    "a text for events": (lambda: VENDOR.connect("Message"), "events: got a text; expected a list"),
    "no phone": (lambda: VENDOR.pair_phone("34 600"), "phone: '34 600' is not a phone number"),
}


@pytest.mark.parametrize(("call", "words"), BAD_INPUT.values(), ids=BAD_INPUT)
def test_bad_input_is_refused_before_any_call(call: Callable[[], Flow[Any]], words: str) -> None:
    error = play(call(), []).error
    assert type(error) is BadInput
    assert error.vendor == "wuzapi"
    assert words in str(error)


# Any reply at all: every endpoint, near its own samples

NEAR = [
    value
    for samples in SAMPLES.values()
    for sample in samples
    for answer in sample.answers
    if (value := answer.json) is not None
]
CALLS: list[Callable[[WuzApi], Flow[Any]]] = [sample.call for samples in SAMPLES.values() for sample in samples]
KINDS = (Record, str, type(None))


def check_result(answer: Reply, result: Any) -> None:
    """A result is of a kind that a sample has as well, and a check says only what the reply said."""
    for item in result if isinstance(result, list) else [result]:
        assert isinstance(item, KINDS)
        status = getattr(item, "status", None)
        if status in (CheckStatus.EXISTS, CheckStatus.ABSENT):
            said = json.dumps(answer.object).casefold().replace('"', "")
            words = {"yes", "true", "1"} if status is CheckStatus.EXISTS else {"no", "false", "0"}
            assert item.number in said
            assert any(f"isinwhatsapp: {word}" in said for word in words)
            assert answer.status < 300


@given(replies([*NEAR, NO_TEXT, {"code": 500, "error": "no session"}]), st.sampled_from(CALLS))
def test_any_reply_is_an_answer_or_an_error(answer: Reply, call: Callable[[WuzApi], Flow[Any]]) -> None:
    played = play(call(VENDOR), iter([answer] * 12))
    if played.error is None:
        check_result(answer, played.outcome)
        if isinstance(played.outcome, SentMessage):
            assert answer.status < 300
            assert played.outcome.message_id


@given(replies(NEAR).filter(lambda answer: answer.status not in (400, 404, 429)), st.sampled_from(CALLS))
def test_whatever_the_answer_a_send_goes_out_once(answer: Reply, call: Callable[[WuzApi], Flow[Any]]) -> None:
    sends = [r for r in play(call(VENDOR), iter([answer] * 12)).requests if r.effect is Effect.SEND]
    assert len(sends) <= 1


def test_a_change_to_a_group_is_harmless_twice() -> None:
    for flow in (VENDOR.set_group_name(GROUP, "x"), VENDOR.set_group_photo(GROUP, Media(b"\xff\xd8\xff"))):
        played = play(flow, iter([reply(HTML, 502), envelope({"PictureID": "1"})]))
        assert played.error is None
        assert {request.effect for request in played.requests} == {Effect.READ}


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE)
def test_a_change_to_a_group_with_an_unclear_answer_is_an_error(body: str | bytes) -> None:
    for flow in (VENDOR.set_group_name(GROUP, "x"), VENDOR.set_group_photo(GROUP, Media(b"\xff\xd8\xff"))):
        assert type(play(flow, [reply(body)]).error) is UnexpectedReply
