# SPDX-License-Identifier: Apache-2.0
"""A table has the phone number of each known LID."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "wa_identities",
        sa.Column("lid", sa.String(255), primary_key=True),
        sa.Column("number", sa.String(255), nullable=False),
        sa.Column("learnt_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("wa_identities_number", "wa_identities", ["number"])
