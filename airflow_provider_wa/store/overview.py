# SPDX-License-Identifier: Apache-2.0
"""Overviews for people: connections, the newest events, conversations. Each question reads a few rows by an index."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Row, func, select

from airflow_provider_wa.api.webhooks import EventKind
from airflow_provider_wa.store.database import Database
from airflow_provider_wa.store.events import StoredEvent
from airflow_provider_wa.store.send_states import MAY_HAVE_GONE_OUT
from airflow_provider_wa.store.sends import state_in
from airflow_provider_wa.store.suppressions import Suppression
from airflow_provider_wa.store.tables import checks, events, sends, suppressions

MOST_COUNTED = 10_000
"""Counts go up to this number: more are shown as "more than"."""


class Overview:
    """The questions that pages ask."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def conn_ids(self) -> list[str]:
        """Return the connections that the store has events, messages or checks of, sorted."""
        with self._database.reading() as connection:
            found = {each for table in (events, sends, checks) for each in _distinct(connection, table.c.conn_id)}
        return sorted(found)

    def last_events(self, conn_id: str, limit: int = 1, *, before: int | None = None) -> list[StoredEvent]:
        """Return the newest events of a connection, the newest first, without ``raw``.

        :param before: only those that were stored before the event with this id.
        """
        statement = select(*_EVENT).where(events.c.conn_id == conn_id)
        if before is not None:
            statement = statement.where(events.c.id < before)
        with self._database.reading() as connection:
            return [_event(row) for row in connection.execute(statement.order_by(events.c.id.desc()).limit(limit))]

    def sent_since(self, conn_id: str, moment: datetime) -> int:
        """Return the number of messages that may have gone out over a connection since a moment.

        ``MOST_COUNTED`` + 1 stands for that many or more.
        """
        some = (
            select(sends.c.key)
            .where(sends.c.conn_id == conn_id, sends.c.intended_at >= moment, state_in(MAY_HAVE_GONE_OUT))
            .limit(MOST_COUNTED + 1)
        )
        with self._database.reading() as connection:
            return int(connection.execute(select(func.count()).select_from(some.subquery())).scalar_one())

    def suppressions(self, limit: int, *, after: str = "", spellings: Collection[str] = ()) -> list[Suppression]:
        """Return suppressions in the order of the recipients: those after one of them, or those of these names."""
        statement = (
            select(suppressions).where(suppressions.c.recipient > after).order_by(suppressions.c.recipient).limit(limit)
        )
        if spellings:
            statement = statement.where(suppressions.c.recipient.in_(spellings))
        with self._database.reading() as connection:
            return [Suppression(row.recipient, row.reason, row.since) for row in connection.execute(statement)]


def _distinct(connection: Connection, column: Column[str]) -> Iterator[str]:
    """Yield the values of the first column of an index, each found by one look into the index."""
    last = ""
    while (found := connection.execute(select(func.min(column)).where(column > last)).scalar()) is not None:
        yield found
        last = found


_EVENT = [events.c[field.name] for field in fields(StoredEvent) if field.name != "raw"]


def _event(row: Row[Any]) -> StoredEvent:
    return StoredEvent(**{**row._mapping, "kind": EventKind(row.kind), "content": row.content or {}})
