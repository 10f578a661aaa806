# SPDX-License-Identifier: Apache-2.0
"""WuzAPI: errors, doubtful replies, session and webhook."""

from __future__ import annotations

import json
from collections.abc import Callable
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
    VendorUnavailable,
    WaError,
)
from airflow_provider_wa.api.flow import Effect, Flow, Reply
from airflow_provider_wa.api.messages import Media, Text
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import CheckStatus, Record, SentMessage, SessionState, Webhook
from airflow_provider_wa.vendors.wuzapi.client import WuzApi
from airflow_provider_wa.vendors.wuzapi.tables import EVENTS

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


def test_success_in_a_failure_is_not_believed() -> None:
    assert type(play(VENDOR.groups(), [reply(NO_TEXT, 500)] * 4).error) is VendorUnavailable
    assert type(send(reply(NO_TEXT, 500))) is OutcomeUnknown


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


def test_connecting_asks_for_the_state() -> None:
    (_, status) = play(VENDOR.connect(), [reply(CONNECTED), reply(STATUS)]).requests
    assert (status.method, status.path) == ("GET", "/session/status")


def test_connecting_always_names_the_subscriptions() -> None:
    assert EVENTS == ("Message", "ReadReceipt", "HistorySync", "ChatPresence")
    (connect, _) = play(VENDOR.connect(), [reply(CONNECTED), reply(STATUS)]).requests
    assert connect.json == {"Subscribe": list(EVENTS), "Immediate": True}


def test_connecting_twice_is_fine() -> None:
    assert play(VENDOR.connect(), [failure(409, "already connected"), reply(STATUS)]).result.logged_in


def test_connected_is_not_believed_without_the_state() -> None:
    answers = [reply(CONNECTED), envelope({"connected": False, "loggedIn": False})]
    assert not play(VENDOR.connect(), answers).result.logged_in


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


def test_a_probe_tells_the_state() -> None:
    assert play(VENDOR.probe(), [reply(STATUS)]).result.endswith("logged in")
    assert play(VENDOR.probe(), [envelope({"connected": False})]).result.endswith("logged out")


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


@pytest.mark.parametrize("deed", [VENDOR.set_webhook, VENDOR.update_webhook], ids=["set", "update"])
def test_events_are_sent_along_even_if_none_is_named(deed: Callable[..., Flow[Webhook]]) -> None:
    played = play(deed("https://x"), [envelope({"webhook": "https://x"})])
    assert played.request.json["events"] == list(EVENTS)
    assert played.result.events == EVENTS
    assert play(deed("https://x", ["All"]), [envelope({})]).result.events == ("All",)


def test_a_webhooks_url_is_not_shown() -> None:
    hook = play(VENDOR.set_webhook("https://x/s3cr3t"), [envelope({"webhook": "https://x/s3cr3t"})]).result
    assert "s3cr3t" not in repr(hook) + json.dumps(hook.to_dict())


BAD_INPUT: dict[str, tuple[Callable[[], Flow[Any]], str]] = {
    "no web address": (lambda: VENDOR.set_webhook("ftp://x"), "webhook: the URL"),
    "no host": (lambda: VENDOR.update_webhook("https://"), "webhook: the URL"),
    "an empty event": (lambda: VENDOR.set_webhook("https://x", ["Message", " "]), "events: an event type is empty"),
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


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE)
def test_a_change_to_a_group_with_an_unclear_answer_is_unknown(body: str | bytes) -> None:
    for flow in (VENDOR.set_group_name(GROUP, "x"), VENDOR.set_group_photo(GROUP, Media(b"\xff\xd8\xff"))):
        assert type(play(flow, [reply(body)]).error) is OutcomeUnknown
