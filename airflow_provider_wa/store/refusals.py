# SPDX-License-Identifier: Apache-2.0
"""Refusals: posts that the receiver refused, the newest of each connection, for the pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from sqlalchemy import select

from airflow_provider_wa.store.database import Database
from airflow_provider_wa.store.sql import clean, replacing, upsert
from airflow_provider_wa.store.tables import positions as table

KEPT = 20
"""Maximum number of refusals to keep for each connection."""

LONGEST_REASON = 300


@dataclass(frozen=True)
class Refusal:
    """A post that was refused, with the HTTP status of the answer."""

    at: datetime
    status: int
    reason: str


class Refusals:
    """The refused posts of each connection."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, conn_id: str, refusals: Sequence[Refusal]) -> None:
        """Add refusals of a connection, and remove the oldest."""
        name, new = _name(conn_id), [_entry(refusal) for refusal in refusals[-KEPT:]]
        with self._database.writing() as connection:
            known = connection.execute(select(table.c.value).where(table.c.name == name)).scalar() or []
            values = {"name": name, "value": [*known, *new][-KEPT:], "moved_at": datetime.now(timezone.utc)}
            connection.execute(_PUT[connection.dialect.name], values)

    def of(self, conn_id: str) -> list[Refusal]:
        """Return the refusals of a connection, the newest first."""
        with self._database.reading() as connection:
            known = connection.execute(select(table.c.value).where(table.c.name == _name(conn_id))).scalar() or []
        return [Refusal(datetime.fromisoformat(at), status, reason) for at, status, reason in reversed(known)]


def _name(conn_id: str) -> str:
    return f"refusals {conn_id}"[:255]


def _entry(refusal: Refusal) -> list[str | int]:
    return [refusal.at.isoformat(), refusal.status, clean(refusal.reason)[:LONGEST_REASON]]


_PUT = upsert(table, replacing(table))
