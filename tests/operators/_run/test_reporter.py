# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import logging
import threading
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred
from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger

from airflow_provider_wa.operators._run.reporter import STATE_KEY, Reporter, stopped_on_failure
from airflow_provider_wa.store.batches import BatchInfo, BatchKind, BatchProgress, BatchState
from airflow_provider_wa.store.database import StoreUnavailable
from airflow_provider_wa.store.store import Store

LOG = logging.getLogger("task")
HALF = BatchProgress(counts={"accepted": 5}, done=5, rows=10, rate=2.0)


class StateStore:
    """What Airflow 3.3 gives a task to keep its state in; ``told`` is what was set."""

    def __init__(self, error: Exception | None = None) -> None:
        self.told: list[tuple[str, Any]] = []
        self.tries = 0
        self._error = error

    def set(self, key: str, value: Any) -> None:
        self.tries += 1
        if self._error:
            raise self._error
        self.told.append((key, value))


@pytest.fixture
def store(airflow_store: Store) -> Store:
    airflow_store.batches.begin(BatchInfo(name="b", kind=BatchKind.SEND, conn_id="my_wa"))
    return airflow_store


def state(store: Store) -> BatchState:
    batch = store.batches.get("b")
    assert batch is not None
    return batch.state


def test_progress_is_in_the_store_and_where_airflow_keeps_a_tasks_state(store: Store) -> None:
    airflow = StateStore()
    with closing(Reporter(store, "b", {"task_state_store": airflow}, LOG)) as reporter:  # type: ignore[typeddict-unknown-key]
        reporter(HALF)
        reporter.flush()
        batch = store.batches.get("b")
    assert batch is not None
    assert (batch.done, batch.rows, batch.counts) == (5, 10, {"accepted": 5})
    assert airflow.told == [
        (STATE_KEY, {"batch": "b", "rows": 10, "done": 5, "rate": 2.0, "seconds_left": 2, "counts": {"accepted": 5}})
    ]


def test_a_state_store_that_refuses_is_named_once_and_asked_no_more(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    airflow = StateStore(RuntimeError("no such task"))
    with closing(Reporter(store, "b", {"task_state_store": airflow}, LOG)) as reporter:  # type: ignore[typeddict-unknown-key]
        for done in (5, 6):
            reporter(BatchProgress(counts={}, done=done))
            reporter.flush()
    batch = store.batches.get("b")
    assert batch is not None
    assert batch.done == 6
    assert airflow.tries == 1
    assert [record.getMessage() for record in caplog.records if "progress" in record.getMessage()] == [
        "Airflow did not accept the task's progress: no such task"
    ]


def test_a_store_out_of_reach_fails_no_task(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: Any) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(store.batches, "report", away)
    with closing(Reporter(store, "b", {}, LOG)) as reporter:
        reporter(HALF)
        reporter.flush()
    assert [record.getMessage() for record in caplog.records if "progress" in record.getMessage()] == [
        "The progress could not be stored: away"
    ]


def test_of_reports_that_wait_only_the_newest_is_written(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, written = threading.Event(), []

    def slow(name: str, progress: BatchProgress) -> None:
        written.append(progress.done)
        go_on.wait(30)

    monkeypatch.setattr(store.batches, "report", slow)
    with closing(Reporter(store, "b", {}, LOG)) as reporter:
        reporter(BatchProgress(counts={}, done=0))
        while not written:
            pass
        for done in (1, 2, 3):
            reporter(BatchProgress(counts={}, done=done))
        go_on.set()
    assert written == [0, 3]


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt(), SystemExit(1)], ids=lambda e: type(e).__name__)
def test_whatever_ends_a_try_stops_its_batch(store: Store, error: BaseException) -> None:
    with pytest.raises(type(error)), stopped_on_failure(store, "b"):
        raise error
    assert state(store) is BatchState.STOPPED


def test_a_task_that_is_deferred_goes_on(store: Store) -> None:
    deferred = TaskDeferred(trigger=TimeDeltaTrigger(timedelta(1)), method_name="m")
    with pytest.raises(TaskDeferred), stopped_on_failure(store, "b"):
        raise deferred
    assert state(store) is BatchState.RUNNING


def test_the_tries_own_error_is_raised_if_the_store_is_away_as_well(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(store.batches, "stop", away)
    with pytest.raises(ValueError, match="the first"), stopped_on_failure(store, "b"):
        raise ValueError("the first")
