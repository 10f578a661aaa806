# SPDX-License-Identifier: Apache-2.0
"""What happened to messages, and which came in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from airflow.providers.common.compat.sdk import Context

from airflow_provider_wa.api.capabilities import ReportsDelivery
from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.records import DeliveryState, DeliveryStatus, InboxMessage
from airflow_provider_wa.bulk.statuses import COLUMNS, ask_statuses
from airflow_provider_wa.operators.base import WaOperator, as_list, refuse_over_limit
from airflow_provider_wa.operators.pull import WaPullPeriodOperator


class WaPullInboxOperator(WaPullPeriodOperator):
    """Pulls messages that came in, the oldest first.

    Rows are ``{"vendor", "message_id", "sender", "kind", "text", "chat", "wa_message_id", "received_at",
    "media_url"}``. Returns ``{"count", "cursor", "output", "items"}``; see ``WaPullOperator``.

    :param wa_conn_id: the connection (templated).
    :param since: from this moment on (templated).
    :param until: until before this moment (templated). With neither, the run's data interval.
    :param after: instead of moments, the ``cursor`` of an earlier pull: what came after that message (templated).
    :param limit: at most so many.
    :param output_path: where to write them, ``.csv`` or ``.jsonl`` (templated).
    """

    template_fields: Sequence[str] = (*WaPullPeriodOperator.template_fields, "after")
    record = InboxMessage
    key = "message_id"

    def __init__(self, *, after: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.after = after

    def pull(self, context: Context) -> list[InboxMessage]:
        if self.after:
            if self.since or self.until:
                raise BadInput("give either after, or since and until")
            return self.hook.inbox(after=self.after, limit=self.limit)
        since, until = self.period(context)
        return self.hook.inbox(since=since, until=until, limit=self.limit)


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

    record = DeliveryStatus
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
    :param message_id: an id, a list of them, or what ``WaSendMessageOperator`` returned, one or many (templated). The
        latter lets Green-API find messages sooner.
    :param output_path: where to write the statuses of a list, ``.csv`` or ``.jsonl`` (templated).
    """

    template_fields: Sequence[str] = ("wa_conn_id", "message_id", "output_path")

    def __init__(self, *, wa_conn_id: str, message_id: Any, output_path: str | None = None, **kwargs: Any) -> None:
        super().__init__(wa_conn_id=wa_conn_id, **kwargs)
        self.message_id = message_id
        self.output_path = output_path

    def work(self, context: Context) -> dict[str, Any]:
        vendor = self.hook.able(ReportsDelivery)
        if isinstance(self.message_id, (str, Mapping)):
            message_id, to = _message(self.message_id)
            status = self.hook.message_status(message_id, to=to)
            self.log.info("Message %s is %s %s", status.message_id, status.state.value, status.detail)
            return status.to_dict()
        if not isinstance(self.message_id, Iterable):
            raise BadInput(f"message_id: expected an id or a list of ids, got {self.message_id!r}")
        messages = list(dict(map(_message, as_list(self.message_id))).items())
        if not self.output_path:
            refuse_over_limit(len(messages), "messages")
        return asyncio.run(self._ask(vendor, messages))

    async def _ask(self, vendor: ReportsDelivery, messages: list[tuple[str, str | None]]) -> dict[str, Any]:
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


def _message(item: Any) -> tuple[str, str | None]:
    """A message's id, and whom it went to if what is given tells."""
    known = item if isinstance(item, Mapping) else {"message_id": item}
    message_id, to = known.get("message_id"), known.get("to")
    if not isinstance(message_id, str) or not message_id.strip():
        raise BadInput(f"message_id: {item!r} is no message id")
    return message_id.strip(), str(to) if to else None
