# SPDX-License-Identifier: Apache-2.0
"""What the tests of the store put into it."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from airflow_provider_wa.api.records import CheckResult, CheckStatus, DeliveryState, DeliveryStatus, InboxMessage
from airflow_provider_wa.api.webhooks import Event, EventKind
from airflow_provider_wa.store.checks import CheckRow
from airflow_provider_wa.store.event_rows import NewEvent

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=timezone.utc)


def new(event: Event, conn_id: str = "my_wa", **options: Any) -> NewEvent:
    return NewEvent(conn_id=conn_id, vendor="wuzapi", event=event, **options)


def delivered(message_id: str, state: str = "delivered", *, conn_id: str = "my_wa", **told: Any) -> NewEvent:
    record = DeliveryStatus(message_id=message_id, state=DeliveryState(state), **{"to": "51987654321", **told})
    raw = {"id": message_id}
    return new(Event(kind=EventKind.DELIVERY, record=record, vendor_kind="Receipt", raw=raw), conn_id)


def came_in(sender: str, text: str = "hello", *, conn_id: str = "my_wa") -> NewEvent:
    record = InboxMessage(message_id=f"{sender}-{text}", sender=sender, text=text)
    return new(Event(kind=EventKind.INBOX, record=record, vendor_kind="Message"), conn_id)


def called_back(reference: str, status: str = "exists", *, conn_id: str = "my_wa", **told: Any) -> NewEvent:
    record = CheckResult(number="51987654321", status=CheckStatus(status), reference=reference, **told)
    return new(Event(kind=EventKind.CHECK, record=record, raw={"callback": reference}), conn_id)


def checked(row: int, status: str = "exists", **fields: Any) -> CheckRow:
    number = f"+519876{row:05d}"
    return CheckRow(**{"row": row, "input": number, "number": number, "status": status, "checked_at": NOW, **fields})


def pending(row: int, reference: str | None = None) -> CheckRow:
    return checked(row, "pending", reference=reference or f"ref-{row}")
