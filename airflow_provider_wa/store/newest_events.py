# SPDX-License-Identifier: Apache-2.0
"""The newest events of a connection and kind, read from the index that has them in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, Boolean, Connection, Row, Select, String, any_, literal, literal_column

from airflow_provider_wa.api.webhooks import EventKind
from airflow_provider_wa.store.tables import BY_KIND, events


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
    statement = statement.where(events.c.kind == kind.value, literal_column(BY_KIND, Boolean))
    if before is not None:
        statement = statement.where(events.c.id < before)
    order = [events.c.id.desc()]
    if connection.dialect.name == "postgresql":
        # In this form only the index by kind gives the order. With a plain equality PostgreSQL may read all events by
        # id instead: it supposes that those of a connection are spread evenly, and an account may be unused for a year.
        statement = statement.where(events.c.conn_id == any_(literal([conn_id], ARRAY(String))))
        order = [events.c.conn_id.desc(), *order]
    else:
        statement = statement.where(events.c.conn_id == conn_id)
    return connection.execute(statement.order_by(*order).limit(limit)).all()
