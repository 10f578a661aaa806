# SPDX-License-Identifier: Apache-2.0
"""An index finds the messages to a person since a moment: a limit counts them before each send."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index("wa_sends_recipient", "wa_sends", ["recipient", "intended_at"])
