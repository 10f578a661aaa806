# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import pytest
from helpers.script import play, reply

from airflow_provider_wa.api import errors
from airflow_provider_wa.api.both_forms import check
from airflow_provider_wa.api.errors import WaError
from airflow_provider_wa.api.flow import Flow
from airflow_provider_wa.api.numbers import PhoneNumber, parse
from airflow_provider_wa.api.records import CheckResult, CheckStatus
from airflow_provider_wa.vendors.wuzapi.client import WuzApi

SPAIN, MEXICO, BRAZIL = parse("34666666666"), parse("525512345678"), parse("5511987654321")
MEXICO_OTHER, BRAZIL_OTHER = "5215512345678", "551187654321"

EXISTS, ABSENT, PENDING, UNKNOWN = CheckStatus


@dataclass
class Directory:
    """A vendor that knows the status of some digits, all others being absent; or fails, call by call."""

    known: dict[str, CheckStatus] = field(default_factory=dict)
    failures: list[WaError | None] = field(default_factory=list)
    calls: list[list[str]] = field(default_factory=list)
    numbers_per_check: ClassVar[int] = 50

    def check(self, numbers: Sequence[PhoneNumber]) -> Flow[list[CheckResult]]:
        yield from ()
        self.calls.append([number.digits for number in numbers])
        if self.failures and (failure := self.failures.pop(0)):
            raise failure
        return [self.result(number.digits) for number in numbers]

    def result(self, digits: str) -> CheckResult:
        status = self.known.get(digits, ABSENT)
        jid = f"{digits}@s.whatsapp.net" if status is EXISTS else None
        return CheckResult(vendor="directory", number=digits, status=status, jid=jid, reference=f"ref-{digits}")


@pytest.mark.parametrize("status", [EXISTS, PENDING, UNKNOWN])
def test_the_other_form_is_asked_for_only_after_an_absent(status: CheckStatus) -> None:
    vendor = Directory({MEXICO.digits: status})
    assert play(check(vendor, [MEXICO])).result == [vendor.result(MEXICO.digits)]
    assert vendor.calls == [[MEXICO.digits]]


def test_a_number_with_one_form_is_asked_for_once() -> None:
    vendor = Directory()
    assert play(check(vendor, [SPAIN])).result == [vendor.result(SPAIN.digits)]
    assert vendor.calls == [[SPAIN.digits]]


def test_what_is_absent_in_both_forms_is_absent() -> None:
    vendor = Directory()
    (result,) = play(check(vendor, [MEXICO])).result
    assert (result.status, result.number) == (ABSENT, MEXICO.digits)
    assert vendor.calls == [[MEXICO.digits], [MEXICO_OTHER]]


def test_an_account_under_the_other_form_keeps_the_number_asked_for() -> None:
    (result,) = play(check(Directory({MEXICO_OTHER: EXISTS}), [MEXICO])).result
    assert (result.number, result.status, result.jid) == (MEXICO.digits, EXISTS, f"{MEXICO_OTHER}@s.whatsapp.net")
    assert MEXICO_OTHER in result.detail


@pytest.mark.parametrize("status", [PENDING, UNKNOWN])
def test_a_second_answer_that_is_not_absent_counts(status: CheckStatus) -> None:
    (result,) = play(check(Directory({MEXICO_OTHER: status}), [MEXICO])).result
    assert (result.number, result.status, result.reference) == (MEXICO.digits, status, f"ref-{MEXICO_OTHER}")


def test_many_numbers_keep_their_order() -> None:
    vendor = Directory({SPAIN.digits: EXISTS, BRAZIL_OTHER: EXISTS})
    results = play(check(vendor, [MEXICO, SPAIN, BRAZIL])).result
    assert [(r.number, r.status) for r in results] == [
        (MEXICO.digits, ABSENT), (SPAIN.digits, EXISTS), (BRAZIL.digits, EXISTS),
    ]  # fmt: skip
    assert vendor.calls == [[MEXICO.digits, SPAIN.digits, BRAZIL.digits], [MEXICO_OTHER, BRAZIL_OTHER]]


def test_no_numbers_are_no_results() -> None:
    assert play(check(Directory(), [])).result == []


ERRORS = [cls("no") for cls in WaError.__subclasses__() if cls.__module__ == errors.__name__]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_failing_first_call_fails_the_check(error: WaError) -> None:
    assert play(check(Directory(failures=[error]), [MEXICO])).error is error


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_failing_second_call_leaves_unknown_or_stops_all(error: WaError) -> None:
    vendor = Directory({SPAIN.digits: EXISTS}, failures=[None, error])
    played = play(check(vendor, [MEXICO, SPAIN]))
    if error.stops_all:
        assert played.error is error
        return
    mexico, spain = played.result
    assert (mexico.status, mexico.number, mexico.jid) == (UNKNOWN, MEXICO.digits, None)
    assert "no" in mexico.detail
    assert spain.status is EXISTS


def test_both_stops_are_among_the_errors() -> None:
    assert {type(e) for e in ERRORS if e.stops_all} == {
        errors.Unauthorized, errors.SessionDown, errors.QuotaExceeded,
    }  # fmt: skip


def test_a_real_vendor_is_asked_twice_in_its_own_words() -> None:
    def users(query: str, known: bool) -> dict[str, object]:
        return {"code": 200, "data": {"Users": [{"Query": query, "IsInWhatsapp": known, "JID": f"{query}@lid"}]}}

    replies = [reply(users(MEXICO.digits, False)), reply(users(MEXICO_OTHER, True))]
    played = play(check(WuzApi(base_url="http://x", token="t"), [MEXICO]), replies)
    assert [request.json for request in played.requests] == [{"Phone": [MEXICO.digits]}, {"Phone": [MEXICO_OTHER]}]
    assert [(r.number, r.status, r.jid) for r in played.result] == [(MEXICO.digits, EXISTS, f"{MEXICO_OTHER}@lid")]
