# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from helpers.script import GARBAGE, HTML, play, reply

from airflow_provider_wa.api import errors
from airflow_provider_wa.api.errors import (
    BadInput,
    OutcomeUnknown,
    QuotaExceeded,
    RateLimited,
    Unauthorized,
    UnexpectedReply,
    VendorUnavailable,
    WaError,
)
from airflow_provider_wa.api.flow import Effect, Flow, Reply, Request
from airflow_provider_wa.api.json_fields import pick, text
from airflow_provider_wa.api.webhooks import RawPost
from airflow_provider_wa.vendors.accuauth.client import AccuAuth
from airflow_provider_wa.vendors.base import ErrorRule, Vendor, secret
from airflow_provider_wa.vendors.checkwa.client import CheckWa
from airflow_provider_wa.vendors.green_api.client import GreenApi
from airflow_provider_wa.vendors.registry import VENDORS
from airflow_provider_wa.vendors.wa_portal.client import WaPortal
from airflow_provider_wa.vendors.wuzapi.client import WuzApi

READ, SEND = Effect.READ, Effect.SEND
ASK, TELL = Request("GET", "/ask"), Request("POST", "/tell", SEND)


@dataclass(frozen=True, kw_only=True)
class Oracle(Vendor):
    """A vendor with the smallest table: ``{"ok": true}`` is a success, ``{"code": ...}`` an error."""

    name: ClassVar[str] = "oracle"
    errors: ClassVar[tuple[ErrorRule, ...]] = (
        ErrorRule(QuotaExceeded, "no credit", code="EMPTY"),
        ErrorRule(BadInput, "no such thing", code="unknown thing", part=True),
        ErrorRule(VendorUnavailable, "resting", status=404, code="asleep"),
    )

    key: str = secret("s3cr3t")
    note: str = secret(default="")

    def error_code(self, reply: Reply) -> str | None:
        return None if pick(reply.object, "ok") is True else text(pick(reply.object, "code"))

    def probe(self) -> Flow[str]:
        reply = yield from self.ask(ASK)
        return reply.text


ORACLE = Oracle(base_url="http://oracle")
GOOD = reply({"ok": True})


@pytest.mark.parametrize(
    ("rule", "status", "code", "meant"),
    [
        ({}, 500, "anything", True),
        ({"status": 429}, 429, "", True),
        ({"status": 429}, 400, "", False),
        ({"code": "EMPTY"}, 403, "empty", True),
        ({"code": "EMPTY"}, 403, "is empty", False),
        ({"code": "no session", "part": True}, 500, "error: No Session!", True),
        ({"code": "no session", "part": True}, 500, "session", False),
        ({"code": "05"}, 400, "", False),
        ({"status": 400, "code": "05"}, 400, "05", True),
        ({"status": 400, "code": "05"}, 200, "05", False),
    ],
)
def test_a_rule_means_a_status_a_code_or_both(rule: dict[str, Any], status: int, code: str, meant: bool) -> None:
    assert ErrorRule(BadInput, "x", **rule).matches(status, code) is meant


# status, body: what a READ and a SEND make of it
REPLIES: list[tuple[int, Any, type[WaError], type[WaError]]] = [
    (400, {"code": "odd"}, BadInput, BadInput),
    (400, {"code": "empty"}, QuotaExceeded, QuotaExceeded),
    (500, {"code": "EMPTY"}, QuotaExceeded, QuotaExceeded),
    (500, {"code": "unknown thing: 5"}, BadInput, BadInput),
    (404, {"code": "asleep"}, VendorUnavailable, OutcomeUnknown),
    (400, HTML, UnexpectedReply, OutcomeUnknown),
    (401, HTML, Unauthorized, Unauthorized),
    (403, HTML, Unauthorized, Unauthorized),
    (404, HTML, UnexpectedReply, UnexpectedReply),
    (405, HTML, UnexpectedReply, UnexpectedReply),
    (429, HTML, RateLimited, RateLimited),
    (500, HTML, VendorUnavailable, OutcomeUnknown),
    (502, HTML, VendorUnavailable, OutcomeUnknown),
    (503, b"", VendorUnavailable, OutcomeUnknown),
    (504, {"code": "odd"}, VendorUnavailable, OutcomeUnknown),
    (599, b"", VendorUnavailable, OutcomeUnknown),
    (301, b"", UnexpectedReply, UnexpectedReply),
    (302, b"", UnexpectedReply, UnexpectedReply),
    (303, b"", UnexpectedReply, OutcomeUnknown),  # by RFC 9110 the request was carried out
    (304, b"", UnexpectedReply, OutcomeUnknown),
    (307, b"", UnexpectedReply, UnexpectedReply),
    (308, b"", UnexpectedReply, UnexpectedReply),
    (200, {"code": "odd"}, UnexpectedReply, OutcomeUnknown),
    (204, b"", UnexpectedReply, OutcomeUnknown),
    *((200, body, UnexpectedReply, OutcomeUnknown) for body in GARBAGE.values()),
]


@pytest.mark.parametrize(
    ("status", "body", "effect", "kind"),
    [row for s, b, read, send in REPLIES for row in ((s, b, READ, read), (s, b, SEND, send))],
    ids=lambda value: value.__name__ if isinstance(value, type) else getattr(value, "value", None),
)
def test_what_a_reply_means(status: int, body: Any, effect: Effect, kind: type[WaError]) -> None:
    error = ORACLE.error_in(reply(body, status), effect)
    assert type(error) is kind
    assert (error.vendor, error.status) == ("oracle", status)


def test_a_success_is_no_error() -> None:
    assert ORACLE.error_in(GOOD, SEND) is None
    assert play(ORACLE.ask(TELL), [GOOD]).result is GOOD


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
def test_a_read_is_repeated_until_it_succeeds(status: int) -> None:
    played = play(ORACLE.ask(ASK), [reply(HTML, status), reply(HTML, status), GOOD])
    assert played.result is GOOD
    assert played.requests == [ASK] * 3
    first, second = played.waits
    assert 0.25 <= first <= 0.5
    assert 0.5 <= second <= 1.0


@pytest.mark.parametrize(("status", "kind"), [(503, VendorUnavailable), (429, RateLimited)])
def test_a_read_is_given_up_after_four_tries(status: int, kind: type[WaError]) -> None:
    played = play(ORACLE.ask(ASK), [reply(HTML, status)] * 4)
    assert type(played.error) is kind
    assert len(played.sleeps) == 3


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE)
@pytest.mark.parametrize("status", [200, 500, 502, 503, 504])
def test_a_send_with_an_unclear_answer_goes_out_once(status: int, body: str | bytes) -> None:
    played = play(ORACLE.ask(TELL), [reply(body, status, retry_after="1")])
    assert isinstance(played.error, OutcomeUnknown)
    assert played.sleeps == []


def test_a_send_that_was_refused_as_too_fast_is_repeated() -> None:
    assert play(ORACLE.ask(TELL), [reply(HTML, 429), GOOD]).requests == [TELL, TELL]


def test_only_too_fast_makes_everyone_wait() -> None:
    played = play(ORACLE.ask(ASK), [reply(HTML, 429), reply(HTML, 503), GOOD])
    assert [sleep.everyone for sleep in played.sleeps] == [True, False]


@pytest.mark.parametrize(
    ("header", "wait"),
    [("3", 3.0), ("2.5", 2.5), ("0", 0.0), ("-1", 0.0), ("nan", 0.0), ("120", 120.0)],
)
def test_retry_after_is_honoured(header: str, wait: float) -> None:
    assert play(ORACLE.ask(TELL), [reply(b"", 429, retry_after=header), GOOD]).waits == [wait]


def test_retry_after_as_a_date_is_counted_from_the_replys_own_date() -> None:
    headers = {"date": "Fri, 31 Dec 2100 23:59:55 GMT", "retry-after": "Sat, 01 Jan 2101 00:00:02 GMT"}
    assert play(ORACLE.ask(TELL), [Reply(429, b"", headers), GOOD]).waits == [7.0]


@pytest.mark.parametrize("header", ["121", "86400", "inf"])
def test_a_vendor_that_asks_for_too_long_a_wait_is_left_alone(header: str) -> None:
    played = play(ORACLE.ask(ASK), [reply(b"", 429, retry_after=header)])
    assert isinstance(played.error, RateLimited)
    assert played.error.retry_after == float(header)


@pytest.mark.parametrize("header", ["Fri, 31 Dec 2100 23:59:59 GMT", "soon", ""])
def test_a_retry_after_without_seconds_leaves_the_usual_wait(header: str) -> None:
    (wait,) = play(ORACLE.ask(ASK), [reply(b"", 429, retry_after=header), GOOD]).waits
    assert 0.25 <= wait <= 0.5


@pytest.mark.parametrize(
    ("failure", "request_", "repeated"),
    [
        (VendorUnavailable("refused", never_left=True), ASK, True),
        (VendorUnavailable("refused", never_left=True), TELL, True),
        (VendorUnavailable("timed out"), ASK, True),
        (OutcomeUnknown("timed out"), TELL, False),
    ],
    ids=["READ, never left", "SEND, never left", "READ, timed out", "SEND, timed out"],
)
def test_failures_of_the_wire_are_repeated_where_that_is_safe(
    failure: WaError, request_: Request, repeated: bool
) -> None:
    played = play(ORACLE.ask(request_), [failure, GOOD] if repeated else [failure])
    assert played.error is (None if repeated else failure)
    assert failure.vendor == "oracle"


def test_other_exceptions_of_a_driver_go_through() -> None:
    with pytest.raises(RuntimeError):
        play(ORACLE.ask(ASK), [RuntimeError("bug")])


def test_a_status_that_the_caller_reads_itself_is_no_error() -> None:
    answer = reply(HTML, 500)
    assert play(ORACLE.ask(ASK, accept=(500,)), [answer]).result is answer


def test_an_error_keeps_the_code_and_a_short_reply() -> None:
    body = {"code": "EMPTY", "more": [1]}
    error = play(ORACLE.ask(ASK), [reply(body, 402)]).error
    assert error is not None
    assert (error.code, error.status, error.raw) == ("EMPTY", 402, body)
    assert str(error) == "oracle: no credit (EMPTY)"


def test_an_unreadable_reply_is_described() -> None:
    error = play(ORACLE.ask(ASK), [reply(HTML, 400, content_type="text/html; charset=utf-8")]).error
    assert str(error) == f"oracle: unexpected reply (HTTP 400, text/html, {len(HTML)} bytes)"


S1, S2 = "s3cr3t/one", "s3cr3t/two"
ACCOUNTS: dict[str, tuple[Vendor, set[str]]] = {
    "accuauth": (AccuAuth(base_url="http://x", api_id="id", api_secret=S1), {S1}),
    "checkwa": (CheckWa(base_url="http://x", user="u", api_key=S1, callback_url=S2), {S1, S2}),
    "green_api": (GreenApi(base_url="http://x", instance_id="1101", token=S1), {S1}),
    "wa_portal": (WaPortal(base_url="http://x", token=S1), {S1}),
    "wuzapi": (WuzApi(base_url="http://x", token=S1), {S1}),
}


def test_every_vendor_has_its_secrets_tested() -> None:
    assert [vendor.name for vendor in VENDORS] == list(ACCOUNTS)


@pytest.mark.parametrize(("vendor", "secrets"), ACCOUNTS.values(), ids=ACCOUNTS)
def test_a_vendor_tells_its_secrets_only_when_asked(vendor: Vendor, secrets: set[str]) -> None:
    assert set(vendor.secrets) == secrets
    assert "s3cr3t" not in repr(vendor)
    assert "s3cr3t" not in str(vendor)


def test_an_empty_secret_is_none() -> None:
    assert ORACLE.secrets == ("s3cr3t",), "masking an empty text would mask everything"


@pytest.mark.parametrize(("vendor", "secrets"), ACCOUNTS.values(), ids=ACCOUNTS)
@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 409, 500])
def test_an_error_shows_no_secret_that_the_vendor_echoes_beside_its_words(
    vendor: Vendor, secrets: set[str], status: int
) -> None:
    echo = {"status": "error", "message": "05-Quota expiry", "request": {"token": sorted(secrets)}}
    error = vendor.error_in(reply(echo, status), READ)
    assert error is not None or (vendor.name == "green_api" and status == 200)
    assert "s3cr3t" not in f"{error} {error!r}"


def test_rules_are_reachable_and_never_promise_a_wait_without_an_error() -> None:
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, WaError)}
    for vendor in VENDORS:
        seen: set[tuple[int | None, str | None]] = set()
        for rule in vendor.errors:
            assert rule.error in kinds
            assert rule.advice
            assert (rule.status, rule.code) not in seen, f"{vendor.name}: two lines for {rule.status} {rule.code}"
            seen.add((rule.status, rule.code))


def test_a_vendor_takes_posts_without_a_signature_and_answers_no_challenge_by_default() -> None:
    vendor = Oracle(base_url="https://oracle.test")
    vendor.verify(RawPost({}, b"anything"))
    assert vendor.answer_challenge({"challenge": "1"}) is None
    assert vendor.answer_headers == {}
