# SPDX-License-Identifier: Apache-2.0
"""Alembic's migrations of the store, applied by the store itself."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.store.tables import REVISION


def upgrade(connection: Connection, current: str | None) -> None:
    """Bring a database from its revision (None: it has no tables) to the newest, within ``connection``'s transaction.

    :raises BadInput: the database was made by a newer version of this package.
    """
    if current == REVISION:
        return
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise BadInput(
            f"the store has revision {current}, which this version of airflow-provider-wa does not know: "
            "a newer one has been at work; install that one here as well"
        )
    command.upgrade(config, REVISION)
