# SPDX-License-Identifier: Apache-2.0
"""The search for a reply among messages."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from airflow_provider_wa.api.kinds import MESSAGES, beyond_messages, is_wanted

if TYPE_CHECKING:
    from airflow_provider_wa.api.records import InboxMessage
    from airflow_provider_wa.store.events import StoredEvent

SEARCHED = 4096
"""Characters of a message that a pattern is searched in: a slow pattern must not hold up the triggerer for long."""


@dataclass(frozen=True)
class ReplySearch:
    """The search for the first message of a sender after a moment.

    :param senders: the sender: all forms of one number, or a JID.
    :param after: a Unix time in seconds; earlier messages do not count.
    :param pattern: regular expression that the text must contain; None takes any message.
    :param kinds: kinds of messages that count; by default all that are messages.
    """

    senders: Sequence[str]
    after: float
    pattern: str | None
    kinds: Collection[str] = MESSAGES

    @property
    def since(self) -> datetime:
        """First moment that counts."""
        return beginning(self.after)

    @property
    def beyond_messages(self) -> bool:
        """True if some of the kinds are not in the inbox but among the other events."""
        return beyond_messages(self.kinds)

    def first(self, messages: Iterable[InboxMessage], also: Collection[str] = ()) -> InboxMessage | None:
        """Return the first of these messages that is the reply, or None.

        :param also: further names of the sender, learnt since the search began.
        """
        wanted = (message for message in messages if is_wanted(message.kind, message.standing, self.kinds))
        from_them = (message for message in wanted if message.sender in self.senders or message.sender in also)
        return next((message for message in from_them if self.fits(message.text, message.received_at)), None)

    def first_stored(self, events: Iterable[StoredEvent]) -> StoredEvent | None:
        """Return the first of these events, all of them of the senders, that is the reply, or None."""
        wanted = (event for event in events if is_wanted(event.message_kind, event.standing, self.kinds))
        return next((event for event in wanted if self.fits(_text(event), _sent_at(event))), None)

    def fits(self, text: str, at: datetime | None) -> bool:
        """Return True for the text and the moment of a reply, if its sender is the right one."""
        if at is not None and at < self.since:
            return False
        return self.pattern is None or re.search(self.pattern, text[:SEARCHED]) is not None


def _text(event: StoredEvent) -> str:
    return str(event.content.get("text") or "")


def _sent_at(event: StoredEvent) -> datetime:
    return event.happened_at or event.received_at


def beginning(after: float) -> datetime:
    """Return the first moment that counts, from a Unix time: the start of its second, as vendors give whole seconds."""
    return datetime.fromtimestamp(int(after), timezone.utc)
