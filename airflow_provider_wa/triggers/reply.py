# SPDX-License-Identifier: Apache-2.0
"""Waits in the triggerer for a reply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from airflow_provider_wa.api.kinds import MESSAGES
from airflow_provider_wa.waiting.patience import MAX_FAILURES
from airflow_provider_wa.waiting.reply_search import ReplySearch
from airflow_provider_wa.waiting.source import Source
from airflow_provider_wa.waiting.trigger import WaTrigger


class WaReplyTrigger(WaTrigger):
    """Waits for a message from one sender; its event has the ``message_id``, and from the store the ``event_id``.

    :param senders: the sender: all forms of one number, or a JID.
    :param after: a Unix time in seconds; earlier messages do not count.
    :param pattern: regular expression that the text must contain; None takes any message.
    :param from_store: read the events that the receiver stored.
    :param ask_vendor: read the vendor's inbox; by default only if the store is not read. With both, the first
        source with the reply counts.
    :param kinds: kinds of messages that are a reply; ``message`` stands for all kinds of real messages.
    """

    arguments = (*WaTrigger.arguments, "senders", "after", "pattern", "from_store", "ask_vendor", "kinds")
    expired = "no reply came in time"

    def __init__(
        self,
        wa_conn_id: str,
        poll_interval: float,
        deadline: float,
        max_failures: int = MAX_FAILURES,
        store: Mapping[str, Any] | None = None,
        *,
        senders: Sequence[str],
        after: float,
        pattern: str | None,
        from_store: bool,
        ask_vendor: bool | None = None,
        kinds: Sequence[str] = MESSAGES,
    ) -> None:
        super().__init__(wa_conn_id, poll_interval, deadline, max_failures, store)
        self.senders = [*senders]
        self.after = after
        self.pattern = pattern
        self.from_store = from_store
        self.ask_vendor = not from_store if ask_vendor is None else ask_vendor
        self.kinds = [*kinds]
        self.search = ReplySearch(self.senders, after, pattern, self.kinds)

    @property
    def reads_store(self) -> bool:
        return self.from_store

    def source(self) -> AbstractAsyncContextManager[Source]:
        from airflow_provider_wa.waiting import looks

        return looks.reply(self.wa_conn_id, self.from_store, self.ask_vendor, self.poll_interval, self.search)
