# SPDX-License-Identifier: Apache-2.0
"""Pauses of batches, and the daily limits of tasks, for the pages and for running tasks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone

from sqlalchemy import delete, select

from airflow_provider_wa.store.database import Database
from airflow_provider_wa.store.sql import clean, replacing, upsert
from airflow_provider_wa.store.tables import NAME
from airflow_provider_wa.store.tables import daily_limits as limits
from airflow_provider_wa.store.tables import pauses as table


@dataclass(frozen=True)
class Pause:
    """The pause of a batch: since a moment, by a user of Airflow."""

    since: datetime
    by: str


class Pauses:
    """The pauses of batches, and the daily limits of connections."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pause(self, batch: str, by: str) -> None:
        """Pause a batch: its task sends no further message until ``resume``. An existing pause stays unchanged."""
        values = {"batch": batch, "since": datetime.now(timezone.utc), "by": clean(by)[:NAME]}
        with self._database.writing() as connection:
            connection.execute(_PAUSE[connection.dialect.name], values)

    def resume(self, batch: str) -> bool:
        """End the pause of a batch; return False if it was not paused."""
        with self._database.writing() as connection:
            return connection.execute(delete(table).where(table.c.batch == batch)).rowcount > 0

    def of(self, batch: str) -> Pause | None:
        """Return the pause of a batch; None if it is not paused."""
        with self._database.reading() as connection:
            row = connection.execute(select(table).where(table.c.batch == batch)).first()
        return Pause(row.since, row.by) if row else None

    def note_daily_limit(self, conn_id: str, limit: int, since: datetime) -> None:
        """Store the daily limit of a task for a connection, and the start of its day."""
        values = {"conn_id": conn_id, "daily": limit, "since": since}
        with self._database.writing() as connection:
            connection.execute(_LIMIT[connection.dialect.name], values)

    def daily_limit(self, conn_id: str) -> tuple[int, datetime] | None:
        """Return the daily limit of the last task that had one, and the start of its day; None if no task had one."""
        with self._database.reading() as connection:
            row = connection.execute(select(limits).where(limits.c.conn_id == conn_id)).first()
        return (row.daily, row.since) if row else None


_PAUSE = upsert(table, None)
_LIMIT = upsert(limits, replacing(limits))
