# SPDX-License-Identifier: Apache-2.0
"""Progress of messages on their way to a state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from airflow_provider_wa.waiting.source import Found, NotYet

STEPS = ("unknown", "accepted", "sent", "delivered", "read")
"""States of a message on its way, in order: it never goes back."""


class DeliveryProgress:
    """The states of messages, each with its id, and the outcome of a look at them.

    ``answered`` is True once the vendor has answered for one of them.

    :param messages: pairs of a message's id and its recipient, None where that is not known.
    :param wait_for: the state that ends the wait for a message; a failed message ends it as well.
    :param fail_on_timeout: with False, the states so far are the result if the wait times out.
    """

    def __init__(self, messages: Iterable[Sequence[str | None]], wait_for: str, fail_on_timeout: bool = True) -> None:
        self._recipients = {str(message_id): to for message_id, to in messages}
        self._wait_for = wait_for
        self._fail_on_timeout = fail_on_timeout
        self.states = dict.fromkeys(self._recipients, STEPS[0])
        self.answered = False

    def open_messages(self) -> list[tuple[str, str | None]]:
        """Return the messages that are not over, each id with its recipient."""
        return [(message_id, to) for message_id, to in self._recipients.items() if not self._is_over(message_id)]

    def note(self, message_id: str, state: str) -> None:
        """Take a message's state. Receipts come in any order: a message that was read stays read."""
        known = self.states.get(message_id)
        if known is None or self._is_over(message_id):
            return
        if state not in STEPS or STEPS.index(state) > STEPS.index(known):
            self.states[message_id] = state

    def outcome(self) -> Found | NotYet:
        """Return the ``states`` if all messages are over."""
        found = {"states": dict(self.states)}
        left = sum(not self._is_over(message_id) for message_id in self.states)
        if not left:
            return found
        (first, *others) = self.states.values()
        how = (
            f"{left:,} of {len(self.states):,} messages are not {self._wait_for} yet"
            if others
            else f"the message is {first}"
        )
        return NotYet(how, otherwise=None if self._fail_on_timeout else found)

    def _is_over(self, message_id: str) -> bool:
        state = self.states[message_id]
        return state not in STEPS or STEPS.index(state) >= STEPS.index(self._wait_for)
