# SPDX-License-Identifier: Apache-2.0
"""The newest events of a connection and kind, read from the index that has them in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Boolean, Connection, Row, Select, literal, literal_column, tuple_

from airflow_provider_wa.api.webhooks import EventKind
from airflow_provider_wa.store.tables import BY_KIND, events

_AFTER_ALL = 2**63 - 1

_INDEX = (events.c.conn_id, events.c.kind, events.c.id)


def newest(
    connection: Connection,
    statement: Select[Any],
    conn_id: str,
    kind: EventKind,
    limit: int,
    *,
    before: int | None = None,
) -> Sequence[Row[Any]]:
    """Return the newest events of a connection and kind, the newest first.

    :param statement: selects columns of ``wa_events``, optionally under more conditions.
    :param before: only events stored before the event with this id.
    """
    end = _AFTER_ALL if before is None else before
    if connection.dialect.name == "postgresql":
        # In this form only the index by kind gives the order. With equality PostgreSQL may read all events by id
        # instead: it supposes that those of a connection are spread evenly, and an account may be unused for a year.
        first, last = (tuple_(literal(conn_id), literal(kind.value), literal(id_)) for id_ in (0, end))
        statement = statement.where(tuple_(*_INDEX) > first, tuple_(*_INDEX) < last)
        order = [column.desc() for column in _INDEX]
    else:
        statement = statement.where(events.c.conn_id == conn_id, events.c.kind == kind.value, events.c.id < end)
        order = [events.c.id.desc()]
    wanted = statement.where(literal_column(BY_KIND, Boolean)).order_by(*order).limit(limit)
    return connection.execute(wanted).all()
