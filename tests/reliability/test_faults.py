# SPDX-License-Identifier: Apache-2.0
"""Every fault of the sandbox, every vendor, over real sockets: ``outcomes.py`` says what is to come of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from reliability import outcomes
from reliability.outcomes import CHECK, COLUMNS, FAULTS, Fault

from airflow_provider_wa.api.capabilities import ChecksNumbers
from airflow_provider_wa.api.numbers import parse
from airflow_provider_wa.api.records import CheckResult, CheckStatus
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.sandbox.faults import OPTIONS
from airflow_provider_wa.sandbox.simulated_vendor import SimulatedVendor
from airflow_provider_wa.sandbox.vendors import VENDORS
from airflow_provider_wa.transport.drive import adrive

if TYPE_CHECKING:
    from helpers.faults import Trouble
    from helpers.vendors import Vendors

    from airflow_provider_wa.sandbox.server import Running

CASES = outcomes.cases()


@pytest.fixture(scope="module")
def trouble(_sandbox: Running) -> Iterator[Trouble]:
    from helpers.faults import Trouble

    made = Trouble(_sandbox)
    yield made
    made.close()


@pytest.mark.sockets
@pytest.mark.parametrize("event_loop", [False, True], ids=["worker", "event loop"])
@pytest.mark.parametrize(
    ("fault", "conn_type", "deed"),
    CASES,
    ids=[f"{conn_type} {deed}: {fault.name}" for fault, conn_type, deed in CASES],
)
def test_what_comes_of_a_fault(trouble: Trouble, fault: Fault, conn_type: str, deed: str, event_loop: bool) -> None:
    assert trouble.outcome(fault, conn_type, deed, event_loop=event_loop) == fault.outcome(conn_type, deed)


@pytest.mark.sockets
@pytest.mark.parametrize(("conn_type", "deed"), COLUMNS)
def test_without_a_fault_one_request_is_all(trouble: Trouble, conn_type: str, deed: str) -> None:
    fine = Fault("none", outcomes.EXISTS, outcomes.ACCEPTED)
    assert trouble.outcome(fine, conn_type, deed, event_loop=False) == fine.outcome(conn_type, deed)


@pytest.mark.sockets
def test_where_green_apis_documented_rates_bind_all_checks_get_an_answer(vendors: Vendors) -> None:
    vendors.control("faults", vendor="green_api", kind="rate_limit", enforce=True)
    hook = WaHook.for_connection("green_api_default")
    asked = [parse(f"+519876543{place}0") for place in range(1, 10)] + [
        parse(f"+519876542{place}0") for place in (1, 2)
    ]

    async def check() -> list[CheckResult]:
        async with hook.async_channel(concurrency=len(asked)) as channel:
            flows = [hook.able(ChecksNumbers).check([number]) for number in asked]
            return [result for (result,) in await asyncio.gather(*(adrive(flow, channel) for flow in flows))]

    assert {result.status for result in asyncio.run(check())} == {CheckStatus.EXISTS}
    assert len(vendors.ledger("green_api")["checks"]) == len(asked), "each was answered once"


def test_every_kind_of_fault_is_in_the_table() -> None:
    switched_on = {fault.body["kind"] for fault in (*FAULTS, *outcomes.CODES["wuzapi"]) if "kind" in (fault.body or {})}
    assert switched_on == OPTIONS.keys()


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
def test_every_code_of_a_vendor_is_in_the_table(vendor: SimulatedVendor) -> None:
    assert {fault.name for fault in outcomes.CODES[vendor.name]} == vendor.codes


def test_every_state_of_green_apis_instance_is_in_the_table() -> None:
    (states,) = [vendor.states for vendor in VENDORS if vendor.name == "green_api"]
    # Logged in is no fault, and logged out is one that others have as well.
    assert {fault.name.removeprefix("state ") for fault in outcomes.STATES} == states.keys() - {
        "authorized",
        "notAuthorized",
    }


def test_only_a_vendors_own_word_for_it_is_absent() -> None:
    absent = [(conn_type, fault.name) for fault, conn_type, deed in CASES if "absent" in fault.outcome(conn_type, deed)]
    assert absent == [("checkwa", "0")], "the code that CheckWA documents for it"


def test_no_outcome_has_a_message_taken_more_than_once() -> None:
    assert [fault.name for fault, conn_type, deed in CASES if "times" in fault.outcome(conn_type, deed)] == []


@pytest.mark.parametrize(("fault", "conn_type", "deed"), [case for case in CASES if case[2] != CHECK])
def test_only_a_send_that_was_refused_or_never_left_is_tried_again(fault: Fault, conn_type: str, deed: str) -> None:
    result, requests, *taken = fault.outcome(conn_type, deed).split(", ")
    again = result in ("RateLimited", "accepted") or (conn_type, fault.name) == ("wa_portal", "04")
    assert requests in ("0 requests", "1 request") or (again and not taken)
