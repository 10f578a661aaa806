# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from store.samples import came_in

from airflow_provider_wa.store.store import Store
from airflow_provider_wa.waiting import read_position
from airflow_provider_wa.waiting.read_position import Position, ReadPosition

KEY = "read:my_wa"


class Asynchronous:
    """An asset's state from Airflow 3.3.2 on: the synchronous accessors would block the event loop."""

    def __init__(self) -> None:
        self.saved: dict[str, Any] = {}

    async def aget(self, key: str) -> Any:
        return self.saved.get(key)

    async def aset(self, key: str, value: Any) -> None:
        self.saved[key] = value

    def get(self, key: str) -> Any:
        raise AssertionError("it blocks the event loop")

    def set(self, key: str, value: Any) -> None:
        raise AssertionError("it blocks the event loop")


class Synchronous:
    """An asset's state of Airflow 3.3.0 and 3.3.1: it waits for the event loop, so that a call there hangs."""

    def __init__(self) -> None:
        self.saved: dict[str, Any] = {}

    def get(self, key: str) -> Any:
        assert threading.current_thread() is not threading.main_thread()
        return self.saved.get(key)

    def set(self, key: str, value: Any) -> None:
        assert threading.current_thread() is not threading.main_thread()
        self.saved[key] = value


State = Asynchronous | Synchronous

both_shapes = pytest.mark.parametrize("make", [Asynchronous, Synchronous])


def states(by_name: Mapping[str, State], by_uri: Mapping[str, State] | None = None) -> Any:
    return SimpleNamespace(_by_name=dict(by_name), _by_uri=dict(by_uri or {}))


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_position, "SAVE_DELAY", 0.0)


@both_shapes
async def test_the_position_is_saved_with_each_asset(airflow_store: Store, make: Callable[[], State]) -> None:
    one, other = make(), make()
    read = ReadPosition(airflow_store, "my_wa", states({"one": one}, {"s3://other": other}))
    await read.load(1000)
    assert one.saved == other.saved == {KEY: {"event_id": 0, "since": 1000.0}}
    read.move(7)
    await read.save_due()
    assert one.saved == other.saved == {KEY: {"event_id": 7, "since": 1000.0}}
    assert airflow_store.positions.get(KEY) is None


@both_shapes
async def test_a_restart_goes_on_from_the_position_of_the_asset(
    airflow_store: Store, make: Callable[[], State]
) -> None:
    airflow_store.events.add([came_in("1", "a"), came_in("1", "b"), came_in("1", "c")])
    state = make()
    state.saved[KEY] = {"event_id": 2, "since": 5.0}
    read = ReadPosition(airflow_store, "my_wa", states({"one": state}))
    await read.load(1000)
    assert read.position == Position(2, 5.0)


@both_shapes
async def test_the_position_in_the_store_moves_to_the_asset(airflow_store: Store, make: Callable[[], State]) -> None:
    airflow_store.events.add([came_in("1", "a"), came_in("1", "b")])
    before = ReadPosition(airflow_store, "my_wa", None)
    await before.load(1000)
    assert airflow_store.positions.get(KEY) == {"event_id": 2, "since": 1000.0}
    state = make()
    after = ReadPosition(airflow_store, "my_wa", states({"one": state}))
    await after.load(2000)
    assert after.position == before.position
    assert state.saved == {KEY: {"event_id": 2, "since": 1000.0}}
    assert airflow_store.positions.get(KEY) is None


@pytest.mark.parametrize("missing", [None, SimpleNamespace()])
async def test_without_states_the_position_is_in_the_store(airflow_store: Store, missing: Any) -> None:
    read = ReadPosition(airflow_store, "my_wa", missing)
    await read.load(1000)
    read.move(3)
    await read.save_all()
    assert airflow_store.positions.get(KEY) == {"event_id": 3, "since": 1000.0}


async def test_a_position_is_saved_only_when_it_is_due(airflow_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    read = ReadPosition(airflow_store, "my_wa", None)
    await read.load(1000)
    assert read.seconds_to_save == float("inf")
    monkeypatch.setattr(read_position, "SAVE_DELAY", 60.0)
    read.move(1)
    await read.save_due()
    assert airflow_store.positions.get(KEY)["event_id"] == 0
    assert 0 < read.seconds_to_save <= 60


async def test_all_positions_are_saved_at_the_end(airflow_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    read = ReadPosition(airflow_store, "my_wa", None)
    await read.load(1000)
    monkeypatch.setattr(read_position, "SAVE_DELAY", 0.05)
    read.move(1)
    read.move(2)
    saving = asyncio.create_task(read.save_all())
    await asyncio.sleep(0)
    assert airflow_store.positions.get(KEY)["event_id"] == 0
    await saving
    assert airflow_store.positions.get(KEY)["event_id"] == 2


@pytest.mark.parametrize("value", [None, {}, {"event_id": "x", "since": 0}, {"event_id": 1}, [], "1"])
def test_what_was_not_saved_by_us_is_not_a_position(value: Any) -> None:
    assert Position.of(value) is None
