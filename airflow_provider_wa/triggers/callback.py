# SPDX-License-Identifier: Apache-2.0
"""Waits in the triggerer for the callback with a check's answer."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from airflow_provider_wa.waiting.patience import MAX_FAILURES
from airflow_provider_wa.waiting.source import Found, NotYet, Source
from airflow_provider_wa.waiting.trigger import WaTrigger

if TYPE_CHECKING:
    from airflow_provider_wa.store.events import StoredEvent


class WaCallbackTrigger(WaTrigger):
    """Waits for the callback of one check; its event has the ``event_id`` of the first callback, which decides.

    With ``wait_for_picture`` it waits for the account's picture as well, if the callback says that there is one, and
    its event has ``picture``, the path of its file. A missing picture does not hold up the answer: at the deadline the
    event goes without it.

    :param reference: the check's id at the vendor, as in ``CheckResult.reference``.
    """

    arguments = (*WaTrigger.arguments, "reference", "wait_for_picture")
    expired = "no callback came in time"

    def __init__(
        self,
        wa_conn_id: str,
        poll_interval: float,
        deadline: float,
        max_failures: int = MAX_FAILURES,
        *,
        reference: str,
        wait_for_picture: bool = False,
    ) -> None:
        super().__init__(wa_conn_id, poll_interval, deadline, max_failures)
        self.reference = reference
        self.wait_for_picture = wait_for_picture

    def source(self) -> AbstractAsyncContextManager[Source]:
        from airflow_provider_wa.api.webhooks import EventKind
        from airflow_provider_wa.waiting.store_source import watching

        return watching(self.wa_conn_id, EventKind.CHECK, [self.reference], self.poll_interval, self.judge)

    def judge(self, events: Sequence[StoredEvent]) -> Found | NotYet:
        """Return the outcome of the callbacks so far."""
        from airflow_provider_wa.api.records import CheckStatus

        if not events:
            return NotYet("no callback has come")
        first = events[0]
        pictures = [event.file for event in events if event.file]
        found = {"event_id": first.id, "picture": pictures[0] if pictures else None}
        shown = any(event.content.get("has_picture") for event in events)
        if self.wait_for_picture and first.status == CheckStatus.EXISTS.value and shown and not pictures:
            return NotYet("the callback has come, its picture has not", otherwise=found)
        return found
