# SPDX-License-Identifier: Apache-2.0
"""Sends: the intent of each message, written before its request, and its outcome, written after it.

A message is known by its ``key``. A sender writes the intent first (``Intend``), which only one can do: a message that
is under way, or may have gone out, stands in the way of the next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from enum import Enum
from typing import Any, Final, Protocol

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    bindparam,
    case,
    delete,
    func,
    or_,
    select,
    update,
)

from airflow_provider_wa.store.database import Database
from airflow_provider_wa.store.send_states import (
    IN_DOUBT,
    MAY_HAVE_GONE_OUT,
    NOT_SENT,
    REPLACED_BY_INTENT,
    REPLACED_BY_NOTE,
    REPLACED_BY_OUTCOME,
    SendState,
)
from airflow_provider_wa.store.sql import PARAMETERS, clean, cleaned, pages, replacing, upsert
from airflow_provider_wa.store.tables import NAME
from airflow_provider_wa.store.tables import sends as table


class Marker(Enum):
    """Obstacle to an intent that is not another send."""

    LIMIT_REACHED = "limit reached"


LIMIT_REACHED: Final = Marker.LIMIT_REACHED


@dataclass(frozen=True, kw_only=True)
class SendRow:
    """A message to one recipient, by its place in the list (from 1).

    ``key`` is at most 64 characters; ``given`` is the recipient as the list spelt it, ``recipient`` digits or a JID (or
    what was given, if it is not a number); ``message_id`` is the vendor's, or ours if it was chosen before the request.
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
    """The batch that it is stored under; with a key of the author's that may be another task's."""


class Change(Protocol):
    """A change of the sends, made in a transaction that others share."""

    def apply(self, connection: Connection) -> Any:
        """Make the change, and return its result."""


class Sends:
    """The questions asked of the sends. A ``batch`` is one run of one task over one list, whatever its retries."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def known(self, keys: Iterable[str]) -> dict[str, SendRow]:
        """Return the messages that are known, by their keys."""
        asked, found = list(keys), {}
        with self._database.reading() as connection:
            for start in range(0, len(asked), PARAMETERS):
                rows = connection.execute(_SOME, {"keys": asked[start : start + PARAMETERS]})
                found.update({row.key: _row(row) for row in rows})
        return found

    def rows(self, batch: str) -> Iterator[SendRow]:
        """The rows of a batch in the order of the list, read in parts."""
        # Two rows may have the same place, if the list has changed since: keys tell them apart.
        statement = select(*_COLUMNS).where(table.c.batch == batch)
        return pages(self._database, statement, [table.c.row, table.c.key], _row)

    def counts(self, batch: str) -> Counter[str]:
        """Return the number of rows of a batch by state."""
        with self._database.reading() as connection:
            return Counter({state: number for state, number in connection.execute(_COUNTS, {"the_batch": batch})})

    def in_doubt(self, batch: str) -> list[SendRow]:
        """The rows of a batch that were sent and may or may not have gone out, in the order of the list."""
        with self._database.reading() as connection:
            return [_row(row) for row in connection.execute(_DOUBTS, {"the_batch": batch})]

    def claimed(self, conn_id: str, message_ids: Sequence[str]) -> set[str]:
        """Those of a connection's messages, by the vendor's ids, that are known to have been accepted."""
        found: set[str] = set()
        with self._database.reading() as connection:
            for start in range(0, len(message_ids), PARAMETERS):
                asked = {"the_conn_id": conn_id, "ids": message_ids[start : start + PARAMETERS]}
                found.update(connection.execute(_CLAIMED, asked).scalars())
        return found

    def change(self, changes: Sequence[Change]) -> list[Any]:
        """Make changes in this order in one transaction, all or none, and return the result of each."""
        if not changes:
            return []
        with self._database.writing() as connection:
            return [change.apply(connection) for change in changes]


@dataclass(frozen=True, kw_only=True)
class DailyLimit:
    """At most ``limit`` messages over a connection ``since`` a moment, those counted that may have gone out."""

    limit: int
    since: datetime


@dataclass(frozen=True, kw_only=True)
class Intend:
    """A message that is about to be sent: its row, with a ``message_id`` if that is chosen already.

    The result is None if the intent is written, so that it may be sent. Else it is the ``SendRow`` that stands in the
    way (it was accepted, or it is not known), or ``LIMIT_REACHED``.

    :param again: a message in doubt (intended, unknown) may be sent again.
    """

    batch: str
    conn_id: str
    row: SendRow
    again: bool = False
    daily: DailyLimit | None = None

    def apply(self, connection: Connection) -> SendRow | Marker | None:
        """Write the intent, if nothing stands in its way."""
        reached = self._limit_is_reached(connection)
        if not reached:
            values = {**_values(self), "state": SendState.INTENDED.value, "detail": "", "intended_at": _now()}
            statement = _INTEND[self.again][connection.dialect.name]
            if connection.execute(statement, {**values, "settled_at": None}).first():
                return None
        standing = connection.execute(_SOME, {"keys": [self.row.key]}).first()
        if standing is None or standing.state in REPLACED_BY_INTENT[self.again]:
            return LIMIT_REACHED
        return _row(standing)

    def _limit_is_reached(self, connection: Connection) -> bool:
        if self.daily is None:
            return False
        asked = {"the_conn_id": self.conn_id, "the_key": self.row.key, "since": self.daily.since}
        counted = connection.execute(_COUNT_SINCE, {**asked, "most": self.daily.limit}).scalar_one()
        return bool(counted >= self.daily.limit)


@dataclass(frozen=True, kw_only=True)
class Settle:
    """The outcome of a message: accepted, unknown, failed or delayed. A message that was accepted stays so.

    The result is True if the outcome was entered. A ``message_id`` of None keeps the one that is there.

    :param intended_at: the intent that this is the outcome of; None: of any. Another try may have looked into the same
        message, and have sent it again since.
    """

    key: str
    state: SendState
    message_id: str | None = None
    detail: str = ""
    intended_at: datetime | None = None

    def apply(self, connection: Connection) -> bool:
        """Enter the outcome."""
        values = {
            "the_key": self.key,
            "replaced": [state.value for state in REPLACED_BY_OUTCOME[self.state]],
            "new_state": self.state.value,
            "new_message_id": cleaned(self.message_id, NAME),
            "new_detail": clean(self.detail),
            "now": _now(),
        }
        if self.intended_at is None:
            return connection.execute(_SETTLE, values).rowcount > 0
        return connection.execute(_SETTLE_INTENT, {**values, "the_intent": self.intended_at}).rowcount > 0


@dataclass(frozen=True, kw_only=True)
class Note:
    """A message that is not sent (skipped, delayed, or failed before any request), with the reason in ``detail``.

    If it is known already as one that may have gone out, only its place in the list is entered.
    """

    batch: str
    conn_id: str
    row: SendRow

    def apply(self, connection: Connection) -> None:
        """Put the row."""
        row = self.row
        values = {**_values(self), "state": row.state.value, "detail": clean(row.detail), "settled_at": _now()}
        connection.execute(_NOTE[connection.dialect.name], {**values, "intended_at": None})


@dataclass(frozen=True, kw_only=True)
class Place:
    """A known message's new place in the list. Nothing changes if it is another batch's."""

    key: str
    batch: str
    row: int

    def apply(self, connection: Connection) -> None:
        """Enter the place."""
        connection.execute(_PLACE, {"the_key": self.key, "the_batch": self.batch, "new_row": self.row})


@dataclass(frozen=True, kw_only=True)
class Forget:
    """Rows that are not in the list any more: those that were not sent, and not noted since a moment."""

    batch: str
    before: datetime

    def apply(self, connection: Connection) -> None:
        """Remove them."""
        connection.execute(_FORGET, {"the_batch": self.batch, "before": self.before})


_COLUMNS = [column for column in table.columns if column.name != "conn_id"]


def _state_in(states: Collection[SendState]) -> ColumnElement[bool]:
    return table.c.state.in_([state.value for state in states])


def _noted(new: Any) -> dict[str, Any]:
    """Return the columns as a note leaves them: of a message that may have gone out, only its place is entered."""
    replaced = replacing(table, but=("row", *_KEPT_BY_NOTE))(new)
    return {
        "row": new.row,
        **{name: case((_state_in(REPLACED_BY_NOTE), value), else_=table.c[name]) for name, value in replaced.items()},
    }


_KEPT_BY_NOTE = ("message_id", "intended_at")
"""A note is not of a request: what the last one left stays."""

_SOME = select(*_COLUMNS).where(table.c.key.in_(bindparam("keys", expanding=True)))
_DOUBTS = (
    select(*_COLUMNS)
    .where(
        table.c.batch == bindparam("the_batch"),
        _state_in(IN_DOUBT),
        table.c.intended_at.is_not(None),
    )
    .order_by(table.c.row)
)
_CLAIMED = select(table.c.message_id).where(
    table.c.conn_id == bindparam("the_conn_id"),
    table.c.message_id.in_(bindparam("ids", expanding=True)),
    table.c.state == SendState.ACCEPTED.value,
)
_COUNTS = select(table.c.state, func.count()).where(table.c.batch == bindparam("the_batch")).group_by(table.c.state)
_COUNT_SINCE = select(func.count()).select_from(
    select(table.c.state)
    .where(
        table.c.conn_id == bindparam("the_conn_id"),
        table.c.intended_at >= bindparam("since"),
        _state_in(MAY_HAVE_GONE_OUT),
        # A message that is sent again is one of those already.
        table.c.key != bindparam("the_key"),
    )
    .limit(bindparam("most"))
    .subquery()
)
_INTEND = {
    again: upsert(
        table,
        replacing(table),
        where=lambda new, again=again: _state_in(REPLACED_BY_INTENT[again]),  # type: ignore[misc]
        returning=(table.c.key,),
    )
    for again in (False, True)
}
_NOTE = upsert(table, _noted, where=lambda new: or_(_state_in(REPLACED_BY_NOTE), table.c.batch == new.batch))
_SETTLE = (
    update(table)
    .where(table.c.key == bindparam("the_key"), table.c.state.in_(bindparam("replaced", expanding=True)))
    .values(
        state=bindparam("new_state"),
        message_id=func.coalesce(bindparam("new_message_id", type_=table.c.message_id.type), table.c.message_id),
        detail=bindparam("new_detail"),
        settled_at=bindparam("now"),
    )
)
_SETTLE_INTENT = _SETTLE.where(table.c.intended_at == bindparam("the_intent"))
_FORGET = delete(table).where(
    table.c.batch == bindparam("the_batch"),
    _state_in(NOT_SENT),
    table.c.settled_at < bindparam("before"),
)
_PLACE = (
    update(table)
    .where(table.c.key == bindparam("the_key"), table.c.batch == bindparam("the_batch"))
    .values(row=bindparam("new_row"))
)


def _values(change: Intend | Note) -> dict[str, Any]:
    """Return the columns that do not depend on the message's state."""
    row = change.row
    return {
        "key": row.key,
        "batch": change.batch,
        "row": row.row,
        "conn_id": change.conn_id,
        "given": clean(row.given),
        "recipient": clean(row.recipient)[:NAME],
        "message_id": cleaned(row.message_id, NAME),
    }


def _row(row: Row[Any]) -> SendRow:
    return SendRow(**{**row._mapping, "state": SendState(row.state)})


def _now() -> datetime:
    return datetime.now(timezone.utc)
