# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from helpers.junk import replies
from helpers.script import GARBAGE, HTML, Played, play, reply
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
from airflow_provider_wa.api.flow import Effect, Flow, Reply, Request
from airflow_provider_wa.api.messages import (
    Audio,
    ContactCard,
    Document,
    Image,
    Location,
    Media,
    Message,
    Text,
    Video,
)
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import CheckResult, CheckStatus, QrCode, SentMessage, Session, SessionState
from airflow_provider_wa.api.vendors.wuzapi import EVENTS, SEND_TIMEOUT, SENDS, WuzApi

VENDOR = WuzApi(base_url="http://localhost:8080", token="1234ABCD")
HEADERS = {"Token": "1234ABCD"}
TO = "5491155554444"
KNOWN, STRANGER = PhoneNumber("5491155554445", "54"), PhoneNumber("5491155554444", "54")

# vendor-docs/wuzapi
CHECKED = """{
"code": 200,
"data": {
"Users": [
{
"IsInWhatsapp": true,
"JID": "5491155554445@s.whatsapp.net",
"Query": "5491155554445",
"VerifiedName": "Company Name"
},
{
"IsInWhatsapp": false,
"JID": "5491155554444@s.whatsapp.net",
"Query": "5491155554444",
"VerifiedName": ""
}
]
},
"success": true
}"""
SENT = """{
"code": 200,
"data": {
"Details": "Sent",
"Id": "90B2F8B13FAC8A9CF6B06E99C7834DC5",
"Timestamp": "2022-04-20T12:49:08-03:00"
},
"success": true
}"""
STATUS = """{
"code": 200,
"data": {
"Connected": true,
"LoggedIn": true
},
"success": true
}"""
CONNECTED = """{
"code": 200,
"data": {
"details": "Connected!",
"events": "Message",
"jid": "5491155554444.0:52@s.whatsapp.net",
"webhook": "http://some.site/webhook?token=123456"
},
"success": true
}"""
DISCONNECTED = """{
"code": 200,
"data": {
"Details": "Disconnected"
},
"success": true
}"""
# The document cuts its picture off with dots; this is the picture's beginning.
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
QR = {"code": 200, "data": {"QRCode": f"data:image/png;base64,{base64.b64encode(PNG).decode()}"}, "success": True}


def data(value: Any) -> Reply:
    return reply({"code": 200, "data": value, "success": True})


def failure(status: int, error: str) -> Reply:
    return reply({"code": status, "error": error, "success": False}, status)


# Checks


def test_the_sample_check_is_asked_and_read() -> None:
    played = play(VENDOR.check([KNOWN, STRANGER]), [reply(CHECKED)])
    assert played.request == Request(
        "POST", "/user/check", Effect.READ, headers=HEADERS, json={"Phone": ["5491155554445", "5491155554444"]}
    )
    assert played.result == [
        CheckResult(
            vendor="wuzapi",
            number="5491155554445",
            status=CheckStatus.EXISTS,
            jid="5491155554445@s.whatsapp.net",
            detail="Company Name",
        ),
        CheckResult(vendor="wuzapi", number="5491155554444", status=CheckStatus.ABSENT),
    ]
    assert [result.raw for result in played.result] == json.loads(CHECKED)["data"]["Users"]


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
    results = play(VENDOR.check([KNOWN, STRANGER]), [data({"Users": users})]).result
    assert [result.number for result in results] == [KNOWN.digits, STRANGER.digits]
    assert tuple(result.status for result in results) == statuses
    assert all(result.detail for result in results if result.status is CheckStatus.UNKNOWN)


def test_a_hidden_number_is_sent_to_under_the_jid_that_the_server_tells() -> None:
    users = [user(KNOWN.digits, True, JID="123456789012345@lid")]
    assert play(VENDOR.check([KNOWN]), [data({"Users": users})]).result[0].jid == "123456789012345@lid"


def test_an_absent_number_has_no_jid() -> None:
    users = [user(KNOWN.digits, False, JID=f"{KNOWN.digits}@s.whatsapp.net")]
    assert play(VENDOR.check([KNOWN]), [data({"Users": users})]).result[0].jid is None


@pytest.mark.parametrize("value", [None, {}, [], "x", {"Users": None}, {"Users": {"a": 1}}, {"Users": "x"}], ids=str)
def test_a_check_without_a_list_of_users_is_unexpected(value: Any) -> None:
    assert type(play(VENDOR.check([KNOWN]), [data(value)]).error) is UnexpectedReply


# Sends

JPEG = b"\xff\xd8\xff\xe0"
LINK = "https://example.com/a.jpg"

SAMPLES: dict[str, tuple[Message, str, dict[str, Any]]] = {
    "text": (Text("Hellow Meow"), "text", {"Body": "Hellow Meow"}),
    "image": (
        Image(Media(JPEG, media_type="image/jpeg"), "Look at this"),
        "image",
        {"Caption": "Look at this", "Image": "data:image/jpeg;base64,/9j/4A=="},
    ),
    "image, no caption": (Image(Media(JPEG, filename="a.png")), "image", {"Image": "data:image/png;base64,/9j/4A=="}),
    "image by link": (Image(Media(url=LINK)), "image", {"Image": LINK}),
    "audio": (Audio(Media(b"OggS", media_type="audio/mpeg")), "audio", {"Audio": "data:audio/ogg;base64,T2dnUw=="}),
    "video": (
        Video(Media(b"x", filename="a.mp4"), "Look at this"),
        "video",
        {"Caption": "Look at this", "Video": "data:video/mp4;base64,eA=="},
    ),
    "document": (
        Document(Media(b"hola que tal\n", filename="hola.txt")),
        "document",
        {"FileName": "hola.txt", "Document": "data:application/octet-stream;base64,aG9sYSBxdWUgdGFsCg=="},
    ),
    "document by link": (
        Document(Media(url="https://example.com/a.pdf"), "Read this"),
        "document",
        {"FileName": "a.pdf", "Document": "https://example.com/a.pdf", "Caption": "Read this"},
    ),
    "location": (
        Location(48.858370, 2.294481, "Paris"),
        "location",
        {"Latitude": 48.858370, "Longitude": 2.294481, "Name": "Paris"},
    ),
    "contact": (
        ContactCard("Casa", "+1 617 555 1212"),
        "contact",
        {"Name": "Casa", "Vcard": ContactCard("Casa", "+16175551212").vcard},
    ),
}


def send(message: Message, *answers: Reply | WaError, message_id: str | None = None) -> Played[SentMessage]:
    return play(VENDOR.send(TO, message, message_id=message_id), list(answers))


@pytest.mark.parametrize(("message", "kind", "body"), SAMPLES.values(), ids=SAMPLES)
def test_each_sample_send_is_the_documents(message: Message, kind: str, body: dict[str, Any]) -> None:
    request = send(message, reply(SENT)).request
    assert request == Request(
        "POST",
        f"/chat/send/{kind}",
        Effect.SEND,
        headers=HEADERS,
        json={"Phone": "5491155554444", **body},
        timeout=SEND_TIMEOUT,
    )


def test_every_kind_of_message_has_a_sample() -> None:
    assert {type(message) for message, _, _ in SAMPLES.values()} == set(SENDS)


def test_the_wait_for_a_send_is_longer_than_the_server_may_take() -> None:
    assert SEND_TIMEOUT > 120


def test_the_sample_reply_is_an_accepted_message() -> None:
    assert send(Text("x"), reply(SENT)).result == SentMessage(
        vendor="wuzapi",
        message_id="90B2F8B13FAC8A9CF6B06E99C7834DC5",
        to="5491155554444",
        timestamp=datetime(2022, 4, 20, 12, 49, 8, tzinfo=timezone(timedelta(hours=-3))),
    )


@pytest.mark.parametrize("stamp", [1650469748, "1650469748"])
def test_a_newer_servers_timestamp_is_the_same_moment(stamp: Any) -> None:
    sent = send(Text("x"), data({"Id": "A1", "Timestamp": stamp})).result
    assert sent.timestamp == datetime(2022, 4, 20, 15, 49, 8, tzinfo=timezone.utc)


def test_the_callers_id_goes_along_and_stays_over_repeats() -> None:
    down = VendorUnavailable("refused", never_left=True)
    played = send(Text("x"), down, data({"Details": "Sent"}), message_id="MINE")
    assert [request.json["Id"] for request in played.requests] == ["MINE", "MINE"]
    assert played.result.message_id == "MINE"


def test_without_an_id_the_server_chooses() -> None:
    assert "Id" not in send(Text("x"), reply(SENT)).request.json


@pytest.mark.parametrize("latitude", [0, 0.0, -0.0])
def test_a_degree_of_exactly_zero_is_moved_by_a_centimetre(latitude: float) -> None:
    request = send(Location(latitude, 0.0), reply(SENT)).request
    for axis in ("Latitude", "Longitude"):
        assert 0 < abs(request.json[axis]) < 1e-6


def test_a_kind_of_message_without_an_endpoint_is_refused_before_any_call() -> None:
    class Poll(Message):
        type = "poll"

    error = send(Poll()).error
    assert type(error) is BadInput
    assert "poll" in str(error)


@pytest.mark.parametrize("value", [None, {}, [], "Sent", {"Id": ""}, {"Id": None}, {"Id": ["A1"]}], ids=str)
def test_a_success_without_an_id_leaves_the_outcome_unknown(value: Any) -> None:
    assert type(send(Text("x"), data(value)).error) is OutcomeUnknown


@pytest.mark.parametrize("message", [m for m, _, _ in SAMPLES.values()], ids=SAMPLES)
@pytest.mark.parametrize(
    "answer",
    [*(reply(body) for body in GARBAGE.values()), *(reply(HTML, status) for status in (500, 502, 503, 504))],
    ids=[*GARBAGE, 500, 502, 503, 504],
)
def test_a_send_with_an_unclear_answer_goes_out_once(message: Message, answer: Reply) -> None:
    played = send(message, answer)
    assert type(played.error) is OutcomeUnknown
    assert len(played.requests) == 1
    assert played.sleeps == []


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_read_is_repeated(status: int) -> None:
    assert play(VENDOR.check([KNOWN]), [reply(HTML, status), reply(HTML, status), reply(CHECKED)]).result


# Errors: what a READ and a SEND make of them

NO_TEXT = {"code": 500, "success": True}

ERRORS: list[tuple[int, Any, type[WaError], type[WaError]]] = [
    (400, "missing Phone in Payload", BadInput, BadInput),
    (400, "could not decode Payload", BadInput, BadInput),
    (500, "could not decode base64 encoded data from payload", BadInput, BadInput),
    (401, "unauthorized", Unauthorized, Unauthorized),
    (409, "already connected", BadInput, BadInput),
    (500, "no session", SessionDown, SessionDown),
    (500, "No session", SessionDown, SessionDown),
    (500, "error sending message: websocket not connected", SessionDown, SessionDown),
    (500, "error sending message: the store doesn't contain a device JID", SessionDown, SessionDown),
    (500, "could not connect: Not logged in yet", SessionDown, SessionDown),
    (500, "error sending message: timed out waiting for message send response", OutcomeUnknown, OutcomeUnknown),
    (500, "error sending message: no LID found for 5491155554444@s.whatsapp.net from server", BadInput, BadInput),
    (500, "error sending message: can't send message to unknown server x", BadInput, BadInput),
    (500, "error sending message: server returned error 479", VendorUnavailable, OutcomeUnknown),
    (500, "failed to get user info", VendorUnavailable, OutcomeUnknown),
]


@pytest.mark.parametrize(("status", "words", "read", "sent"), ERRORS)
def test_each_error(status: int, words: str, read: type[WaError], sent: type[WaError]) -> None:
    tries = 4 if read is VendorUnavailable else 1
    error = play(VENDOR.check([KNOWN]), [failure(status, words)] * tries).error
    assert type(error) is read
    assert error.code == words
    assert type(send(Text("x"), failure(status, words)).error) is sent


def test_a_conflict_says_what_it_is() -> None:
    error = play(VENDOR.disconnect(), [failure(409, "already connected")]).error
    assert "another state" in str(error)


def test_an_answer_with_another_status_than_success_is_none() -> None:
    assert type(play(VENDOR.check([KNOWN]), [reply(CHECKED, 300)]).error) is UnexpectedReply
    assert type(send(Text("x"), reply(SENT, 300)).error) is OutcomeUnknown
    assert type(send(Text("x"), reply(SENT, 500)).error) is OutcomeUnknown


def test_success_in_a_failure_is_not_believed() -> None:
    assert type(play(VENDOR.check([KNOWN]), [reply(NO_TEXT, 500)] * 4).error) is VendorUnavailable
    assert type(send(Text("x"), reply(NO_TEXT, 500)).error) is OutcomeUnknown


def test_an_endpoint_that_is_not_there_never_took_the_message() -> None:
    answer = reply("404 page not found", 404, content_type="text/plain")
    assert type(send(Text("x"), answer).error) is UnexpectedReply
    assert type(play(VENDOR.check([KNOWN]), [answer]).error) is UnexpectedReply


def test_a_dropped_connection_leaves_a_send_unknown() -> None:
    dropped = OutcomeUnknown("the connection closed")
    assert send(Text("x"), dropped).error is dropped


# Session


def test_the_sample_session_is_logged_in() -> None:
    played = play(VENDOR.session(), [reply(STATUS)])
    assert played.request == Request("GET", "/session/status", Effect.READ, headers=HEADERS)
    assert played.result == Session(vendor="wuzapi", state=SessionState.LOGGED_IN, detail="connected")


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
    played = play(VENDOR.session(), [data(value)])
    if state is None:
        assert type(played.error) is UnexpectedReply
    else:
        assert played.result.state is state
        assert played.result.jid == value.get("jid")
        assert played.result.name == value.get("name")


def test_a_user_that_never_connected_is_logged_out() -> None:
    session = play(VENDOR.session(), [failure(500, "no session")]).result
    assert (session.state, session.detail) == (SessionState.LOGGED_OUT, "no session")


def test_a_session_that_cannot_be_asked_for_is_an_error() -> None:
    assert type(play(VENDOR.session(), [failure(401, "unauthorized")]).error) is Unauthorized


def test_connecting_sends_the_documents_request_and_asks_for_the_state() -> None:
    played = play(VENDOR.connect(["Message"], immediate=False), [reply(CONNECTED), reply(STATUS)])
    connect, status = played.requests
    assert connect == Request(
        "POST", "/session/connect", Effect.READ, headers=HEADERS, json={"Subscribe": ["Message"], "Immediate": False}
    )
    assert (status.method, status.path) == ("GET", "/session/status")
    assert played.result.logged_in


def test_connecting_always_names_the_subscriptions() -> None:
    assert EVENTS == ("Message", "ReadReceipt", "HistorySync", "ChatPresence")
    (connect, _) = play(VENDOR.connect(), [reply(CONNECTED), reply(STATUS)]).requests
    assert connect.json == {"Subscribe": list(EVENTS), "Immediate": True}


def test_connecting_twice_is_fine() -> None:
    assert play(VENDOR.connect(), [failure(409, "already connected"), reply(STATUS)]).result.logged_in


def test_connected_is_not_believed_without_the_state() -> None:
    answers = [reply(CONNECTED), data({"connected": False, "loggedIn": False})]
    assert not play(VENDOR.connect(), answers).result.logged_in


@pytest.mark.parametrize("deed", ["disconnect", "logout"])
def test_leaving_is_one_request(deed: str) -> None:
    flow: Flow[None] = getattr(VENDOR, deed)()
    request = play(flow, [reply(DISCONNECTED)]).request
    assert (request.method, request.path, request.headers) == ("POST", f"/session/{deed}", HEADERS)


def test_the_qr_code_is_a_picture() -> None:
    played = play(VENDOR.qr_code(), [reply(QR)])
    assert played.request == Request("GET", "/session/qr", Effect.READ, headers=HEADERS)
    assert played.result == QrCode(vendor="wuzapi", png=PNG)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"connected": True, "loggedIn": True}, "logged in already"),
        ({"connected": True, "loggedIn": False}, "ask again in a moment"),
    ],
)
def test_no_qr_code_says_why(state: dict[str, bool], words: str) -> None:
    error = play(VENDOR.qr_code(), [data({"QRCode": ""}), data(state)]).error
    assert type(error) is SessionDown
    assert words in str(error)


def test_there_is_no_qr_code_before_connecting() -> None:
    assert type(play(VENDOR.qr_code(), [failure(500, "no session")]).error) is SessionDown


@pytest.mark.parametrize(("status", "words"), [(STATUS, "logged in"), (data({"connected": False}).body, "logged out")])
def test_a_probe_tells_the_state(status: str | bytes, words: str) -> None:
    assert play(VENDOR.probe(), [reply(status)]).result.endswith(words)


METHODS: dict[str, tuple[Callable[[], Flow[Any]], type[Any]]] = {
    "check": (lambda: VENDOR.check([KNOWN, STRANGER]), list),
    "send": (lambda: VENDOR.send(TO, Text("x")), SentMessage),
    "session": (VENDOR.session, Session),
    "qr_code": (VENDOR.qr_code, QrCode),
    "connect": (VENDOR.connect, Session),
    "logout": (VENDOR.logout, type(None)),
    "probe": (VENDOR.probe, str),
}
NEAR = [json.loads(sample) for sample in (CHECKED, SENT, STATUS, CONNECTED)]


@given(replies([*NEAR, QR, NO_TEXT, {"code": 500, "error": "no session"}]), st.sampled_from(sorted(METHODS)))
def test_any_reply_is_an_answer_or_an_error(answer: Reply, method: str) -> None:
    make, kind = METHODS[method]
    played = play(make(), iter([answer] * 10))
    if method == "send" and answer.status != 429:
        assert len(played.requests) == 1
    if played.error is not None:
        return
    assert isinstance(played.result, kind)
    if method == "send":
        assert answer.status < 300
        assert played.result.message_id
    if method == "check":
        users = {k.casefold(): v for k, v in answer.object.items()}["data"]
        for result in played.result:
            if result.status in (CheckStatus.EXISTS, CheckStatus.ABSENT):
                yes, no = {"yes", "true", "1"}, {"no", "false", "0"}
                said = json.dumps(users).casefold().replace('"', "")
                words = yes if result.status is CheckStatus.EXISTS else no
                assert result.number in said
                assert any(f"isinwhatsapp: {word}" in said for word in words)
                assert answer.status < 300
