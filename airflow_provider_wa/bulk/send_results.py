# SPDX-License-Identifier: Apache-2.0
"""The rows of a bulk send: messages and their recipients, outcomes, and counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from airflow_provider_wa.api.errors import WaError
from airflow_provider_wa.api.messages import Message
from airflow_provider_wa.bulk.pacing import Hold
from airflow_provider_wa.store.send_states import IN_DOUBT, SendState, as_reported
from airflow_provider_wa.store.sends import SendRow

COLUMNS = ("input", "to", "status", "message_id", "settled_at", "detail")
"""Columns of a result: the recipient as given, its digits or JID (None if invalid), and the message's outcome."""


KeyOf = Callable[[str], str]
"""A function that takes a name of the recipient, digits or a JID, and returns the message's key under that name."""


class Identity(Enum):
    """The property that makes two rows of a list the same message, as details name it."""

    RECIPIENT = "same recipient"
    MESSAGE = "same message to the same recipient"
    KEY = "same idempotency_key"


@dataclass(frozen=True)
class Addressed:
    """A message to one recipient of the list.

    ``row`` is its place in the list; ``given`` is the recipient as written in the list, ``to`` its digits or JID.
    ``key`` is the message's key in the store, ``name`` the author's own key if there is one. ``key_of`` returns the key
    under another name of the recipient; None if the key is the same for all names. ``names`` are all names of the
    recipient and ``other_keys`` their keys; both are empty before the look-up.
    """

    row: int
    given: str
    to: str
    message: Message
    key: str
    message_id: str | None = None
    again: bool = False
    identity: Identity = Identity.RECIPIENT
    name: str = ""
    key_of: KeyOf | None = field(default=None, compare=False, repr=False)
    names: Sequence[str] = ()
    other_keys: Sequence[str] = ()


@dataclass(frozen=True)
class Unaddressed:
    """A row without a message, with the reason and its state. ``to`` is empty without a valid recipient.

    ``key`` is the key of the message that an earlier try may have sent for this row, if the key does not depend on the
    text. ``key_of``, ``names`` and ``other_keys`` are as for ``Addressed``.
    """

    row: int
    given: str
    reason: str
    to: str = ""
    state: SendState = SendState.FAILED
    key: str = ""
    identity: Identity = Identity.RECIPIENT
    name: str = ""
    key_of: KeyOf | None = field(default=None, compare=False, repr=False)
    names: Sequence[str] = ()
    other_keys: Sequence[str] = ()


@dataclass
class SendCounts:
    """Counts of a pass through the list: rows by state, and the reasons for a further pass.

    ``duplicates`` is the number of rows that were skipped because an earlier row has the same message. ``sent_now`` is
    the number of rows that this pass has sent; the other outcomes took no request.
    """

    states: Counter[SendState] = field(default_factory=Counter)
    total: int = 0
    duplicates: int = 0
    sent_now: int = 0
    hold: Hold | None = None
    failure: WaError | None = None
    """Error that a further pass, or a further try, may clear up."""
    report_due: datetime | None = None
    """Moment at which the vendor's report on messages in doubt is due, if the run has ended before it."""
    report_wait: float = 0.0
    """Seconds until that moment."""

    def to_dict(self) -> dict[str, int]:
        """Counts as the operator returns them; ``total`` is the sum of the others, if nothing is delayed."""
        states = self.states
        return {
            "total": self.total,
            "accepted": states[SendState.ACCEPTED],
            "skipped": states[SendState.SKIPPED],
            "failed": states[SendState.FAILED],
            "unknown": self.in_doubt,
        }

    def so_far(self) -> dict[str, int]:
        """Counts of a pass in progress; ``held`` is the number of messages for a later pass or a retry."""
        return {**self.to_dict(), "held": self.states[SendState.DELAYED]}

    @property
    def done(self) -> int:
        """Number of rows with an outcome. Rows left for later have none."""
        return self.states.total() - self.states[SendState.DELAYED]

    @property
    def in_doubt(self) -> int:
        """Number of messages that may or may not have gone out."""
        return sum(self.states[state] for state in IN_DOUBT)

    @property
    def remark(self) -> str:
        """Text for the log: the number of accepted messages, and of the others by state."""
        others = {name: count for name, count in self.to_dict().items() if name not in ("total", "accepted") and count}
        more = "".join(f", {count:,} {name}" for name, count in others.items())
        again = f" ({self.duplicates:,} of the skipped are duplicates)" if self.duplicates else ""
        later = f", {delayed:,} left for later" if (delayed := self.states[SendState.DELAYED]) else ""
        return f"{self.states[SendState.ACCEPTED]:,} accepted{more}{again}{later}"


def as_result(row: SendRow) -> dict[str, Any]:
    """A row as a result, by ``COLUMNS``; what was only intended is ``unknown``."""
    state = as_reported(row.state)
    return {
        "input": row.given,
        "to": row.recipient or None,
        "status": state.value,
        "message_id": row.message_id if state is SendState.ACCEPTED else None,
        "settled_at": row.settled_at.isoformat(timespec="seconds") if row.settled_at else None,
        "detail": row.detail,
    }
