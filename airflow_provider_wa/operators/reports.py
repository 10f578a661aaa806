# SPDX-License-Identifier: Apache-2.0
"""What happened to messages, and which came in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import Context

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.operators.base import WaOperator, as_list, is_one_message, refuse_over_limit, sent_messages
from airflow_provider_wa.operators.pull import WaPullOperator, WaPullPeriodOperator

if TYPE_CHECKING:
    from airflow_provider_wa.api.capabilities import ReportsDelivery
    from airflow_provider_wa.api.records import DeliveryStatus, InboxMessage
    from airflow_provider_wa.operators._run.received import ReceivedMessage


class WaPullInboxOperator(WaPullPeriodOperator):
    """Pulls messages that came in, the oldest first.

    Rows are ``{"vendor", "message_id", "sender", "kind", "text", "chat", "wa_message_id", "received_at",
    "media_url"}``. Returns ``{"count", "cursor", "output", "items"}``; see ``WaPullOperator``.

    Who wrote one of ``[wa] opt_out_words`` is suppressed, and so again by each later pull of the same message.

    :param wa_conn_id: the connection (templated).
    :param since: from this moment on (templated).
    :param until: until before this moment (templated). With neither, the run's data interval.
    :param after: instead of moments, the ``cursor`` of an earlier pull: what came after that message (templated).
    :param limit: at most so many.
    :param output_path: where to write them, ``.csv`` or ``.jsonl`` (templated).
    """

    template_fields: Sequence[str] = (*WaPullPeriodOperator.template_fields, "after")
    columns = ("vendor", "message_id", "sender", "kind", "text", "chat", "wa_message_id", "received_at", "media_url")
    key = "message_id"

    def __init__(self, *, after: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.after = after

    def pull(self, context: Context) -> list[InboxMessage]:
        from airflow_provider_wa.connections.suppression import heed_opt_outs

        messages = self._ask(context)
        if opted_out := heed_opt_outs(messages):
            self.log.info("%s wrote that they want no more messages, and are suppressed now", f"{opted_out:,}")
        return messages

    def _ask(self, context: Context) -> list[InboxMessage]:
        if self.after:
            if self.since or self.until:
                raise BadInput("give either after, or since and until")
            return self.hook.inbox(after=self.after, limit=self.limit)
        since, until = self.period(context)
        return self.hook.inbox(since=since, until=until, limit=self.limit)


class WaReadInboxOperator(WaPullOperator):
    """Reads the messages that started the DAG run, the oldest first: those that ``WaInboxTrigger`` told its asset of.

    Rows are ``{"vendor", "message_id", "sender", "kind", "text", "chat", "wa_message_id", "received_at", "media_url",
    "event_id"}``; ``media_url`` is where the receiver stored the file, if it did. Returns ``{"count", "cursor",
    "output", "items"}``; ``cursor`` is the last ``event_id``; see ``WaPullOperator``.

    Several batches that started one run are read as one. A run that was started by hand has none: it reads nothing.

    :param wa_conn_id: the connection; messages of others are left out (templated).
    :param event_ids: what to read in place of the run's batches: a list of ids, or such a list as JSON (templated).
    :param output_path: where to write them, ``.csv`` or ``.jsonl`` (templated). More than 1,000 need it.
    """

    template_fields: Sequence[str] = (*WaPullOperator.template_fields, "event_ids")
    columns = (
        "vendor",
        "message_id",
        "sender",
        "kind",
        "text",
        "chat",
        "wa_message_id",
        "received_at",
        "media_url",
        "event_id",
    )
    key = "event_id"

    def __init__(self, *, event_ids: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.event_ids = event_ids

    def pull(self, context: Context) -> list[ReceivedMessage]:
        from airflow_provider_wa.api.webhooks import EventKind
        from airflow_provider_wa.connections.store import get_store
        from airflow_provider_wa.operators._run.received import ReceivedMessage

        wanted = _told(context) if self.event_ids is None else _ids(self.event_ids)
        events = get_store().events.get(sorted(set(wanted)))
        if gone := len(set(wanted)) - len(events):
            self.log.warning("%s messages are not in the store any more", f"{gone:,}")
        return [
            ReceivedMessage.of(event)
            for event in events
            if event.conn_id == self.wa_conn_id and event.kind is EventKind.INBOX
        ]


class WaPullDeliveryReportOperator(WaPullPeriodOperator):
    """Pulls how the messages of some time fared, the oldest first.

    Rows are ``{"vendor", "message_id", "state", "to", "code", "detail", "sent_at", "delivered_at", "read_at"}``.
    Returns ``{"count", "cursor", "output", "items"}``; see ``WaPullOperator``.

    :param wa_conn_id: the connection (templated).
    :param since: sent from this moment on (templated).
    :param until: sent until before this moment (templated). With neither, the run's data interval.
    :param limit: at most so many.
    :param output_path: where to write them, ``.csv`` or ``.jsonl`` (templated).
    """

    columns = ("vendor", "message_id", "state", "to", "code", "detail", "sent_at", "delivered_at", "read_at")
    key = "message_id"

    def pull(self, context: Context) -> list[DeliveryStatus]:
        since, until = self.period(context)
        return self.hook.delivery_report(since=since, until=until, limit=self.limit)


class WaMessageStatusOperator(WaOperator):
    """Asks the vendor how messages fare, one or many.

    For one id it returns ``{"vendor", "message_id", "to", "state", "code", "detail", "sent_at", "delivered_at",
    "read_at"}``; ``state`` is accepted, sent, delivered, read, failed or unknown, ``code`` the vendor's own number.

    For a list it returns ``{"total", "accepted", "sent", "delivered", "read", "failed", "unknown", "output",
    "results"}``; ``results`` holds such statuses only without ``output_path``, and at most 1,000.

    :param wa_conn_id: the connection (templated); its type picks the vendor.
    :param message_id: an id, a list of them, what ``WaSendMessageOperator`` returned, one or many, or what
        ``WaBulkSendOperator`` returned (templated). The latter let Green-API find messages sooner.
    :param output_path: where to write the statuses of a list, ``.csv`` or ``.jsonl`` (templated).
    """

    template_fields: Sequence[str] = ("wa_conn_id", "message_id", "output_path")

    def __init__(self, *, wa_conn_id: str, message_id: Any, output_path: str | None = None, **kwargs: Any) -> None:
        super().__init__(wa_conn_id=wa_conn_id, **kwargs)
        self.message_id = message_id
        self.output_path = output_path

    def work(self, context: Context) -> dict[str, Any]:
        from airflow_provider_wa.api.capabilities import ReportsDelivery

        vendor = self.hook.able(ReportsDelivery)
        if is_one_message(self.message_id):
            [(message_id, to)] = sent_messages(self.message_id).items()
            status = self.hook.message_status(message_id, to=to)
            self.log.info("Message %s is %s %s", status.message_id, status.state.value, status.detail)
            return status.to_dict()
        messages = list(sent_messages(self.message_id).items())
        if not self.output_path:
            refuse_over_limit(len(messages), "messages")
        return asyncio.run(self._ask(vendor, messages))

    async def _ask(self, vendor: ReportsDelivery, messages: list[tuple[str, str | None]]) -> dict[str, Any]:
        from airflow_provider_wa.api.records import DeliveryState
        from airflow_provider_wa.bulk.statuses import COLUMNS, ask_statuses

        with self.collected(self.output_path, COLUMNS) as (write, results):
            async with self.hook.async_channel() as channel:
                workers = channel.endpoint.concurrency
                states = await ask_statuses(vendor, channel, messages, write, self.log, workers)
        return {
            "total": len(messages),
            **{state.value: states[state.value] for state in DeliveryState},
            "output": self.output_path,
            "results": None if self.output_path else results,
        }


def _told(context: Context) -> list[int]:
    """The ids in the events of assets that started the run; what others than our trigger told is passed over."""
    run: Any = context
    by_asset: Mapping[Any, Any] = run.get("triggering_asset_events") or {}
    payloads = [event.extra.get("payload") for events in by_asset.values() for event in events]
    batches = [payload.get("event_ids") for payload in payloads if isinstance(payload, Mapping)]
    return [number for batch in batches if isinstance(batch, list) for number in batch if isinstance(number, int)]


def _ids(given: Any) -> list[int]:
    """An argument that is a list of ids.

    :raises BadInput: it is none.
    """
    try:
        listed = json.loads(given) if isinstance(given, str) else as_list(given)
    except (TypeError, ValueError):
        listed = None
    if not isinstance(listed, list) or not all(type(number) is int for number in listed):
        raise BadInput(f"event_ids: expected a list of ids, got {str(given)[:80]!r}")
    return listed
