# SPDX-License-Identifier: Apache-2.0
"""Green-API as its document has it, and by the field notes: requests, errors, flows."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from helpers.junk import replies
from helpers.script import GARBAGE, Played, play, reply
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_wa.api.errors import (
    BadInput,
    OutcomeUnknown,
    QueueClosed,
    QuotaExceeded,
    RateLimited,
    SessionDown,
    Unauthorized,
    UnexpectedReply,
    VendorUnavailable,
    WaError,
)
from airflow_provider_wa.api.flow import Effect, Flow, MethodRate, Reply, Request
from airflow_provider_wa.api.messages import (
    Document,
    Edit,
    Media,
    Text,
)
from airflow_provider_wa.api.numbers import PhoneNumber, parse
from airflow_provider_wa.api.records import (
    Avatar,
    CheckResult,
    CheckStatus,
    DeliveryState,
    DeliveryStatus,
    Group,
    InboxMessage,
    Notification,
    QrCode,
    SentMessage,
    Session,
)
from airflow_provider_wa.vendors.green_api.client import GreenApi

VENDOR = GreenApi(base_url="https://api.green-api.com", instance_id="1101000001", token="A-TOKEN")

# vendor-docs/green_api; the number is its sample, which no numbering plan holds.
NUMBER = PhoneNumber("11001234567", "1")
SAMPLE_QUERY = """{
"phoneNumber": 11001234567
}"""
SAMPLE_ANSWER = """{
"existsWhatsapp": true
}"""
QUOTA = {"invokeStatus": {"method": "checkWhatsapp", "used": 100, "total": 100, "status": "QUOTE_EXCEEDED"}}


def check(*answers: Reply | WaError) -> Played[list[CheckResult]]:
    return play(VENDOR.check([NUMBER]), list(answers))


def test_the_sample_reply_is_a_number_on_whatsapp() -> None:
    (result,) = check(reply(SAMPLE_ANSWER)).result
    assert result == CheckResult(
        vendor="green_api", number="11001234567", status=CheckStatus.EXISTS, jid="11001234567@c.us"
    )
    assert result.raw == {"existsWhatsapp": True}


def test_the_request_is_the_documents() -> None:
    assert check(reply(SAMPLE_ANSWER)).request == Request(
        "POST",
        "/waInstance1101000001/checkWhatsapp/A-TOKEN",
        Effect.READ,
        json=json.loads(SAMPLE_QUERY),
        method_rate=MethodRate("checkWhatsapp", 9.5),
    )


def test_each_number_is_a_call() -> None:
    numbers = [parse("34666666666"), parse("380501234567")]
    played = play(VENDOR.check(numbers), [reply({"existsWhatsapp": True}), reply({"existsWhatsapp": False})])
    assert [request.json for request in played.requests] == [
        {"phoneNumber": 34666666666}, {"phoneNumber": 380501234567},
    ]  # fmt: skip
    assert [result.status for result in played.result] == [CheckStatus.EXISTS, CheckStatus.ABSENT]


# The document gives the texts, not where they stand: in JSON's message, or alone, in quotes or not.
ERRORS: list[tuple[int, str, type[WaError], int]] = [
    (400, "bad phone number, valid 11 or 12 digits", BadInput, 1),
    (400, "Bad phone number", BadInput, 1),
    (400, "check phone number timeout limit exceeded", VendorUnavailable, 4),
    (400, "instance is starting or not authorized", SessionDown, 1),
    (400, "Validation failed", BadInput, 1),
    (400, "instance account not authorized", SessionDown, 1),
    (400, "instance in starting process try later", SessionDown, 1),
    (400, "Instance account is expired. Renew your instance from personal area", Unauthorized, 1),
    (400, "Instance is deleted", Unauthorized, 1),
    (400, "bad request data", BadInput, 1),
    (400, "get avatar timeout limit exceeded", VendorUnavailable, 4),
    (401, "Unauthorized", Unauthorized, 1),
    (403, "Forbidden", Unauthorized, 1),
    (404, "Not Found", UnexpectedReply, 1),
    (429, "Too Many Requests", RateLimited, 4),
    (466, "monthly quota has been exceeded", QuotaExceeded, 1),
    (499, "Client Closed Request", VendorUnavailable, 4),
    (500, "Internal Server Error", VendorUnavailable, 4),
    (500, "File from url exceeded max upload size. Size: 101mb Limit: 100mb Url: x", BadInput, 1),
    (502, "Bad Gateway", VendorUnavailable, 4),
    (503, "Service Unavailable", VendorUnavailable, 4),
]


@pytest.mark.parametrize(("http", "words", "kind", "tries"), ERRORS)
@pytest.mark.parametrize(
    "form",
    [lambda words: words, json.dumps, lambda words: {"message": words}],
    ids=["text", "JSON text", "JSON object"],
)
def test_each_error_code(http: int, words: str, kind: type[WaError], tries: int, form: Any) -> None:
    error = check(*[reply(form(words), http)] * tries).error
    assert type(error) is kind
    assert error.code == words


# What a 500 means depends on its words, the other statuses speak for themselves.
STATUSES = sorted(
    {(http, kind, tries) for http, _, kind, tries in ERRORS if http > 400 and kind is not BadInput}, key=str
)


@pytest.mark.parametrize(("http", "kind", "tries"), STATUSES)
@pytest.mark.parametrize("body", [b"", GARBAGE["html"], QUOTA], ids=["empty", "html", "JSON"])
def test_a_status_counts_without_words(http: int, kind: type[WaError], tries: int, body: Any) -> None:
    assert type(check(*[reply(body, http)] * tries).error) is kind


def test_a_used_up_quota_says_when_it_is_filled() -> None:
    error = check(reply(QUOTA, 466)).error
    assert type(error) is QuotaExceeded
    assert "1st of the month" in str(error)
    assert error.raw == QUOTA
    assert error.code == "QUOTE_EXCEEDED"
    assert str(error).endswith("(QUOTE_EXCEEDED: 100 of 100 used for checkWhatsapp)")


def test_a_used_up_quota_of_chats_is_told_from_that_of_calls() -> None:
    allowed = {"method": "sendmessage", "used": 67, "total": 0, "status": "QUOTE_ALLOWED"}
    chats = {"method": "correspondents", "used": 3, "total": 3, "status": "CORRESPONDENTS_QUOTE_EXCEEDED"}
    played = play(
        VENDOR.send("34666666666", Text("x")), [reply({"invokeStatus": allowed, "correspondentsStatus": chats}, 466)]
    )
    assert type(played.error) is QuotaExceeded
    assert str(played.error).endswith("(CORRESPONDENTS_QUOTE_EXCEEDED: 3 of 3 used for correspondents)")


def test_an_answer_with_another_status_than_success_is_none() -> None:
    assert type(check(reply({"existsWhatsapp": False}, 300)).error) is UnexpectedReply
    assert type(check(*[reply({"existsWhatsapp": False}, 500)] * 4).error) is VendorUnavailable


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE)
def test_rubbish_is_no_answer(body: str | bytes) -> None:
    assert type(check(reply(body)).error) is UnexpectedReply
    assert type(play(VENDOR.session(), [reply(body)]).error) is UnexpectedReply


@pytest.mark.parametrize("digits", ["3466666666", "1" * 17])
def test_a_number_of_a_wrong_length_is_refused_before_any_call(digits: str) -> None:
    error = play(VENDOR.check([NUMBER, PhoneNumber(digits, digits[:2])])).error
    assert type(error) is BadInput
    assert "11 to 16 digits" in str(error)


@pytest.mark.parametrize("digits", ["34666666666", "1" * 16])
def test_the_shortest_and_longest_numbers_are_asked_for(digits: str) -> None:
    played = play(VENDOR.check([PhoneNumber(digits, digits[:2])]), [reply(SAMPLE_ANSWER)])
    assert played.request.json == {"phoneNumber": int(digits)}
    assert [result.status for result in played.result] == [CheckStatus.EXISTS]


def test_a_reply_without_a_state_is_unexpected() -> None:
    assert type(play(VENDOR.session(), [reply({"other": 1})]).error) is UnexpectedReply


@pytest.mark.parametrize(("word", "said"), [("authorized", "authorized"), (None, "starting")])
def test_a_probe_tells_the_state(word: str | None, said: str) -> None:
    assert play(VENDOR.probe(), [reply({"stateInstance": word})]).result.endswith(f"the instance is {said}")


def file(size: int = 1, name: str = "a.png") -> Media:
    return Media(b"x" * size, filename=name)


@pytest.mark.parametrize(
    ("base", "media", "uploads"),
    [
        ("https://api.green-api.com", "", "https://media.green-api.com"),
        ("https://7103.api.greenapi.com", "", "https://7103.media.greenapi.com"),
        ("https://api.example.com/green", "", "https://api.example.com/green"),
        ("http://127.0.0.1:8790/green", "", "http://127.0.0.1:8790/green"),
        ("https://api.green-api.com", "https://files.test", "https://files.test"),
    ],
)
def test_where_files_are_uploaded_to(base: str, media: str, uploads: str) -> None:
    vendor = GreenApi(base_url=base, instance_id="1", token="t", media_url=media)
    assert vendor.uploads_url == uploads
    assert play(vendor.send("34666666666", Document(file())), [reply({"idMessage": "1"})]).request.base == uploads


@pytest.mark.parametrize("body", [*GARBAGE.values(), {"message": "ok"}, {"idMessage": None}], ids=str)
def test_a_send_without_an_id_may_have_gone_out(body: Any) -> None:
    assert type(play(VENDOR.send("34666666666", Text("x")), [reply(body)]).error) is OutcomeUnknown


@pytest.mark.parametrize("status", [499, 500, 502, 503])
def test_a_send_that_failed_is_not_repeated(status: int) -> None:
    assert type(play(VENDOR.send("34666666666", Text("x")), [reply(b"", status)]).error) is OutcomeUnknown


# The session


def test_a_logged_in_account_has_no_qr_code() -> None:
    said = {"type": "alreadyLogged", "message": "instance account already authorized"}
    error = play(VENDOR.qr_code(), [reply(said)]).error
    assert type(error) is SessionDown
    assert "logged in already (instance account already authorized)" in str(error)


def test_why_there_is_no_qr_code_is_said() -> None:
    error = play(VENDOR.qr_code(), [reply({"type": "error", "message": "not now"})]).error
    assert type(error) is SessionDown
    assert "(not now)" in str(error)


@pytest.mark.parametrize("body", [{"type": "qrCode", "message": "SECRET"}, '{"type": "qrCode", "message": "SECRET', {}])
def test_half_a_qr_code_is_not_shown(body: Any) -> None:
    error = play(VENDOR.qr_code(), [reply(body)]).error
    assert type(error) is UnexpectedReply
    assert "SECRET" not in f"{error} {error.raw}"


NOT_AUTHORIZED = reply({"message": "instance is starting or not authorized"}, 400)


def test_logging_out_twice_is_fine() -> None:
    played = play(VENDOR.logout(), [NOT_AUTHORIZED, reply({"stateInstance": "notAuthorized"})])
    assert played.error is None


def test_an_instance_that_is_starting_cannot_tell_whether_it_is_logged_out() -> None:
    assert type(play(VENDOR.logout(), [NOT_AUTHORIZED, reply({"stateInstance": "starting"})]).error) is SessionDown


@pytest.mark.parametrize("body", [{"isLogout": False}, {}, [], {"isLogout": None}], ids=str)
def test_a_logout_must_be_confirmed(body: Any) -> None:
    assert type(play(VENDOR.logout(), [reply(body)]).error) is UnexpectedReply


def test_an_id_alone_that_the_day_does_not_know_is_unknown() -> None:
    found = play(VENDOR.message_status("1"), [reply([{"idMessage": "2", "statusMessage": "read"}])]).result
    assert (found.message_id, found.state) == ("1", DeliveryState.UNKNOWN)
    assert "24 hours" in found.detail


def test_a_message_that_its_chat_does_not_know_yet_is_unknown() -> None:
    found = play(
        VENDOR.message_status("1", to="34666666666"), [reply({"message": "message not found by id"}, 400)]
    ).result
    assert (found.message_id, found.state) == ("1", DeliveryState.UNKNOWN)
    assert type(play(VENDOR.message_status("1", to="34666666666"), [reply({"message": "bad"}, 400)]).error) is BadInput


@pytest.mark.parametrize(("message_id", "to"), [("", None), (" ", None), (" ", "34666666666"), ("1", "ana")])
def test_a_message_id_or_a_chat_that_is_none_is_refused_before_any_call(message_id: str, to: str | None) -> None:
    assert type(play(VENDOR.message_status(message_id, to=to)).error) is BadInput


# Journals


NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
CLOCK = GreenApi(base_url="https://x", instance_id="1", token="t", clock=lambda: NOON)


def row(name: str, minutes_ago: float | None, **more: Any) -> dict[str, Any]:
    moment = {} if minutes_ago is None else {"timestamp": int(NOON.timestamp() - minutes_ago * 60)}
    return {"idMessage": name, "chatId": "34666666666@c.us", **moment, **more}


def inbox(rows: Any, **options: Any) -> Played[list[InboxMessage]]:
    answers = rows if isinstance(rows, tuple) else (rows,)
    return play(CLOCK.inbox(**options), [reply(answer) for answer in answers])


def ids(played: Played[Any]) -> list[str]:
    return [found.message_id for found in played.result]


def ago(minutes: float) -> datetime:
    return NOON - timedelta(minutes=minutes)


def test_nothing_is_asked_for_a_period_without_length() -> None:
    assert play(CLOCK.inbox(since=NOON, until=NOON)).result == []
    assert play(CLOCK.delivery_report(since=NOON, until=NOON)).result == []


@pytest.mark.parametrize("options", [{"since": NOON, "until": ago(1)}, {"limit": 0}, {"limit": -1}], ids=str)
def test_a_period_that_is_none_is_refused_before_any_call(options: dict[str, Any]) -> None:
    assert type(play(CLOCK.inbox(**options)).error) is BadInput
    assert type(play(CLOCK.delivery_report(**options)).error) is BadInput


@pytest.mark.parametrize("moment", [datetime.min, datetime.max, datetime.min.replace(tzinfo=timezone.utc)])
def test_a_period_may_reach_to_the_ends_of_the_calendar(moment: datetime) -> None:
    assert ids(inbox([row("a", 1)], since=moment)) == (["a"] if moment.year == 1 else [])
    assert ids(inbox([row("a", 1)], until=moment)) == ([] if moment.year == 1 else ["a"])


def test_a_cursor_leaves_out_what_came_before_it() -> None:
    played = inbox([row("c", 1), row("b", 2), row("a", 3)], after="a")
    assert ids(played) == ["b", "c"]
    assert played.request.params == {}


def test_a_cursor_older_than_a_day_is_looked_for_further_back() -> None:
    played = inbox(([row("c", 1)], [row("c", 1), row("b", 2000), row("a", 3000)]), after="a")
    assert ids(played) == ["b", "c"]
    assert [request.params for request in played.requests] == [{}, {"minutes": "43200"}]


def test_a_cursor_that_is_gone_hides_nothing() -> None:
    assert ids(inbox(([row("c", 1)], [row("c", 1), row("b", 2000)]), after="a")) == ["b", "c"]
    assert ids(inbox([row("c", 1)], after="a", since=ago(5))) == ["c"]


# Notifications


@pytest.mark.parametrize("seconds", [4, 61, 0, -1, 5.5])
def test_a_wait_of_another_length_is_refused_before_any_call(seconds: Any) -> None:
    error = play(VENDOR.receive_notification(seconds)).error
    assert type(error) is BadInput
    assert "5 to 60" in str(error)


def test_waiting_for_a_notification_does_not_time_out_before_the_vendor() -> None:
    for seconds in (5, 60):
        request = play(VENDOR.receive_notification(seconds), [reply("null")]).request
        assert request.timeout is not None
        assert request.timeout >= seconds + 10


@pytest.mark.parametrize("receipt_id", ["1/../x", "", None, "seven"])
def test_a_receipt_that_is_none_is_refused_before_any_call(receipt_id: Any) -> None:
    assert type(play(VENDOR.delete_notification(receipt_id)).error) is BadInput


@pytest.mark.parametrize(
    ("reason", "kind"),
    [("bad request data", BadInput), ("get avatar timeout limit exceeded", VendorUnavailable)],
)
def test_an_avatars_error_comes_in_a_success(reason: str, kind: type[WaError]) -> None:
    error = play(VENDOR.avatar("34666666666"), [reply({"existsWhatsapp": False, "reason": reason})]).error
    assert type(error) is kind
    assert reason in str(error)


PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
JOURNAL = [row("a", 1, statusMessage="read", textMessage="hi", typeMessage="textMessage"), row("b", 2)]
INCOMING = {"typeWebhook": "incomingMessageReceived", "idMessage": "1", "timestamp": 1588091580,
            "messageData": {"textMessageData": {"textMessage": "hi"}}}  # fmt: skip
FLOWS: dict[str, tuple[Callable[[], Flow[Any]], Any]] = {
    "session": (VENDOR.session, Session),
    "probe": (VENDOR.probe, str),
    "qr_code": (VENDOR.qr_code, QrCode),
    "logout": (VENDOR.logout, type(None)),
    "check": (lambda: VENDOR.check([NUMBER]), list),
    "check_chat": (lambda: VENDOR.check_chat("1234567@lid"), CheckResult),
    "send": (lambda: VENDOR.send("34666666666", Text("x")), SentMessage),
    "upload": (lambda: VENDOR.send("34666666666", Document(file())), SentMessage),
    "status by journal": (lambda: VENDOR.message_status("a"), DeliveryStatus),
    "status by chat": (lambda: VENDOR.message_status("a", to="34666666666"), DeliveryStatus),
    "delivery_report": (VENDOR.delivery_report, list),
    "inbox": (VENDOR.inbox, list),
    "inbox after": (lambda: VENDOR.inbox(after="a"), list),
    "receive": (VENDOR.receive_notification, Notification | None),
    "delete": (lambda: VENDOR.delete_notification(7), bool),
    "contacts": (VENDOR.contacts, list),
    "group_chats": (VENDOR.group_chats, list),
    "group": (lambda: VENDOR.group("1234567@g.us"), Group),
    "avatar": (lambda: VENDOR.avatar("34666666666"), Avatar),
}
SAMPLES = [
    {"existsWhatsapp": True, "chatId": "1@c.us"}, {"existsWhatsapp": False}, {"stateInstance": "authorized"},
    {"message": "instance is starting or not authorized"}, QUOTA, {"idMessage": "1"}, JOURNAL, JOURNAL[0],
    {"type": "qrCode", "message": PNG}, {"isLogout": True}, {"receiptId": 7, "body": INCOMING}, {"result": True},
    {"receiptId": 8, "body": {"typeWebhook": "outgoingMessageStatus", "idMessage": "1", "status": "read"}},
    [{"id": "1@c.us", "name": "Ana", "type": "user"}, {"id": "1@g.us", "type": "group"}],
    {"groupId": "1@g.us", "subject": "x", "creation": 1587570015, "participants": [{"id": "1@c.us"}]},
    {"existsWhatsapp": True, "urlAvatar": "https://x", "reason": ""},
]  # fmt: skip


@settings(max_examples=600)
@given(replies(SAMPLES), st.sampled_from(sorted(FLOWS)))
def test_any_reply_is_an_answer_or_an_error(answer: Reply, name: str) -> None:
    make, kind = FLOWS[name]
    played: Played[Any] = play(make(), iter([answer] * 5))
    if played.error is not None:
        return
    # What is refused may be an answer: an account that is logged out, a message that is not found.
    assert answer.status < 300 or name in ("logout", "status by chat")
    assert isinstance(played.result, kind)
    for record in played.result if isinstance(played.result, list) else [played.result]:
        if hasattr(record, "to_dict"):
            json.dumps(record.to_dict())
    checked = played.result[0] if name == "check" else played.result if name == "check_chat" else None
    if checked is not None and checked.status is not CheckStatus.UNKNOWN:
        word = {key.casefold(): value for key, value in answer.object.items()}["existswhatsapp"]
        yes, no = {"yes", "true", "1"}, {"no", "false", "0"}
        assert str(word).strip().casefold() in (yes if checked.status is CheckStatus.EXISTS else no)


# Messages that exist already


@pytest.mark.parametrize(
    "flow",
    [
        lambda: VENDOR.send("34666666666", Edit("7", "x")),
        lambda: VENDOR.delete_message("34666666666", "7"),
        lambda: VENDOR.forward("34666666666", "34666666667", ["7"]),
    ],
    ids=["edit", "delete", "forward"],
)
@pytest.mark.parametrize("status", [499, 500, 502])
def test_what_may_have_been_done_is_not_repeated(flow: Callable[[], Flow[Any]], status: int) -> None:
    assert type(play(flow(), [reply(b"", status)]).error) is OutcomeUnknown


@pytest.mark.parametrize("words", ["message not found by id", "Message by id not found"])
def test_a_message_that_is_deleted_already_is_refused(words: str) -> None:
    error = play(VENDOR.delete_message("34666666666", "7"), [reply({"message": words}, 400)]).error
    assert type(error) is BadInput


@pytest.mark.parametrize("made", [None, [], ["8"], ["8", ""], ["8", None], "89"], ids=str)
def test_a_forward_without_all_ids_may_have_gone_out(made: Any) -> None:
    flow = VENDOR.forward("34666666666", "34666666667", ["6", "7"])
    assert type(play(flow, [reply({"messages": made})]).error) is OutcomeUnknown


@pytest.mark.parametrize(
    "flow",
    [
        lambda: VENDOR.forward("34666666666", "34666666667", []),
        lambda: VENDOR.forward("34666666666", "34666666667", ["7", " "]),
        lambda: VENDOR.delete_message("34666666666", ""),
        lambda: VENDOR.mark_read(["7", ""], "34666666666"),
        lambda: VENDOR.chat_history("nobody"),
        lambda: VENDOR.chat_history("34666666666", 0),
    ],
)
def test_an_id_or_a_chat_that_is_none_is_refused_before_any_call(flow: Callable[[], Flow[Any]]) -> None:
    assert type(play(flow()).error) is BadInput


def test_messages_are_marked_as_read_one_by_one() -> None:
    played = play(VENDOR.mark_read(["6", "7"], "34666666666:3@c.us"), [reply({"setRead": True})] * 2)
    assert [request.json for request in played.requests] == [
        {"chatId": "34666666666@c.us", "idMessage": message_id} for message_id in ("6", "7")
    ]


def test_a_mark_must_be_confirmed() -> None:
    assert type(play(VENDOR.mark_read(["7"], "34666666666"), [reply({"setRead": False})]).error) is UnexpectedReply


def test_a_history_is_oldest_first_and_leaves_out_what_cannot_be_read() -> None:
    items = [
        {"type": "outgoing", "idMessage": "3", "timestamp": 3, "statusMessage": "suspended"},
        {"type": "incoming"},
        {"type": "incoming", "idMessage": "2", "timestamp": 2, "chatId": "34666666666@c.us"},
        {"type": "incoming", "idMessage": "1", "timestamp": 2, "chatId": "34666666666@c.us"},
    ]
    found = play(VENDOR.chat_history("34666666666"), [reply(items)]).result
    assert [row.message_id for row in found] == ["1", "2", "3"]


# Errors of newer servers


CUSTOM_WEBHOOK = "Message cannot be received because custom webhook url is set"


@pytest.mark.parametrize("body", [{"message": CUSTOM_WEBHOOK}, {"reason": CUSTOM_WEBHOOK}, CUSTOM_WEBHOOK], ids=str)
def test_a_queue_that_a_webhook_closes_says_what_to_do(body: Any) -> None:
    error = play(VENDOR.receive_notification(), [reply(body, 400)]).error
    assert type(error) is QueueClosed
    assert "call delete_webhook" in str(error)


@pytest.mark.parametrize(
    "answer",
    [
        reply(b"", 469),
        reply("User get contact info limit reached", 469),
        reply({"status": False, "reason": "User get contact info limit reached"}),
    ],
    ids=["no words", "words", "a success"],
)
def test_whatsapps_limit_on_looking_up_numbers_is_a_quota(answer: Reply) -> None:
    error = check(answer).error
    assert type(error) is QuotaExceeded
    assert "two hours" in str(error)


def test_an_error_in_a_success_is_no_answer() -> None:
    error = check(reply({"status": False, "reason": "instance is starting or not authorized"})).error
    assert type(error) is SessionDown


@pytest.mark.parametrize("status", [400, 403])
def test_a_suspended_account_is_not_a_wrong_instance(status: int) -> None:
    error = play(VENDOR.send("34666666666", Text("x")), [reply("Your account is suspended", status)]).error
    assert type(error) is SessionDown


# LIDs and devices


@pytest.mark.parametrize(
    ("asked", "answer", "number", "jid"),
    [
        ("98765@lid", {}, "98765@lid", "98765@lid"),
        ("98765@lid", {"chatId": "34666666666@c.us"}, "34666666666", "34666666666@c.us"),
        ("98765@lid", {"chatId": "98765@lid", "phoneNumber": 34666666666}, "34666666666", "98765@lid"),
        ("98765@lid", {"phoneNumber": "34666666666@c.us"}, "34666666666", "98765@lid"),
        ("34666666666:3@c.us", {"chatId": "34666666666:3@c.us"}, "34666666666", "34666666666@c.us"),
        ("34666666666", {"chatId": "98765@lid"}, "34666666666", "98765@lid"),
    ],
)
def test_who_a_checked_chat_is(asked: str, answer: dict[str, Any], number: str, jid: str) -> None:
    found = play(VENDOR.check_chat(asked), [reply({"existsWhatsapp": True, **answer})]).result
    assert (found.number, found.jid) == (number, jid)


def test_a_group_is_not_checked() -> None:
    assert type(play(VENDOR.check_chat("1234@g.us")).error) is BadInput


def test_members_owner_and_contacts_have_no_devices() -> None:
    data = {"groupId": "1@g.us", "owner": "34666666666:3@c.us", "participants": [{"id": "34666666667:12@c.us"}]}
    group = play(VENDOR.group("1234@g.us"), [reply(data)]).result
    assert (group.owner, group.participants) == ("34666666666@c.us", ("34666666667@c.us",))
    (contact,) = play(VENDOR.contacts(), [reply([{"id": "34666666666:3@c.us", "name": "Ana"}])]).result
    assert contact.jid == "34666666666@c.us"
