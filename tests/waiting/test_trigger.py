# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, AirflowNotFoundException
from helpers.virtual_time import VirtualLoop
from helpers.waiting import Look, Scripted, all_triggers, round_trip

from airflow_provider_wa.api.errors import BadInput, Unauthorized, VendorUnavailable
from airflow_provider_wa.waiting import trigger
from airflow_provider_wa.waiting.patience import SHORTEST_PAUSE
from airflow_provider_wa.waiting.source import NotYet
from airflow_provider_wa.waiting.trigger import LAST_LOOK, failure

AWAY = VendorUnavailable("the vendor is away")
WAITS = NotYet("it is on its way")

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> VirtualLoop:
    """A loop with virtual time, by which the deadlines count as well."""
    made = VirtualLoop()
    monkeypatch.setattr(trigger, "time", SimpleNamespace(time=made.time))
    return made


def event(loop: VirtualLoop, trigger: Scripted, seconds: float = 100.0) -> dict[str, Any]:
    trigger.deadline = loop.time() + seconds

    async def run() -> dict[str, Any]:
        (fired,) = [fired async for fired in trigger.run()]
        return fired.payload  # type: ignore[no-any-return]

    return loop.run(run())


def test_what_is_found_ends_the_wait(loop: VirtualLoop) -> None:
    trigger = Scripted(WAITS, WAITS, {"id": 7})
    assert event(loop, trigger) == {"status": "success", "id": 7}
    assert len(trigger.looks) == 3


def test_the_deadline_ends_the_wait_after_a_last_look_and_tells_how_things_stand(loop: VirtualLoop) -> None:
    trigger = Scripted(WAITS, interval=40)
    began = loop.time()
    told = event(loop, trigger, seconds=100)
    assert told == {"status": "timeout", "message": "it was not there in time: it is on its way"}
    assert 100 <= trigger.looks[-1] - began <= 100 + SHORTEST_PAUSE


@pytest.mark.parametrize("jump", [6 * 3600.0, -6 * 3600.0], ids=["on", "back"])
def test_a_wait_ends_as_planned_if_the_clock_is_set_in_it(
    loop: VirtualLoop, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    waits, began = Scripted(WAITS, interval=10), loop.time()
    wall = SimpleNamespace(time=lambda: loop.time() + (jump if loop.time() > began + 30 else 0.0))
    monkeypatch.setattr(trigger, "time", wall)
    assert event(loop, waits, seconds=100)["status"] == "timeout"
    assert 100 <= waits.looks[-1] - began <= 100 + SHORTEST_PAUSE


def test_a_deadline_passes_while_the_machine_is_suspended(loop: VirtualLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    waits, began = Scripted(WAITS, interval=10), loop.time()
    monkeypatch.setattr(trigger, "suspended", lambda: 3600.0 if loop.time() > began + 30 else 0.0)
    assert event(loop, waits, seconds=600)["status"] == "timeout"
    assert loop.time() - began < 60


def test_a_deadline_that_is_over_already_leaves_one_look(loop: VirtualLoop) -> None:
    assert event(loop, Scripted({"id": 7}), seconds=-3600) == {"status": "success", "id": 7}


def test_the_last_look_takes_no_longer_than_it_may(loop: VirtualLoop) -> None:
    trigger = Scripted(1e6, {"id": 7})
    began = loop.time()
    assert event(loop, trigger, seconds=-1)["status"] == "timeout"
    assert loop.time() - began == pytest.approx(LAST_LOOK, abs=1)


def test_a_look_that_hangs_ends_with_the_deadline_as_a_timeout_and_no_failure(loop: VirtualLoop) -> None:
    trigger = Scripted(1e6, {"id": 7}, max_failures=0)
    began = loop.time()
    assert event(loop, trigger, seconds=100)["status"] == "timeout"
    assert loop.time() - began == pytest.approx(100, abs=1)


@pytest.mark.parametrize(
    "script",
    [
        [NotYet("half of it", otherwise={"half": 1})],
        [NotYet("half of it", otherwise={"half": 1}), NotYet("a look that knows less")],
        [NotYet("half of it", otherwise={"half": 1}), WAITS, AWAY],
    ],
)
def test_what_there_is_to_make_do_with_is_not_forgotten(loop: VirtualLoop, script: list[Look]) -> None:
    trigger = Scripted(*script, max_failures=1000)
    assert event(loop, trigger) == {"status": "success", "half": 1}


def test_failures_that_might_pass_are_waited_out(loop: VirtualLoop) -> None:
    trigger = Scripted(AWAY, AWAY, AWAY, WAITS, AWAY, AWAY, AWAY, {"id": 7}, max_failures=3)
    assert event(loop, trigger) == {"status": "success", "id": 7}


def test_too_many_failures_in_a_row_end_the_wait_and_a_retry_may_help(loop: VirtualLoop) -> None:
    trigger = Scripted(WAITS, AWAY, max_failures=3)
    assert event(loop, trigger) == {
        "status": "error",
        "message": "VendorUnavailable: the vendor is away",
        "retry": True,
    }
    assert len(trigger.looks) == 1 + 4


def test_what_waiting_does_not_mend_ends_the_wait_at_once(loop: VirtualLoop) -> None:
    trigger = Scripted(Unauthorized("the token was refused"))
    assert event(loop, trigger) == {
        "status": "error",
        "message": "Unauthorized: the token was refused",
        "retry": False,
    }
    assert len(trigger.looks) == 1


def test_a_connection_that_is_not_there_is_an_error_event(loop: VirtualLoop) -> None:
    told = event(loop, Scripted(AirflowNotFoundException("no such connection")))
    assert (told["status"], told["retry"]) == ("error", True)
    assert "no such connection" in told["message"]


def test_a_bug_goes_through(loop: VirtualLoop) -> None:
    with pytest.raises(ZeroDivisionError):
        event(loop, Scripted(ZeroDivisionError()))


def test_pauses_are_the_interval_give_or_take_a_fifth(loop: VirtualLoop) -> None:
    trigger = Scripted(WAITS, interval=10)
    event(loop, trigger, seconds=1000)
    pauses = [after - before for before, after in pairwise(trigger.looks)][:-1]
    assert all(8 - 0.1 <= pause <= 12 + 0.1 for pause in pauses)
    assert max(pauses) - min(pauses) > 1


@pytest.mark.parametrize("script", [[WAITS], [AWAY]])
def test_no_interval_makes_a_hot_loop(loop: VirtualLoop, script: list[Look]) -> None:
    trigger = Scripted(*script, interval=0, max_failures=1000)
    event(loop, trigger, seconds=1)
    assert len(trigger.looks) <= 1 / SHORTEST_PAUSE + 2


def test_an_error_event_fails_the_task_so_that_a_retry_is_tried_or_not() -> None:
    lasting = failure({"status": "error", "message": "the token was refused", "retry": False})
    passing = failure({"status": "error", "message": "the vendor is away", "retry": True}, "; 3 are open")
    assert isinstance(lasting, AirflowFailException)
    assert isinstance(passing, AirflowException)
    assert not isinstance(passing, AirflowFailException)
    assert str(passing) == "the vendor is away; 3 are open"


def test_one_look_raises_what_it_meets() -> None:
    assert asyncio.run(Scripted(WAITS).look_once()) == WAITS
    with pytest.raises(BadInput):
        asyncio.run(Scripted(BadInput("wrong")).look_once())


BASE = {"wa_conn_id": "some_conn", "poll_interval": 7.5, "deadline": 1234.5, "max_failures": 4}

ARGUMENTS: dict[str, dict[str, Any]] = {
    "WaBatchCheckTrigger": {**BASE, "batch": "b1", "carry": {"tally": {"total": 3}}, "budget": 7},
    "WaCallbackTrigger": {**BASE, "reference": "r1", "wait_for_picture": True},
    "WaDeliveryTrigger": {
        **BASE,
        "messages": [["m1", "34666666610"], ["m2", None]],
        "wait_for": "read",
        "from_store": True,
        "ask_vendor": True,
        "fail_on_timeout": False,
    },
    "WaInboxTrigger": {
        "wa_conn_id": "some_conn",
        "poll_interval": 7.5,
        "source": "store",
        "max_failures": 4,
        "kinds": ["message", "edit"],
    },
    "WaPendingCheckTrigger": {**BASE, "number": "+51999888701"},
    "WaReplyTrigger": {
        **BASE,
        "senders": ["34666666610"],
        "after": 99.5,
        "pattern": "^yes",
        "from_store": True,
        "ask_vendor": True,
        "kinds": ["message", "reaction"],
    },
    "WaSessionTrigger": BASE,
}
"""For each trigger class what it is made of; none of it is its default."""


@pytest.mark.parametrize("cls", all_triggers(), ids=lambda cls: cls.__name__)
def test_every_trigger_survives_the_trip_to_the_triggerer(cls: type[Any]) -> None:
    arguments = ARGUMENTS[cls.__name__]
    made = round_trip(cls(**arguments))
    assert type(made) is cls
    assert made.serialize() == (f"{cls.__module__}.{cls.__name__}", arguments)
    assert {name: getattr(made, name) for name in arguments} == arguments


def test_a_sequence_that_json_has_no_word_for_is_a_list_in_the_triggerer() -> None:
    from airflow_provider_wa.triggers.delivery import WaDeliveryTrigger

    trigger = WaDeliveryTrigger("c", 1, 2, messages=(("m1", None),), wait_for="read", from_store=True)
    assert round_trip(trigger).serialize() == trigger.serialize()
