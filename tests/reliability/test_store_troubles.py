# SPDX-License-Identifier: Apache-2.0
"""The store fails in the middle of a bulk send: nobody is messaged twice, nobody is left out, the task says why."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from helpers.connections import set_connection
from helpers.numbers import digits, existing
from helpers.tasks import run_of
from helpers.vendors import Vendors
from sqlalchemy import event

from airflow_provider_wa.bulk import send_run
from airflow_provider_wa.connections import store as stores
from airflow_provider_wa.operators.send import WaBulkSendOperator
from airflow_provider_wa.store import database
from airflow_provider_wa.store.database import StoreUnavailable
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.transport.channel import Endpoint
from airflow_provider_wa.vendors.green_api.client import GreenApi
from airflow_provider_wa.vendors.wa_portal.client import WaPortal

if TYPE_CHECKING:
    from helpers.postgres import Postgres

PEOPLE = existing(120)
BEGUN = 25
"""Messages that the vendor has taken when the trouble begins."""

SENDERS = pytest.mark.parametrize("conn_type", ["wuzapi", "green_api", "wa_portal"])

Trouble = Callable[[Store], AbstractContextManager[None]]

LOCKER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=30)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""


@contextmanager
def locked_by_another_process(store: Store) -> Iterator[None]:
    path = store.database.engine.url.database or ""
    process = subprocess.Popen([sys.executable, "-c", LOCKER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == b"locked\n"
    try:
        yield
    finally:
        process.communicate()


class _Pragma:
    """Sets what SQLite itself refuses to write by, on each connection as it begins, from ``__enter__`` on.

    The engine is told before the send: it does not bear a new listener while it is at work in another thread.
    """

    def __init__(self, store: Store, wrong: str) -> None:
        self._engine, self._wrong = store.database.engine, wrong
        self._brought = False
        event.listen(self._engine, "begin", self._begun, insert=True)

    def __enter__(self) -> None:
        self._brought = True

    def __exit__(self, *exc_info: object) -> None:
        self._brought = False
        event.remove(self._engine, "begin", self._begun)
        # It is a setting of a connection, and several may have it.
        self._engine.dispose()

    def _begun(self, connection: Any) -> None:
        if self._brought:
            connection.connection.driver_connection.execute(f"PRAGMA {self._wrong}")


def full(store: Store) -> AbstractContextManager[None]:
    return _Pragma(store, "max_page_count = 1")


def read_only(store: Store) -> AbstractContextManager[None]:
    return _Pragma(store, "query_only = 1")


@contextmanager
def out_of_connections(store: Store) -> Iterator[None]:
    """All connections of the pool are with others."""
    pool: Any = store.database.engine.pool
    with ExitStack() as held:
        for _ in range(pool.size() + pool._max_overflow):
            held.callback(pool.connect().close)
        yield


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch, vendors: Vendors) -> None:
    monkeypatch.setattr(database, "LOCK_SECONDS", 0.5)
    monkeypatch.setattr(send_run, "SECONDS_BETWEEN_PASSES", 0.1)
    # A message without an outcome may be under way until the longest request has ended: a minute and more.
    monkeypatch.setattr(Endpoint, "deadline", lambda self, request: 3.0)
    for vendor in (GreenApi, WaPortal):
        monkeypatch.setattr(vendor, "report_seconds", 0.1)


def _send(conn_type: str, number: int) -> dict[str, Any]:
    operator = WaBulkSendOperator(
        task_id="send", wa_conn_id=f"{conn_type}_default", recipients=PEOPLE, message="Hello", concurrency=4,
        rate_limit="150/s", retries=5,
    )  # fmt: skip
    result: dict[str, Any] = operator.execute(run_of(task_id="send", max_tries=5, try_number=number))
    return result


class Meddler(threading.Thread):
    """Brings the trouble once the vendor has taken some messages; ``end`` ends it."""

    def __init__(self, trouble: Callable[[], AbstractContextManager[None]], taken: Callable[[], int]) -> None:
        super().__init__(daemon=True)
        self._trouble, self._taken = trouble, taken
        self._brought = ExitStack()
        self.start()

    def run(self) -> None:
        while self._taken() < BEGUN:
            time.sleep(0.005)
        self._brought.enter_context(self._trouble())

    def end(self) -> None:
        """End the trouble in the caller's thread: PostgreSQL ends with the thread that started it."""
        self.join(60)
        self._brought.close()


def _assert_once_each(vendors: Vendors, conn_type: str) -> None:
    """Each has it, and nobody twice; a message that a vendor takes under the same id again is the same one."""
    messages = vendors.ledger(conn_type)["messages"]
    assert Counter(message["to"] for message in messages) == Counter(digits(PEOPLE))
    if conn_type != "wuzapi":
        assert [message for message in messages if message["repeats"]] == []


def _assert_failure_and_continuation(vendors: Vendors, conn_type: str, trouble: Trouble, said: str) -> None:
    brought = trouble(stores.get_store())
    meddler = Meddler(lambda: brought, lambda: len(vendors.ledger(conn_type)["messages"]))
    try:
        with pytest.raises(StoreUnavailable, match=said):
            _send(conn_type, 1)
    finally:
        meddler.end()
    taken = len(vendors.ledger(conn_type)["messages"])
    assert BEGUN <= taken < len(PEOPLE)
    assert _send(conn_type, 2)["accepted"] == len(PEOPLE)
    _assert_once_each(vendors, conn_type)


@pytest.mark.sockets
@SENDERS
@pytest.mark.parametrize(("trouble", "said"), [(full, "full"), (read_only, "read-?only")], ids=["full", "read only"])
def test_a_file_that_takes_no_more(
    airflow_store: Store, vendors: Vendors, conn_type: str, trouble: Trouble, said: str
) -> None:
    _assert_failure_and_continuation(vendors, conn_type, trouble, said)


@pytest.mark.system
@pytest.mark.parametrize("conn_type", ["wuzapi", "green_api"])
def test_a_file_that_another_process_has_locked_for_longer_than_is_waited(
    airflow_store: Store, vendors: Vendors, conn_type: str
) -> None:
    _assert_failure_and_continuation(vendors, conn_type, locked_by_another_process, "locked")


@pytest.mark.system
@pytest.mark.parametrize("conn_type", ["wuzapi", "green_api"])
def test_a_file_that_another_process_locks_for_a_while(
    airflow_store: Store, vendors: Vendors, conn_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOCK_SECONDS", 30)
    stores._store.cache_clear()
    store = stores.get_store()

    @contextmanager
    def briefly() -> Iterator[None]:
        with locked_by_another_process(store):
            time.sleep(1)
        yield

    meddler = Meddler(briefly, lambda: len(vendors.ledger(conn_type)["messages"]))
    assert _send(conn_type, 1)["accepted"] == len(PEOPLE)
    meddler.end()
    _assert_once_each(vendors, conn_type)


@pytest.fixture
def _on_postgres(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    url = postgres.new_database()
    server, _, name = url.removeprefix("postgresql://").rpartition("/")
    account, _, address = server.partition("@")
    login, _, password = account.partition(":")
    host, _, port = address.partition(":")
    set_connection(
        monkeypatch,
        "wa_store_default",
        "postgres",
        host=host,
        port=int(port),
        login=login,
        password=password,
        schema=name,
    )
    stores._url.cache_clear()
    yield
    stores.get_store().close()
    stores._url.cache_clear()
    postgres.drop(url)


@pytest.mark.system
@pytest.mark.usefixtures("_on_postgres")
@pytest.mark.parametrize("conn_type", ["green_api"])
def test_postgresql_is_stopped_and_started_again(vendors: Vendors, conn_type: str, postgres: Postgres) -> None:
    @contextmanager
    def stopped(store: Store) -> Iterator[None]:
        postgres.stop()
        try:
            yield
        finally:
            postgres.start()

    _assert_failure_and_continuation(vendors, conn_type, stopped, "connection")


@pytest.mark.system
@pytest.mark.usefixtures("_on_postgres")
@pytest.mark.parametrize("conn_type", ["green_api"])
def test_no_connection_of_the_pool_is_free(vendors: Vendors, conn_type: str) -> None:
    _assert_failure_and_continuation(vendors, conn_type, out_of_connections, "connection|pool")
