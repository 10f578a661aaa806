# SPDX-License-Identifier: Apache-2.0
"""Facts that decide the next step for a row of a list, from the rows before it and from the store."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from airflow_provider_wa.api.numbers import person
from airflow_provider_wa.bulk.caps import Cap
from airflow_provider_wa.bulk.dedupe import DiskFirstRows, FirstRow
from airflow_provider_wa.bulk.send_results import Addressed, Identity, Unaddressed
from airflow_provider_wa.store.send_states import SendState, Step, elsewhere, next_step, stands
from airflow_provider_wa.store.sends import Recent, SendRow
from airflow_provider_wa.store.store import Store

DIGITS = 15
"""Hexadecimal digits that are kept of the hash of a key or a person, so that it fits into an integer of SQLite."""


@dataclass(frozen=True)
class Facts:
    """Facts that decide the next step for a message, from the list and the store; the vendor is not asked.

    :param message: the message; or a row that no longer makes one, but whose message an earlier try may have sent.
    :param stored: the message in the store; None if the store does not have it.
    :param before: an earlier row of the list with the same key; None without one.
    :param suppressed: the recipient must not be written to.
    :param capped: the messages that the recipient has got, if the cap is reached; else None.
    """

    message: Addressed | Unaddressed
    stored: SendRow | None
    before: FirstRow | None = None
    suppressed: bool = False
    capped: Recent | None = None

    def step(self, batch: str, *, further: bool, reconciled: bool = False, may_repeat: bool = False) -> Step:
        """Return the next step for the message, in a batch."""
        return next_step(
            self.stored.state if self.stored else None,
            ours=self.stored is None or self.stored.batch == batch,
            repeated=self.before is not None,
            another=self._another,
            suppressed=self.suppressed,
            capped=self.capped is not None,
            further=further,
            reconciled=reconciled,
            may_repeat=may_repeat,
        )

    def as_stored(self, row: SendRow) -> Facts:
        """Return the facts with another row of the store, after it has changed."""
        return replace(self, stored=row)

    def reason(self, step: Step, cap: Cap | None) -> str:
        """Return the reason for a step that sends nothing."""
        if step is Step.REFUSE_KEY:
            which = f"row {self.before.row}" if self.before else "an earlier message"
            return f"idempotency_key {self.message.name[:60]!r}: {which} has it for another recipient"
        if step is Step.SKIP_REPEATED and self.before:
            return f"{self.message.identity.value} as row {self.before.row}"
        if step is Step.SKIP_CAPPED and cap and self.capped:
            return cap.reason(self.capped)
        return "the recipient is suppressed" if step is Step.SKIP_SUPPRESSED else ""

    def elsewhere(self, places: range | None) -> tuple[SendState, str]:
        """Return the state and the detail that this batch reports for a message of another batch.

        :param places: places of this part of a divided list; None for a whole list.
        """
        assert self.stored is not None
        here = places is None or self.message.identity is Identity.KEY or self.stored.row in places
        state = elsewhere(self.stored.state, other_part=not here)
        if not here:
            return state, f"{self.message.identity.value} as row {self.stored.row}, which another part of the list has"
        return state, f"another task or run began this message; {self.stored.detail}".rstrip("; ")

    @property
    def _another(self) -> bool:
        """True if the earlier row, or else the stored message, with the same key has another recipient."""
        if self.before:
            return self.before.owner != owner(self.message.to)
        return self.stored is not None and person(self.stored.recipient) != person(self.message.to)


@dataclass(frozen=True)
class LookUp:
    """Rows, suppressions and recent messages that the store has for some messages and their recipients."""

    stored: Mapping[str, SendRow]
    suppressed: Set[str]
    recent: Mapping[str, Recent]
    cap: Cap | None

    @classmethod
    def of(cls, store: Store, rows: Sequence[Addressed | Unaddressed], cap: Cap | None) -> LookUp:
        """Look messages and recipients up in the store; it blocks."""
        recipients = {row.to for row in rows if isinstance(row, Addressed)}
        now = datetime.now(timezone.utc)
        return cls(
            store.sends.known(row.key for row in rows if row.key),
            store.suppressions.among(recipients),
            store.sends.recent(recipients, cap.limit_at(now).since) if cap else {},
            cap,
        )

    def facts(self, message: Addressed | Unaddressed, seen: DiskFirstRows) -> Facts | None:
        """Return the facts about a message, and enter its key among the keys seen.

        For a row that makes no message, the result is None, unless an earlier try sent its message or may have sent it.
        """
        if isinstance(message, Unaddressed):
            return self._standing(message, seen)
        recent = self.recent.get(message.to)
        return Facts(
            message,
            self.stored.get(message.key),
            _seen_before(message, seen),
            message.to in self.suppressed,
            recent if self.cap and self.cap.reached(recent) else None,
        )

    def _standing(self, row: Unaddressed, seen: DiskFirstRows) -> Facts | None:
        stored = self.stored.get(row.key)
        if stored is None or not stands(stored.state, repeated=False):
            return None  # nothing was sent: a later row with this key may be sent
        before = _seen_before(row, seen)
        return Facts(row, stored) if stands(stored.state, repeated=before is not None) else None


def _seen_before(row: Addressed | Unaddressed, seen: DiskFirstRows) -> FirstRow | None:
    return seen.add(int(row.key[:DIGITS], 16), row.row, owner(row.to))


def owner(recipient: str) -> int:
    """Return a number that stands for a person: the same for both forms of a number."""
    return int(hashlib.sha256(person(recipient).encode()).hexdigest()[:DIGITS], 16)
