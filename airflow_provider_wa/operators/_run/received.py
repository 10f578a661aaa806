# SPDX-License-Identifier: Apache-2.0
"""A message that came in, as the store has it."""

from __future__ import annotations

from dataclasses import dataclass, fields

from airflow_provider_wa.api.json_fields import moment
from airflow_provider_wa.api.records import InboxMessage
from airflow_provider_wa.store.events import StoredEvent


@dataclass(frozen=True, kw_only=True)
class ReceivedMessage(InboxMessage):
    """A message as the store has it, under ``event_id``; ``media_url`` is the stored file, if there is one."""

    event_id: int

    @classmethod
    def of(cls, event: StoredEvent) -> ReceivedMessage:
        """The message that an event tells of."""
        known = {field.name for field in fields(InboxMessage)}
        told = {name: value for name, value in event.content.items() if name in known}
        told["received_at"] = moment(told.get("received_at"))
        told["media_url"] = event.file or told.get("media_url")
        return cls(**told, event_id=event.id)
