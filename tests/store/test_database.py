# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import sqlite3
import sys
import threading
import time
import traceback
from pathlib import Path
from types import SimpleNamespace

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from helpers.postgres import Postgres
from sqlalchemy import event, select, text
from store.samples import NOW, delivered
from store.workers import run_at_once, use_first, write

from airflow_provider_wa.api.errors import BadInput, Retry
from airflow_provider_wa.api.webhooks import EventKind
from airflow_provider_wa.store import database as module
from airflow_provider_wa.store import migrations
from airflow_provider_wa.store.database import Database, StoreUnavailable
from airflow_provider_wa.store.events import Subject
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.store.tables import REVISION, VERSION_TABLE, events, metadata

pytestmark = pytest.mark.usefixtures("migrated_tables")

PASSWORD = "pass+word/7f3a9c="
WRONG = "wrong-" + "7f3a9c"  # in two parts: a traceback shows lines of this file
PRIVATE = "the-private-" + "words"


def everything(error: BaseException) -> str:
    """All that is shown of an error wherever it ends up."""
    return "".join(traceback.format_exception(type(error), error, error.__traceback__)) + repr(error)


def test_tables_are_made_on_first_use(store: Store) -> None:
    assert store.events.last_id() == 0
    with store.database.reading() as connection:
        assert connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalars().all() == [REVISION]


def test_the_migrations_make_the_tables_as_they_are_declared(store: Store) -> None:
    with store.database.reading() as connection:
        options = {"version_table": VERSION_TABLE, "compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_the_newest_migration_is_the_revision() -> None:
    assert ScriptDirectory(str(Path(migrations.__file__).parent)).get_heads() == [REVISION]


@pytest.mark.system
def test_six_processes_may_start_at_once_on_a_fresh_database(store_url: str) -> None:
    assert run_at_once(use_first, [(store_url, f"m{number}") for number in range(6)]) == [1] * 6
    store = Store(store_url)
    assert len(store.events.after(0, 10)) == 6
    with store.database.reading() as connection:
        assert connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalars().all() == [REVISION]
    store.close()


def test_threads_may_share_a_fresh_database(store: Store) -> None:
    threads = [threading.Thread(target=store.events.add, args=([delivered(f"m{number}")],)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [stored.id for stored in store.events.after(0, 10)] == list(range(1, 9))


def test_a_database_of_a_newer_version_is_left_alone(store: Store, store_url: str) -> None:
    store.events.add([delivered("m1")])
    with store.database.writing() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    older = Store(store_url)
    for _ in range(2):
        with pytest.raises(BadInput, match="revision 9999, which this version of airflow-provider-wa does not know"):
            older.events.last_id()
    older.close()
    assert len(store.events.after(0, 10)) == 1


def test_a_failed_migration_leaves_nothing_behind(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    done = migrations.upgrade

    def fail(*arguments: object) -> None:
        done(*arguments)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(migrations, "upgrade", fail)
    with pytest.raises(KeyboardInterrupt):
        store.events.last_id()
    monkeypatch.undo()
    with store.database.engine.connect() as connection:
        assert not store.database.engine.dialect.has_table(connection, "wa_events")
    assert store.events.add([delivered("m1")]) == 1


@pytest.mark.system
def test_a_reader_who_goes_on_from_the_last_id_misses_no_event(store_url: str) -> None:
    store = Store(store_url)
    seen: list[int] = []

    def read_on() -> None:
        seen.extend(stored.id for stored in store.events.after(seen[-1] if seen else 0, 7))

    added = run_at_once(write, [(store_url, f"w{number}", 120) for number in range(4)], meanwhile=read_on)
    while len(store.events.after(seen[-1], 1)):
        read_on()
    with store.database.reading() as connection:
        stored = connection.execute(select(events.c.id).order_by(events.c.id)).scalars().all()
    assert sum(added) == len(stored)
    assert seen == stored
    store.close()


def test_a_transaction_that_fails_writes_nothing(store: Store) -> None:
    def fail() -> None:
        with store.database.writing() as connection:
            connection.execute(events.insert(), [_row("1")])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert store.events.last_id() == 0


def _row(key: str) -> dict[str, object]:
    names = ("conn_id", "vendor", "kind", "vendor_kind", "status")
    return {**dict.fromkeys(names, "check"), "key": key, "received_at": NOW, "content": {}, "raw": None}


def test_one_who_writes_keeps_others_out_from_the_beginning(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'a.db'}")
    with store.database.writing() as connection:
        assert connection.execute(select(events.c.id)).all() == []
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            sqlite3.connect(tmp_path / "a.db", timeout=0).execute("BEGIN IMMEDIATE")
    store.close()


def test_a_fresh_file_that_another_writes_to_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    other.execute("CREATE TABLE theirs (id)")
    other.execute("BEGIN IMMEDIATE")
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        other.rollback()

    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=time.monotonic, sleep=wait))
    store = Store(f"sqlite:///{tmp_path / 'a.db'}")
    assert store.events.last_id() == 0
    assert len(waits) == 1
    store.close()


def test_one_who_reads_sees_nothing_of_a_transaction_before_its_end(store: Store) -> None:
    store.events.last_id()
    with store.database.writing() as connection:
        connection.execute(events.insert(), [_row("1")])
        assert store.events.last_id() == 0
    assert store.events.last_id() == 1


# What goes wrong.


@pytest.mark.parametrize(
    "url", ["rubbish", "", "sqlite://host/x", f"postgresql://u:{PASSWORD}@h:port/x", "mysql://h/x"]
)
def test_what_is_no_address_of_a_store_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match="store") as raised:
        Database(url)
    assert PASSWORD not in everything(raised.value)


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(BadInput, match=r"airflow-provider-wa\[postgres\]"):
        Database("postgresql://u@127.0.0.1/x")


@pytest.mark.parametrize("drivername", ["postgresql", "postgresql+psycopg2", "postgresql+asyncpg"])
def test_the_driver_is_the_one_that_is_installed(drivername: str) -> None:
    database = Database(f"{drivername}://u@127.0.0.1/x")
    assert database.engine.dialect.driver == "psycopg"
    assert not database.is_sqlite


def test_a_password_is_never_shown() -> None:
    database = Database(f"postgresql://ana:{PASSWORD.replace('/', '%2F')}@127.0.0.1/x?sslpassword={PASSWORD}")
    assert repr(database) == "<Database postgresql+psycopg://ana:***@127.0.0.1/x>"


@pytest.mark.system
def test_a_wrong_password_is_not_shown(postgres: Postgres) -> None:
    store = Store(postgres.url(password=WRONG))
    with pytest.raises(StoreUnavailable, match="authentication failed") as raised:
        store.events.last_id()
    assert WRONG not in everything(raised.value)
    assert postgres.password not in everything(raised.value)


@pytest.mark.system
def test_a_server_that_is_not_there_is_named_with_the_reason() -> None:
    store = Store(f"postgresql://ana:{PASSWORD.replace('/', '%2F')}@127.0.0.1:1/x")
    with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1.*refused") as raised:
        store.events.add([delivered("m1")])
    assert PASSWORD not in everything(raised.value)
    assert raised.value.retry is Retry.LATER


@pytest.mark.system
def test_the_reason_is_given_when_several_addresses_were_tried() -> None:
    store = Store("postgresql://ana@127.0.0.1,127.0.0.2:1/x")
    with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1.*127\.0\.0\.2.*refused"):
        store.events.last_id()


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(BadInput, match="no_such_option"):
        Store("postgresql://ana@127.0.0.1:1/x?no_such_option=1").events.last_id()


@pytest.mark.system
def test_the_options_of_the_address_come_first(postgres: Postgres) -> None:
    store = Store(f"{postgres.new_database()}?application_name=mine")
    with store.database.reading() as connection:
        assert connection.execute(text("SHOW application_name")).scalar() == "mine"
    store.close()


def test_what_was_to_be_stored_does_not_show_in_an_error(store: Store) -> None:
    store.events.last_id()
    with store.database.writing() as connection:
        connection.execute(text("DROP TABLE wa_events"))
    with pytest.raises(StoreUnavailable, match="wa_events") as raised:
        store.events.add([delivered("m1", detail=PRIVATE)])
    assert PRIVATE not in everything(raised.value)
    with pytest.raises(StoreUnavailable) as raised:
        store.events.about([Subject("my_wa", EventKind.CHECK, PRIVATE)])
    assert PRIVATE not in everything(raised.value)


def test_a_file_that_another_has_locked_can_be_read_and_is_given_up_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOCK_SECONDS", 0.2)
    store = Store(f"sqlite:///{tmp_path / 'a.db'}")
    store.events.add([delivered("m1")])
    other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked"):
        store.events.add([delivered("m2")])
    assert len(store.events.after(0, 10)) == 1
    other.execute("ROLLBACK")
    assert store.events.add([delivered("m2")]) == 1
    other.close()
    store.close()


def test_a_fresh_file_that_another_has_locked_is_given_up_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOCK_SECONDS", 0.2)
    other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    store = Store(f"sqlite:///{tmp_path / 'a.db'}")
    with pytest.raises(StoreUnavailable, match="locked"):
        store.events.last_id()
    other.close()
    assert store.events.last_id() == 0
    store.close()


@pytest.mark.system
def test_a_writer_that_never_ends_does_not_stop_the_others_for_ever(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOCK_SECONDS", 0.2)
    url = postgres.new_database()
    store = Store(url)
    store.events.add([delivered("m1")])
    with postgres.connect(url) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [module._ADVISORY_LOCK])
        with pytest.raises(StoreUnavailable, match="lock timeout"):
            store.events.add([delivered("m2")])
        assert len(store.events.after(0, 10)) == 1
    assert store.events.add([delivered("m2")]) == 1
    store.close()


def test_a_full_disk_stores_nothing(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'a.db'}")
    store.events.add([delivered("m1")])
    store.close()

    @event.listens_for(store.database.engine, "connect")
    def limit(connection: sqlite3.Connection, _: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 20}")

    with pytest.raises(StoreUnavailable, match="full"):
        store.events.add([delivered("m2"), delivered("m3", detail="x" * 500_000)])
    assert [stored.reference for stored in store.events.after(0, 10)] == ["m1"]
    assert store.events.add([delivered("m2")]) == 1
    store.close()


def test_a_file_that_may_not_be_written_can_be_read(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'a.db'}")
    store.events.add([delivered("m1")])
    readonly = Store(f"sqlite:///file:{tmp_path / 'a.db'}?mode=ro&uri=true")
    assert len(readonly.events.after(0, 10)) == 1
    with pytest.raises(StoreUnavailable, match="readonly"):
        readonly.events.add([delivered("m2")])
    readonly.close()
    store.close()


def test_a_file_of_another_kind_that_may_not_be_written_is_given_up_at_once(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "a.db").execute("CREATE TABLE other (id)")
    store = Store(f"sqlite:///file:{tmp_path / 'a.db'}?mode=ro&uri=true")
    started = time.monotonic()
    with pytest.raises(StoreUnavailable, match="readonly"):
        store.events.last_id()
    assert time.monotonic() - started < module.LOCK_SECONDS / 3


@pytest.mark.parametrize("content", [b"no database at all " * 300, None], ids=["a text", "a folder"])
def test_what_is_no_database_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "missing" / "a.db"
    if content:
        path.parent.mkdir()
        path.write_bytes(content)
    with pytest.raises(StoreUnavailable, match=str(path)):
        Store(f"sqlite:///{path}").events.last_id()


@pytest.mark.system
def test_a_server_that_was_away_is_found_again(postgres: Postgres) -> None:
    store = Store(postgres.new_database())
    store.events.add([delivered("m1")])
    postgres.stop()
    try:
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                store.events.add([delivered("m2")])
    finally:
        postgres.start()
    assert store.events.add([delivered("m2")]) == 1
    postgres.stop()
    postgres.start()
    assert len(store.events.after(0, 10)) == 2
    store.close()


@pytest.mark.system
def test_a_connection_that_is_cut_in_a_transaction_writes_nothing(postgres: Postgres) -> None:
    url = postgres.new_database()
    store = Store(url)
    store.events.last_id()

    def write_and_be_cut() -> None:
        with store.database.writing() as connection:
            connection.execute(events.insert(), [_row("1")])
            backend = connection.execute(text("SELECT pg_backend_pid()")).scalar()
            with postgres.connect() as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])

    with pytest.raises(StoreUnavailable):
        write_and_be_cut()
    assert store.events.last_id() == 0
    assert store.events.add([delivered("m1")]) == 1
    store.close()


@pytest.mark.system
def test_a_servers_stricter_isolation_does_not_hide_what_was_committed_meanwhile(postgres: Postgres) -> None:
    url = postgres.new_database(default_transaction_isolation="serializable")
    run_at_once(write, [(url, f"w{number}", 30) for number in range(2)])
    store = Store(url)
    with store.database.writing() as connection:
        assert connection.execute(text("SHOW transaction_isolation")).scalar() == "read committed"
    store.close()


def test_what_is_confirmed_survives_a_power_failure(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'a.db'}")
    with store.database.reading() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
    store.close()


def test_the_log_of_the_first_use_has_one_line(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", module.__name__)
    caplog.set_level("INFO", "alembic")
    store.events.last_id()
    lines = [record.getMessage() for record in caplog.records if "plugin" not in record.name]
    assert lines == [f"store {store.database.shown_url}: creating or upgrading the tables"]


def test_a_server_that_only_reads_is_not_writable(postgres: Postgres) -> None:
    url = postgres.new_database()
    store = Store(url)
    store.check_writable()
    store.close()
    readonly = Store(f"{url}{'&' if '?' in url else '?'}options=-c%20default_transaction_read_only%3Don")
    with pytest.raises(StoreUnavailable) as raised:
        readonly.check_writable()
    readonly.close()
    assert raised.value.reason == "read-only"
