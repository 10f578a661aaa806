# SPDX-License-Identifier: Apache-2.0
"""The first tables: events, checks, sends, suppressions and positions of readers."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_NAME = sa.String(255)
_KEY = sa.String(64)


def _column(name: str, kind: Any, nullable: bool = False, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=nullable, **options)


def upgrade() -> None:
    """Make the tables of the first release."""
    op.create_table(
        "wa_events",
        _column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        _column("conn_id", _NAME),
        _column("vendor", _NAME),
        _column("kind", _NAME),
        _column("vendor_kind", _NAME),
        _column("key", _KEY),
        _column("reference", _NAME, nullable=True),
        _column("party", _NAME, nullable=True),
        _column("status", _NAME),
        _column("happened_at", _MOMENT, nullable=True),
        _column("received_at", _MOMENT),
        _column("content", sa.JSON()),
        _column("raw", sa.JSON()),
        _column("file", sa.Text(), nullable=True),
        sqlite_autoincrement=True,
    )
    op.create_index("wa_events_key", "wa_events", ["conn_id", "key"], unique=True)
    op.create_index("wa_events_reference", "wa_events", ["reference", "conn_id", "kind"])
    op.create_index("wa_events_party", "wa_events", ["party", "conn_id", "kind"])
    op.create_index("wa_events_received_at", "wa_events", ["received_at"])
    op.create_table(
        "wa_checks",
        _column("batch", _KEY, primary_key=True),
        _column("row", sa.BigInteger(), primary_key=True, autoincrement=False),
        _column("conn_id", _NAME),
        _column("input", sa.Text()),
        _column("number", _NAME),
        _column("status", _NAME),
        _column("jid", sa.Text(), nullable=True),
        _column("checked_at", _MOMENT),
        _column("detail", sa.Text()),
        _column("reference", _NAME, nullable=True),
        _column("reused", sa.Boolean()),
    )
    op.create_index("wa_checks_reference", "wa_checks", ["reference", "conn_id"])
    op.create_index("wa_checks_number", "wa_checks", ["conn_id", "number", "checked_at"])
    op.create_table(
        "wa_sends",
        _column("key", _KEY, primary_key=True),
        _column("batch", _KEY),
        _column("row", sa.BigInteger()),
        _column("conn_id", _NAME),
        _column("given", sa.Text()),
        _column("recipient", _NAME),
        _column("state", _NAME),
        _column("message_id", _NAME, nullable=True),
        _column("detail", sa.Text()),
        _column("intended_at", _MOMENT, nullable=True),
        _column("settled_at", _MOMENT, nullable=True),
    )
    op.create_index("wa_sends_batch", "wa_sends", ["batch", "row"])
    op.create_index("wa_sends_intended_at", "wa_sends", ["conn_id", "intended_at"])
    op.create_index("wa_sends_message", "wa_sends", ["conn_id", "message_id"])
    op.create_table(
        "wa_suppressions",
        _column("recipient", _NAME, primary_key=True),
        _column("reason", sa.Text()),
        _column("since", _MOMENT),
    )
    op.create_table(
        "wa_cursors",
        _column("name", _NAME, primary_key=True),
        _column("value", sa.JSON()),
        _column("moved_at", _MOMENT),
    )
