# SPDX-License-Identifier: Apache-2.0
"""Every try of a task has the same store: another one, or an old one, is said before anything is sent."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from helpers.connections import set_connection, set_store
from helpers.tasks import run_of
from sqlalchemy.engine import make_url

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.connections import store as stores
from airflow_provider_wa.operators._run.one_store import STATE_KEY, OneStore
from airflow_provider_wa.store.batches import BatchInfo, BatchKind
from airflow_provider_wa.store.store import Store

LOG = logging.getLogger("task")
BATCH = BatchInfo(name="b", kind=BatchKind.SEND, conn_id="my_wa")
TOMORROW = datetime.now(timezone.utc) + timedelta(days=1, microseconds=7)


class TaskState(dict[str, Any]):
    """What Airflow 3.3 keeps of a task over its tries, as JSON."""

    def set(self, key: str, value: Any) -> None:
        self[key] = json.loads(json.dumps(value))


class NoState:
    """A state that Airflow cannot reach."""

    def get(self, key: str) -> Any:
        raise RuntimeError("no answer")

    def set(self, key: str, value: Any) -> None:
        raise RuntimeError("no answer")


@pytest.fixture
def store(store_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The store of the tasks, on each kind of database."""
    set_connection(monkeypatch, "wa_store_default", **_fields(store_url))
    stores._url.cache_clear()
    found = stores.get_store()
    yield found
    found.close()
    stores._url.cache_clear()


def _fields(url: str) -> dict[str, Any]:
    parts = make_url(url)
    if parts.get_backend_name() == "sqlite":
        return {"conn_type": "sqlite", "host": parts.database}
    named = {"login": parts.username, "password": parts.password, "schema": parts.database, "port": parts.port}
    return {"conn_type": "postgres", "host": parts.host, "extra": dict(parts.query), **named}


def begin(store: Store, state: Any = None, mark: Any = None, **ti: Any) -> OneStore:
    """Begin a try as a bulk send does."""
    one = OneStore(store, "b", {**run_of(**ti), "task_state_store": state}, LOG)
    one.check(mark)
    store.batches.begin(BATCH)
    one.remember()
    return one


def held(store: Store, one: OneStore) -> dict[str, Any]:
    store.batches.hold("b", TOMORROW)
    return json.loads(json.dumps(one.mark(TOMORROW)))  # type: ignore[no-any-return]


def other_store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Store:
    set_store(monkeypatch, tmp_path / "another.db")
    return stores.get_store()


def test_tries_and_waits_with_the_same_store_go_on(store: Store) -> None:
    state = TaskState()
    mark = held(store, begin(store, state))
    begin(store, state, mark)
    begin(store, state, try_number=2)
    assert store.batches.get("b") is not None, "no try was refused"


def test_a_wait_that_goes_on_with_another_store_is_refused(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mark = held(store, begin(store))
    other = other_store(monkeypatch, tmp_path)
    with pytest.raises(BadInput, match=f"has store {other.id}, the task began with store {store.id}.*clear the task"):
        begin(other, None, mark)
    assert other.batches.get("b") is None


def test_a_second_try_with_another_store_is_refused_once(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    state = TaskState()
    begin(store, state)
    other = other_store(monkeypatch, tmp_path)
    with pytest.raises(BadInput, match=f"the task began with store {store.id}"):
        begin(other, state, try_number=2)
    begin(other, state, try_number=3)  # somebody has read it, and cleared the task
    begin(other, state, try_number=4)


def test_a_second_try_that_cannot_know_the_store_warns(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    begin(store, try_number=1)
    begin(store, try_number=2)
    assert "no earlier try" not in caplog.text
    OneStore(store, "c", run_of(try_number=2), LOG).check()
    assert "knows of no earlier try of this task" in caplog.text


@pytest.mark.parametrize("tries", [{}, {"try_number": 2}], ids=["wait", "try"])
def test_a_store_from_before_the_batch_is_refused(store: Store, tries: dict[str, Any]) -> None:
    state = TaskState()
    mark = held(store, begin(store, state))
    with store.database.writing() as connection:  # as a backup of yesterday has it
        connection.exec_driver_sql("DELETE FROM wa_batches")
    with pytest.raises(BadInput, match="does not know the earlier tries of this task: it was restored from a backup"):
        begin(store, state, None if tries else mark, **tries)


@pytest.mark.parametrize("before", [None, TOMORROW - timedelta(days=1)], ids=["at work", "yesterday's wait"])
def test_a_store_from_before_the_wait_is_refused(store: Store, before: datetime | None) -> None:
    mark = held(store, begin(store))
    if before:
        store.batches.hold("b", before)
    else:
        store.batches.begin(BATCH)
    with pytest.raises(BadInput, match=r"does not know the wait of this task until .*: it was restored from a backup"):
        begin(store, None, mark)


def test_another_batch_of_the_task_may_have_another_store(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    state = TaskState()
    begin(store, state)
    OneStore(other_store(monkeypatch, tmp_path), "c", {"task_state_store": state}, LOG).check()  # type: ignore[typeddict-unknown-key]
    assert state[STATE_KEY]["batch"] == "b", "the mark of the other batch stays"


def test_a_state_that_airflow_cannot_reach_is_said_and_no_obstacle(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    begin(store, NoState())
    assert "another one is not noticed: no answer" in caplog.text
    assert "does not keep the store's id for further tries: no answer" in caplog.text
