# SPDX-License-Identifier: Apache-2.0
"""Waits in the triggerer until messages are delivered, or read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from airflow_provider_wa.waiting.delivery_progress import DeliveryProgress
from airflow_provider_wa.waiting.patience import MAX_FAILURES
from airflow_provider_wa.waiting.source import Source
from airflow_provider_wa.waiting.trigger import WaTrigger


class WaDeliveryTrigger(WaTrigger):
    """Waits until every message has reached the state ``wait_for``, or has failed.

    Its event has ``states``: the state of each message, by its id.

    :param messages: pairs of a message's id and its recipient, None where that is not known.
    :param wait_for: ``delivered`` or ``read``.
    :param from_store: read the events that the receiver stored.
    :param ask_vendor: ask the vendor; by default only if the store is not read. With both, the later state counts.
    :param fail_on_timeout: with False the event at the deadline is a success with the states at that moment.
    """

    arguments = (*WaTrigger.arguments, "messages", "wait_for", "from_store", "ask_vendor", "fail_on_timeout")
    expired = "not all messages were delivered or read in time"

    def __init__(
        self,
        wa_conn_id: str,
        poll_interval: float,
        deadline: float,
        max_failures: int = MAX_FAILURES,
        store: Mapping[str, Any] | None = None,
        *,
        messages: Sequence[Sequence[str | None]],
        wait_for: str,
        from_store: bool,
        ask_vendor: bool | None = None,
        fail_on_timeout: bool = True,
    ) -> None:
        super().__init__(wa_conn_id, poll_interval, deadline, max_failures, store)
        self.messages = [[message_id, to] for message_id, to in messages]
        self.wait_for = wait_for
        self.from_store = from_store
        self.ask_vendor = not from_store if ask_vendor is None else ask_vendor
        self.fail_on_timeout = fail_on_timeout
        self.progress = DeliveryProgress(self.messages, wait_for, fail_on_timeout)

    @property
    def reads_store(self) -> bool:
        return self.from_store

    def source(self) -> AbstractAsyncContextManager[Source]:
        from airflow_provider_wa.waiting import looks

        return looks.deliveries(self.wa_conn_id, self.from_store, self.ask_vendor, self.poll_interval, self.progress)
