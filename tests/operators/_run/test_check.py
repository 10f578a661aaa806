# SPDX-License-Identifier: Apache-2.0
"""The check's runner after its trigger has fired, over a store of its own; the sockets' tests try it with vendors."""

from __future__ import annotations

import asyncio
import csv
import time
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowTaskTimeout,
    TaskDeferred,
)
from helpers.tasks import FakeTask

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.arguments import TRIGGERER_SECONDS
from airflow_provider_wa.bulk.check_results import CheckBatch, RowsMissing
from airflow_provider_wa.operators._run.check import LOOK_SECONDS, CheckRunner
from airflow_provider_wa.store.checks import CheckRow
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.triggers.check import WaBatchCheckTrigger

NOON = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)
TALLY = {
    "total": 2, "exists": 1, "absent": 0, "pending": 1, "unknown": 0, "invalid": 0, "duplicates": 0, "reused": 0,
    "calls": 2,
}  # fmt: skip


class AsksAgain:
    """A vendor that is asked again for what is pending."""

    ask_again_seconds = 25.0

    def check_again(self, numbers: Any) -> Any: ...


@pytest.fixture(autouse=True)
def rows(airflow_store: Store) -> None:
    """One answer, and one number that is pending."""
    rows = [
        CheckRow(1, "+34666666610", "+34666666610", "exists", NOON, jid="34666666610@s.whatsapp.net"),
        CheckRow(2, "+34666666604", "+34666666604", "pending", NOON, reference="token"),
    ]
    asyncio.run(CheckBatch(lambda: airflow_store, "b", "my_wa").keep(rows))


def runner(vendor: Any = None, **arguments: Any) -> CheckRunner:
    settings = {"max_age": None, "budget": None, "resume": True, "pending_timeout": 60.0, "poll_interval": None}
    task = FakeTask(
        SimpleNamespace(vendor=vendor, settings=SimpleNamespace(default_region=None), able=lambda capability: vendor)
    )
    given = {"items": ["+34666666610", "+34666666604"], "deferrable": True, **settings, **arguments}
    return CheckRunner(task=task, **given)


def event(status: str = "success", seconds: float = 60.0, **fields: Any) -> dict[str, Any]:
    carry = {"batch": "b", "tally": TALLY, "deadline": time.time() + seconds, "other_forms": False}
    return {"status": status, "message": "out of reach", "carry": carry, **fields}


@pytest.mark.parametrize(
    ("vendor", "poll_interval", "interval"),
    [(None, None, LOOK_SECONDS), (AsksAgain(), None, 25.0), (AsksAgain(), 2.0, 2.0)],
)
def test_pending_numbers_are_waited_for_in_the_triggerer(
    vendor: Any, poll_interval: float | None, interval: float
) -> None:
    fired = event()
    with pytest.raises(TaskDeferred) as deferred:
        runner(vendor, poll_interval=poll_interval, budget=9).take_over(fired)
    trigger = deferred.value.trigger
    assert deferred.value.method_name == "execute_complete"
    assert isinstance(trigger, WaBatchCheckTrigger)
    assert (trigger.batch, trigger.poll_interval, trigger.deadline) == ("b", interval, fired["carry"]["deadline"])
    assert trigger.serialize()[1]["budget"] == 9
    assert trigger.carry == {**fired["carry"], "other_forms": True, "ends": None}
    assert deferred.value.timeout is None


def test_after_the_deadline_the_summary_has_what_is_known() -> None:
    summary = runner().take_over(event(seconds=-1))
    results = summary.pop("results")
    assert summary == {**TALLY, "calls": 0, "output": None, "batch": "b"}
    assert [(row["number"], row["status"]) for row in results] == [
        ("+34666666610", "exists"),
        ("+34666666604", "pending"),
    ]


HOURS = 6 * 3600.0


def test_a_wait_that_is_over_does_not_begin_again_if_the_clock_was_set_back_in_it() -> None:
    fired = event("timeout", seconds=HOURS)
    fired["carry"]["other_forms"] = True
    assert runner().take_over(fired)["pending"] == 1


def test_a_clock_that_was_set_back_in_the_wait_makes_the_rest_no_longer_than_the_whole() -> None:
    with pytest.raises(TaskDeferred) as deferred:
        runner(pending_timeout=60.0).take_over(event("timeout", seconds=HOURS))
    assert deferred.value.trigger.deadline == pytest.approx(time.time() + 60, abs=5)  # type: ignore[attr-defined]


def test_after_the_wait_the_list_is_read_again_for_its_other_columns() -> None:
    people = [{"phone": "+34666666610", "name": "Ana"}, {"phone": "+34666666604", "name": "Ben", "city": "Lima"}]
    results = runner(items=people, carry="*").take_over(event(seconds=-1))["results"]
    assert [(row["status"], row["name"], row["city"]) for row in results] == [
        ("exists", "Ana", None),
        ("pending", "Ben", "Lima"),
    ]


def test_a_list_that_is_gone_after_the_wait_fails_the_task_after_writing_the_answers(tmp_path: Path) -> None:
    source, output = tmp_path / "list.csv", tmp_path / "out.csv"
    gone = {"items": None, "input_path": str(source), "output_path": str(output), "carry": "*"}
    with pytest.raises(BadInput, match="there is no file"):
        runner(**gone).take_over(event(seconds=-1))
    assert output.read_text().count("\n") == 3
    output.unlink()
    with pytest.raises(AirflowException, match="out of reach"):
        runner(**gone).take_over(event("error", retry=True))
    assert output.read_text().count("\n") == 3, "the vendor's error says more, and the answers are there"


@pytest.mark.parametrize(("retry", "error"), [(True, AirflowException), (False, AirflowFailException)])
def test_an_error_in_the_triggerer_is_raised_after_writing_the_results(
    retry: bool, error: type[Exception], tmp_path: Path
) -> None:
    output = tmp_path / "out.csv"
    with pytest.raises(AirflowException, match="out of reach; 1 numbers are left pending") as raised:
        runner(output_path=str(output)).take_over(event("error", retry=retry))
    assert type(raised.value) is error
    with output.open() as rows:
        assert [row["status"] for row in csv.DictReader(rows)] == ["exists", "pending"]


def test_execution_timeout_ends_the_wait_and_is_carried_on() -> None:
    ends = time.time() + 20
    with pytest.raises(TaskDeferred) as deferred:
        runner().take_over({**(fired := event()), "carry": {**fired["carry"], "ends": ends}})
    assert deferred.value.trigger.carry["ends"] == ends
    assert 20 < deferred.value.timeout.total_seconds() <= 20 + TRIGGERER_SECONDS, (
        "Airflow's own, if the triggerer is down"
    )


def test_after_execution_timeout_the_task_fails_with_its_results_written(tmp_path: Path) -> None:
    output, fired = tmp_path / "out.csv", event("timeout", seconds=-1)
    fired["carry"]["ends"] = time.time() - 1
    with pytest.raises(AirflowTaskTimeout, match="execution_timeout: 1 numbers are left pending"):
        runner(output_path=str(output)).take_over(fired)
    assert output.read_text().count("\n") == 3


@pytest.mark.parametrize("status", ["success", "error"])
def test_results_that_do_not_add_up_are_never_a_success(tmp_path: Path, status: str) -> None:
    """As on a worker whose store is another one."""
    output = tmp_path / "out.csv"
    output.write_text("of an earlier run")
    fired = event(status, seconds=-1, retry=True)
    fired["carry"]["tally"] = {**TALLY, "total": 5, "duplicates": 1}
    wrong = "the store has 2 results and 1 duplicates of a list of 5 rows"
    with pytest.raises((RowsMissing, AirflowException), match=wrong) as raised:
        runner(output_path=str(output)).take_over(fired)
    assert ("out of reach; " in str(raised.value)) is (status == "error"), "the first error says more"
    fired["carry"]["batch"] = "elsewhere"
    with pytest.raises((RowsMissing, AirflowException), match="the store has 0 results"):
        runner(output_path=str(output)).take_over(fired)
    assert output.read_text() == "of an earlier run"


def test_whatever_fails_the_results_are_written(tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    made = runner(vendor=SimpleNamespace(), output_path=str(output), poll_interval=1.0, budget="many")
    with pytest.raises(TypeError):
        made.take_over(event())
    assert output.read_text().count("\n") == 3
