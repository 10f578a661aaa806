# SPDX-License-Identifier: Apache-2.0
"""Waits in the triggerer for a reply."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from airflow_provider_wa.waiting.patience import MAX_FAILURES
from airflow_provider_wa.waiting.source import Found, NotYet, Source
from airflow_provider_wa.waiting.trigger import WaTrigger

if TYPE_CHECKING:
    from airflow_provider_wa.api.records import InboxMessage
    from airflow_provider_wa.hooks.base import WaHook
    from airflow_provider_wa.store.events import StoredEvent
    from airflow_provider_wa.waiting.vendor_source import Run

SEARCHED = 4096
"""Characters of a message that a pattern is searched in: a slow pattern must not hold up the triggerer for long."""


class WaReplyTrigger(WaTrigger):
    """Waits for a message from one sender; its event has the ``message_id``, and from the store the ``event_id``.

    :param senders: the sender: all forms of one number, or a JID.
    :param after: a Unix time in seconds; earlier messages do not count.
    :param pattern: regular expression that the text must contain; None takes any message.
    :param from_store: read the events that the receiver stored; with False the vendor's inbox is read.
    """

    arguments = (*WaTrigger.arguments, "senders", "after", "pattern", "from_store")
    expired = "no reply came in time"

    def __init__(
        self,
        wa_conn_id: str,
        poll_interval: float,
        deadline: float,
        max_failures: int = MAX_FAILURES,
        *,
        senders: Sequence[str],
        after: float,
        pattern: str | None,
        from_store: bool,
    ) -> None:
        super().__init__(wa_conn_id, poll_interval, deadline, max_failures)
        self.senders = [*senders]
        self.after = after
        self.pattern = pattern
        self.from_store = from_store

    def source(self) -> AbstractAsyncContextManager[Source]:
        from airflow_provider_wa.api.webhooks import EventKind
        from airflow_provider_wa.waiting.store_source import watching
        from airflow_provider_wa.waiting.vendor_source import asking

        if not self.from_store:
            return asking(self.wa_conn_id, self._ask)
        return watching(self.wa_conn_id, EventKind.INBOX, self.senders, self.poll_interval, self._judge)

    async def _ask(self, hook: WaHook, run: Run) -> Found | NotYet:
        from airflow_provider_wa.api.capabilities import HasInbox

        message = self.first(await run(hook.able(HasInbox).inbox(since=beginning(self.after))))
        return {"message_id": message.message_id} if message else self._nothing

    def _judge(self, events: Sequence[StoredEvent]) -> Found | NotYet:
        for event in events:
            if self._fits(str(event.content.get("text") or ""), event.happened_at or event.received_at):
                return {"message_id": event.reference, "event_id": event.id}
        return self._nothing

    def first(self, messages: Iterable[InboxMessage]) -> InboxMessage | None:
        """Return the first of these messages that is the reply, or None."""
        from_them = (message for message in messages if message.sender in self.senders)
        return next((message for message in from_them if self._fits(message.text, message.received_at)), None)

    def _fits(self, text: str, at: datetime | None) -> bool:
        if at is not None and at < beginning(self.after):
            return False
        return self.pattern is None or re.search(self.pattern, text[:SEARCHED]) is not None

    @property
    def _nothing(self) -> NotYet:
        return NotYet("no reply has come")


def beginning(after: float) -> datetime:
    """Return the first moment that counts, from a Unix time: the start of its second, as vendors give whole seconds."""
    return datetime.fromtimestamp(int(after), timezone.utc)
