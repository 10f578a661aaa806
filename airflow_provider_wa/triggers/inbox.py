# SPDX-License-Identifier: Apache-2.0
"""Starts DAGs when WhatsApp messages come in."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.kinds import MESSAGES, as_kinds
from airflow_provider_wa.waiting.patience import MAX_FAILURES
from airflow_provider_wa.waiting.preload import preload
from airflow_provider_wa.waiting.source import SOURCES


class WaInboxTrigger(BaseEventTrigger):
    """Updates an asset with the messages that come in over a connection: ``AssetWatcher(name=..., trigger=...)``.

    Each event is ``{"conn_id", "event_ids", "count"}``, with at most 500 messages: ``WaReadInboxOperator`` reads them
    in the DAG that it starts. Messages go through the store, each once, whether the receiver got them or they were
    pulled: an inbox is read every ``poll_interval`` seconds; at a vendor's queue, which must have no other reader, a
    long poll takes them as they come; a vendor with neither posts them to the receiver.

    The first start begins with later messages; a restart continues from the last position. Each message is in one
    event, except that messages of the last ten seconds before a triggerer is killed may be repeated. Airflow 3.3
    saves the position with the asset, so that each asset begins and continues by itself; before, all watchers of a
    connection share one.

    After temporary failures the trigger waits, with growing pauses. Others are logged and raised; Airflow then
    starts the trigger again.

    :param wa_conn_id: the connection.
    :param poll_interval: seconds between two looks, plus or minus a fifth.
    :param source: ``vendor`` pulls messages at the vendor, ``store`` leaves them to the receiver, ``auto`` pulls where
        the vendor has an inbox or a queue.
    :param max_failures: maximum number of consecutive temporary failures that do not end the wait.
    :param kinds: kinds of messages that start a run: a list, or a text with commas. By default all that are messages;
        ``["message", "reaction", "edit"]`` takes reactions and edits as well (docs/receiver.md, "Kinds of messages").
        Give ``WaReadInboxOperator`` the same.
    :raises BadInput: an argument is wrong.
    """

    def __init__(
        self,
        wa_conn_id: str,
        poll_interval: float = 30.0,
        source: str = "auto",
        max_failures: int = MAX_FAILURES,
        kinds: str | Iterable[str] | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        if source not in SOURCES:
            raise BadInput(f"source: unknown value {source!r}; expected auto, vendor or store")
        self.wa_conn_id = wa_conn_id
        # Airflow compares triggers by this: 30 and 30.0 must be the same.
        self.poll_interval = float(poll_interval)
        self.source = source
        self.max_failures = max_failures
        self.kinds = [*as_kinds(kinds)]

    def serialize(self) -> tuple[str, dict[str, Any]]:
        names = ["wa_conn_id", "poll_interval", "source", "max_failures"]
        # Airflow knows a trigger by its arguments: triggers without ``kinds`` must keep theirs.
        if tuple(self.kinds) != MESSAGES:
            names.append("kinds")
        return f"{__name__}.{type(self).__name__}", {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        began = int(time.time())
        await preload()
        from airflow_provider_wa.waiting.inbox_reader import InboxReader

        states = getattr(self, "asset_state_store", None)
        reader = InboxReader(
            self.wa_conn_id, self.poll_interval, self.source, self.max_failures, states, self.log, self.kinds
        )
        async with aclosing(reader.event_ids(began)) as found:
            async for event_ids in found:
                yield TriggerEvent({"conn_id": self.wa_conn_id, "event_ids": event_ids, "count": len(event_ids)})
