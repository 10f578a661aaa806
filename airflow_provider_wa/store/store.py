# SPDX-License-Identifier: Apache-2.0
"""The store as its users see it."""

from __future__ import annotations

from functools import cached_property

from sqlalchemy.engine import URL

from airflow_provider_wa.store.checks import Checks
from airflow_provider_wa.store.cursors import Cursors
from airflow_provider_wa.store.database import Database
from airflow_provider_wa.store.events import Events


class Store:
    """Events, checks and cursors in one database. All methods block: on an event loop, call them in a thread.

    Each raises ``StoreUnavailable`` when the database cannot be reached, is locked for long, or is full.

    :param url: a SQLAlchemy URL, ``sqlite:///path`` or ``postgresql://...``.
    :raises BadInput: it is another kind of database, or its driver is not installed.
    """

    def __init__(self, url: str | URL) -> None:
        self.database = Database(url)

    @cached_property
    def events(self) -> Events:
        """What vendors told."""
        return Events(self.database)

    @cached_property
    def checks(self) -> Checks:
        """The answers of bulk checks."""
        return Checks(self.database)

    @cached_property
    def cursors(self) -> Cursors:
        """How far somebody has read."""
        return Cursors(self.database)

    def close(self) -> None:
        """Close its connections to the database."""
        self.database.close()
