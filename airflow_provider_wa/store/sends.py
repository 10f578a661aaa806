# SPDX-License-Identifier: Apache-2.0
"""Sends: the intent of each message, written before its request, and its outcome, written after it.

A message is identified by its ``key``. A sender writes the intent first (``send_intents.Intend``). Only one sender can
do so: an intent, or a message that may have gone out, blocks another intent. A row without its own message, such as a
duplicate, is stored under its place in the list (``row_key``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, Row, bindparam, func, select, update

from airflow_provider_wa.store.database import Database
from airflow_provider_wa.store.identities import names
from airflow_provider_wa.store.send_states import MAY_HAVE_GONE_OUT, SendState
from airflow_provider_wa.store.sql import PARAMETERS, pages
from airflow_provider_wa.store.tables import sends as table


@dataclass(frozen=True, kw_only=True)
class SendRow:
    """A message to one recipient, by its place in the list (from 1).

    ``key`` is at most 64 characters; ``given`` is the recipient as the list spelt it, ``recipient`` digits or a JID (or
    the text as given, if it is invalid); ``message_id`` is the vendor's id, or our own if it was chosen before the
    request.
    """

    key: str
    row: int
    given: str
    recipient: str
    state: SendState
    message_id: str | None = None
    detail: str = ""
    intended_at: datetime | None = None
    settled_at: datetime | None = None
    batch: str = field(default="", compare=False)
    """The batch that it belongs to; with an author's key this may be the batch of another task."""


@dataclass(frozen=True)
class Recent:
    """The messages that may have gone out to a person since a moment: their number, and when the last one did."""

    count: int
    last: datetime


def row_key(batch: str, row: int) -> str:
    """Return the key of a row of a list that has no message of its own."""
    return f"{batch}:{row}"


class Change(Protocol):
    """A change of the sends, made in a transaction that others share."""

    @property
    def key(self) -> str:
        """The key of the changed row."""

    def apply(self, connection: Connection) -> Any:
        """Make the change, and return its result."""

    @classmethod
    def apply_all(cls, connection: Connection, changes: Sequence[Any]) -> list[Any]:
        """Make several changes of this kind, and return the result of each."""


class OneByOne:
    """Base of the changes that are made one by one."""

    @classmethod
    def apply_all(cls, connection: Connection, changes: Sequence[Any]) -> list[Any]:
        """Make several changes of this kind, and return the result of each."""
        return [change.apply(connection) for change in changes]


class Sends:
    """The sends in the store. A ``batch`` is one run of one task over one list, including its retries."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def known(self, keys: Iterable[str]) -> dict[str, SendRow]:
        """Return the stored messages with these keys, by key."""
        asked, found = list(keys), {}
        with self._database.reading() as connection:
            for start in range(0, len(asked), PARAMETERS):
                rows = connection.execute(BY_KEY, {"keys": asked[start : start + PARAMETERS]})
                found.update({row.key: send_row(row) for row in rows})
        return found

    def rows(self, batch: str) -> Iterator[SendRow]:
        """Yield the rows of a batch in the order of the list, read in parts."""
        # Two rows may have the same place, if the list has changed since: keys tell them apart.
        statement = select(*_COLUMNS).where(table.c.batch == batch)
        return pages(self._database, statement, [table.c.row, table.c.key], send_row)

    def counts(self, batch: str) -> Counter[str]:
        """Return the number of rows of a batch by state."""
        with self._database.reading() as connection:
            return Counter({state: number for state, number in connection.execute(_COUNTS, {"the_batch": batch})})

    def witness(self, batch: str, conn_id: str, since: datetime, after: datetime) -> list[SendRow]:
        """Return the first accepted message of a batch with an intent at or after the moment ``after``.

        Without one, return the last accepted message between ``since`` and ``after``. The list is empty without both.
        """
        asked = {"the_batch": batch, "the_conn_id": conn_id, "since": since, "after": after}
        with self._database.reading() as connection:
            for statement in (_FIRST_AFTER, _LAST_BEFORE):
                if row := connection.execute(statement, asked).first():
                    return [send_row(row)]
        return []

    def last_witness(self, batch: str, conn_id: str, since: datetime, before: datetime) -> list[SendRow]:
        """Return the last accepted message of a batch with an intent between two moments, as a list of at most one."""
        asked = {"the_batch": batch, "the_conn_id": conn_id, "since": since, "after": before}
        with self._database.reading() as connection:
            return list(map(send_row, connection.execute(_LAST_BEFORE, asked)))

    def contents(self, keys: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """Return the kept contents of these messages, by key."""
        found: dict[str, Mapping[str, Any]] = {}
        with self._database.reading() as connection:
            for start in range(0, len(keys), PARAMETERS):
                rows = connection.execute(_CONTENTS, {"keys": keys[start : start + PARAMETERS]})
                found.update({row.key: row.content for row in rows if row.content is not None})
        return found

    def forget_contents(self, *, before: datetime | None = None, recipients: Sequence[str] = ()) -> int:
        """Remove the contents of messages before a moment, or to these recipients, and return the number of messages.

        The rows of the messages stay, so that no message is sent twice.

        :param recipients: digits or JIDs as stored; ``Identities.names`` returns all names of a person.
        """
        statement = update(table).where(_HAS_CONTENT).values(content=None)
        parts = range(0, len(recipients), PARAMETERS)
        conditions: list[ColumnElement[bool]] = [table.c.recipient.in_(recipients[i : i + PARAMETERS]) for i in parts]
        if before is not None:
            conditions.append(table.c.intended_at < before)
        with self._database.writing() as connection:
            return sum(connection.execute(statement.where(condition)).rowcount for condition in conditions)

    def claimed(self, conn_id: str, message_ids: Sequence[str]) -> set[str]:
        """Return the ids, among ``message_ids``, of messages that the store has as accepted over a connection."""
        found: set[str] = set()
        with self._database.reading() as connection:
            for start in range(0, len(message_ids), PARAMETERS):
                asked = {"the_conn_id": conn_id, "ids": message_ids[start : start + PARAMETERS]}
                found.update(connection.execute(_CLAIMED, asked).scalars())
        return found

    def recent(self, recipients: Iterable[str], since: datetime) -> dict[str, Recent]:
        """Return the messages that may have gone out to each recipient since a moment, over all connections.

        Recipients without messages are left out.

        :param recipients: digits or JIDs; both forms of a number, and its LIDs, are one person.
        """
        with self._database.reading() as connection:
            return recent(connection, names(connection, recipients), since)

    def recent_named(self, known_as: Mapping[str, Sequence[str]], since: datetime) -> dict[str, Recent]:
        """Return the same for recipients whose names ``Identities.names`` has returned."""
        with self._database.reading() as connection:
            return recent(connection, known_as, since)

    def since(self, conn_id: str, moment: datetime) -> int:
        """Return the number of messages that may have gone out over a connection since a moment."""
        with self._database.reading() as connection:
            return int(connection.execute(_COUNT_SINCE, {"the_conn_id": conn_id, "since": moment}).scalar_one())

    def change(self, changes: Sequence[Change]) -> list[Any]:
        """Make changes in this order in one transaction, all or none, and return the result of each."""
        if not changes:
            return []
        results: dict[int, Any] = {}
        with self._database.writing() as connection:
            for places in _by_kind(changes):
                some = [changes[place] for place in places]
                results.update(zip(places, some[0].apply_all(connection, some), strict=True))
        return [results[place] for place in range(len(changes))]


def _by_kind(changes: Sequence[Change]) -> list[list[int]]:
    """Return the places of changes, grouped by kind. The order of changes of the same message is kept."""
    places = list(range(len(changes)))
    kinds = [type(change).__name__ for change in changes]
    if len({change.key for change in changes}) == len(changes):
        places.sort(key=kinds.__getitem__)
    return [list(group) for _, group in groupby(places, kinds.__getitem__)]


def recent(
    connection: Connection, known_as: Mapping[str, Sequence[str]], since: datetime, but: str = ""
) -> dict[str, Recent]:
    """Return the same as ``Sends.recent``, in the caller's transaction and without the message whose key is ``but``."""
    asked = sorted({name for all_names in known_as.values() for name in all_names})
    known: dict[str, Recent] = {}
    for start in range(0, len(asked), PARAMETERS):
        values = {"recipients": asked[start : start + PARAMETERS], "since": since, "but": but}
        known |= {row.recipient: Recent(row.count_of, row.last) for row in connection.execute(_RECENT, values)}
    return {
        recipient: Recent(sum(each.count for each in some), max(each.last for each in some))
        for recipient, all_names in known_as.items()
        if (some := [known[name] for name in all_names if name in known])
    }


def send_row(row: Row[Any]) -> SendRow:
    """Return a row of the table as its readers know it."""
    return SendRow(**{**row._mapping, "state": SendState(row.state)})


def state_in(states: Collection[SendState]) -> ColumnElement[bool]:
    """Return the condition that a message is in one of these states."""
    return table.c.state.in_([state.value for state in states])


_COLUMNS = [column for column in table.columns if column.name not in ("conn_id", "content")]

BY_KEY = select(*_COLUMNS).where(table.c.key.in_(bindparam("keys", expanding=True)))
"""The messages with one of ``keys``, as ``send_row`` takes them."""

_CONTENTS = select(table.c.key, table.c.content).where(table.c.key.in_(bindparam("keys", expanding=True)))
_HAS_CONTENT = table.c.content.is_not(None)
_WITNESSES = select(*_COLUMNS).where(
    table.c.conn_id == bindparam("the_conn_id"),
    table.c.batch == bindparam("the_batch"),
    table.c.state == SendState.ACCEPTED.value,
    table.c.message_id.is_not(None),
    table.c.intended_at >= bindparam("since"),
)
_FIRST_AFTER = _WITNESSES.where(table.c.intended_at >= bindparam("after")).order_by(table.c.intended_at).limit(1)
_LAST_BEFORE = _WITNESSES.where(table.c.intended_at < bindparam("after")).order_by(table.c.intended_at.desc()).limit(1)
_CLAIMED = select(table.c.message_id).where(
    table.c.conn_id == bindparam("the_conn_id"),
    table.c.message_id.in_(bindparam("ids", expanding=True)),
    table.c.state == SendState.ACCEPTED.value,
)
_COUNTS = select(table.c.state, func.count()).where(table.c.batch == bindparam("the_batch")).group_by(table.c.state)
_COUNT_SINCE = select(func.count()).where(
    table.c.conn_id == bindparam("the_conn_id"),
    table.c.intended_at >= bindparam("since"),
    state_in(MAY_HAVE_GONE_OUT),
)
_RECENT = (
    select(table.c.recipient, func.count().label("count_of"), func.max(table.c.intended_at).label("last"))
    .where(
        table.c.recipient.in_(bindparam("recipients", expanding=True)),
        table.c.intended_at >= bindparam("since"),
        state_in(MAY_HAVE_GONE_OUT),
        table.c.key != bindparam("but"),
    )
    .group_by(table.c.recipient)
)
