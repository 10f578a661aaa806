# SPDX-License-Identifier: Apache-2.0
"""Changes of the sends: an intent before a request, its outcome after it, a note of what is not sent.

Each is applied in a transaction that it shares with others (``Sends.change``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, bindparam, case, delete, func, or_, select, update

from airflow_provider_wa.api import numbers
from airflow_provider_wa.store.send_states import (
    MAY_HAVE_GONE_OUT,
    NOT_SENT,
    REPLACED_BY_INTENT,
    REPLACED_BY_NOTE,
    REPLACED_BY_OUTCOME,
    SendState,
)
from airflow_provider_wa.store.sends import BY_KEY, Recent, SendRow, recent, row_key, send_row, state_in
from airflow_provider_wa.store.sql import clean, cleaned, replacing, upsert
from airflow_provider_wa.store.tables import NAME
from airflow_provider_wa.store.tables import sends as table


class Marker(Enum):
    """Obstacle to an intent that is not another send."""

    LIMIT_REACHED = "limit reached"


LIMIT_REACHED: Final = Marker.LIMIT_REACHED


@dataclass(frozen=True, kw_only=True)
class DailyLimit:
    """At most ``limit`` messages over a connection ``since`` a moment. Messages that may have gone out count."""

    limit: int
    since: datetime


@dataclass(frozen=True, kw_only=True)
class RecipientLimit:
    """At most ``limit`` messages to one person ``since`` a moment, over all connections, as ``DailyLimit`` counts."""

    limit: int
    since: datetime


@dataclass(frozen=True, kw_only=True)
class Intend:
    """Intent to send a message: its row, with the ``message_id`` if the caller chooses it.

    The result is None if the intent is written: the message may be sent. Otherwise it is the reason not to send: the
    ``SendRow`` of the message, which was accepted or is in doubt; ``LIMIT_REACHED`` for the daily limit; or the
    recipient's ``Recent`` messages, if the cap is reached.

    :param content: what is written to the recipient, as ``api.kept_messages`` has it; None keeps nothing of it.
    :param again: a message in doubt (intended, unknown) may be sent again. The cap is not applied then: for the
        recipient it is the same message.
    :param names: all names of the recipient, for the cap; by default the forms of its number.
    :param other_keys: keys of the same message under other names of the recipient: it may have gone out under one.
    """

    batch: str
    conn_id: str
    row: SendRow
    content: Mapping[str, Any] | None = None
    again: bool = False
    daily: DailyLimit | None = None
    cap: RecipientLimit | None = None
    names: Sequence[str] = ()
    other_keys: Sequence[str] = ()

    def apply(self, connection: Connection) -> SendRow | Marker | Recent | None:
        """Write the intent, if nothing stands in its way."""
        if self.other_keys and (sent := self._under_another_name(connection)):
            return sent
        reached = self._limit_reached(connection)
        if reached is None and self._is_written(connection, _INTEND[self.again]):
            return None
        standing = connection.execute(BY_KEY, {"keys": [self.row.key]}).first()
        if standing and standing.state not in REPLACED_BY_INTENT[self.again]:
            return send_row(standing)
        if reached is None and standing:
            self._take_over(connection, standing)
        return reached

    def _under_another_name(self, connection: Connection) -> SendRow | None:
        """Return the same message to another name of the recipient, if it stands in the way."""
        # A message in doubt may be one of two to the same person: it is sent again unless the other one arrived.
        obstacles = (SendState.ACCEPTED,) if self.again else MAY_HAVE_GONE_OUT
        rows = map(send_row, connection.execute(BY_KEY, {"keys": list(self.other_keys)}))
        return next((row for row in rows if row.state in obstacles), None)

    def _is_written(self, connection: Connection, statements: dict[str, Any]) -> bool:
        values = {**_values(self), "state": SendState.INTENDED.value, "detail": "", "intended_at": _now()}
        statement = statements[connection.dialect.name]
        return (
            connection.execute(statement, {**values, "settled_at": None, "content": self.content}).first() is not None
        )

    def _take_over(self, connection: Connection, standing: Row[Any]) -> None:
        """Take a message over from the batch that did not send it. That batch keeps its result."""
        if standing.state in NOT_SENT:
            whole = connection.execute(_WHOLE, {"the_key": standing.key}).one()._mapping
            kept = {**whole, "key": row_key(standing.batch, standing.row)}
            connection.execute(_REPORT[connection.dialect.name], kept)
        self._is_written(connection, _TAKE_OVER)
        connection.execute(_DROP, {"the_key": row_key(self.batch, self.row.row)})

    def _limit_reached(self, connection: Connection) -> Marker | Recent | None:
        if self.daily is not None:
            asked = {"the_conn_id": self.conn_id, "the_key": self.row.key, "since": self.daily.since}
            counted = connection.execute(_COUNT_OTHERS, {**asked, "most": self.daily.limit}).scalar_one()
            if counted >= self.daily.limit:
                return LIMIT_REACHED
        if self.cap is None or self.again:
            return None
        to = self.row.recipient
        got = recent(connection, {to: self.names or numbers.forms(to)}, self.cap.since, but=self.row.key).get(to)
        return got if got and got.count >= self.cap.limit else None


@dataclass(frozen=True, kw_only=True)
class Settle:
    """The outcome of a message: accepted, unknown, failed or delayed. An accepted message stays accepted.

    The result is True if the outcome was entered. With ``message_id`` None, the stored id stays.

    :param intended_at: the moment of the intent that this is the outcome of: nothing is entered if another try has sent
        the message again since. None accepts any intent.
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

    If the stored message may have gone out, only its place in the list changes. If it belongs to another batch, it
    stays as it is, and the note is stored as a ``Report``.
    """

    batch: str
    conn_id: str
    row: SendRow

    def apply(self, connection: Connection) -> None:
        """Put the row."""
        if connection.execute(_NOTE[connection.dialect.name], _noted_values(self)).first() is None:
            Report(batch=self.batch, conn_id=self.conn_id, row=self.row).apply(connection)


@dataclass(frozen=True, kw_only=True)
class Report:
    """The result of a row that has no message of its own: a duplicate, no recipient, or a message of another batch.

    It is stored under its place in the list, whatever its ``key``, and replaces an earlier report of that place.
    """

    batch: str
    conn_id: str
    row: SendRow

    def apply(self, connection: Connection) -> None:
        """Put the row."""
        values = {**_noted_values(self), "key": row_key(self.batch, self.row.row)}
        connection.execute(_REPORT[connection.dialect.name], values)


@dataclass(frozen=True, kw_only=True)
class Place:
    """The new place of a stored message in the list. Nothing changes if the message belongs to another batch."""

    key: str
    batch: str
    row: int

    def apply(self, connection: Connection) -> None:
        """Enter the place."""
        connection.execute(_PLACE, {"the_key": self.key, "the_batch": self.batch, "new_row": self.row})


@dataclass(frozen=True, kw_only=True)
class Withdraw:
    """Remove a message that was not sent, as its row now has another key. Messages of other batches stay."""

    key: str
    batch: str

    def apply(self, connection: Connection) -> None:
        """Remove it."""
        connection.execute(_WITHDRAW, {"the_key": self.key, "the_batch": self.batch})


@dataclass(frozen=True, kw_only=True)
class Forget:
    """Remove the rows that are no longer in the list: not sent, and neither noted nor reported since ``before``."""

    batch: str
    before: datetime

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

_WHOLE = select(table).where(table.c.key == bindparam("the_key"))
_COUNT_OTHERS = select(func.count()).select_from(
    select(table.c.state)
    .where(
        table.c.conn_id == bindparam("the_conn_id"),
        table.c.intended_at >= bindparam("since"),
        state_in(MAY_HAVE_GONE_OUT),
        # A message that is sent again is counted already.
        table.c.key != bindparam("the_key"),
    )
    .limit(bindparam("most"))
    .subquery()
)
_INTEND = {
    again: upsert(
        table,
        replacing(table),
        where=lambda new, again=again: and_(  # type: ignore[misc]
            state_in(REPLACED_BY_INTENT[again]), table.c.batch == new.batch
        ),
        returning=(table.c.key,),
    )
    for again in (False, True)
}
_TAKE_OVER = upsert(table, replacing(table), returning=(table.c.key,))
_NOTE = upsert(table, _noted, where=lambda new: table.c.batch == new.batch, returning=(table.c.key,))
_REPORT = upsert(table, replacing(table))
_DROP = delete(table).where(table.c.key == bindparam("the_key"))
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


def _values(change: Intend | Note | Report) -> dict[str, Any]:
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
    values = {"state": row.state.value, "detail": clean(row.detail), "settled_at": _now(), "intended_at": None}
    return {**_values(change), **values}


def _now() -> datetime:
    return datetime.now(timezone.utc)
