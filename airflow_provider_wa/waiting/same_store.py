# SPDX-License-Identifier: Apache-2.0
"""Check that a triggerer has the store of the task: in another store the awaited events would never arrive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.connections.store import get_store

Mark = Mapping[str, Any]


def store_mark() -> Mark:
    """Return the id of this process's store, and the number of events that it has ever stored.

    :raises WaError: the store cannot be asked.
    """
    database = get_store().database
    return {"id": database.store_id, "events": database.events_ever()}


def check_same_store(began: Mark) -> None:
    """Check that this process has the store in which a wait began, and that it was not restored from a backup since.

    :raises BadInput: it is another store, or it was restored from a backup.
    :raises WaError: the store cannot be asked.
    """
    database = get_store().database
    if database.store_id != began["id"]:
        raise BadInput(
            f"store: this process has store {database.store_id}, the task began with store {began['id']}; "
            "give wa_store_default the same value for workers, triggerers and the receiver"
        )
    if (events := database.events_ever(began["events"])) < began["events"]:
        raise BadInput(
            f"store: it has had {events:,} events, and {began['events']:,} when the task began: it was restored from a "
            "backup; events and sends since the backup are lost, so check the sent messages before anything is sent"
        )
