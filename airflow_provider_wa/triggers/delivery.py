# SPDX-License-Identifier: Apache-2.0
"""Waits in the triggerer until messages are delivered, or read."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

from airflow_provider_wa.api.errors import Retry, WaError
from airflow_provider_wa.waiting.patience import MAX_FAILURES, Patience
from airflow_provider_wa.waiting.source import Found, NotYet, Source
from airflow_provider_wa.waiting.trigger import WaTrigger

if TYPE_CHECKING:
    from airflow_provider_wa.hooks.base import WaHook
    from airflow_provider_wa.store.events import StoredEvent
    from airflow_provider_wa.waiting.vendor_source import Run

STEPS = ("unknown", "accepted", "sent", "delivered", "read")
"""States of a message on its way, in order: it never goes back."""


class WaDeliveryTrigger(WaTrigger):
    """Waits until every message has reached the state ``wait_for``, or has failed.

    Its event has ``states``: the state of each message, by its id.

    :param messages: pairs of a message's id and its recipient, None where that is not known.
    :param wait_for: ``delivered`` or ``read``.
    :param from_store: read the events that the receiver stored; with False the vendor is asked.
    :param fail_on_timeout: with False the event at the deadline is a success with the states at that moment.
    """

    arguments = (*WaTrigger.arguments, "messages", "wait_for", "from_store", "fail_on_timeout")
    expired = "not all messages were delivered or read in time"

    def __init__(
        self,
        wa_conn_id: str,
        poll_interval: float,
        deadline: float,
        max_failures: int = MAX_FAILURES,
        *,
        messages: Sequence[Sequence[str | None]],
        wait_for: str,
        from_store: bool,
        fail_on_timeout: bool = True,
    ) -> None:
        super().__init__(wa_conn_id, poll_interval, deadline, max_failures)
        self.messages = [[message_id, to] for message_id, to in messages]
        self.wait_for = wait_for
        self.from_store = from_store
        self.fail_on_timeout = fail_on_timeout
        self._states: dict[str, str] = {str(message_id): STEPS[0] for message_id, _ in messages}
        self._answered = False

    def source(self) -> AbstractAsyncContextManager[Source]:
        from airflow_provider_wa.api.webhooks import EventKind
        from airflow_provider_wa.waiting.store_source import watching
        from airflow_provider_wa.waiting.vendor_source import asking

        if not self.from_store:
            return asking(self.wa_conn_id, self._ask)
        return watching(self.wa_conn_id, EventKind.DELIVERY, self._states, self.poll_interval, self._judge)

    async def _ask(self, hook: WaHook, run: Run) -> Found | NotYet:
        from airflow_provider_wa.api.capabilities import ReportsDelivery
        from airflow_provider_wa.waiting.vendor_source import ask_each

        vendor = hook.able(ReportsDelivery)
        known = self._answered
        patience = Patience(len(self.messages), bearable=lambda error: not error.stops_all)

        async def ask(message: Sequence[Any]) -> None:
            message_id, to = message
            try:
                status = await run(vendor.message_status(message_id, to=to))
            except WaError as error:
                # The vendor may not know this message: go on waiting for the others.
                if error.stops_all or error.retry is Retry.LATER or not known:
                    patience.failed(error)
                return
            patience.succeeded()
            self._note(message_id, status.state.value)

        open_messages = [message for message in self.messages if not self._is_over(str(message[0]))]
        await ask_each(hook, open_messages, ask)
        self._answered = known or patience.answered
        patience.raise_if_unanswered()
        return self._outcome()

    def _judge(self, events: Sequence[StoredEvent]) -> Found | NotYet:
        for event in events:
            self._note(event.reference or "", event.status)
        return self._outcome()

    def _note(self, message_id: str, state: str) -> None:
        """Take a message's state. Receipts come in any order: a message that was read stays read."""
        known = self._states.get(message_id)
        if known is None or self._is_over(message_id):
            return
        if state not in STEPS or STEPS.index(state) > STEPS.index(known):
            self._states[message_id] = state

    def _is_over(self, message_id: str) -> bool:
        state = self._states[message_id]
        return state not in STEPS or STEPS.index(state) >= STEPS.index(self.wait_for)

    def _outcome(self) -> Found | NotYet:
        found = {"states": dict(self._states)}
        left = sum(not self._is_over(message_id) for message_id in self._states)
        if not left:
            return found
        (first, *others) = self._states.values()
        how = (
            f"{left:,} of {len(self._states):,} messages are not {self.wait_for} yet"
            if others
            else f"the message is {first}"
        )
        return NotYet(how, otherwise=None if self.fail_on_timeout else found)
