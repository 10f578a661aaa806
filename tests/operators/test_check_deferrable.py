# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
import csv
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowTaskTimeout,
    TaskDeferred,
)
from helpers.tasks import run_of
from helpers.vendors import Vendors
from helpers.waiting import call_back, event_of

from airflow_provider_wa.api.errors import QuotaExceeded, SessionDown
from airflow_provider_wa.operators._run.message_keys import batch_name
from airflow_provider_wa.operators.check import WaBulkCheckOperator
from airflow_provider_wa.sandbox import magic_numbers
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.triggers.check import WaBatchCheckTrigger

pytestmark = pytest.mark.sockets

QUEUE = {"mode": "queue", "callback_base_url": "http://127.0.0.1:9", "webhook_secret": "hook-c0ffee42"}
"""A receiver that nobody listens at: the tests put its callbacks into the store themselves."""

MEXICAN, KNOWN = "+52 55 1234 5607", "+521 55 1234 5607"
"""WhatsApp knows the account under the second form only."""


@pytest.fixture
def queue(vendors: Vendors) -> str:
    return vendors.connect("checkwa", extra=QUEUE)


def context(run_id: str = "run1") -> Any:
    return run_of(run_id=run_id, task_id="check")


def operator(conn_id: str, numbers: Any, **arguments: Any) -> WaBulkCheckOperator:
    defaults = {"task_id": "check", "deferrable": True, "poll_interval": 0.05, "pending_timeout": 10.0}
    return WaBulkCheckOperator(wa_conn_id=conn_id, numbers=numbers, **{**defaults, **arguments})


def deferred(made: WaBulkCheckOperator, run: Any = None) -> WaBatchCheckTrigger:
    with pytest.raises(TaskDeferred) as waits:
        made.execute(run or context())
    assert waits.value.method_name == "execute_complete"
    assert isinstance(waits.value.trigger, WaBatchCheckTrigger)
    return waits.value.trigger


def finished(made: WaBulkCheckOperator, run: Any = None) -> dict[str, Any]:
    """What the operator returns in the end, however often it is deferred."""
    run = run or context()
    try:
        return made.execute(run)  # type: ignore[no-any-return]
    except TaskDeferred as waits:
        trigger = waits.trigger
    while True:
        event = asyncio.run(event_of(trigger))
        try:
            return made.execute_complete(run, event)
        except TaskDeferred as waits:
            trigger = waits.trigger


def answer(store: Store, batch: str) -> None:
    """Call back for all that is pending, as the sandbox would: 00 is absent, 04 never comes."""
    for form in (0, 1):
        for row in list(store.checks.rows(batch, form=form, status="pending")):
            assert row.reference
            if magic_numbers.ending(row.number) != magic_numbers.UNRESOLVED:
                status = "exists" if magic_numbers.exists(row.number) else "absent"
                jid = f"{row.number[1:]}@s.whatsapp.net" if status == "exists" else None
                store.events.add([call_back(row.reference, status, jid=jid)])


@contextmanager
def receiver(store: Store, batch: str) -> Iterator[None]:
    """Callbacks that come as long as this goes on."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(0.05):
            answer(store, batch)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def results(summary: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    return [(row["number"], row["status"], row["jid"]) for row in summary["results"]]


def counted(summary: dict[str, Any]) -> dict[str, int]:
    names = ("exists", "absent", "pending", "unknown", "invalid", "duplicates")
    return {name: summary[name] for name in names if summary[name]}


def test_what_is_answered_at_once_needs_no_wait(vendors: Vendors, airflow_store: Store) -> None:
    numbers = ["+1 202 555 0110", "nobody", "+1 202 555 0100", "12025550110"]
    summary = operator("wuzapi_default", numbers).execute(context())
    assert counted(summary) == {"exists": 1, "absent": 1, "invalid": 1, "duplicates": 1}
    assert (summary["total"], summary["calls"]) == (4, 1)
    assert [row["input"] for row in summary["results"]] == numbers[:3]


def test_pending_numbers_are_asked_for_again_in_the_triggerer(vendors: Vendors, airflow_store: Store) -> None:
    numbers = ["+51999888701", "+51999888710", "+51999888700"]
    made = operator("accuauth_default", numbers)
    trigger = deferred(made)
    assert vendors.state.ledger.requests["accuauth"] == 3
    assert trigger.deadline == pytest.approx(time.time() + 10, abs=3)
    summary = made.execute_complete(context(), asyncio.run(event_of(trigger)))
    assert results(summary) == [
        ("+51999888701", "exists", "51999888701@s.whatsapp.net"),
        ("+51999888710", "exists", "51999888710@s.whatsapp.net"),
        ("+51999888700", "absent", None),
    ]
    assert counted(summary) == {"exists": 2, "absent": 1}
    assert vendors.state.ledger.requests["accuauth"] == 3 + 2
    assert summary["calls"] == 3 + 2, "those of the trigger count as well"


def test_the_trigger_keeps_to_the_budget_too(vendors: Vendors, airflow_store: Store) -> None:
    made = operator("accuauth_default", ["+51999888701", "+51999888710", "+51999888704"], budget=4)
    trigger = deferred(made)
    event = asyncio.run(event_of(trigger))
    with pytest.raises(AirflowFailException, match=r"QuotaExceeded: budget: all calls are used.*2 numbers are left"):
        made.execute_complete(context(), event)
    assert vendors.state.ledger.requests["accuauth"] == 4


def test_vendors_are_asked_again_after_25_seconds_and_the_store_after_5(
    vendors: Vendors, airflow_store: Store, queue: str
) -> None:
    pending = {"accuauth_default": "+51999888704", queue: "+34666666604"}
    intervals = {
        conn_id: deferred(operator(conn_id, [number], poll_interval=None)).poll_interval
        for conn_id, number in pending.items()
    }
    assert intervals == {"accuauth_default": 25, queue: 5}


def test_callbacks_are_awaited_and_each_number_has_a_token_of_its_own(
    vendors: Vendors, airflow_store: Store, queue: str
) -> None:
    made = operator(queue, ["+34666666610", "+34666666600", "+34666666611"])
    trigger = deferred(made)
    references = [row.reference for row in airflow_store.checks.rows(trigger.batch)]
    assert len({*references}) == 3
    assert all(reference and len(reference) >= 20 for reference in references)
    with receiver(airflow_store, trigger.batch):
        summary = made.execute_complete(context(), asyncio.run(event_of(trigger)))
    assert [status for _, status, _ in results(summary)] == ["exists", "absent", "exists"]
    assert summary["calls"] == 3
    assert summary["batch"] == trigger.batch


def test_the_receivers_url_goes_with_each_number(vendors: Vendors, airflow_store: Store, queue: str) -> None:
    deferred(operator(queue, ["+34666666610"]))
    ends = time.monotonic() + 10
    while not (posts := vendors.state.ledger.callbacks) and time.monotonic() < ends:
        time.sleep(0.05)
    assert posts[0].url == f"http://127.0.0.1:9/wa/hooks/{queue}/hook-c0ffee42"


def test_a_callback_that_is_faster_than_the_storing_of_its_check_counts(
    vendors: Vendors, airflow_store: Store, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_wa.store.checks import Checks

    put = Checks.put

    def slow(self: Checks, batch: str, conn_id: str, rows: Any, **more: Any) -> None:
        airflow_store.events.add([call_back(row.reference) for row in rows])
        put(self, batch, conn_id, rows, **more)

    monkeypatch.setattr(Checks, "put", slow)
    assert counted(operator(queue, ["+34666666610"]).execute(context())) == {"exists": 1}


def test_what_is_open_at_the_deadline_is_pending(
    vendors: Vendors, airflow_store: Store, queue: str, tmp_path: Path
) -> None:
    output = tmp_path / "out.csv"
    made = operator(queue, ["+34666666610", "+34666666604"], pending_timeout=1.0, output_path=str(output))
    with receiver(airflow_store, batch_name(context(), queue)):
        summary = finished(made)
    assert counted(summary) == {"exists": 1, "pending": 1}
    assert (summary["results"], summary["output"]) == (None, str(output))
    with output.open() as rows:
        assert [(row["number"], row["status"]) for row in csv.DictReader(rows)] == [
            ("+34666666610", "exists"),
            ("+34666666604", "pending"),
        ]


def test_a_number_called_absent_is_asked_for_in_its_countrys_other_form(
    vendors: Vendors, airflow_store: Store, queue: str
) -> None:
    numbers = [MEXICAN, "+52 55 1234 5600", "+34666666600"]
    with receiver(airflow_store, batch_name(context(), queue)):
        summary = finished(operator(queue, numbers))
    assert results(summary) == [
        ("+525512345607", "exists", "5215512345607@s.whatsapp.net"),
        ("+525512345600", "absent", None),
        ("+34666666600", "absent", None),
    ]
    assert summary["results"][0]["detail"] == "as +5215512345607"
    assert summary["results"][0]["input"] == MEXICAN
    assert summary["calls"] == 3 + 2
    assert vendors.state.ledger.requests["checkwa"] == 3 + 2


def test_a_number_that_never_answers_keeps_no_other_from_its_second_chance(
    vendors: Vendors, airflow_store: Store, queue: str
) -> None:
    made = operator(queue, [MEXICAN, "+52 55 1234 5604"], pending_timeout=4.0)
    with receiver(airflow_store, batch_name(context(), queue)):
        summary = finished(made)
    assert [status for _, status, _ in results(summary)] == ["exists", "pending"]


def test_who_is_called_absent_too_late_for_a_second_chance_is_unknown(
    vendors: Vendors, airflow_store: Store, queue: str
) -> None:
    made = operator(queue, [MEXICAN, "+52 55 1234 5604"], pending_timeout=60.0)
    trigger = deferred(made)
    assert trigger.deadline == pytest.approx(time.time() + 30, abs=5), "half of the time"
    answer(airflow_store, trigger.batch)
    event = {"status": "timeout", "message": "", "carry": {**trigger.carry, "deadline": time.time() - 1}}
    summary = made.execute_complete(context(), event)
    assert [status for _, status, _ in results(summary)] == ["unknown", "pending"]
    assert summary["results"][0]["detail"] == "absent as +525512345607; +5215512345607 was not asked for"
    assert vendors.state.ledger.requests["checkwa"] == 2


def test_a_retry_goes_on_with_what_is_known(vendors: Vendors, airflow_store: Store, queue: str) -> None:
    numbers = ["+34666666610", "+34666666604", MEXICAN]
    vendors.control("quota", vendor="checkwa", left=2)
    with pytest.raises(AirflowFailException, match="QuotaExceeded"):
        operator(queue, numbers, concurrency=1).execute(context())
    assert vendors.state.ledger.requests["checkwa"] == 3
    vendors.control("quota", vendor="checkwa", left=None)
    with receiver(airflow_store, batch_name(context(), queue)):
        summary = finished(operator(queue, numbers, pending_timeout=4.0))
    assert [status for _, status, _ in results(summary)] == ["exists", "pending", "exists"]
    assert vendors.state.ledger.requests["checkwa"] == 3 + 1 + 1, "the refused one, and its other form"


def test_a_retry_does_not_ask_for_other_forms_again(vendors: Vendors, airflow_store: Store, queue: str) -> None:
    numbers = ["+52 55 1234 5600"]
    with receiver(airflow_store, batch_name(context(), queue)):
        first, second = (finished(operator(queue, numbers)) for _ in range(2))
    assert results(first) == results(second) == [("+525512345600", "absent", None)]
    assert vendors.state.ledger.requests["checkwa"] == 2


def test_another_run_and_another_connection_start_anew(vendors: Vendors, airflow_store: Store) -> None:
    conn_id = vendors.connect("accuauth", "second")
    for other in (context("run1"), context("run2")):
        operator("accuauth_default", ["+51999888710"]).execute(other)
    operator(conn_id, ["+51999888710"]).execute(context("run1"))
    assert vendors.state.ledger.requests["accuauth"] == 3


def test_a_list_that_has_become_shorter_leaves_nothing_behind(vendors: Vendors, airflow_store: Store) -> None:
    numbers = ["+51999888710", "+51999888711", "+51999888712"]
    operator("accuauth_default", numbers).execute(context())
    summary = operator("accuauth_default", ["+51999888711", "+51999888710"]).execute(context())
    assert [number for number, _, _ in results(summary)] == ["+51999888711", "+51999888710"]
    assert counted(summary) == {"exists": 2}


def test_an_error_that_stops_all_is_raised_after_writing_what_is_known(
    vendors: Vendors, airflow_store: Store, tmp_path: Path
) -> None:
    output = tmp_path / "out.csv"
    vendors.control("quota", vendor="accuauth", left=2)
    numbers = [f"+519998887{row:02d}" for row in range(10, 20)]
    with pytest.raises(AirflowFailException, match="QuotaExceeded"):
        operator("accuauth_default", numbers, output_path=str(output), concurrency=1).execute(context())
    with output.open() as rows:
        assert [row["status"] for row in csv.DictReader(rows)] == ["exists", "exists"]


def test_quota_that_ends_with_the_other_forms_is_raised_after_writing(
    vendors: Vendors, airflow_store: Store, queue: str, tmp_path: Path
) -> None:
    output = tmp_path / "out.csv"
    made = operator(queue, [MEXICAN], output_path=str(output))
    trigger = deferred(made)
    answer(airflow_store, trigger.batch)
    vendors.control("quota", vendor="checkwa", left=0)
    with pytest.raises(AirflowFailException, match="QuotaExceeded") as caught:
        made.execute_complete(context(), asyncio.run(event_of(trigger)))
    assert isinstance(caught.value.__cause__, QuotaExceeded)
    with output.open() as rows:
        assert [row["status"] for row in csv.DictReader(rows)] == ["unknown"]


@pytest.mark.parametrize("retry", [False, True])
def test_an_error_in_the_triggerer_fails_the_task_after_writing_and_is_retried_if_that_may_help(
    vendors: Vendors, airflow_store: Store, queue: str, tmp_path: Path, retry: bool
) -> None:
    output = tmp_path / "out.csv"
    made = operator(queue, ["+34666666610", "+34666666604"], output_path=str(output))
    trigger = deferred(made)
    answer(airflow_store, trigger.batch)
    event = {"status": "error", "message": "the store is away", "retry": retry, "carry": trigger.carry}
    with pytest.raises(AirflowException, match="the store is away; 1 numbers are left pending") as caught:
        made.execute_complete(context(), event)
    assert isinstance(caught.value, AirflowFailException) is not retry
    with output.open() as rows:
        assert [row["status"] for row in csv.DictReader(rows)] == ["exists", "pending"]


def test_a_session_that_is_down_is_left_to_airflows_retries(vendors: Vendors, airflow_store: Store) -> None:
    vendors.state.log_out("green_api")
    with pytest.raises(SessionDown):
        operator("green_api_default", ["+12025550110"]).execute(context())


def test_without_deferring_what_is_pending_is_kept_for_who_waits_for_it(
    vendors: Vendors, airflow_store: Store, queue: str
) -> None:
    made = operator(queue, ["+34666666610", "nobody"], deferrable=False)
    summary = made.execute(context())
    assert counted(summary) == {"pending": 1, "invalid": 1}
    assert [row.status for row in airflow_store.checks.rows(summary["batch"])] == ["pending", "invalid"]
    answer(airflow_store, summary["batch"])
    assert airflow_store.checks.counts(summary["batch"]) == {"exists": 1, "invalid": 1}


def test_deferring_follows_airflows_default(monkeypatch: pytest.MonkeyPatch) -> None:
    def made(**arguments: Any) -> bool:
        return WaBulkCheckOperator(task_id="check", wa_conn_id="c", numbers=["1"], **arguments).deferrable

    assert made() is False
    monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", "True")
    assert made() is True
    assert made(deferrable=False) is False


def test_without_its_event_it_goes_through_the_list_again_and_pays_nothing(
    vendors: Vendors, airflow_store: Store
) -> None:
    """``airflow dags test`` beside a triggerer: one of the two has taken the event."""
    made = operator("accuauth_default", ["+51999888701", "+51999888700"])
    event = asyncio.run(event_of(deferred(made)))
    assert event["status"] == "success"
    calls = vendors.state.ledger.requests["accuauth"]
    summary = made.resume_execution("execute_complete", {}, context())
    assert counted(summary) == {"exists": 1, "absent": 1}
    assert vendors.state.ledger.requests["accuauth"] == calls


def test_execution_timeout_ends_its_wait(vendors: Vendors, airflow_store: Store) -> None:
    made = operator("accuauth_default", ["+51999888704"], execution_timeout=timedelta(seconds=5), pending_timeout=60.0)
    run = run_of(run_id="r", task_id="check", start_date=datetime.now(timezone.utc) - timedelta(seconds=4.5))
    trigger = deferred(made, run)
    assert trigger.deadline - time.time() < 0.6
    with pytest.raises(AirflowTaskTimeout, match="execution_timeout: 1 numbers are left pending"):
        made.execute_complete(run, asyncio.run(event_of(trigger)))
