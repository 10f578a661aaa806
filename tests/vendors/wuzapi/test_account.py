# SPDX-License-Identifier: Apache-2.0
"""A user's account at WuzAPI: session, login, webhook."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from contract.samples_wuzapi import CONNECTED, PNG, QR, STATUS, TO, VENDOR, envelope, failure
from helpers.script import HTML, play, reply

from airflow_provider_wa.api.errors import (
    BadInput,
    OutcomeUnknown,
    SessionDown,
    Unauthorized,
    UnexpectedReply,
    VendorUnavailable,
    WaError,
)
from airflow_provider_wa.api.flow import Flow, Reply
from airflow_provider_wa.api.records import SessionState, Webhook
from airflow_provider_wa.vendors.wuzapi.tables import EVENTS, KNOWN_EVENTS

DOWN, QR_SHOWN, UP = (
    envelope({"connected": connected, "loggedIn": logged_in})
    for connected, logged_in in ((False, False), (True, False), (True, True))
)


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


NO_REPLY = VendorUnavailable("no reply (ServerDisconnectedError)")


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
