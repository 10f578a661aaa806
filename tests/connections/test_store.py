# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from airflow.configuration import AIRFLOW_HOME
from helpers.connections import SECRETS, Connect, assert_no_secret
from helpers.postgres import Postgres
from sqlalchemy.engine import URL, make_url
from store.samples import came_in, delivered

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.connections import store as module
from airflow_provider_wa.connections.lookup import LookupFailed
from airflow_provider_wa.connections.store import STORE_CONN_ID, aget_store, get_store

PASSWORD = SECRETS["password"]


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    module._url.cache_clear()
    module._store.cache_clear()
    yield
    module._url.cache_clear()
    module._store.cache_clear()


@pytest.fixture
def masked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What Airflow is told to mask."""
    told: list[object] = []
    monkeypatch.setattr(module, "mask_secret", told.append)
    return told


def address() -> URL:
    return get_store().database.url


@pytest.fixture
def connected(connect: Connect, store_url: str) -> str:
    """The store's connection is to a fresh database."""
    url = make_url(store_url)
    if url.get_backend_name() == "sqlite":
        return connect("sqlite", conn_id=STORE_CONN_ID, host=url.database)
    fields = {"login": url.username, "password": url.password, "schema": url.database}
    return connect("postgres", conn_id=STORE_CONN_ID, host=url.host, port=url.port, **fields)


def test_without_a_connection_it_is_a_file_in_airflow_home() -> None:
    assert address() == URL.create("sqlite", database=str(Path(AIRFLOW_HOME) / "wa_store.db"))


def test_it_is_where_the_connection_says(connected: str) -> None:
    assert get_store().events.add([delivered("m1")]) == 1


def test_a_process_has_one_store(connected: str) -> None:
    assert get_store() is get_store()
    assert asyncio.run(aget_store()) is get_store()


@pytest.mark.parametrize(
    "uri", ["sqlite:////data/My.db", "sqlite://%2Fdata%2FMy.db", '{"conn_type": "sqlite", "schema": "/data/My.db"}']
)
def test_a_file_may_be_named_by_host_or_schema(connect: Connect, uri: str) -> None:
    connect(conn_id=STORE_CONN_ID, uri=uri)
    assert address() == URL.create("sqlite", database="/data/My.db")


@pytest.mark.parametrize(
    "uri", ["sqlite:///data/a.db", "sqlite://", "sqlite://a.db", '{"conn_type": "sqlite", "host": ":memory:"}']
)
def test_a_path_that_each_component_reads_differently_is_refused(connect: Connect, uri: str) -> None:
    connect(conn_id=STORE_CONN_ID, uri=uri)
    with pytest.raises(BadInput, match=r"absolute path.*sqlite:////"):
        get_store()


def test_postgresql_is_reached_by_a_uri(connect: Connect) -> None:
    secret = quote(PASSWORD, safe="")
    uri = f"postgres://an%40a:{secret}@db.test:5433/wa%20db?sslmode=require&options=-c%20search_path%3Dwa"
    connect(conn_id=STORE_CONN_ID, uri=uri)
    assert address() == URL.create(
        "postgresql+psycopg", "an@a", PASSWORD, "db.test", 5433, "wa db",
        {"sslmode": "require", "options": "-c search_path=wa"},
    )  # fmt: skip


@pytest.mark.parametrize("conn_type", ["postgres", "postgresql"])
def test_postgresql_is_reached_by_json(connect: Connect, conn_type: str) -> None:
    fields = {"host": "/run/postgresql", "login": "ana", "password": PASSWORD, "schema": "wa"}
    connect(conn_type, conn_id=STORE_CONN_ID, **fields, sslmode="verify-full", keepalives=1, sslcert=None)
    expected = {"sslmode": "verify-full", "keepalives": "1"}
    assert address() == URL.create(
        "postgresql+psycopg", "ana", PASSWORD, "/run/postgresql", database="wa", query=expected
    )


def test_extras_that_are_for_airflows_own_hook_are_left_out(connect: Connect) -> None:
    own = {"cursor": "dictcursor", "iam": False, "sqlalchemy_query": {"a": 1}, "aws_conn_id": "aws"}
    connect("postgres", conn_id=STORE_CONN_ID, host="db.test", **own)
    assert address().query == {}


@pytest.mark.system
def test_postgresqls_options_take_effect(connect: Connect, postgres: Postgres) -> None:
    url = make_url(postgres.new_database())
    fields = {"login": url.username, "password": url.password, "schema": url.database, "port": url.port}
    connect("postgres", conn_id=STORE_CONN_ID, host=url.host, **fields, application_name="mine", sslmode="disable")
    with get_store().database.reading() as connection:
        assert connection.exec_driver_sql("SHOW application_name").scalar() == "mine"
    get_store().close()


@pytest.mark.parametrize(
    ("configured", "suppressed"),
    [(None, {"511"}), ("", set()), (" , ", set()), ("baja, Unsubscribe ,", {"512", "513"})],
)
def test_it_heeds_the_words_that_are_configured(
    connected: str, monkeypatch: pytest.MonkeyPatch, configured: str | None, suppressed: set[str]
) -> None:
    if configured is not None:
        monkeypatch.setenv("AIRFLOW__WA__OPT_OUT_WORDS", configured)
    get_store().events.add([came_in("511", "Stop."), came_in("512", "BAJA"), came_in("513", "unsubscribe!")])
    assert get_store().suppressions.among(["511", "512", "513"]) == suppressed
    get_store().close()


@pytest.mark.parametrize("conn_type", ["mysql", "wuzapi", "http"])
def test_another_type_of_connection_is_refused(connect: Connect, conn_type: str) -> None:
    connect(conn_type, conn_id=STORE_CONN_ID)
    with pytest.raises(
        BadInput, match=f"'wa_store_default': type '{conn_type}' is not a store; expected postgres or sqlite"
    ):
        get_store()


def test_a_connection_that_was_refused_may_be_mended(connect: Connect, tmp_path: Path) -> None:
    connect("mysql", conn_id=STORE_CONN_ID)
    with pytest.raises(BadInput):
        get_store()
    connect("sqlite", conn_id=STORE_CONN_ID, host=str(tmp_path / "a.db"))
    assert get_store().events.last_id() == 0


def test_the_connection_is_looked_up_once(connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect("sqlite", conn_id=STORE_CONN_ID, host=str(tmp_path / "a.db"))
    asked: list[str] = []
    look_up = module.find_connection
    monkeypatch.setattr(module, "find_connection", lambda name: asked.append(name) or look_up(name))
    for _ in range(3):
        get_store()
    assert asked == [STORE_CONN_ID]


def test_its_secrets_are_masked(connect: Connect, masked: list[object], caplog: pytest.LogCaptureFixture) -> None:
    extras = {"sslpassword": "key-pass-91c2"}
    connect("postgres", conn_id=STORE_CONN_ID, host="127.0.0.1", port=1, password=PASSWORD, **extras)
    store = get_store()
    assert masked == [PASSWORD, extras]
    logging.getLogger("sqlalchemy.pool.impl.QueuePool").error("cannot connect with %s", PASSWORD)
    assert PASSWORD not in caplog.text
    assert "cannot connect with ***" in caplog.text
    with pytest.raises(Exception, match="refused") as raised:
        store.events.last_id()
    assert_no_secret(raised.value, repr(store.database))
    assert "key-pass-91c2" not in f"{raised.value} {store.database!r}"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands still, with the time as its one item."""
    now = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_a_connection_that_is_made_while_a_process_runs_is_found_within_seconds(
    connect: Connect, tmp_path: Path, clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, module.__name__)
    before = get_store()
    assert f"There is no connection {STORE_CONN_ID}: the store is sqlite:///{AIRFLOW_HOME}" in caplog.text
    connect("postgres", conn_id=STORE_CONN_ID, host="db.test", login="ana", password=PASSWORD, sslpassword=PASSWORD)
    assert get_store() is before
    clock[0] += 5.1
    assert address().host == "db.test"
    (told,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert "The store is postgresql://ana:***@db.test from now on; what was stored in sqlite:///" in told
    assert_no_secret(caplog.text)


def test_a_connection_that_is_changed_is_found_within_a_minute(
    connect: Connect, tmp_path: Path, clock: list[float]
) -> None:
    connect("sqlite", conn_id=STORE_CONN_ID, host=str(tmp_path / "a.db"))
    get_store()
    connect("sqlite", conn_id=STORE_CONN_ID, host=str(tmp_path / "b.db"))
    # The helper that changes a connection forgets the store; a process that runs does not.
    module._url._url, module._url._exists, module._url._looked_up = make_url(f"sqlite:///{tmp_path}/a.db"), True, 1000.0
    clock[0] += 59
    assert address().database == str(tmp_path / "a.db")
    clock[0] += 2
    assert address().database == str(tmp_path / "b.db")


def test_a_store_that_was_found_outlives_a_failed_look_up(
    connect: Connect,
    tmp_path: Path,
    clock: list[float],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    connect("sqlite", conn_id=STORE_CONN_ID, host=str(tmp_path / "a.db"))
    store = get_store()

    def fail(name: str) -> None:
        raise LookupFailed("the backend is away")

    monkeypatch.setattr(module, "find_connection", fail)
    clock[0] += 61
    assert get_store() is store
    assert "The current store is kept: the backend is away" in caplog.text
    module._url.cache_clear()
    with pytest.raises(LookupFailed):
        get_store()


ELSEWHERE = [
    ("CeleryExecutor", "CeleryExecutor"),
    ("LocalExecutor, KubernetesExecutor", "KubernetesExecutor"),
    ("my.company.EdgeExecutor", "my.company.EdgeExecutor"),
    ("LocalExecutor,far:my.company.LocalExecutor", "my.company.LocalExecutor"),
    ("LocalExecutor;sales=CeleryExecutor,pods:KubernetesExecutor", "CeleryExecutor, KubernetesExecutor"),
]
"""Settings of ``[core] executor``, and the executors that may run tasks on other machines."""

HERE = [
    "LocalExecutor",
    "airflow.executors.local_executor.LocalExecutor",
    "mine:LocalExecutor",
    "=LocalExecutor;a=LocalExecutor",
]


@pytest.mark.parametrize("made", [True, False])
@pytest.mark.parametrize(("executor", "named"), ELSEWHERE)
def test_a_file_that_other_machines_do_not_see_is_refused(
    connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, executor: str, named: str, made: bool
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", executor)
    if made:
        connect("sqlite", conn_id=STORE_CONN_ID, host=str(tmp_path / "a.db"))
    file = tmp_path / "a.db" if made else Path(AIRFLOW_HOME) / "wa_store.db"
    with pytest.raises(BadInput) as raised:
        get_store()
    assert f"a SQLite file ({file}), and {named} may run tasks on machines that do not see it" in str(raised.value)
    assert "make the connection one of the type postgres, or set [wa] allow_local_store" in str(raised.value)
    monkeypatch.setenv("AIRFLOW__WA__ALLOW_LOCAL_STORE", "true")
    assert address().database == str(file)


@pytest.mark.parametrize("executor", HERE)
def test_a_file_will_do_on_one_machine(monkeypatch: pytest.MonkeyPatch, executor: str) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", executor)
    assert get_store().database.is_sqlite


@pytest.mark.parametrize(
    ("argv", "variables", "named"),
    [
        (["airflow", "celery", "worker"], {}, "CeleryExecutor"),
        (["airflow", "edge", "worker", "-q", "far"], {}, "EdgeExecutor"),
        (["execute_workload"], {"AIRFLOW_IS_K8S_EXECUTOR_POD": "True"}, "KubernetesExecutor"),
    ],
)
def test_a_remote_worker_is_known_by_what_started_it(
    monkeypatch: pytest.MonkeyPatch, argv: list[str], variables: dict[str, str], named: str
) -> None:
    """The template of a pod may configure the LocalExecutor, whatever the scheduler has."""
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "LocalExecutor")
    monkeypatch.setattr("sys.argv", argv)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(BadInput, match=f"and {named} may run tasks"):
        get_store()


def test_a_server_will_do_everywhere(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    connect("postgres", conn_id=STORE_CONN_ID, host="db.test")
    assert address().host == "db.test"


@pytest.mark.system
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_fork_and_its_parent_do_not_disturb_each_other(connected: str) -> None:
    """The child writes, then the parent writes and closes its connections, then the child writes again."""
    parent = get_store()
    parent.events.add([delivered("before")])
    to_parent, to_child = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            get_store().events.add([delivered("child-1")])
            os.write(to_parent[1], b"1")
            os.read(to_child[0], 1)
            get_store().events.add([delivered("child-2")])
            status = get_store() is parent
        finally:
            os._exit(status)
    os.read(to_parent[0], 1)
    parent.events.add([delivered("parent")])
    parent.close()
    os.write(to_child[1], b"1")
    assert os.waitpid(child, 0)[1] == 0
    assert [stored.reference for stored in parent.events.after(0, 10)] == ["before", "child-1", "parent", "child-2"]
    if parent.database.is_sqlite:
        check = sqlite3.connect(str(parent.database.url.database)).execute("PRAGMA integrity_check").fetchone()
        assert check == ("ok",)
    parent.close()
    for end in (*to_parent, *to_child):
        os.close(end)
