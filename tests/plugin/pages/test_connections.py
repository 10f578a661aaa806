# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
from helpers.connections import Connect
from store.samples import came_in

from airflow_provider_wa.plugin.pages import connections
from airflow_provider_wa.plugin.pages.connections import Account, Remembered, accounts_of, hook_of
from airflow_provider_wa.plugin.pages.errors import Refused
from airflow_provider_wa.plugin.pages.visit import Visit
from airflow_provider_wa.store.store import Store


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def remembered(clock: Clock) -> Remembered:
    return Remembered(5.0, clock)


def test_an_answer_is_remembered_until_it_is_too_old(remembered: Remembered, clock: Clock) -> None:
    answers = iter("abc")
    assert remembered.get("one", lambda: next(answers)) == "a"
    clock.now += 4.9
    assert remembered.get("one", lambda: next(answers)) == "a"
    clock.now += 0.1
    assert remembered.get("one", lambda: next(answers)) == "b"


def test_each_name_has_its_own_answer_and_forgets_it_alone(remembered: Remembered) -> None:
    assert [remembered.get(name, lambda name=name: f"first {name}") for name in ("one", "two")] == [
        "first one",
        "first two",
    ]
    remembered.forget("one")
    remembered.forget("unknown")
    assert [remembered.get(name, lambda: "again") for name in ("one", "two")] == ["again", "first two"]


def test_none_is_an_answer_and_an_error_is_not(remembered: Remembered) -> None:
    def fail() -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        remembered.get("one", fail)
    assert remembered.get("one", lambda: None) is None
    assert remembered.get("one", lambda: "asked again") is None


def test_users_who_ask_at_once_cause_one_call(remembered: Remembered) -> None:
    asked, go_on, calls = Event(), Event(), list[int]()

    def ask() -> str:
        calls.append(1)
        asked.set()
        assert go_on.wait(30)
        return "answer"

    with ThreadPoolExecutor(2) as users:
        first = users.submit(remembered.get, "one", ask)
        assert asked.wait(30)
        second = users.submit(remembered.get, "one", ask)
        assert remembered.get("two", lambda: "not kept waiting") == "not kept waiting"
        go_on.set()
        assert [first.result(), second.result()] == ["answer", "answer"]
    assert calls == [1]


class Rights:
    """The rights of a user who may see some connections."""

    def __init__(self, *seen: str, some: bool = False) -> None:
        self.seen, self.some = seen, some

    def readable(self, conn_ids: list[str]) -> list[str]:
        return [conn_id for conn_id in conn_ids if conn_id in self.seen]

    def may_some(self, method: str) -> bool:
        return self.some


def visit(rights: Rights) -> Visit:
    return Visit(user=SimpleNamespace(), rights=rights, base="", airflow="", path={}, query={})  # type: ignore[arg-type]


@pytest.fixture
def listed(airflow_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow lists one connection, and the store has events of it and of one that cannot be listed."""
    monkeypatch.setattr(connections, "list_connections", lambda: {"listed": "wuzapi"})
    airflow_store.events.add([came_in("51987654321", "hello", conn_id=each) for each in ("in_a_vault", "listed")])


@pytest.mark.usefixtures("listed")
def test_the_accounts_are_the_listed_connections_and_those_of_the_store_that_the_user_may_see() -> None:
    both = accounts_of(visit(Rights("listed", "in_a_vault")))
    assert both == [Account("in_a_vault", ""), Account("listed", connections.conn_types()["wuzapi"])]
    assert [each.conn_id for each in accounts_of(visit(Rights("in_a_vault")))] == ["in_a_vault"]


@pytest.mark.usefixtures("listed")
def test_a_user_without_any_right_is_refused_and_one_with_a_general_right_sees_an_empty_list() -> None:
    with pytest.raises(Refused) as refused:
        accounts_of(visit(Rights()))
    assert refused.value.status == 403
    assert not [name for name in ("listed", "in_a_vault") if name in refused.value.text]
    assert accounts_of(visit(Rights(some=True))) == []


def test_the_hook_of_a_connection_is_of_its_type_and_a_missing_connection_is_not_found(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hook_of(connect("wuzapi")).vendor.name == "wuzapi"
    missing: tuple[Any, None] = (None, None)
    monkeypatch.setattr(connections, "find_for_server", lambda conn_id: missing)
    with pytest.raises(Refused, match="nobody does not exist") as refused:
        hook_of("nobody")
    assert refused.value.status == 404
