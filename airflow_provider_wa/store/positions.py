# SPDX-License-Identifier: Apache-2.0
"""Positions of readers, under names."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from sqlalchemy import select

from airflow_provider_wa.store.database import Database
from airflow_provider_wa.store.sql import replacing, upsert
from airflow_provider_wa.store.tables import positions as table


class Positions:
    """JSON values by name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> Any:
        """Return the value under a name; None if there is no value."""
        with self._database.reading() as connection:
            return connection.execute(select(table.c.value).where(table.c.name == name)).scalar()

    def set(self, name: str, value: Any) -> None:
        """Store a value under a name, replacing an earlier value."""
        values = {"name": name, "value": value, "moved_at": datetime.now(timezone.utc)}
        with self._database.writing() as connection:
            connection.execute(_SET[connection.dialect.name], values)


_SET = upsert(table, replacing(table))
