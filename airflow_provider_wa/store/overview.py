# SPDX-License-Identifier: Apache-2.0
"""Overviews for the pages: connections, newest events, conversations. Each query reads a few rows by an index."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Row, func, select

from airflow_provider_wa.api.webhooks import EventKind
from airflow_provider_wa.store.conversations import Said, heard
from airflow_provider_wa.store.database import Database
from airflow_provider_wa.store.events import StoredEvent
from airflow_provider_wa.store.newest_events import newest
from airflow_provider_wa.store.send_states import MAY_HAVE_GONE_OUT
from airflow_provider_wa.store.sends import state_in
from airflow_provider_wa.store.sql import PARAMETERS, distinct
from airflow_provider_wa.store.suppressions import Suppression
from airflow_provider_wa.store.tables import checks, events, sends, suppressions

SEARCHED = 2_000
"""Maximum number of a connection's messages that a search for a word reads."""

MOST_COUNTED = 10_000
"""Maximum count; larger counts are shown as "more than" it."""


class Overview:
    """Queries of the pages."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def conn_ids(self) -> list[str]:
        """Return the connections with events, messages or checks in the store, sorted."""
        with self._database.reading() as connection:
            found = {each for table in (events, sends, checks) for each in distinct(connection, table.c.conn_id)}
        return sorted(found)

    def last_events(self, conn_id: str, limit: int = 1, *, before: int | None = None) -> list[StoredEvent]:
        """Return the newest events of a connection, the newest first, without ``raw``.

        :param before: only events stored before the event with this id.
        """
        found: list[StoredEvent] = []
        with self._database.reading() as connection:
            for kind in EventKind:  # the index has the events of each kind in order
                found += map(_event, newest(connection, select(*_EVENT), conn_id, kind, limit, before=before))
        return sorted(found, key=lambda event: event.id, reverse=True)[:limit]

    def sent_since(self, conn_id: str, moment: datetime) -> int:
        """Return the number of messages that may have gone out over a connection since a moment.

        ``MOST_COUNTED`` + 1 means at least this number.
        """
        some = (
            select(sends.c.key)
            .where(sends.c.conn_id == conn_id, sends.c.intended_at >= moment, state_in(MAY_HAVE_GONE_OUT))
            .limit(MOST_COUNTED + 1)
        )
        with self._database.reading() as connection:
            return int(connection.execute(select(func.count()).select_from(some.subquery())).scalar_one())

    def messages_with(self, text: str, limit: int, conn_ids: Collection[str]) -> list[Said]:
        """Return incoming messages with a text in the message or in the sender's name, the newest first.

        Only the newest ``SEARCHED`` messages of each connection are searched.
        """
        wanted, found = text.casefold(), list[Said]()
        with self._database.reading() as connection:
            for conn_id in conn_ids:
                rows = newest(connection, _INCOMING, conn_id, EventKind.INBOX, SEARCHED)
                fitting = (row for row in rows if wanted in _searched(row.content or {}))
                found += [heard(row) for row in islice(fitting, limit)]
        return sorted(found, key=lambda said: said.id, reverse=True)[:limit]

    def sender_names(self, ids: Sequence[int | str]) -> dict[int | str, str]:
        """Return the sender's name of each of these messages that has one, by the event's id."""
        return {id_: str(name) for id_, content in self._contents(ids) if (name := content.get("sender_name"))}

    def media_links(self, ids: Sequence[int | str]) -> dict[int | str, str]:
        """Return the addresses of the files at vendors, by the event's id; only http and https."""
        found = ((id_, str(content.get("media_url") or "")) for id_, content in self._contents(ids))
        return {id_: url for id_, url in found if url.startswith(("https://", "http://"))}

    def _contents(self, ids: Sequence[int | str]) -> Iterator[tuple[int | str, Mapping[str, Any]]]:
        with self._database.reading() as connection:
            for start in range(0, len(ids), PARAMETERS):
                part = ids[start : start + PARAMETERS]
                for row in connection.execute(select(events.c.id, events.c.content).where(events.c.id.in_(part))):
                    yield row.id, row.content or {}

    def suppressions(self, limit: int, *, after: str = "", spellings: Collection[str] = ()) -> list[Suppression]:
        """Return suppressions in the order of the recipients: after a recipient, and only of ``spellings`` if given."""
        statement = (
            select(suppressions).where(suppressions.c.recipient > after).order_by(suppressions.c.recipient).limit(limit)
        )
        if spellings:
            statement = statement.where(suppressions.c.recipient.in_(spellings))
        with self._database.reading() as connection:
            return [Suppression(row.recipient, row.reason, row.since) for row in connection.execute(statement)]


_EVENT = [events.c[field.name] for field in fields(StoredEvent) if field.name != "raw"]


_HEARD = [events.c[name] for name in ("id", "conn_id", "party", "status", "reference", "content", "file")]
_HEARD_AT = func.coalesce(events.c.happened_at, events.c.received_at, type_=events.c.received_at.type)
_INCOMING = select(*_HEARD, _HEARD_AT.label("at"))


def _searched(content: Mapping[str, Any]) -> str:
    return f"{content.get('text') or ''} {content.get('sender_name') or ''}".casefold()


def _event(row: Row[Any]) -> StoredEvent:
    return StoredEvent(**{**row._mapping, "kind": EventKind(row.kind), "content": row.content or {}})
