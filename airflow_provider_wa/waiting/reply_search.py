# SPDX-License-Identifier: Apache-2.0
"""The search for a reply among messages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_wa.api.records import InboxMessage

SEARCHED = 4096
"""Characters of a message that a pattern is searched in: a slow pattern must not hold up the triggerer for long."""


@dataclass(frozen=True)
class ReplySearch:
    """The search for the first message of a sender after a moment.

    :param senders: the sender: all forms of one number, or a JID.
    :param after: a Unix time in seconds; earlier messages do not count.
    :param pattern: regular expression that the text must contain; None takes any message.
    """

    senders: Sequence[str]
    after: float
    pattern: str | None

    @property
    def since(self) -> datetime:
        """First moment that counts."""
        return beginning(self.after)

    def first(self, messages: Iterable[InboxMessage]) -> InboxMessage | None:
        """Return the first of these messages that is the reply, or None."""
        from_them = (message for message in messages if message.sender in self.senders)
        return next((message for message in from_them if self.fits(message.text, message.received_at)), None)

    def fits(self, text: str, at: datetime | None) -> bool:
        """Return True for the text and the moment of a reply, if its sender is the right one."""
        if at is not None and at < self.since:
            return False
        return self.pattern is None or re.search(self.pattern, text[:SEARCHED]) is not None


def beginning(after: float) -> datetime:
    """Return the first moment that counts, from a Unix time: the start of its second, as vendors give whole seconds."""
    return datetime.fromtimestamp(int(after), timezone.utc)
