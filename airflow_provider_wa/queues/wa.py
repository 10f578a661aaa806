# SPDX-License-Identifier: Apache-2.0
"""``MessageQueueTrigger(scheme="wa", wa_conn_id=...)``. Only the common messaging provider imports this module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.messaging.providers.base_provider import BaseMessageQueueProvider

if TYPE_CHECKING:
    from airflow.triggers.base import BaseEventTrigger

_PREFIX = "wa://"


class WaMessageQueueProvider(BaseMessageQueueProvider):
    """The messages that come in over a connection, as a queue; its URI is ``wa://<connection id>``."""

    scheme = "wa"

    def queue_matches(self, queue: str) -> bool:
        return queue.startswith(_PREFIX)

    def trigger_class(self) -> type[BaseEventTrigger]:
        from airflow_provider_wa.triggers.inbox import WaInboxTrigger  # noqa: PLC0415 - Airflow loads all queues

        return WaInboxTrigger

    def trigger_kwargs(self, queue: str, **kwargs: Any) -> dict[str, Any]:
        return {"wa_conn_id": queue.removeprefix(_PREFIX)}
