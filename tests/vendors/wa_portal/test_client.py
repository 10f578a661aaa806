# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from contract.samples_wa_portal import (
    BALANCE,
    CODES,
    CONTACTS,
    EXPIRED,
    FARES,
    GROUPS,
    INBOX,
    INDIA,
    INSTANCE,
    NOTHING_FOUND,
    QR,
    QR_LINK,
    QR_URL,
    REFUSED,
    REPORT,
    SENT,
    TO,
    TOKEN,
    VENDOR,
)
from helpers.junk import replies
from helpers.script import GARBAGE, HTML, Played, play, reply
from hypothesis import given, settings
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
from airflow_provider_wa.api.flow import Effect, Flow, Reply
from airflow_provider_wa.api.messages import (
    Button,
    Buttons,
    ContactCard,
    Document,
    Image,
    ListMessage,
    ListRow,
    Location,
    Media,
    Message,
    Text,
)
from airflow_provider_wa.api.records import (
    Balance,
    Contact,
    DeliveryState,
    DeliveryStatus,
    Group,
    InboxMessage,
    QrCode,
    SentMessage,
    Session,
    SessionState,
)
from airflow_provider_wa.vendors.wa_portal.client import QrLink, WaPortal
from airflow_provider_wa.vendors.wa_portal.tables import URL_CHARACTERS


def success(value: Any) -> dict[str, Any]:
    return {"status": "success", "message": "00-Success", "data": value, "responsetime": 0.001}


def failure(words: str) -> dict[str, Any]:
    return {"status": "error", "message": words, "responsetime": 0.001}


def send(message: Message, *answers: Reply | WaError) -> Played[SentMessage]:
    return play(VENDOR.send(TO, message), list(answers))


# Sends

PICTURE = Media(b"\xff\xd8", filename="a.jpg")
LINK = Media(url="https://example.com/a.jpg")
MESSAGES: dict[str, Message] = {
    "text": Text("hello"),
    "link": Image(LINK),
    "upload": Image(PICTURE, "hi"),
    "location": Location(0, -3, "Paris"),
    "contact": ContactCard("Ana", "34666666666"),
    "buttons": Buttons("hi", (Button("Yes"),)),
    "list": ListMessage("hi", "Choose", (ListRow("Tea"), ListRow("Coffee"))),
}


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


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
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


@pytest.mark.parametrize("document", [Document(LINK, "hi"), Document(PICTURE, "hi")], ids=["link", "upload"])
def test_a_documents_caption_is_lost_and_said_to_be(document: Document) -> None:
    assert "caption" in str(send(document, reply(SENT)).result.warning)


@pytest.mark.parametrize(
    "message", [Document(LINK), Image(LINK, "hi"), Image(PICTURE)], ids=["bare", "image", "upload"]
)
def test_other_files_bring_no_warning(message: Message) -> None:
    assert send(message, reply(SENT)).result.warning is None


def test_both_warnings_are_told() -> None:
    warning = send(Document(LINK, "hi"), reply(SENT.replace("true", "false"))).result.warning
    assert "not connected" in str(warning)
    assert "caption" in str(warning)


# What goes where


@pytest.mark.parametrize("to", ["120363023605733675@g.us", "123456789012345@lid", "", "٣٤٦٦٦", "+34666666666"])
def test_only_numbers_are_sent_to(to: str) -> None:
    played = play(VENDOR.send(to, Text("x")))
    assert type(played.error) is BadInput
    assert played.requests == []


@pytest.mark.parametrize("ask", [VENDOR.message_status, lambda text: VENDOR.inbox(after=text)], ids=["status", "after"])
def test_half_of_a_surrogate_pair_in_an_id_is_refused(ask: Callable[[str], Flow[Any]]) -> None:
    played = play(ask("\ud800"))
    assert type(played.error) is BadInput
    assert played.requests == []


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


def test_a_long_list_keeps_its_rows_apart_in_the_body() -> None:
    rows = tuple(ListRow(f"Item {number}", "x" * 30, "x" * 20) for number in range(60))
    request = send(ListMessage("hi", "Choose", rows), reply(SENT)).request
    assert request.params == {}
    assert request.form is not None
    assert request.form["rows"] == tuple(f"{'x' * 20}:Item {number}:{'x' * 30}" for number in range(60))


def test_an_upload_with_a_long_caption_carries_it_in_the_body() -> None:
    request = send(Image(PICTURE, "é" * 1000), reply(SENT)).request
    assert (request.params, len(request.files)) == ({}, 1)
    assert request.form is not None
    assert request.form["message"] == "é" * 1000


# Errors: what a READ and a SEND make of them

ERRORS: list[tuple[str, type[WaError]]] = [
    *((words, kind) for words, kind in CODES if kind and words[:2] not in ("04", "15")),
    ("please check request required header/message/buttonText/ at least one row", BadInput),
    ("invalid object id", Unauthorized),
]


@pytest.mark.parametrize(("words", "kind"), ERRORS)
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


def test_an_empty_id_is_refused_before_any_request() -> None:
    played = play(VENDOR.message_status(" "))
    assert type(played.error) is BadInput
    assert played.requests == []


def test_an_unknown_message_is_bad_input_and_asked_for_once() -> None:
    error = play(VENDOR.message_status("A1"), [reply(b"", 500)]).error
    assert type(error) is BadInput
    assert "'A1'" in str(error)


@pytest.mark.parametrize("value", [None, [], "x", 5, [None], ["x"]], ids=str)
def test_a_report_without_a_message_is_unexpected(value: Any) -> None:
    assert type(play(VENDOR.message_status("A1"), [reply(success(value))]).error) is UnexpectedReply


# Session, QR code, balance


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


@pytest.mark.parametrize("ask", [VENDOR.qr_code, VENDOR.qr_link], ids=["picture", "link"])
def test_a_logged_in_instance_has_no_qr_code(ask: Callable[[], Flow[Any]]) -> None:
    assert type(play(ask(), [reply(INSTANCE)]).error) is SessionDown


@pytest.mark.parametrize("picture", [None, "", "https://portal.example/qr.png", {}], ids=str)
def test_a_qr_code_that_is_no_picture_is_unexpected(picture: Any) -> None:
    assert type(play(VENDOR.qr_code(), [reply(json.loads(QR) | {"data": picture})]).error) is UnexpectedReply


@pytest.mark.parametrize(
    "link", [None, "", "iVBORw0KGgo", "ftp://x/qr.png", "https://x/q r.png", ["https://x"]], ids=str
)
def test_a_link_that_is_no_url_is_unexpected(link: Any) -> None:
    assert type(play(VENDOR.qr_link(), [reply(json.loads(QR_LINK) | {"data": link})]).error) is UnexpectedReply


def test_the_link_to_a_qr_code_is_not_shown() -> None:
    link = play(VENDOR.qr_link(), [reply(QR_LINK)]).result
    assert link.url == QR_URL
    assert QR_URL not in f"{link!r}{link.to_dict()}{link.raw}", "who scans it owns the session"


def test_a_success_without_a_qr_code_or_an_instance_is_unexpected() -> None:
    assert type(play(VENDOR.qr_code(), [reply(success(None))]).error) is UnexpectedReply


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
    **{f"send {name}": (lambda m=message: VENDOR.send(TO, m), SentMessage) for name, message in MESSAGES.items()},
    "message_status": (lambda: VENDOR.message_status("A1"), DeliveryStatus),
    "delivery_report": (VENDOR.delivery_report, DeliveryStatus),
    "delivery_report of days": (
        lambda: VENDOR.delivery_report(since=datetime(2022, 6, 24, tzinfo=INDIA), limit=3),
        DeliveryStatus,
    ),
    "inbox": (VENDOR.inbox, InboxMessage),
    "inbox of days": (
        lambda: VENDOR.inbox(since=datetime(2022, 6, 1, tzinfo=INDIA), until=datetime(2022, 7, 1, tzinfo=INDIA)),
        InboxMessage,
    ),
    "inbox after": (lambda: VENDOR.inbox(after="62***43", limit=3), InboxMessage),
    "contacts": (VENDOR.contacts, Contact),
    "groups": (VENDOR.groups, Group),
    "session": (VENDOR.session, Session),
    "qr_code": (VENDOR.qr_code, QrCode),
    "qr_link": (VENDOR.qr_link, QrLink),
    "balance": (VENDOR.balance, Balance),
    "probe": (VENDOR.probe, str),
}
NEAR = [
    json.loads(sample)
    for sample in (SENT, EXPIRED, REFUSED, FARES, REPORT, INBOX, GROUPS, CONTACTS, INSTANCE, BALANCE, QR, QR_LINK,
                   NOTHING_FOUND)
]  # fmt: skip


def test_every_flow_is_tested_with_junk() -> None:
    assert {line.flow for line in WaPortal.endpoints} == {name.split()[0] for name in METHODS} - {"probe"}


@given(replies([*NEAR, NOT_SENT]), st.sampled_from(sorted(METHODS)))
@settings(max_examples=6 * settings.default.max_examples)
def test_any_reply_is_an_answer_or_an_error(answer: Reply, method: str) -> None:
    make, kind = METHODS[method]
    played = play(make(), iter([answer] * 10))
    if kind is SentMessage:
        sends = [request for request in played.requests if request.effect is Effect.SEND]
        assert len(sends) == 1 or isinstance(played.error, RateLimited)
    if played.error is not None:
        return
    found = played.result
    if isinstance(found, list):
        assert all(isinstance(record, kind) for record in found)
        ids = [getattr(record, "message_id", None) or record.jid for record in found]
        assert all(ids)
        assert len({*ids}) == len(ids) or kind in (Contact, Group)
        return
    assert isinstance(found, kind)
    assert answer.status < 300
    if kind is SentMessage:
        assert found.message_id in answer.beginning
