# SPDX-License-Identifier: Apache-2.0
"""New SQLite stores get their tables from a copy: the migrations take 70 ms, and thousands of tests need a store."""

from __future__ import annotations

import sqlite3
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path

import pytest
from sqlalchemy import Connection

from airflow_provider_wa.store import migrations

_upgrade = migrations.upgrade


@contextmanager
def ready_tables() -> Iterator[None]:
    """Make the tables of new SQLite stores from the copy; all other stores are migrated."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, "upgrade", _made)
        yield


@contextmanager
def migrated_tables() -> Iterator[None]:
    """Migrate all stores, within ``ready_tables``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, "upgrade", _upgrade)
        yield


def _made(connection: Connection, current: str | None) -> None:
    if current is not None or connection.dialect.name != "sqlite":
        _upgrade(connection, current)
        return
    for statement in _statements():
        connection.exec_driver_sql(statement)
    connection.exec_driver_sql("UPDATE wa_store SET id = ?", (uuid.uuid4().hex,))


@lru_cache
def _statements() -> list[str]:
    """Return the statements that make what the migrations make."""
    from airflow_provider_wa.store.store import Store

    with tempfile.TemporaryDirectory() as folder, migrated_tables():
        path = Path(folder, "store.db")
        with closing(Store(f"sqlite:///{path}")) as store:
            store.check_writable()
        with closing(sqlite3.connect(path)) as database:
            return [each for each in database.iterdump() if each not in ("BEGIN TRANSACTION;", "COMMIT;")]
