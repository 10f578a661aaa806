# SPDX-License-Identifier: Apache-2.0
"""The store that a wait was begun with: a triggerer with another one would wait for what never comes there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.connections.store import get_store

Mark = Mapping[str, Any]


def store_mark() -> Mark:
    """Return the id of the store of this process, and how many events it has ever stored.

    :raises WaError: the store cannot be asked.
    """
    database = get_store().database
    return {"id": database.store_id, "events": database.events_ever()}


def check_same_store(began: Mark) -> None:
    """Check that the store here is the one that a wait was begun with, and has not gone back in time.

    :raises BadInput: it is another store, or one that was restored from a backup.
    :raises WaError: the store cannot be asked.
    """
    database = get_store().database
    if database.store_id != began["id"]:
        raise BadInput(
            f"store: the triggerer has store {database.store_id}, the task had store {began['id']}; "
            "give wa_store_default the same value for workers, triggerers and the receiver"
        )
    if (events := database.events_ever(began["events"])) < began["events"]:
        raise BadInput(
            f"store: it has had {events:,} events, and {began['events']:,} when the wait began: it was restored from a "
            "backup; what was stored and sent since the backup is not known, so look before anything is sent"
        )
