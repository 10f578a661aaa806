# SPDX-License-Identifier: Apache-2.0
"""Changes of the sends except intents: outcomes of requests, and notes of messages that are not sent.

Several changes share one transaction (``Sends.change``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, Protocol

from sqlalchemy import Connection, Update, bindparam, case, delete, func, or_, select, update

from airflow_provider_wa.store.send_states import NOT_SENT, REPLACED_BY_NOTE, REPLACED_BY_OUTCOME, SendState
from airflow_provider_wa.store.sends import OneByOne, SendRow, row_key, state_in
from airflow_provider_wa.store.sql import DIALECTS, clean, cleaned, listed, replacing, upsert
from airflow_provider_wa.store.tables import NAME, Moment
from airflow_provider_wa.store.tables import sends as table


class Changed(Protocol):
    """A change of the row of one message."""

    @property
    def batch(self) -> str:
        """The batch that makes the change."""

    @property
    def conn_id(self) -> str:
        """The connection of the batch."""

    @property
    def row(self) -> SendRow:
        """The new row."""


@dataclass(frozen=True, kw_only=True)
class Settle:
    """The outcome of a message: accepted, unknown, failed or delayed. An accepted message stays accepted.

    The result is True if the outcome was entered. With ``message_id`` None, the stored id stays.

    :param intended_at: the moment of the intent of this outcome. The outcome is dropped if another try has sent the
        message again since then. None accepts any intent.
    """

    key: str
    state: SendState
    message_id: str | None = None
    detail: str = ""
    intended_at: datetime | None = None

    @classmethod
    def apply_all(cls, connection: Connection, changes: Sequence[Settle]) -> list[bool]:
        """Enter outcomes: one statement for each state, and one for each outcome with ``intended_at``."""
        written: set[str] = set()
        for state, some in groupby(sorted(changes, key=_state_of), _state_of):
            if rows := in_order(each._listed() for each in some if each.intended_at is None):
                written |= _settled(connection, state, rows)
        return [each.key in written if each.intended_at is None else each.apply(connection) for each in changes]

    def apply(self, connection: Connection) -> bool:
        """Enter the outcome."""
        if self.intended_at is None:
            return self.apply_all(connection, [self])[0]
        asked = {"rows": [self._listed()], "now": now(), "the_intent": self.intended_at}
        return connection.execute(_SETTLE_INTENT[self.state][connection.dialect.name], asked).rowcount > 0

    def _listed(self) -> dict[str, Any]:
        return {"key": self.key, "message_id": cleaned(self.message_id, NAME), "detail": clean(self.detail)}


@dataclass(frozen=True, kw_only=True)
class Note(OneByOne):
    """A message that is not sent (skipped, delayed, or failed before any request), with the reason in ``detail``.

    If the stored message may have gone out, only its place in the list changes. If it belongs to another batch, it
    stays unchanged, and the note is stored as a ``Report``.
    """

    batch: str
    conn_id: str
    row: SendRow

    @property
    def key(self) -> str:
        """The key of the message."""
        return self.row.key

    def apply(self, connection: Connection) -> None:
        """Put the row."""
        if connection.execute(_NOTE[connection.dialect.name], _noted_values(self)).first() is None:
            Report(batch=self.batch, conn_id=self.conn_id, row=self.row).apply(connection)


@dataclass(frozen=True, kw_only=True)
class Report(OneByOne):
    """The result of a row that has no message of its own: a duplicate, no recipient, or a message of another batch.

    It is stored under its place in the list instead of its ``key``, and replaces an earlier report of that place.
    """

    batch: str
    conn_id: str
    row: SendRow

    @property
    def key(self) -> str:
        """The key of the place in the list."""
        return row_key(self.batch, self.row.row)

    def apply(self, connection: Connection) -> None:
        """Put the row."""
        values = {**_noted_values(self), "key": self.key}
        connection.execute(REPORT[connection.dialect.name], values)


@dataclass(frozen=True, kw_only=True)
class Place(OneByOne):
    """The new place of a stored message in the list. Nothing changes if the message belongs to another batch."""

    key: str
    batch: str
    row: int

    def apply(self, connection: Connection) -> None:
        """Enter the place."""
        connection.execute(_PLACE, {"the_key": self.key, "the_batch": self.batch, "new_row": self.row})


@dataclass(frozen=True, kw_only=True)
class Withdraw(OneByOne):
    """Removal of a message that was not sent, since its row now has another key. Messages of other batches stay."""

    key: str
    batch: str

    def apply(self, connection: Connection) -> None:
        """Remove it."""
        connection.execute(_WITHDRAW, {"the_key": self.key, "the_batch": self.batch})


@dataclass(frozen=True, kw_only=True)
class Forget(OneByOne):
    """Remove the rows that are no longer in the list: not sent, and neither noted nor reported since ``before``."""

    batch: str
    before: datetime
    key: str = ""

    def apply(self, connection: Connection) -> None:
        """Remove them."""
        connection.execute(_FORGET, {"the_batch": self.batch, "before": self.before})


def _noted(new: Any) -> dict[str, Any]:
    """Return the columns as a note leaves them: for a message that may have gone out, only its place changes."""
    replaced = replacing(table, but=("row", *_KEPT_BY_NOTE))(new)
    return {
        "row": new.row,
        **{name: case((state_in(REPLACED_BY_NOTE), value), else_=table.c[name]) for name, value in replaced.items()},
    }


_KEPT_BY_NOTE = ("message_id", "intended_at", "content")
"""Columns that a note leaves alone: they belong to the last request, and a note makes none."""

_NOTE = upsert(table, _noted, where=lambda new: table.c.batch == new.batch, returning=(table.c.key,))
REPORT = upsert(table, replacing(table))


def _settle(state: SendState, dialect: str) -> Update:
    """Return the statement that enters outcomes of one state."""
    row = listed("rows", (table.c.key, table.c.message_id, table.c.detail), dialect)
    statement = update(table).where(table.c.key == row["key"], state_in(REPLACED_BY_OUTCOME[state]))
    message_id = func.coalesce(row["message_id"], table.c.message_id)
    values = {"state": state.value, "message_id": message_id, "detail": row["detail"]}
    return statement.values(**values, settled_at=bindparam("now", type_=Moment()))


_state_of = attrgetter("state")
_SETTLE = {state: {dialect: _settle(state, dialect) for dialect in DIALECTS} for state in REPLACED_BY_OUTCOME}
_SETTLE_INTENT = {
    state: {
        dialect: statement.where(table.c.intended_at == bindparam("the_intent"))
        for dialect, statement in by_dialect.items()
    }
    for state, by_dialect in _SETTLE.items()
}
_ENTERED = select(table.c.key).where(
    table.c.key.in_(bindparam("keys", expanding=True)),
    table.c.state == bindparam("the_state"),
    table.c.settled_at == bindparam("now", type_=Moment()),
)
_FORGET = delete(table).where(
    table.c.batch == bindparam("the_batch"),
    # No request belongs to a report, even if it shows the state of a message that another batch sent.
    or_(state_in(NOT_SENT), table.c.intended_at.is_(None)),
    table.c.settled_at < bindparam("before"),
)
_WITHDRAW = delete(table).where(
    table.c.key == bindparam("the_key"), table.c.batch == bindparam("the_batch"), state_in(NOT_SENT)
)
_PLACE = (
    update(table)
    .where(table.c.key == bindparam("the_key"), table.c.batch == bindparam("the_batch"))
    .values(row=bindparam("new_row"))
)


def in_order(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows in the order of their keys, so that two transactions cannot deadlock."""
    return sorted(rows, key=itemgetter("key"))


def _settled(connection: Connection, state: SendState, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Enter outcomes of one state, and return the keys of the changed messages."""
    asked = {"rows": rows, "now": now()}
    keys = {row["key"] for row in rows}
    # The rows are counted and not returned: with each row that it returns, SQLite gives the event loop's thread a turn.
    if connection.execute(_SETTLE[state][connection.dialect.name], asked).rowcount == len(keys):
        return keys
    entered = {"keys": list(keys), "the_state": state.value, "now": asked["now"]}
    return set(connection.execute(_ENTERED, entered).scalars())


def stored_values(change: Changed) -> dict[str, Any]:
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


def _noted_values(change: Note | Report) -> dict[str, Any]:
    row = change.row
    values = {"state": row.state.value, "detail": clean(row.detail), "settled_at": now(), "intended_at": None}
    return {**stored_values(change), **values}


def now() -> datetime:
    """Return the current moment."""
    return datetime.now(timezone.utc)
