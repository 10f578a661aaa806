# SPDX-License-Identifier: Apache-2.0
"""Refusals for the pages: the newest refused posts of each connection, and the number of wrong secrets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

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


@dataclass(frozen=True)
class WrongSecrets:
    """Requests to a connection with a wrong secret: how many, and the moments of the first and the last."""

    count: int
    first: datetime
    last: datetime

    def and_later(self, later: WrongSecrets) -> WrongSecrets:
        """Return the sum of these and later ones."""
        return WrongSecrets(self.count + later.count, min(self.first, later.first), max(self.last, later.last))


class Refusals:
    """The refused requests of each connection."""

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

    def add_wrong_secrets(self, new: Mapping[str, WrongSecrets]) -> None:
        """Add to the counts of connections, in one transaction and one row for each connection."""
        with self._database.writing() as connection:
            for conn_id in sorted(new):  # always in the same order, so that two receivers do not block each other
                row: dict[str, Any] = {"name": _counter(conn_id), "value": None, "moved_at": new[conn_id].last}
                connection.execute(_INSERT[connection.dialect.name], row)
                value = select(table.c.value).where(table.c.name == row["name"]).with_for_update()
                known = _counted(connection.execute(value).scalar())
                total = known.and_later(new[conn_id]) if known else new[conn_id]
                row["value"] = [total.count, total.first.isoformat(), total.last.isoformat()]
                connection.execute(_PUT[connection.dialect.name], row)

    def wrong_secrets(self, conn_id: str) -> WrongSecrets | None:
        """Return the count of a connection; None if there was no wrong secret."""
        with self._database.reading() as connection:
            return _counted(connection.execute(select(table.c.value).where(table.c.name == _counter(conn_id))).scalar())


def _counter(conn_id: str) -> str:
    return f"wrong secrets {conn_id}"[:255]


def _counted(value: tuple[int, str, str] | None) -> WrongSecrets | None:
    if value is None:
        return None
    count, first, last = value
    return WrongSecrets(count, datetime.fromisoformat(first), datetime.fromisoformat(last))


def _name(conn_id: str) -> str:
    return f"refusals {conn_id}"[:255]


def _entry(refusal: Refusal) -> list[str | int]:
    return [refusal.at.isoformat(), refusal.status, clean(refusal.reason)[:LONGEST_REASON]]


_PUT = upsert(table, replacing(table))
_INSERT = upsert(table, None)
