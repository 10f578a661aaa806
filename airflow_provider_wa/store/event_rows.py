# SPDX-License-Identifier: Apache-2.0
"""The rows of events: made from a vendor's reports, and inserted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import JSON, Connection, text

from airflow_provider_wa.api.webhooks import Event
from airflow_provider_wa.store.database import json_text
from airflow_provider_wa.store.sql import clean, cleaned, upsert
from airflow_provider_wa.store.tables import NAME
from airflow_provider_wa.store.tables import events as table


@dataclass(frozen=True, kw_only=True)
class NewEvent:
    """An event to be stored, as a vendor reported it; ``file`` is the path of the file that came with it."""

    conn_id: str
    vendor: str
    event: Event
    file: str | None = None
    received_at: datetime = field(default_factory=lambda: datetime.now(timezone.utc))


def row_of(new: NewEvent) -> dict[str, Any]:
    """Return the row of an event, with values that every database accepts."""
    event = new.event
    return {
        "conn_id": new.conn_id,
        "vendor": new.vendor,
        "kind": event.kind.value,
        "vendor_kind": clean(event.vendor_kind)[:NAME],
        "key": event.key,
        "reference": cleaned(event.reference, NAME),
        "party": cleaned(event.party, NAME),
        "status": event.status,
        "happened_at": _plausible(event.happened_at),
        "received_at": new.received_at,
        "content": event.record.to_dict() if event.record else {},
        "raw": event.raw,
        "file": new.file,
        "post_id": None,
    }


def insert_new(connection: Connection, rows: Sequence[dict[str, Any]]) -> set[tuple[str, str]]:
    """Insert the new rows, in their order, and return their connections and keys."""
    if connection.dialect.name == "postgresql":
        found = connection.execute(_FROM_JSON, {"rows": json.dumps(list(map(_texts, rows)))})
    else:
        found = connection.execute(_ADD, rows)
    return {(conn_id, key) for conn_id, key in found}


def _plausible(moment: datetime | None) -> datetime | None:
    """Return a moment; None in the first and last years of the calendar, which some time zones cannot represent."""
    if moment is None or not datetime.min.year < moment.year < datetime.max.year:
        return None
    # A plain datetime: the subclass of vendors' moments is slow to compare and to write.
    return datetime.fromtimestamp(moment.timestamp(), timezone.utc) if type(moment) is not datetime else moment


def _texts(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row for ``_FROM_JSON``. Its JSON stays text, since PostgreSQL cannot decode all JSON, such as NUL."""
    return {
        **row,
        "happened_at": row["happened_at"] and row["happened_at"].isoformat(),
        "received_at": row["received_at"].isoformat(),
        "content": json_text(row["content"]),
        "raw": json_text(row["raw"]),
    }


_NAMES = [column.name for column in table.columns if column.name != "id"]
_JSON_NAMES = [column.name for column in table.columns if isinstance(column.type, JSON)]
_TEXT = "text"
_TYPES = {"happened_at": "timestamptz", "received_at": "timestamptz", "post_id": "bigint"}
_ADD = upsert(table, None, key=("conn_id", "key"), returning=(table.c.conn_id, table.c.key))["sqlite"]
# One parameter for all rows: with one for each value, building the statement takes half of the time of an insert.
_FROM_JSON = text(
    f"INSERT INTO {table.name} ({', '.join(_NAMES)}) "
    f"SELECT {', '.join(f'CAST({name} AS json)' if name in _JSON_NAMES else name for name in _NAMES)} "
    "FROM json_to_recordset(CAST(:rows AS json)) AS given "
    f"({', '.join(f'{name} {_TYPES.get(name, _TEXT)}' for name in _NAMES)}) "
    "ON CONFLICT (conn_id, key) DO NOTHING RETURNING conn_id, key"
).columns(table.c.conn_id, table.c.key)
