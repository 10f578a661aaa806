# SPDX-License-Identifier: Apache-2.0
"""Positions: how far somebody has read, under a name."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from sqlalchemy import Connection, Insert, select
from sqlalchemy.dialects import postgresql, sqlite

from airflow_provider_wa.store.database import Database
from airflow_provider_wa.store.tables import cursors as table


class Positions:
    """JSON values by name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> Any:
        """The value under a name; None if there is none."""
        with self._database.reading() as connection:
            return connection.execute(select(table.c.value).where(table.c.name == name)).scalar()

    def set(self, name: str, value: Any) -> None:
        """Keep a value under a name, in place of the one that is there."""
        with self._database.writing() as connection:
            set_position(connection, name, value)


def set_position(connection: Connection, name: str, value: Any) -> None:
    """The same within a transaction that writes something else as well."""
    values = {"name": name, "value": value, "moved_at": datetime.now(timezone.utc)}
    connection.execute(_SET[connection.dialect.name], values)


def _set(dialect: Any) -> Insert:
    statement = dialect.insert(table)
    replaced = {column: statement.excluded[column] for column in ("value", "moved_at")}
    written: Insert = statement.on_conflict_do_update(index_elements=["name"], set_=replaced)
    return written


# Made once: SQLAlchemy then finds what it has compiled for each without looking into it.
_SET = {"sqlite": _set(sqlite), "postgresql": _set(postgresql)}
