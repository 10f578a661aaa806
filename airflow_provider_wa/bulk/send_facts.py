# SPDX-License-Identifier: Apache-2.0
"""Facts that decide the next step for a row of a list, from the rows before it and from the store."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from airflow_provider_wa.api import jids
from airflow_provider_wa.api.numbers import person
from airflow_provider_wa.bulk.caps import Cap
from airflow_provider_wa.bulk.dedupe import DiskFirstRows, FirstRow
from airflow_provider_wa.bulk.send_results import Addressed, Identity, Unaddressed
from airflow_provider_wa.store.send_states import (
    IN_DOUBT,
    MAY_HAVE_GONE_OUT,
    NOT_SENT,
    SendState,
    Step,
    elsewhere,
    next_step,
    stands,
)
from airflow_provider_wa.store.sends import Recent, SendRow
from airflow_provider_wa.store.store import Store

DIGITS = 15
"""Hexadecimal digits that are kept of the hash of a key or a person, so that it fits into an integer of SQLite."""


@dataclass(frozen=True)
class Facts:
    """Facts that decide the next step for a message, from the list and the store, without a call to the vendor.

    :param message: the message; or a row that no longer makes a message, while an earlier try may have sent it. Its key
        is the message's key in the store.
    :param stored: the message in the store; None if the store does not have it.
    :param before: an earlier row of the list with the same message; None if this is the first.
    :param suppressed: the recipient must not be written to.
    :param capped: the recipient's messages that count towards the cap, if it is reached; else None.
    :param reached: the accepted message to another name of the recipient, if this message is in doubt.
    :param left_behind: the row's former key, if its key has changed and nothing was sent under the former; else None.
    """

    message: Addressed | Unaddressed
    stored: SendRow | None
    before: FirstRow | None = None
    suppressed: bool = False
    capped: Recent | None = None
    reached: SendRow | None = None
    left_behind: str | None = None

    @property
    def owner(self) -> int:
        """Number that identifies the recipient, the same for all names."""
        return owner(_by_person(self._names)[0])

    def step(self, batch: str, *, further: bool, reconciled: bool = False, may_repeat: bool = False) -> Step:
        """Return the next step for the message, in a batch."""
        return next_step(
            self.stored.state if self.stored else None,
            ours=self.stored is None or self.stored.batch == batch,
            repeated=self.before is not None,
            another=self._another,
            reached=self.reached is not None,
            suppressed=self.suppressed,
            capped=self.capped is not None,
            further=further,
            reconciled=reconciled,
            may_repeat=may_repeat,
        )

    def withdrawn(self, step: Step) -> str | None:
        """Return the key of the stored message that the step's result replaces; None if it replaces no message."""
        return self.message.key if step is Step.SKIP_REPEATED and self.reached else self.left_behind

    def as_stored(self, row: SendRow) -> Facts:
        """Return the facts with another row of the store, after it has changed."""
        return replace(self, stored=row)

    def reason(self, step: Step, cap: Cap | None) -> str:
        """Return the reason for a step that sends nothing."""
        if step is Step.REFUSE_KEY:
            which = f"row {self.before.row}" if self.before else "an earlier message"
            return f"idempotency_key {self.message.name[:60]!r}: {which} has it for another recipient"
        if step is Step.SKIP_REPEATED and (first := self.before or self.reached):
            return f"{self.message.identity.value} as row {first.row}"
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
        if self.before is None and self.stored is None:
            return False
        persons = {person(name) for name in self._names}
        if self.before:
            return self.before.owner not in map(owner, persons)
        return self.stored is not None and person(self.stored.recipient) not in persons

    @property
    def _names(self) -> tuple[str, ...]:
        return (self.message.to, *self.message.names)


@dataclass(frozen=True)
class LookUp:
    """Names, messages and suppressions in the store for the recipients of some rows.

    :param known_as: all names of each recipient.
    :param stored: the messages to all names of the recipients, by key.
    """

    known_as: Mapping[str, Sequence[str]]
    stored: Mapping[str, SendRow]
    suppressed: Set[str]
    recent: Mapping[str, Recent]
    cap: Cap | None

    @classmethod
    def of(cls, store: Store, rows: Sequence[Addressed | Unaddressed], cap: Cap | None) -> LookUp:
        """Look messages and recipients up in the store; it blocks."""
        known_as = store.identities.names({row.to for row in rows if row.to})
        recipients = {row.to: known_as[row.to] for row in rows if isinstance(row, Addressed)}
        keys = {key for row in rows if row.key for key in (row.key, *_keys(row, known_as.get(row.to, ())))}
        now = datetime.now(timezone.utc)
        return cls(
            known_as,
            store.sends.known(keys),
            store.suppressions.among_named(recipients),
            store.sends.recent_named(recipients, cap.limit_at(now).since) if cap else {},
            cap,
        )

    def facts(self, row: Addressed | Unaddressed, seen: DiskFirstRows) -> Facts | None:
        """Return the facts about a message, and enter its key among the keys seen.

        For a row that makes no message, the result is None, unless an earlier try sent its message or may have sent it.
        """
        known = self._named(row)
        stored = self.stored.get(known.key)
        if isinstance(row, Unaddressed) and (stored is None or not stands(stored.state, repeated=False)):
            return None  # nothing was sent, so a later row with this key may be sent
        before = _seen_before(known, stored, seen)
        if isinstance(row, Unaddressed):
            return Facts(known, stored) if stored and stands(stored.state, repeated=before is not None) else None
        recent = self.recent.get(row.to)
        return Facts(
            known,
            stored,
            before,
            row.to in self.suppressed,
            recent if self.cap and self.cap.reached(recent) else None,
            self._reached(known, stored),
            self._left_behind(row, known.key),
        )

    def _named(self, row: Addressed | Unaddressed) -> Addressed | Unaddressed:
        """Return a row with the names of its recipient, and the key of its message."""
        names = self.known_as.get(row.to, ())
        if len(names) == 1:
            return row
        keys = _keys(row, names)
        key = self._key(row, keys)
        return replace(row, key=key, names=names, other_keys=[each for each in keys if each != key])

    def _key(self, row: Addressed | Unaddressed, keys: Sequence[str]) -> str:
        """Return the key of a row's message: a key under which it may have gone out, or else the number's key."""
        gone = [key for key in (row.key, *keys) if _in(self.stored.get(key), MAY_HAVE_GONE_OUT)]
        if row.key in gone:
            return row.key
        accepted = (key for key in gone if self.stored[key].state is SendState.ACCEPTED)
        return next(accepted, (*gone, *keys)[0])

    def _reached(self, row: Addressed | Unaddressed, stored: SendRow | None) -> SendRow | None:
        if not _in(stored, IN_DOUBT):
            return None
        found = map(self.stored.get, row.other_keys)
        return next((each for each in found if each and each.state is SendState.ACCEPTED), None)

    def _left_behind(self, row: Addressed | Unaddressed, key: str) -> str | None:
        own = self.stored.get(row.key)
        return row.key if own and key != row.key and own.row == row.row and own.state in NOT_SENT else None


def _keys(row: Addressed | Unaddressed, names: Sequence[str]) -> tuple[str, ...]:
    """Return the keys of a row's message under all names of its recipient, the number's key first."""
    if not row.key or row.key_of is None or not any(map(jids.is_lid, names)):
        return (row.key,)
    return tuple(dict.fromkeys(map(row.key_of, _by_person(names))))


def _by_person(names: Iterable[str]) -> list[str]:
    """Return the number, in one of its two forms, and then all LIDs."""
    return sorted({person(name) for name in names}, key=lambda name: ("@" in name, name))


def _seen_before(row: Addressed | Unaddressed, stored: SendRow | None, seen: DiskFirstRows) -> FirstRow | None:
    """Enter a row's key, and return the earlier row with the same message to the same person."""
    if not _in(stored, MAY_HAVE_GONE_OUT):
        # A row with the other name came before both names were known to be of one person.
        for first in map(seen.get, map(_number, row.other_keys)):
            if first:
                return first
    return seen.add(_number(row.key), row.row, owner(row.to))


def _in(row: SendRow | None, states: Iterable[SendState]) -> bool:
    return row is not None and row.state in states


def _number(key: str) -> int:
    return int(key[:DIGITS], 16)


def owner(recipient: str) -> int:
    """Return a number that stands for a person: the same for both forms of a number."""
    return _number(hashlib.sha256(person(recipient).encode()).hexdigest())
