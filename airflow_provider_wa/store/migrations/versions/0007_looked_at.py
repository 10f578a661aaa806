# SPDX-License-Identifier: Apache-2.0
"""Tables for the pages: deliveries of messages, counts by time, pauses, daily limits; and indexes for filters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables and the indexes. ``Deliveries.follow`` counts the existing messages later."""
    op.create_table(
        "wa_deliveries",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("batch", sa.String(64), nullable=False),
        sa.Column("row", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.String(255), nullable=True),
        sa.Column("answer", sa.String(255), nullable=True),
    )
    op.create_index("wa_deliveries_stage", "wa_deliveries", ["batch", "row", "key", "stage"])
    _partial_index("wa_deliveries_answer", "wa_deliveries", ["batch", "row", "key", "answer"], "answer IS NOT NULL")
    op.create_table(
        "wa_tallies",
        sa.Column("batch", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("bucket", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "wa_pauses",
        sa.Column("batch", sa.String(64), primary_key=True),
        sa.Column("since", _MOMENT, nullable=False),
        sa.Column("by", sa.String(255), nullable=False),
    )
    op.create_table(
        "wa_daily_limits",
        sa.Column("conn_id", sa.String(255), primary_key=True),
        sa.Column("daily", sa.BigInteger(), nullable=False),
        sa.Column("since", _MOMENT, nullable=False),
    )
    # All events meet this condition. PostgreSQL uses the index only for queries that repeat it.
    op.create_index("wa_events_kind", "wa_events", ["conn_id", "kind", "id"], postgresql_where=sa.text("vendor <> ''"))
    states, statuses = ("'failed', 'skipped', 'unknown', 'delayed'", "'absent', 'pending', 'unknown'")
    _partial_index("wa_sends_state", "wa_sends", ["batch", "state", "row", "key"], f"state IN ({states})")
    _partial_index("wa_checks_status", "wa_checks", ["batch", "status", "row"], f"status IN ({statuses})")


def _partial_index(name: str, table: str, columns: list[str], condition: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(condition), postgresql_where=sa.text(condition))
