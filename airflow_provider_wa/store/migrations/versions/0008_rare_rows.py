# SPDX-License-Identifier: Apache-2.0
"""Indexes that find rare rows without reading the others, and counts over time in several steps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Replace the indexes. Existing counts keep their steps of ten minutes."""
    # Incoming messages are read by connection: ``wa_events_kind`` has them in order.
    op.drop_index("wa_events_inbox", "wa_events")
    for name in ("wa_deliveries_stage", "wa_deliveries_answer"):
        op.drop_index(name, "wa_deliveries")
    op.create_index("wa_deliveries_stage", "wa_deliveries", ["batch", "stage", "row", "key"])
    answered = sa.text("answer IS NOT NULL")
    op.create_index(
        *("wa_deliveries_answer", "wa_deliveries", ["batch", "answer", "row", "key"]),
        sqlite_where=answered,
        postgresql_where=answered,
    )
    op.drop_index("wa_batches_created_at", "wa_batches")
    op.create_index("wa_batches_age", "wa_batches", ["conn_id", "kind", "created_at", "name"])
    op.rename_table("wa_tallies", "wa_tallies_0007")
    op.create_table(
        "wa_tallies",
        sa.Column("batch", sa.String(64), primary_key=True),
        sa.Column("step", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("bucket", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
    )
    op.execute(
        "INSERT INTO wa_tallies (batch, step, name, bucket, count) "
        "SELECT batch, 600, name, bucket, count FROM wa_tallies_0007"
    )
    op.drop_table("wa_tallies_0007")
