# SPDX-License-Identifier: Apache-2.0
"""Messages that came in, as records of the store."""

from __future__ import annotations

from dataclasses import dataclass, fields

from airflow_provider_wa.api.json_fields import moment
from airflow_provider_wa.api.records import InboxMessage
from airflow_provider_wa.store.events import StoredEvent


@dataclass(frozen=True, kw_only=True)
class ReceivedMessage(InboxMessage):
    """A message in the store, with its ``event_id``; ``media_url`` is the stored file, if there is one."""

    event_id: int

    @classmethod
    def of(cls, event: StoredEvent) -> ReceivedMessage:
        """Return the message in a stored event."""
        known = {field.name for field in fields(InboxMessage)}
        given = {name: value for name, value in event.content.items() if name in known}
        given["received_at"] = moment(given.get("received_at"))
        given["media_url"] = event.file or given.get("media_url")
        return cls(**given, event_id=event.id)
