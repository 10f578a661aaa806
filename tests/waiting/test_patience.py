# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio

import pytest
from helpers.virtual_time import VirtualLoop

from airflow_provider_wa.api.errors import (
    BadInput,
    OutcomeUnknown,
    QuotaExceeded,
    RateLimited,
    SessionDown,
    Unauthorized,
    UnexpectedReply,
    UnsupportedByVendor,
    VendorUnavailable,
    WaError,
)
from airflow_provider_wa.store.database import StoreUnavailable
from airflow_provider_wa.waiting.patience import LONGEST_PAUSE, SHORTEST_PAUSE, Patience, may_pass, try_again

AWAY = VendorUnavailable("away")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        *((kind, True) for kind in (SessionDown, RateLimited, VendorUnavailable, StoreUnavailable)),
        *((kind, False) for kind in (BadInput, Unauthorized, QuotaExceeded, OutcomeUnknown)),
        *((kind, False) for kind in (UnsupportedByVendor, UnexpectedReply)),
    ],
)
def test_which_errors_may_pass_by_themselves(error: type[WaError], expected: bool) -> None:
    assert may_pass(error("x")) is expected


@pytest.mark.parametrize("max_failures", [0, 1, 10])
def test_the_failure_after_the_last_that_is_borne_is_raised(max_failures: int) -> None:
    patience = Patience(max_failures)
    for _ in range(max_failures):
        patience.failed(AWAY)
    with pytest.raises(VendorUnavailable) as caught:
        patience.failed(VendorUnavailable("the last one"))
    assert str(caught.value) == "the last one"


def test_a_success_ends_the_row() -> None:
    patience = Patience(2)
    for _ in range(5):
        patience.failed(AWAY)
        patience.failed(AWAY)
        patience.succeeded()
    patience.failed(AWAY)
    assert patience._failures == 1


def test_an_error_that_waiting_does_not_mend_is_raised_at_once() -> None:
    with pytest.raises(Unauthorized):
        Patience(10).failed(Unauthorized("wrong token"))


def test_the_caller_may_say_which_errors_are_borne() -> None:
    patience = Patience(10, bearable=lambda error: not error.stops_all)
    patience.failed(UnexpectedReply("odd"))
    with pytest.raises(SessionDown):
        patience.failed(SessionDown("logged out"))


def test_a_look_that_nothing_answered_raises_its_last_failure() -> None:
    patience = Patience()
    patience.raise_if_unanswered()
    patience.failed(AWAY)
    patience.failed(RateLimited("too fast"))
    with pytest.raises(RateLimited):
        patience.raise_if_unanswered()


@pytest.mark.parametrize("answered_first", [True, False])
def test_a_look_with_one_answer_does_not_fail(answered_first: bool) -> None:
    patience = Patience()
    if answered_first:
        patience.succeeded()
    patience.failed(AWAY)
    if not answered_first:
        patience.succeeded()
    patience.raise_if_unanswered()
    unanswered = Patience()
    unanswered.failed(AWAY)
    with pytest.raises(VendorUnavailable):
        unanswered.raise_if_unanswered()


def test_pauses_double_up_to_a_bound() -> None:
    patience, pauses = Patience(20), []
    for _ in range(9):
        patience.failed(AWAY)
        pauses.append(patience.pause(10.0))
    assert pauses == [10, 20, 40, 80, 160, *[LONGEST_PAUSE] * 4]
    patience.succeeded()
    patience.failed(AWAY)
    assert patience.pause(10.0) == 10
    assert patience.pause(0.0) == SHORTEST_PAUSE


def test_work_is_tried_again_until_it_succeeds_and_each_failure_is_reported() -> None:
    reported: list[WaError] = []
    moments: list[float] = []

    async def work() -> str:
        moments.append(asyncio.get_running_loop().time())
        if len(moments) < 4:
            raise AWAY
        return "done"

    assert VirtualLoop().run(try_again(work, 3, 10.0, reported.append)) == "done"
    assert reported == [AWAY] * 3
    assert [round(moment - moments[0]) for moment in moments] == [0, 10, 30, 70]


def test_work_that_fails_too_often_raises() -> None:
    tries = 0

    async def work() -> None:
        nonlocal tries
        tries += 1
        raise AWAY

    with pytest.raises(VendorUnavailable):
        VirtualLoop().run(try_again(work, 3, 10.0, lambda error: None))
    assert tries == 4
