# SPDX-License-Identifier: Apache-2.0
"""A SQLite store whose file is removed, replaced or full while it is open."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, text
from store.samples import delivered

from airflow_provider_wa.store import sqlite_file
from airflow_provider_wa.store.database import Database, StoreUnavailable
from airflow_provider_wa.store.store import Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "wa.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{path}")
    store.events.add([delivered("m1")])
    yield store
    store.close()


def in_file(path: Path) -> list[str]:
    """The references in the file, read apart from the store."""
    other = Store(f"sqlite:///{path}")
    try:
        return [str(event.reference) for event in other.events.after(0, 100)]
    finally:
        other.close()


def remove(path: Path) -> None:
    for name in ("wa.db", "wa.db-wal", "wa.db-shm"):
        (path.parent / name).unlink(missing_ok=True)


def remove_the_file_alone(path: Path) -> None:
    path.unlink()
    (path.parent / "wa.db-wal").unlink()


def put_a_backup_in_its_place(path: Path) -> None:
    backup = path.parent / "backup.db"
    with sqlite3.connect(path) as source, sqlite3.connect(backup) as target:
        source.backup(target)
    remove(path)
    os.replace(backup, path)


def move_the_folder(path: Path) -> None:
    shutil.move(path.parent, path.parent.with_name("moved"))
    path.parent.mkdir()


def remove_the_log(path: Path) -> None:
    (path.parent / "wa.db-wal").unlink()


@pytest.mark.parametrize(
    "happens", [remove, remove_the_file_alone, put_a_backup_in_its_place, move_the_folder, remove_the_log]
)
def test_what_is_stored_after_it_is_in_the_file_that_is_there(
    store: Store, path: Path, happens: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    happens(path)
    assert store.events.add([delivered("m2")]) == 1
    assert "m2" in in_file(path)
    assert [record.levelname for record in caplog.records if "removed or replaced" in record.message] == ["ERROR"]
    assert store.events.add([delivered("m3")]) == 1
    assert {"m2", "m3"} <= set(in_file(path))


def test_a_link_that_points_elsewhere_is_followed(tmp_path: Path) -> None:
    old, new, link = tmp_path / "old.db", tmp_path / "new.db", tmp_path / "link.db"
    link.symlink_to(old)
    store = Store(f"sqlite:///{link}")
    store.events.add([delivered("m1")])
    link.unlink()
    link.symlink_to(new)
    store.events.add([delivered("m2")])
    store.close()
    assert (in_file(old), in_file(new)) == (["m1"], ["m2"])


def test_a_commit_to_a_file_that_goes_away_meanwhile_is_an_error(store: Store, path: Path) -> None:
    expected = pytest.raises(StoreUnavailable, match="removed or replaced while it was written to")
    with expected as raised, store.database.writing() as connection:
        connection.execute(text("UPDATE wa_events SET status = 'read'"))
        remove(path)
    assert raised.value.reason == "replaced"
    assert store.events.add([delivered("m2")]) == 1
    assert in_file(path) == ["m2"]


def test_readers_read_the_new_file(store: Store, path: Path) -> None:
    remove(path)
    assert store.events.after(0, 10) == []


def test_a_store_that_is_left_alone_is_opened_once(store: Store, path: Path) -> None:
    opened: list[object] = []
    event.listen(store.database.engine, "connect", lambda connection, _: opened.append(connection))
    before = store.id
    in_file(path)  # whoever opens and closes the file, its log stays
    for number in range(5):
        store.events.add([delivered(f"n{number}")])
    assert (opened, store.id) == ([], before)


def test_each_store_has_an_id_of_its_own(store: Store, tmp_path: Path, path: Path) -> None:
    other = Store(f"sqlite:///{tmp_path / 'other.db'}")
    assert len({store.id, other.id}) == 2
    other.close()
    before = store.id
    remove(path)
    store.events.add([])
    assert store.events.last_id() == 0
    assert store.id != before


def test_a_store_that_can_be_written_to(store: Store) -> None:
    store.check_writable()
    with store.database.reading() as connection:
        assert connection.execute(text("SELECT written_at FROM wa_store")).scalar_one() is not None
        assert connection.execute(text("SELECT count(*) FROM wa_posts")).scalar_one() == 0


def test_a_read_only_store_is_not_writable(store: Store, path: Path) -> None:
    readonly = Database(f"sqlite:///file:{path}?mode=ro&uri=true")
    with pytest.raises(StoreUnavailable) as raised:
        readonly.check_writable()
    readonly.close()
    assert raised.value.reason == "read-only"


def test_a_file_at_its_limit_is_full(store: Store, path: Path) -> None:
    store.close()

    @event.listens_for(store.database.engine, "connect")
    def limit(connection: sqlite3.Connection, _: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 20}")

    with pytest.raises(StoreUnavailable) as raised:
        store.check_writable()
    assert raised.value.reason == "full"


def test_a_full_disk_is_full(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no full disk here: what the disk says is compared with more than any has."""
    monkeypatch.setattr(sqlite_file, "ROOM", 1 << 60)
    with pytest.raises(StoreUnavailable, match="bytes are left on its disk") as raised:
        store.check_writable()
    assert raised.value.reason == "full"


def test_a_locked_store_is_locked(store: Store, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airflow_provider_wa.store.database.LOCK_SECONDS", 0.05)
    waiting = Store(f"sqlite:///{path}")
    with store.database.writing(), pytest.raises(StoreUnavailable) as raised:
        waiting.check_writable()
    waiting.close()
    assert raised.value.reason == "locked"


def test_a_file_that_is_no_database_is_damaged(path: Path) -> None:
    path.write_bytes(b"no database at all " * 300)
    with pytest.raises(StoreUnavailable) as raised:
        Store(f"sqlite:///{path}").check_writable()
    assert raised.value.reason == "damaged"
