# SPDX-License-Identifier: Apache-2.0
"""Conversations: the messages to and from a person, and the senders of incoming messages, the newest first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, literal, or_, select, tuple_

from airflow_provider_wa.api.kept_messages import file_name, shown
from airflow_provider_wa.api.webhooks import EventKind
from airflow_provider_wa.store.database import Database
from airflow_provider_wa.store.identities import names
from airflow_provider_wa.store.newest_events import newest
from airflow_provider_wa.store.sql import PARAMETERS, distinct
from airflow_provider_wa.store.tables import events, sends

LOOKED_AT = 500
"""Messages that are read at a time to find the senders."""

MOST_LOOKED_AT = 5_000
"""Maximum number of messages that are read for one page of senders: a busy group may have written most of them."""

_STAGES = ("accepted", "sent", "delivered", "read")
"""Stages of a delivery, in order; a receipt of an earlier stage changes nothing."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """A message of a conversation.

    ``id`` is the id of the incoming event, or the key of the send. ``person`` is the number or JID under which the
    message is stored. ``kind`` is one of ``api.kinds.KINDS``, or a message's ``type``. ``kind`` and ``text`` are empty
    for a send whose text is not kept. ``status`` of a send is its state or the stage of its delivery. ``file`` is the
    name of a sent file, or the path or URI of a received file.
    """

    at: datetime
    outgoing: bool
    id: int | str
    conn_id: str
    person: str
    kind: str
    text: str
    status: str
    message_id: str | None
    file: str | None = None
    detail: str = ""
    batch: str | None = None


@dataclass(frozen=True, kw_only=True)
class Place:
    """A place in a conversation: that of the last message of a page, after which the next page begins."""

    at: datetime
    outgoing: bool
    id: int | str

    @classmethod
    def of(cls, said: Said) -> Place:
        """Return the place of a message."""
        return cls(at=said.at, outgoing=said.outgoing, id=said.id)


@dataclass(frozen=True)
class People:
    """The newest message of each sender, the newest first, and where the next page begins; None on the last page.

    A page may have fewer senders than asked for and still not be the last one: see ``MOST_LOOKED_AT``.
    """

    newest: list[Said]
    next: int | None


class Conversations:
    """The conversations in the store. ``conn_ids`` are the connections to search; None stands for all."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(
        self, person: str, limit: int, *, before: Place | None = None, conn_ids: Collection[str] | None = None
    ) -> list[Said]:
        """Return the messages to and from a person, the newest first.

        :param person: digits or a JID; all numbers and LIDs of the same person are included.
        :param before: only messages older than this place.
        """
        with self._database.reading() as connection:
            known = names(connection, [person])[person]
            came_in = _incoming(conn_ids).where(events.c.party.in_(known), *_older(before, outgoing=False))
            went_out = _outgoing(conn_ids).where(sends.c.recipient.in_(known), *_older(before, outgoing=True))
            found = [
                *map(heard, connection.execute(came_in.order_by(_HEARD_AT.desc(), events.c.id.desc()).limit(limit))),
                *map(
                    _told,
                    connection.execute(went_out.order_by(sends.c.intended_at.desc(), sends.c.key.desc()).limit(limit)),
                ),
            ]
            page = sorted(found, key=lambda said: (said.at, said.outgoing, _rank(said)), reverse=True)[:limit]
            return _with_deliveries(connection, page)

    def people(self, limit: int, *, before: int | None = None, conn_ids: Collection[str] | None = None) -> People:
        """Return the newest message of each sender, the newest first.

        :param before: only senders whose newest message is older than the event with this id: ``next`` of the previous
            page.
        """
        with self._database.reading() as connection:
            wanted = distinct(connection, events.c.conn_id) if conn_ids is None else conn_ids
            ids, following = _newest_of_each(connection, limit, before, list(wanted))
            rows = connection.execute(_incoming(None).where(events.c.id.in_(ids)).order_by(events.c.id.desc()))
            return People(list(map(heard, rows)), following)


_IS_INBOX = events.c.kind == EventKind.INBOX.value
_HEARD_AT = func.coalesce(events.c.happened_at, events.c.received_at, type_=events.c.received_at.type)


def _incoming(conn_ids: Collection[str] | None) -> Select[Any]:
    columns = [events.c[name] for name in ("id", "conn_id", "party", "status", "reference", "content", "file")]
    statement = select(*columns, _HEARD_AT.label("at")).where(_IS_INBOX)
    return statement if conn_ids is None else statement.where(events.c.conn_id.in_(conn_ids))


def _outgoing(conn_ids: Collection[str] | None) -> Select[Any]:
    statement = select(sends).where(sends.c.intended_at.is_not(None))
    return statement if conn_ids is None else statement.where(sends.c.conn_id.in_(conn_ids))


def _older(place: Place | None, *, outgoing: bool) -> list[ColumnElement[bool]]:
    """Return the condition for the messages after a place. At the same moment, sends come before incoming messages."""
    if place is None:
        return []
    at, id_ = (sends.c.intended_at, sends.c.key) if outgoing else (_HEARD_AT, events.c.id)
    moment = literal(place.at, events.c.received_at.type)
    if place.outgoing is outgoing:
        return [or_(at < moment, and_(at == moment, id_ < place.id))]
    return [at < moment if outgoing else at <= moment]


def _rank(said: Said) -> tuple[int, str]:
    return (said.id, "") if isinstance(said.id, int) else (0, said.id)


def heard(row: Row[Any]) -> Said:
    """Return an incoming message, from its event."""
    content = row.content or {}
    return Said(
        at=row.at,
        outgoing=False,
        id=row.id,
        conn_id=row.conn_id,
        person=row.party or "",
        kind=str(content.get("kind") or ""),
        text=str(content.get("text") or ""),
        status=row.status,
        message_id=row.reference,
        file=row.file,
    )


def _told(row: Row[Any]) -> Said:
    content = row.content or {}
    return Said(
        at=row.intended_at,
        outgoing=True,
        id=row.key,
        conn_id=row.conn_id,
        person=row.recipient,
        kind=str(content.get("type") or ""),
        text=shown(content),
        status=row.state,
        message_id=row.message_id,
        file=file_name(content),
        detail=row.detail,
        batch=row.batch,
    )


def _with_deliveries(connection: Connection, page: Sequence[Said]) -> list[Said]:
    """Return the messages; each sent message gets the stage of its delivery."""
    asked = [(said.conn_id, said.message_id) for said in page if said.outgoing and said.message_id]
    reached: dict[tuple[str, str | None], str] = {}
    for start in range(0, len(asked), PARAMETERS):
        for row in connection.execute(_receipts(asked[start : start + PARAMETERS])):
            key = (row.conn_id, row.reference)
            reached[key] = _further(reached.get(key), row.status)
    stages = {said.id: reached.get((said.conn_id, said.message_id)) for said in page if said.outgoing}
    return [replace(said, status=stages.get(said.id) or said.status) for said in page]


def _receipts(asked: Sequence[tuple[str, str | None]]) -> Select[Any]:
    return select(events.c.conn_id, events.c.reference, events.c.status).where(
        events.c.kind == EventKind.DELIVERY.value, tuple_(events.c.conn_id, events.c.reference).in_(asked)
    )


def _further(known: str | None, status: str) -> str:
    if known is None or status not in _STAGES:
        return status
    return max(known, status, key=lambda stage: _STAGES.index(stage) if stage in _STAGES else len(_STAGES))


def _newest_of_each(
    connection: Connection, limit: int, before: int | None, conn_ids: Collection[str]
) -> tuple[list[int], int | None]:
    """Return the id of the newest message of each sender, the newest first, and where the next page begins."""
    found, seen, last, looked_at = list[int](), set[str](), before, 0
    while looked_at < MOST_LOOKED_AT:
        part = _newest(connection, last, conn_ids)
        firsts = {row.party: row.id for row in reversed(part) if row.party not in seen}
        earlier = _written_since(connection, firsts, before, conn_ids) if before is not None else set()
        found += sorted((id_ for party, id_ in firsts.items() if party not in earlier), reverse=True)
        if len(found) > limit:
            return found[:limit], found[limit - 1]
        if len(part) < LOOKED_AT:
            return found, None
        seen.update(firsts)
        last, looked_at = part[-1].id, looked_at + len(part)
    return found, last


def _newest(connection: Connection, before: int | None, conn_ids: Collection[str]) -> list[Row[Any]]:
    """Return id and sender of the newest messages before an event."""
    statement = select(events.c.id, events.c.party).where(events.c.party.is_not(None))
    of_each = (newest(connection, statement, each, EventKind.INBOX, LOOKED_AT, before=before) for each in conn_ids)
    found = [row for rows in of_each for row in rows]
    return sorted(found, key=lambda row: int(row.id), reverse=True)[:LOOKED_AT]


def _written_since(connection: Connection, parties: Iterable[str], id_: int, conn_ids: Collection[str]) -> set[str]:
    """Return the senders with a message at or after an event: they are on an earlier page."""
    statement = select(events.c.party).where(
        _IS_INBOX, events.c.party.in_(sorted(parties)), events.c.conn_id.in_(conn_ids)
    )
    return set(connection.execute(statement.group_by(events.c.party).having(func.max(events.c.id) >= id_)).scalars())
