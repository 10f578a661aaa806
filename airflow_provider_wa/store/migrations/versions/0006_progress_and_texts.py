# SPDX-License-Identifier: Apache-2.0
"""Columns for the progress of batches and the contents of sends; indexes of batches by age and DAG run, and of
incoming messages.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_PROGRESS = (
    ("rows", sa.BigInteger()),
    ("done", sa.BigInteger()),
    ("rate", sa.Float()),
    ("reported_at", _MOMENT),
    ("held_until", _MOMENT),
    ("stopped_at", _MOMENT),
)


def upgrade() -> None:
    """Add the columns, empty in existing rows, and the indexes."""
    for name, kind in _PROGRESS:
        op.add_column("wa_batches", sa.Column(name, kind, nullable=True))
    op.drop_index("wa_batches_created_at", "wa_batches")
    op.create_index("wa_batches_created_at", "wa_batches", ["created_at", "name"])
    op.create_index("wa_batches_run", "wa_batches", ["run_id", "dag_id"])
    inbox = sa.text("kind = 'inbox'")
    op.create_index("wa_events_inbox", "wa_events", ["id"], sqlite_where=inbox, postgresql_where=inbox)
    op.add_column("wa_sends", sa.Column("content", sa.JSON(), nullable=True))
