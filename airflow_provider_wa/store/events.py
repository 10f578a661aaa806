# SPDX-License-Identifier: Apache-2.0
"""Events that vendors reported, each once, in the order in which they were stored."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, func, select, update

from airflow_provider_wa.api import jids
from airflow_provider_wa.api.kinds import Standing, standing
from airflow_provider_wa.api.records import CheckStatus
from airflow_provider_wa.api.webhooks import EventKind
from airflow_provider_wa.store.database import Database
from airflow_provider_wa.store.event_rows import NewEvent, insert_new, row_of
from airflow_provider_wa.store.identities import learn, name_by_number, with_number
from airflow_provider_wa.store.polls import name_votes
from airflow_provider_wa.store.posts import drop_repeated, remove_posts_before, share_raw
from airflow_provider_wa.store.sql import PARAMETERS, clean, cleaned
from airflow_provider_wa.store.tables import NAME, checks, posts
from airflow_provider_wa.store.tables import events as table


@dataclass(frozen=True, kw_only=True)
class StoredEvent:
    """An event of the store. ``content`` is the record's fields, ``raw`` the vendor's own text (None if not asked for).

    ``reference`` is the check's reference or the message's id, ``party`` who is on the other side.
    """

    id: int
    conn_id: str
    vendor: str
    kind: EventKind
    vendor_kind: str
    reference: str | None
    party: str | None
    status: str
    happened_at: datetime | None
    received_at: datetime
    content: Mapping[str, Any]
    file: str | None
    raw: Any = None

    @property
    def message_kind(self) -> str:
        """Kind of the message in it, as in ``InboxMessage``; empty for other events."""
        return str(self.content.get("kind") or "")

    @property
    def standing(self) -> Standing:
        """Standing of that kind. In the inbox an unknown kind is a message: it was stored as one."""
        return standing(self.message_kind, self.kind is EventKind.INBOX)


_BY_PARTY = (EventKind.INBOX, EventKind.OTHER)
"""Kinds of events that are found by the person on the other side."""


@dataclass(frozen=True)
class Subject:
    """Subject of a wait: the events of a kind on a connection, or only those with one party or reference.

    ``about`` is the party for incoming messages and their changes, and the reference for other kinds. An empty one
    stands for all events of the kind.
    """

    conn_id: str
    kind: EventKind
    about: str = ""

    def __post_init__(self) -> None:
        # In the form in which events are stored, so that the two compare equal.
        object.__setattr__(self, "about", clean(self.about)[:NAME])

    @property
    def is_person(self) -> bool:
        """True if ``about`` is a person or a group, not a reference."""
        return bool(self.about) and self.kind in _BY_PARTY

    @staticmethod
    def all_of(event: StoredEvent) -> tuple[Subject, Subject]:
        """The subjects that an event belongs to."""
        about = event.party if event.kind in _BY_PARTY else event.reference
        return Subject(event.conn_id, event.kind, about or ""), Subject(event.conn_id, event.kind)


_COLUMNS = [column for column in table.columns if column.name not in ("key", "raw", "post_id")]
_WITH_RAW: Select[Any] = select(*_COLUMNS, table.c.raw, posts.c.raw.label("shared")).outerjoin(
    posts, posts.c.id == table.c.post_id
)


Heed = Callable[[Connection, list[tuple[str | None, str | None]]], object]
"""A function that is called with messages that came in, as sender and text, in the transaction that stores them."""


class Events:
    """The events in the store.

    :param heed: called with each new message.
    """

    def __init__(self, database: Database, heed: Heed | None = None) -> None:
        self._database = database
        self._heed = heed

    def add(self, news: Sequence[NewEvent]) -> int:
        """Store events, all or none, and return how many were not known before.

        A callback's answer is entered with its check, if that is still pending. New messages are passed to ``heed``. A
        LID is replaced by the phone number, if the store knows it. A session's state without a moment is left out if it
        repeats the last one within ``SAME_SESSION``.
        """
        if not news:
            return 0
        rows = [row_of(new) for new in news]
        with self._database.writing() as connection:
            rows = _without_repeated_states(connection, rows)
            if not rows:
                return 0
            learn(connection, _lids(news))
            name_by_number(connection, rows)
            name_votes(connection, rows)
            share_raw(connection, rows)
            stored = insert_new(connection, rows)
            drop_repeated(connection, rows, stored)
            answer_checks(connection, rows)
            if self._heed:
                self._heed(connection, _messages(rows, stored))
        return len(stored)

    def last_session(self, conn_id: str) -> StoredEvent | None:
        """Return the last state of a connection's session that was stored, without ``raw``; None if there is none."""
        with self._database.reading() as connection:
            found = connection.execute(_LAST_SESSION, {"the_conn_id": conn_id}).first()
        return _event(found) if found else None

    def last_id(self) -> int:
        """Return the id of the newest event; 0 if there are no events."""
        with self._database.reading() as connection:
            return connection.execute(select(func.max(table.c.id))).scalar() or 0

    def after(
        self, last_id: int, limit: int, *, conn_id: str | None = None, kind: EventKind | None = None
    ) -> list[StoredEvent]:
        """Events stored after the one with this id, the oldest first, at most ``limit``; without ``raw``."""
        statement = select(*_COLUMNS).where(table.c.id > last_id).order_by(table.c.id).limit(limit)
        if conn_id is not None:
            statement = statement.where(table.c.conn_id == conn_id)
        if kind is not None:
            statement = statement.where(table.c.kind == kind.value)
        with self._database.reading() as connection:
            return [_event(row) for row in connection.execute(statement)]

    def about(self, subjects: Iterable[Subject], *, until_id: int | None = None) -> list[StoredEvent]:
        """Return all events of these subjects, the oldest first; without ``raw``.

        :param until_id: leave out events that are newer than the event with this id.
        """
        found: dict[int, StoredEvent] = {}
        with self._database.reading() as connection:
            for condition in _conditions(subjects):
                statement = select(*_COLUMNS).where(condition)
                if until_id is not None:
                    statement = statement.where(table.c.id <= until_id)
                found |= {row.id: _event(row) for row in connection.execute(statement)}
        return [found[id_] for id_ in sorted(found)]

    def get(self, ids: Sequence[int]) -> list[StoredEvent]:
        """Return events by their ids, with ``raw``, in the order of ``ids``; unknown ids are left out."""
        found: dict[int, StoredEvent] = {}
        with self._database.reading() as connection:
            for start in range(0, len(ids), PARAMETERS):
                statement = _WITH_RAW.where(table.c.id.in_(ids[start : start + PARAMETERS]))
                found |= {row.id: _event(row) for row in connection.execute(statement)}
        return [found[id_] for id_ in ids if id_ in found]

    def remove_before(self, moment: datetime) -> int:
        """Remove events that were received before ``moment``, and return how many."""
        with self._database.writing() as connection:
            removed = connection.execute(table.delete().where(table.c.received_at < moment)).rowcount
            remove_posts_before(connection, moment)
            return removed


SAME_SESSION = timedelta(minutes=10)
"""Time within which an unchanged session state counts as a repeat of the same post.

Some vendors post states with neither an id nor a moment, byte for byte the same each time. They repeat a post for up to
eight minutes if its answer was lost. A state that differs from the last one is always news, and so is an old one.
"""

_LAST_SESSION = (
    select(*_COLUMNS)
    # Events of sessions have no reference, and the index begins with it.
    .where(table.c.reference.is_(None), table.c.conn_id == bindparam("the_conn_id"))
    .where(table.c.kind == EventKind.SESSION.value)
    .order_by(func.coalesce(table.c.happened_at, table.c.received_at).desc(), table.c.id.desc())
    .limit(1)
)


def _without_repeated_states(connection: Connection, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows without repeated session states; give the other session states unique keys."""
    if not any(map(_is_timeless_state, rows)):
        return rows
    news: list[dict[str, Any]] = []
    last: dict[str, Mapping[str, Any] | None] = {}
    for row in rows:
        if _is_timeless_state(row):
            conn_id = row["conn_id"]
            if conn_id not in last:
                found = connection.execute(_LAST_SESSION, {"the_conn_id": conn_id}).mappings().first()
                last[conn_id] = dict(found) if found else None
            if _is_same_state(last[conn_id], row):
                continue
            unique = f"{row['key']} {row['received_at'].isoformat()} {len(news)}"
            row["key"] = hashlib.sha256(unique.encode()).hexdigest()
            last[conn_id] = row
        news.append(row)
    return news


def _is_timeless_state(row: Mapping[str, Any]) -> bool:
    return row["kind"] == EventKind.SESSION.value and row["happened_at"] is None


def _is_same_state(known: Mapping[str, Any] | None, row: Mapping[str, Any]) -> bool:
    if known is None or any(known[name] != row[name] for name in ("vendor_kind", "status", "content")):
        return False
    age: timedelta = abs(row["received_at"] - known["received_at"])
    return age < SAME_SESSION


def _lids(news: Iterable[NewEvent]) -> dict[str, str]:
    """Return the digits of the number by LID, where an event has both."""
    return {lid: digits for new in news if new.event.record for lid, digits in new.event.record.known_lids.items()}


def answer_checks(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Enter the answers of callbacks (rows of the events table) with their pending checks; the first one decides."""
    answers = [
        {
            "the_conn_id": row["conn_id"],
            "the_reference": row["reference"],
            "status": row["status"],
            "jid": cleaned(row["content"].get("jid")),
            "detail": clean(row["content"].get("detail") or ""),
            "checked_at": row["received_at"],
        }
        for row in rows
        if row["kind"] == EventKind.CHECK.value and row["reference"] and row["status"] != CheckStatus.PENDING.value
    ]
    if answers:
        statement = update(checks).where(
            checks.c.conn_id == bindparam("the_conn_id"),
            checks.c.reference == bindparam("the_reference"),
            checks.c.status == CheckStatus.PENDING.value,
        )
        values: dict[str, Any] = {name: bindparam(name) for name in ("status", "jid", "detail", "checked_at")}
        connection.execute(statement.values(values), answers)


def _messages(rows: Iterable[Mapping[str, Any]], new: Set[tuple[str, str]]) -> list[tuple[str | None, str | None]]:
    """Return sender and text of the new messages among these rows, for a button its id as well; without groups."""
    inbox = (row for row in rows if row["kind"] == EventKind.INBOX.value and (row["conn_id"], row["key"]) in new)
    return [
        (row["party"], row["content"].get(name))
        for row in inbox
        for name in ("text", "selected_id")
        if standing(row["content"].get("kind") or "", said=True) is Standing.MESSAGE
        and not jids.is_group(row["party"] or "")
    ]


def _conditions(subjects: Iterable[Subject]) -> Iterable[ColumnElement[bool]]:
    def group(subject: Subject) -> tuple[str, EventKind, bool]:
        return subject.conn_id, subject.kind, bool(subject.about)

    ordered = sorted(set(subjects), key=lambda subject: (*group(subject), subject.about))
    for (conn_id, kind, narrow), members in groupby(ordered, key=group):
        wide = (table.c.conn_id == conn_id) & (table.c.kind == kind.value)
        if not narrow:
            yield wide
            continue
        column = table.c.party if kind in _BY_PARTY else table.c.reference
        abouts = [subject.about for subject in members]
        for start in range(0, len(abouts), PARAMETERS):
            yield wide & column.in_(abouts[start : start + PARAMETERS])


def _event(row: Row[Any]) -> StoredEvent:
    values = dict(row._mapping)
    if "shared" in values:
        shared = values.pop("shared")
        values["raw"] = values["raw"] if shared is None else shared
    content = with_number(values["content"] or {}, values["party"])
    return StoredEvent(**{**values, "kind": EventKind(values["kind"]), "content": content})
