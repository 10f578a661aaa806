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
    QuotaExceeded,
    RateLimited,
    SessionDown,
    Unauthorized,
    UnexpectedReply,
    VendorUnavailable,
    WaError,
)
from airflow_provider_wa.api.flow import Effect, Flow, Reply, Request, Upload
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
from airflow_provider_wa.api.records import (
    Balance,
    DeliveryState,
    DeliveryStatus,
    QrCode,
    SentMessage,
    Session,
    SessionState,
)
from airflow_provider_wa.api.vendors.wa_portal import SENDS, URL_CHARACTERS, WaPortal

TOKEN = "62b32c76758e0afb0d390793"
VENDOR = WaPortal(base_url="https://portal.example", token=TOKEN)
TO = "919300000001"
INDIA = timezone(timedelta(hours=5, minutes=30))

# vendor-docs/wa_portal, sections 1.1, 2.1, 3.1, 5. Where the document hides digits with stars, so do these.
SENT = """{"status":"success","message":"00-Success","data":{"connStatus":true,
"messageIDs":["62b32db5758e0afb0d3907e1"]},"responsetime":0.001561498}"""
EXPIRED = """{"status":"error","message":"05-Quota expiry","request":{"message":["hello"],"phone":["9193*****1"],
"token":["62b32c76758e0afb0d390793"]},"responsetime":0.00049408}"""
REFUSED = """{"status":"error","message":"invalid object id","responsetime":0.00002883}"""
FARES = """{"status":"success","message":"00-Success","data":{"messageID":"62*****35","clientID":"5f*****c8",
"instanceID":"5f*****f3","creditID":"","phone":"919*****1","full_push_name":"","text":"test_message","link":"",
"serverSend":false,"isMedia":false,"mediaType":"","mediaPath":"","isLocation":false,"location":null,"isContact":false,
"contact":null,"isButton":false,"button":null,"isList":false,"list":null,"wacheck":false,"waID":"919***0",
"waMessageID":"EC***22","status":1,"timedOut":0,"statusInfo":"Sent","statusMessage":3,"statusMessageInfo":"Delivered",
"mode":"Panel","deliveredAt":"2022-06-25T14:36:16.546+05:30","readAt":null,
"createdAt":"2022-06-25T14:36:01.025+05:30","updatedAt":"2022-06-25T14:36:01.474+05:30","value":null},
"responsetime":0.000954181}"""
# Mended: the line breaks that the document's columns put into words.
INSTANCE = """{"status":"success","message":"00-Success","data":{"instanceID":"5f***f3","clientID":"5f***c8",
"name":"ABC","login":true,"status":true,"creditID":"62***f0","isUnlimited":false,"quotaLimit":100,"quota":5000,
"todayUsage":0,"todayUsageUpdate":"0001-01-01T00:00:00Z","usage":699,"expired":"2023-05-04T22:29:59+05:30",
"isRead":true,"webHook":"","info":{"Battery":0,"Platform":"MD","Connected":true,"Pushname":"wa_profile_name",
"Wid":"919***0","Lc":"","Plugged":false,"Tos":0,"Lg":"","Is24h":false},"backup":null,"isValid":false},
"responsetime":0.000030551}"""
BALANCE = """{"status":"success","message":"00-Success","data":{"backup":null,
"expiryDate":"2023-05-04 22:29:59 +0530 IST","quota":4300,"status":"active"},"responsetime":0.001125932}"""
# The document's picture is cut off; this is a whole one's beginning.
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
QR = {"data": base64.b64encode(PNG).decode(), "message": "00-Success", "responsetime": 0.8, "status": "qrcode"}


def success(value: Any) -> dict[str, Any]:
    return {"status": "success", "message": "00-Success", "data": value, "responsetime": 0.001}


def failure(words: str) -> dict[str, Any]:
    return {"status": "error", "message": words, "responsetime": 0.001}


def send(message: Message, *answers: Reply | WaError) -> Played[SentMessage]:
    return play(VENDOR.send(TO, message), list(answers))


# Sends

PICTURE = Media(b"\xff\xd8", filename="a.jpg")
LINK = Media(url="https://example.com/a.jpg")

REQUESTS: dict[str, tuple[Message, str, dict[str, str], tuple[Upload, ...]]] = {
    "1.1": (Text("hello"), "sendText", {"message": "hello"}, ()),
    "1.2": (Image(LINK), "sendFiles", {"link": LINK.url or ""}, ()),
    "1.2, audio": (Audio(LINK), "sendFiles", {"link": LINK.url or ""}, ()),
    "1.2 (a)": (Video(PICTURE), "sendFiles", {}, (Upload("file", "a.jpg", b"\xff\xd8", "image/jpeg"),)),
    "1.3": (Document(LINK, "hi"), "sendFileWithCaption", {"link": LINK.url or "", "message": "hi"}, ()),
    "1.3 (a)": (
        Image(PICTURE, "hi"),
        "sendFileWithCaption",
        {"message": "hi"},
        (Upload("file", "a.jpg", b"\xff\xd8", "image/jpeg"),),
    ),
    "1.4": (
        Location(48.85837, 2.294481, "Paris", "Champ de Mars", "https://x.example"),
        "sendLocation",
        {
            "degreesLatitude": "48.85837",
            "degreesLongitude": "2.294481",
            "name": "Paris",
            "address": "Champ de Mars",
            "url": "https://x.example",
        },
        (),
    ),
    "1.4, required only": (
        Location(0, -3, "Paris"),
        "sendLocation",
        {"degreesLatitude": "0.0", "degreesLongitude": "-3.0", "name": "Paris"},
        (),
    ),
    "1.5": (
        ContactCard("Ana", "+34 666 666 666", "Acme"),
        "sendContact",
        {"contactName": "Ana", "contactPhone": "34666666666", "contactOrganization": "Acme"},
        (),
    ),
    "1.5, required only": (
        ContactCard("Ana", "34666666666"),
        "sendContact",
        {"contactName": "Ana", "contactPhone": "34666666666"},
        (),
    ),
}


@pytest.mark.parametrize(("message", "path", "parameters", "files"), REQUESTS.values(), ids=REQUESTS)
def test_each_send_is_the_documents(
    message: Message, path: str, parameters: dict[str, str], files: tuple[Upload, ...]
) -> None:
    assert send(message, reply(SENT)).request == Request(
        "POST", f"/api/{path}", Effect.SEND, params={"token": TOKEN, "phone": TO, **parameters}, files=files
    )


def test_every_kind_of_message_has_a_sample() -> None:
    assert {type(message) for message, _, _, _ in REQUESTS.values()} == set(SENDS)


def test_the_sample_reply_is_an_accepted_message() -> None:
    sent = send(Text("hello"), reply(SENT)).result
    assert sent == SentMessage(vendor="wa_portal", message_id="62b32db5758e0afb0d3907e1", to=TO)
    assert sent.raw == json.loads(SENT)


@pytest.mark.parametrize("key", ["messageIDs", "messageIds", "messageids"])
@pytest.mark.parametrize("message_id", ["62b3", 62])
def test_the_id_is_found_in_either_spelling(key: str, message_id: Any) -> None:
    answer = success({"connStatus": True, key: [message_id]})
    assert send(Text("x"), reply(answer)).result.message_id == str(message_id)


@pytest.mark.parametrize(
    ("connected", "warned"),
    [(False, True), ("false", True), (0, True), (True, False), ("true", False), (None, False)],
)
def test_a_disconnected_instance_is_a_warning(connected: Any, warned: bool) -> None:
    sent = send(Text("x"), reply(success({"connStatus": connected, "messageIDs": ["62b3"]}))).result
    assert sent.accepted
    assert bool(sent.warning) is warned


@pytest.mark.parametrize(
    "value",
    [None, {}, "x", [], {"messageIDs": []}, {"messageIDs": None}, {"messageIDs": [None]}, {"messageIDs": [""]},
     {"messageIDs": "62b3"}, {"messageIDs": {"0": "62b3"}}],
    ids=str,
)  # fmt: skip
def test_a_success_without_an_id_leaves_the_outcome_unknown(value: Any) -> None:
    assert type(send(Text("x"), reply(success(value))).error) is OutcomeUnknown


@pytest.mark.parametrize("message", [row[0] for row in REQUESTS.values()], ids=REQUESTS)
@pytest.mark.parametrize(
    "answer",
    [
        *(reply(body) for body in GARBAGE.values()),
        *(reply(HTML, status) for status in (400, 403, 500, 502, 503, 504)),
        reply({"message": "hello"}),
        reply({"message": "00-Success", "data": {"messageIDs": ["62b3"]}}),
        reply({"status": None, "message": "00-Success"}),
        reply({"status": "500", "message": "failed"}),
        reply(QR),
    ],
    ids=[*GARBAGE, 400, 403, 500, 502, 503, 504, "words", "no status", "null status", "500 in the body", "a QR code"],
)
def test_a_send_with_an_unclear_answer_goes_out_once(message: Message, answer: Reply) -> None:
    played = send(message, answer)
    assert type(played.error) is OutcomeUnknown
    assert len(played.requests) == 1
    assert played.sleeps == []


# Limits, all found before any request


def test_a_text_may_have_2000_bytes() -> None:
    assert send(Text("é" * 1000), reply(SENT)).result


@pytest.mark.parametrize(
    "message",
    [
        Text("x" * 2001),
        Text("é" * 1000 + "x"),
        Text("👑" * 501),
        Image(LINK, "é" * 1001),
        Document(PICTURE, "x" * 2001),
        Image(Media(b"x" * (3 * 1024 * 1024 + 1))),
        ContactCard("x" * 31, "34666666666"),
        Location(1, 2),
    ],
    ids=[
        "text",
        "two-byte text",
        "four-byte text",
        "caption",
        "an upload's caption",
        "upload",
        "name",
        "unnamed place",
    ],
)
def test_what_is_over_a_limit_is_refused_before_any_request(message: Message) -> None:
    played = send(message)
    assert type(played.error) is BadInput
    assert played.requests == []


@pytest.mark.parametrize(
    "message",
    [Image(Media(b"x" * (3 * 1024 * 1024))), ContactCard("é" * 30, "34666666666"), Document(LINK, "👑" * 500)],
    ids=["upload", "name", "caption"],
)
def test_what_is_at_a_limit_is_sent(message: Message) -> None:
    assert send(message, reply(SENT)).result


@pytest.mark.parametrize("to", ["120363023605733675@g.us", "123456789012345@lid", "", "٣٤٦٦٦", "+34666666666"])
def test_only_numbers_are_sent_to(to: str) -> None:
    played = play(VENDOR.send(to, Text("x")))
    assert type(played.error) is BadInput
    assert played.requests == []


def test_a_kind_of_message_without_an_endpoint_is_refused_before_any_call() -> None:
    class Poll(Message):
        type = "poll"

    error = send(Poll()).error
    assert type(error) is BadInput
    assert "poll" in str(error)


@pytest.mark.parametrize(
    "body", ["x" * 1950, "é" * 400, "a b" * 600, "👑" * 200], ids=["ASCII", "é", "spaces", "emoji"]
)
def test_a_long_text_travels_in_the_body(body: str) -> None:
    request = send(Text(body), reply(SENT)).request
    assert request.params == {}
    assert request.form == {"token": TOKEN, "phone": TO, "message": body}


def test_a_short_text_travels_in_the_query() -> None:
    request = send(Text("x" * (URL_CHARACTERS - 100)), reply(SENT)).request
    assert request.form is None
    assert len(request.params["message"]) == URL_CHARACTERS - 100


def test_an_upload_keeps_its_parameters_in_the_query_while_they_fit() -> None:
    request = send(Image(PICTURE, "é" * 100), reply(SENT)).request
    assert (request.form, len(request.files)) == (None, 1)
    assert request.params["message"] == "é" * 100


def test_an_upload_with_a_long_caption_carries_it_in_the_body() -> None:
    request = send(Image(PICTURE, "é" * 1000), reply(SENT)).request
    assert (request.params, len(request.files)) == ({}, 1)
    assert request.form is not None
    assert request.form["message"] == "é" * 1000


# Errors: what a READ and a SEND make of them

CODES: list[tuple[str, type[WaError]]] = [
    ("01-Access token failed", Unauthorized),
    ("02-Client id not found", Unauthorized),
    ("03-Instance id not found", Unauthorized),
    ("05-Quota expiry", QuotaExceeded),
    ("06-Not enough quota", QuotaExceeded),
    ("07-Quota limit", QuotaExceeded),
    ("08-Save file / document failed", BadInput),
    ("09-Link not valid", BadInput),
    ("10-Download file failed", BadInput),
    ("11-Unknown file type", BadInput),
    ("12-Parsing parameter failed", BadInput),
    ("13-Parameter required", BadInput),
    ("14-Data not found", BadInput),
    ("please check request required header/message/buttonText/ at least one row", BadInput),
    ("invalid object id", Unauthorized),
]


@pytest.mark.parametrize(("words", "kind"), CODES)
@pytest.mark.parametrize(("http", "status"), [(400, "error"), (200, "error"), (200, "400"), (200, 400), (200, "Error")])
def test_each_error_code_with_any_status(words: str, kind: type[WaError], http: int, status: Any) -> None:
    body = {"status": status, "message": words}
    for error in (send(Text("x"), reply(body, http)).error, play(VENDOR.session(), [reply(body, http)]).error):
        assert type(error) is kind
        assert error.code == (words[:2] if words[:2].isdigit() else words)
        assert str(error).startswith("wa_portal: refused: ") is words.startswith("please"), (
            "what is documented has an advice of its own"
        )


def test_code_15_is_worth_another_try() -> None:
    played = play(VENDOR.session(), [reply(failure("15-QrCode failed"), 400), reply(INSTANCE)])
    assert played.result.logged_in
    assert type(play(VENDOR.session(), [reply(failure("15-QrCode failed"), 400)] * 4).error) is VendorUnavailable


@pytest.mark.parametrize(
    ("http", "body", "read", "sent"),
    [
        (400, EXPIRED, QuotaExceeded, QuotaExceeded),
        (401, REFUSED, Unauthorized, Unauthorized),
        (401, b"", Unauthorized, Unauthorized),
        (403, b"", VendorUnavailable, OutcomeUnknown),
        (300, json.loads(SENT), UnexpectedReply, OutcomeUnknown),
        (300, failure("odd"), UnexpectedReply, OutcomeUnknown),
        (404, HTML, UnexpectedReply, UnexpectedReply),
        (429, b"", RateLimited, RateLimited),
        (500, b"", VendorUnavailable, OutcomeUnknown),
        (502, HTML, VendorUnavailable, OutcomeUnknown),
        (503, b"", VendorUnavailable, OutcomeUnknown),
        (400, HTML, UnexpectedReply, OutcomeUnknown),
        (200, {"message": "hello"}, UnexpectedReply, OutcomeUnknown),
        (200, {"status": "done", "message": "hello"}, UnexpectedReply, OutcomeUnknown),
        (200, failure("05 - Quota expiry"), QuotaExceeded, QuotaExceeded),
        (500, json.loads(SENT), VendorUnavailable, OutcomeUnknown),
    ],
    ids=str,
)
def test_each_http_status(http: int, body: Any, read: type[WaError], sent: type[WaError]) -> None:
    tries = {VendorUnavailable: 4, RateLimited: 4}
    assert type(play(VENDOR.session(), [reply(body, http)] * tries.get(read, 1)).error) is read
    assert type(send(Text("x"), *[reply(body, http)] * tries.get(sent, 1)).error) is sent


def test_the_echoed_token_is_in_no_errors_text() -> None:
    error = send(Text("x"), reply(EXPIRED, 400)).error
    assert TOKEN not in f"{error} {error!r}"


NOT_SENT = failure("04-Phone number not registered on whatsapp or your instance not connected")


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ([reply(INSTANCE)], BadInput),
        ([reply(QR)], SessionDown),
        ([reply(INSTANCE.replace('"login":true', '"login":false'))], SessionDown),
        ([reply(INSTANCE.replace('"Connected":true', '"Connected":false'))], SessionDown),
        ([reply(REFUSED, 401)], BadInput),
        ([reply(GARBAGE["html"])], BadInput),
        ([reply(HTML, 502)] * 4, BadInput),
    ],
    ids=["logged in", "QR code", "logged out", "disconnected", "refused", "rubbish", "down"],
)
def test_code_04_asks_the_session_which_of_its_two_meanings_it_was(answers: list[Reply], kind: type[WaError]) -> None:
    played = send(Text("x"), reply(NOT_SENT, 400), *answers)
    assert type(played.error) is kind
    assert played.error.code == "04"
    assert [request.path for request in played.requests] == ["/api/sendText"] + ["/api/qrCode"] * len(answers)


def test_other_refusals_ask_nothing() -> None:
    assert len(send(Text("x"), reply(failure("09-Link not valid"), 400)).requests) == 1


# Delivery


def test_the_sample_status_is_asked_and_read() -> None:
    played = play(VENDOR.message_status("62*****35"), [reply(FARES)])
    assert played.request == Request(
        "GET", "/api/campaignStatus", Effect.READ, params={"token": TOKEN, "msg_id": "62*****35"}
    )
    assert played.result == DeliveryStatus(
        vendor="wa_portal",
        message_id="62*****35",
        state=DeliveryState.DELIVERED,
        to="919*****1",
        code="3",
        detail="Delivered",
        sent_at=datetime(2022, 6, 25, 14, 36, 1, 25000, INDIA),
        delivered_at=datetime(2022, 6, 25, 14, 36, 16, 546000, INDIA),
    )


@pytest.mark.parametrize(
    ("row", "state", "code", "detail"),
    [
        ({"status": 1, "statusInfo": "Sent", "statusMessage": 0}, DeliveryState.SENT, "1", "Sent"),
        ({"status": 1, "statusMessage": 4, "statusMessageInfo": "Read"}, DeliveryState.READ, "4", "Read"),
        ({"status": "1", "statusMessage": "3"}, DeliveryState.DELIVERED, "3", ""),
        ({"status": 1, "statusInfo": "Sent", "statusMessage": None}, DeliveryState.SENT, "1", "Sent"),
        ({"status": 7, "statusInfo": "Odd"}, DeliveryState.UNKNOWN, "7", "Odd"),
        # On the scale of submissions 3 is no delivery.
        ({"status": 3, "statusInfo": "Odd", "statusMessage": 0}, DeliveryState.UNKNOWN, "3", "Odd"),
        ({"status": 1, "statusMessage": 9, "statusMessageInfo": "Odd"}, DeliveryState.UNKNOWN, "9", "Odd"),
        ({"status": 0}, DeliveryState.UNKNOWN, "0", ""),
        ({}, DeliveryState.UNKNOWN, None, ""),
        ({"status": "queued"}, DeliveryState.UNKNOWN, None, ""),
    ],
    ids=str,
)
@pytest.mark.parametrize("wrap", [lambda row: row, lambda row: [row]], ids=["object", "list"])
def test_each_delivery_state(row: Any, state: DeliveryState, code: str | None, detail: str, wrap: Any) -> None:
    status = play(VENDOR.message_status("A1"), [reply(success(wrap(row)))]).result
    assert (status.message_id, status.state, status.code, status.detail) == ("A1", state, code, detail)


def test_an_unknown_message_is_bad_input_and_asked_for_once() -> None:
    error = play(VENDOR.message_status("A1"), [reply(b"", 500)]).error
    assert type(error) is BadInput
    assert "'A1'" in str(error)


@pytest.mark.parametrize("value", [None, [], "x", 5, [None], ["x"]], ids=str)
def test_a_report_without_a_message_is_unexpected(value: Any) -> None:
    assert type(play(VENDOR.message_status("A1"), [reply(success(value))]).error) is UnexpectedReply


# Session, QR code, balance


def test_the_sample_instance_is_logged_in() -> None:
    played = play(VENDOR.session(), [reply(INSTANCE)])
    assert played.request == Request("GET", "/api/qrCode", Effect.READ, params={"token": TOKEN})
    assert played.result == Session(
        vendor="wa_portal", state=SessionState.LOGGED_IN, jid="919***0", name="ABC", detail="connected"
    )


@pytest.mark.parametrize(
    ("value", "state"),
    [
        ({"login": True, "info": {"Connected": True}}, SessionState.LOGGED_IN),
        ({"login": True}, SessionState.LOGGED_IN),
        ({"info": {"connected": "true"}}, SessionState.LOGGED_IN),
        ({"login": False, "info": {"Connected": True}}, SessionState.LOGGED_OUT),
        ({"login": True, "info": {"Connected": False}}, SessionState.LOGGED_OUT),
        ({"login": False, "info": None}, SessionState.LOGGED_OUT),
        ({}, None),
        ({"login": None, "info": []}, None),
        (None, None),
        ("https://portal.example/qr.png", None),
    ],
    ids=str,
)
def test_each_session_state(value: Any, state: SessionState | None) -> None:
    played = play(VENDOR.session(), [reply(success(value))])
    if state is None:
        assert type(played.error) is UnexpectedReply
    else:
        assert played.result.state is state


def test_a_qr_code_means_logged_out() -> None:
    assert play(VENDOR.session(), [reply(QR)]).result.state is SessionState.LOGGED_OUT


def test_a_session_keeps_no_qr_code() -> None:
    assert play(VENDOR.session(), [reply(QR)]).result.raw is None, "who scans it owns the session"


def test_the_qr_code_is_a_picture() -> None:
    played = play(VENDOR.qr_code(), [reply(QR)])
    assert played.request == Request("GET", "/api/qrCode", Effect.READ, params={"token": TOKEN})
    assert played.result == QrCode(vendor="wa_portal", png=PNG)


def test_a_logged_in_instance_has_no_qr_code() -> None:
    assert type(play(VENDOR.qr_code(), [reply(INSTANCE)]).error) is SessionDown


@pytest.mark.parametrize("picture", [None, "", "https://portal.example/qr.png", {}], ids=str)
def test_a_qr_code_that_is_no_picture_is_unexpected(picture: Any) -> None:
    assert type(play(VENDOR.qr_code(), [reply(QR | {"data": picture})]).error) is UnexpectedReply


def test_the_sample_balance_is_asked_and_read() -> None:
    played = play(VENDOR.balance(), [reply(BALANCE)])
    assert played.request == Request("GET", "/api/checkBal", Effect.READ, params={"token": TOKEN})
    assert played.result == Balance(
        vendor="wa_portal", left=4300, expires_at=datetime(2023, 5, 4, 22, 29, 59, 0, INDIA), state="active"
    )


@pytest.mark.parametrize(("quota", "left"), [("4300", 4300), (0, 0), ("0", 0), (-5, -5)])
def test_a_balance_may_be_text(quota: Any, left: int) -> None:
    assert play(VENDOR.balance(), [reply(success({"quota": quota}))]).result.left == left


@pytest.mark.parametrize("value", [None, {}, {"quota": None}, {"quota": "many"}, {"quota": [1]}, []], ids=str)
def test_a_balance_without_a_number_is_unexpected(value: Any) -> None:
    assert type(play(VENDOR.balance(), [reply(success(value))]).error) is UnexpectedReply


def test_an_instance_that_was_never_charged_has_no_quota() -> None:
    assert type(play(VENDOR.balance(), [reply(b"", 500)]).error) is QuotaExceeded


def test_a_probe_tells_the_credit() -> None:
    assert "4300 messages" in play(VENDOR.probe(), [reply(BALANCE)]).result


METHODS: dict[str, tuple[Callable[[], Flow[Any]], type[Any]]] = {
    "send": (lambda: VENDOR.send(TO, Text("x")), SentMessage),
    "send a file": (lambda: VENDOR.send(TO, Image(PICTURE, "x")), SentMessage),
    "message_status": (lambda: VENDOR.message_status("A1"), DeliveryStatus),
    "session": (VENDOR.session, Session),
    "qr_code": (VENDOR.qr_code, QrCode),
    "balance": (VENDOR.balance, Balance),
    "probe": (VENDOR.probe, str),
}
NEAR = [json.loads(sample) for sample in (SENT, EXPIRED, REFUSED, FARES, INSTANCE, BALANCE)]


@given(replies([*NEAR, QR, NOT_SENT]), st.sampled_from(sorted(METHODS)))
def test_any_reply_is_an_answer_or_an_error(answer: Reply, method: str) -> None:
    make, kind = METHODS[method]
    played = play(make(), iter([answer] * 10))
    if kind is SentMessage:
        sends = [request for request in played.requests if request.effect is Effect.SEND]
        assert len(sends) == 1 or isinstance(played.error, RateLimited)
    if played.error is not None:
        return
    assert isinstance(played.result, kind)
    assert answer.status < 300
    if kind is SentMessage:
        assert played.result.message_id in answer.text
