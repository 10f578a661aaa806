# SPDX-License-Identifier: Apache-2.0
"""Events of one post share its JSON, and a store has an id of its own.

Existing events keep their own JSON.
"""

from __future__ import annotations

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables, and the store's id."""
    op.create_table(
        "wa_posts",
        # SQLite generates ids only for a plain INTEGER.
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("received_at", _MOMENT, nullable=False),
        sa.Column("raw", sa.JSON(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("wa_posts_received_at", "wa_posts", ["received_at"])
    op.add_column("wa_events", sa.Column("post_id", sa.BigInteger(), nullable=True))
    shared = sa.text("post_id IS NOT NULL")
    op.create_index("wa_events_post", "wa_events", ["post_id"], sqlite_where=shared, postgresql_where=shared)
    made = op.create_table(
        "wa_store",
        sa.Column("id", sa.String(255), primary_key=True),
        sa.Column("written_at", _MOMENT, nullable=True),
    )
    op.bulk_insert(made, [{"id": uuid4().hex, "written_at": None}])
