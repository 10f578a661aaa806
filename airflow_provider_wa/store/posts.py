# SPDX-License-Identifier: Apache-2.0
"""The JSON of posts with several events, stored once for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence, Set
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, exists, insert

from airflow_provider_wa.api.webhooks import EventKind
from airflow_provider_wa.store.sql import PARAMETERS
from airflow_provider_wa.store.tables import NAME, events
from airflow_provider_wa.store.tables import posts as table

Rows = Sequence[dict[str, Any]]

_ADD = insert(table).returning(table.c.id)


def share_raw(connection: Connection, rows: Rows) -> None:
    """Store once the ``raw`` that several event rows share, and let the rows refer to it.

    Long values in the ``content`` of their receipts are cut to the length of an identifier: ``raw`` has them complete.
    The content of a message is never cut.
    """
    by_raw: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_raw[id(row["raw"])].append(row)
    for shared in by_raw.values():
        raw = shared[0]["raw"]
        if len(shared) == 1 or not raw:
            continue
        newest = max(row["received_at"] for row in shared)
        post_id = connection.execute(_ADD, {"raw": raw, "received_at": newest}).scalar_one()
        for row in shared:
            row |= {"raw": None, "post_id": post_id}
            if row["kind"] == EventKind.DELIVERY:
                row["content"] = _short(row["content"])


def drop_repeated(connection: Connection, rows: Rows, new: Set[tuple[str, str]]) -> None:
    """Remove the posts of these rows to which no new row refers; new rows are given by connection and key."""
    used = {row["post_id"] for row in rows if (row["conn_id"], row["key"]) in new}
    repeated = sorted({row["post_id"] for row in rows if row["post_id"] is not None} - used)
    for start in range(0, len(repeated), PARAMETERS):
        connection.execute(delete(table).where(table.c.id.in_(repeated[start : start + PARAMETERS])))


def remove_posts_before(connection: Connection, moment: datetime) -> None:
    """Remove the posts that were received before a moment and no longer have an event."""
    in_use = exists().where(events.c.post_id == table.c.id)
    connection.execute(delete(table).where(table.c.received_at < moment, ~in_use))


def _short(content: dict[str, Any]) -> dict[str, Any]:
    return {name: value[:NAME] if isinstance(value, str) else value for name, value in content.items()}
