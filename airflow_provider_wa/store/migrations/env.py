# SPDX-License-Identifier: Apache-2.0
"""Run by Alembic: where the migrations are applied."""

from __future__ import annotations

from alembic import context

from airflow_provider_wa.store.tables import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, version_table=VERSION_TABLE
)
with context.begin_transaction():
    context.run_migrations()
