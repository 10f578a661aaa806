# SPDX-License-Identifier: Apache-2.0
"""Intents to send: each written before its request, by one sender only, within the limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Insert,
    Row,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    null,
    select,
)

from airflow_provider_wa.api import numbers
from airflow_provider_wa.store.send_changes import REPORT, in_order, now, stored_values
from airflow_provider_wa.store.send_states import MAY_HAVE_GONE_OUT, NOT_SENT, REPLACED_BY_INTENT, SendState
from airflow_provider_wa.store.sends import BY_KEY, Recent, SendRow, recent, row_key, send_row, state_in
from airflow_provider_wa.store.sql import DIALECTS, listed, replacing, upsert
from airflow_provider_wa.store.tables import Moment
from airflow_provider_wa.store.tables import sends as table


class Marker(Enum):
    """Reason not to send, other than another send."""

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

    :param content: the message to keep, in the form of ``api.kept_messages``; None keeps no content.
    :param again: a message in doubt (intended, unknown) may be sent again. The cap is not applied then: for the
        recipient it is the same message.
    :param names: all names of the recipient, for the cap; by default the forms of its number.
    :param other_keys: keys of the same message under other names of the recipient, to which it may have gone out.
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

    @property
    def key(self) -> str:
        """The key of the message."""
        return self.row.key

    @classmethod
    def apply_all(cls, connection: Connection, changes: Sequence[Intend]) -> list[SendRow | Marker | Recent | None]:
        """Write intents: new ones without conditions in one statement, the others one by one."""
        plain: dict[str, Intend] = {}
        for each in changes:
            if not (each.again or each.daily or each.cap or each.other_keys):
                plain.setdefault(each.key, each)
        # Asked before, not returned by the statement: with each row that it returns, SQLite gives other threads a turn.
        new = plain.keys() - set(connection.execute(_STORED, {"keys": list(plain)}).scalars())
        if new:
            rows = in_order(plain[key]._listed() for key in new)
            connection.execute(_INTEND_NEW[connection.dialect.name], {"rows": rows, "now": now()})
        return [None if each.key in new and plain[each.key] is each else each.apply(connection) for each in changes]

    def apply(self, connection: Connection) -> SendRow | Marker | Recent | None:
        """Write the intent, unless there is a reason not to send."""
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

    def _listed(self) -> dict[str, Any]:
        kept = {} if self.content is None else {"content": self.content}
        return {**stored_values(self), **kept}

    def _under_another_name(self, connection: Connection) -> SendRow | None:
        """Return the same message to another name of the recipient, if it is a reason not to send."""
        # Two messages in doubt may exist for one person: one is sent again unless the other was accepted.
        obstacles = (SendState.ACCEPTED,) if self.again else MAY_HAVE_GONE_OUT
        rows = map(send_row, connection.execute(BY_KEY, {"keys": list(self.other_keys)}))
        return next((row for row in rows if row.state in obstacles), None)

    def _is_written(self, connection: Connection, statements: dict[str, Any]) -> bool:
        values = {**stored_values(self), "state": SendState.INTENDED.value, "detail": "", "intended_at": now()}
        statement = statements[connection.dialect.name]
        values |= {"settled_at": None, "content": self.content}
        return connection.execute(statement, values).first() is not None

    def _take_over(self, connection: Connection, standing: Row[Any]) -> None:
        """Take a message over from the batch that did not send it. That batch keeps its result."""
        if standing.state in NOT_SENT:
            whole = connection.execute(_WHOLE, {"the_key": standing.key}).one()._mapping
            kept = {**whole, "key": row_key(standing.batch, standing.row)}
            connection.execute(REPORT[connection.dialect.name], kept)
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


def _new(dialect: str) -> dict[str, ColumnElement[Any]]:
    """Return the columns of new intents; the parameter ``rows`` has the values that differ between rows."""
    names = ("key", "batch", "row", "conn_id", "given", "recipient", "message_id", "content")
    return {
        **listed("rows", [table.c[name] for name in names], dialect),
        "state": literal(SendState.INTENDED.value),
        "detail": literal(""),
        "intended_at": bindparam("now", type_=Moment()),
        "settled_at": null(),
    }


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


def _intend(*, again: bool) -> dict[str, Insert]:
    return upsert(
        table,
        replacing(table),
        where=lambda new: and_(state_in(REPLACED_BY_INTENT[again]), table.c.batch == new.batch),
        returning=(table.c.key,),
    )


def _intend_new(dialect: str) -> Insert:
    columns = _new(dialect)
    return insert(table).from_select(list(columns), select(*columns.values()))


_STORED = select(table.c.key).where(table.c.key.in_(bindparam("keys", expanding=True)))
_INTEND = {again: _intend(again=again) for again in (False, True)}
_INTEND_NEW = {dialect: _intend_new(dialect) for dialect in DIALECTS}
_TAKE_OVER = upsert(table, replacing(table), returning=(table.c.key,))
_DROP = delete(table).where(table.c.key == bindparam("the_key"))
