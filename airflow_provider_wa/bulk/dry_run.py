# SPDX-License-Identifier: Apache-2.0
"""Dry run of a send: the outcome that each row would have now, and its rendered text. Nothing is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from itertools import islice
from typing import Any

from airflow_provider_wa.api.messages import Message
from airflow_provider_wa.bulk.dedupe import DiskCounter, DiskFirstRows
from airflow_provider_wa.bulk.pacing import Hold, SendingPolicy
from airflow_provider_wa.bulk.send_facts import Facts, LookUp
from airflow_provider_wa.bulk.send_results import COLUMNS, Addressed, Unaddressed
from airflow_provider_wa.store.send_states import SendState, Step
from airflow_provider_wa.store.sends import Recent
from airflow_provider_wa.store.store import Store

DRY_COLUMNS = (*COLUMNS, "text")
"""A result's columns: the columns of a send, and the message's text."""

WOULD_SEND = "would_send"

ROWS_AT_ONCE = 100

_TEXTS = ("body", "caption", "question", "name")
_STATES: Mapping[Step, str] = {
    Step.SEND: WOULD_SEND,
    Step.SEND_AGAIN: WOULD_SEND,
    Step.REFUSE_KEY: SendState.FAILED.value,
}
_KNOWN: Mapping[SendState, str] = {
    SendState.ACCEPTED: "it was accepted before",
    SendState.INTENDED: "it may have gone out before, which a send would clear up",
    SendState.UNKNOWN: "it may have gone out before, which a send would clear up",
}


@dataclass
class DryRun:
    """One look at a list and the store. Nothing is written to the store, and the vendor is not asked anything.

    The parameters are those of ``bulk.send_run.BulkSend``.
    """

    store: Store
    batch: str
    conn_id: str
    address: Callable[[int, Mapping[str, Any]], Addressed | Unaddressed]
    policy: SendingPolicy = field(default_factory=SendingPolicy)
    first: int = 1
    places: range | None = None
    counts: Counter[str] = field(default_factory=Counter)
    """Rows by status."""

    def results(self, rows: Iterator[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        """Yield a result for each row, by ``DRY_COLUMNS``, in the order of the list."""
        self._now = datetime.now(timezone.utc)
        self._left = self._messages_left()
        place = self.first
        with DiskFirstRows() as self._seen, DiskCounter() as self._sent:
            while chunk := list(islice(rows, ROWS_AT_ONCE)):
                made = [self.address(number, row) for number, row in enumerate(chunk, place)]
                place += len(chunk)
                known = LookUp.of(self.store, made, self.policy.cap)
                for each in made:
                    yield self._result(each, known)

    def _result(self, each: Addressed | Unaddressed, known: LookUp) -> dict[str, Any]:
        facts = known.facts(each, self._seen)
        if facts is None:
            assert isinstance(each, Unaddressed)
            status, detail = each.state.value, each.reason
        else:
            status, detail = self._outlook(facts, known)
        self.counts[status] += 1
        text = shown_text(each.message) if isinstance(each, Addressed) else ""
        values = (each.given, each.to or None, status, None, None, detail, text)
        return dict(zip(DRY_COLUMNS, values, strict=True))

    def _outlook(self, facts: Facts, known: LookUp) -> tuple[str, str]:
        """Return the status of a message, and the detail."""
        step = facts.step(self.batch, further=False)
        if step is Step.REPORT_OTHER_BATCH:
            return SendState.SKIPPED.value, facts.elsewhere(self.places)[1]
        if step is not Step.SEND:
            stored = facts.stored.state if facts.stored else None
            reason = facts.reason(step, self.policy.cap) or (_KNOWN.get(stored, "") if stored else "")
            return _STATES.get(step, SendState.SKIPPED.value), reason
        return self._capped(facts, known) or self._held(facts) or self._sends(facts)

    def _capped(self, facts: Facts, known: LookUp) -> tuple[str, str] | None:
        """Return the outcome of a message that the cap would skip, given the rows of this list before it; else None."""
        cap = self.policy.cap
        if cap is None or not (here := self._sent.count(facts.owner)):
            return None
        before = known.recent.get(facts.message.to)
        total = Recent(here + (before.count if before else 0), self._now)
        return (SendState.SKIPPED.value, cap.reason(total)) if cap.reached(total) else None

    def _held(self, facts: Facts) -> tuple[str, str] | None:
        hold = self._hold(facts.message.to)
        if hold is None:
            return None
        return (WOULD_SEND, f"later: {hold.reason}") if self.policy.wait else (SendState.SKIPPED.value, hold.reason)

    def _hold(self, to: str) -> Hold | None:
        if self._left is not None and self._left <= 0:
            return self.policy.next_day(self._now)
        return self.policy.hold(to, self._now)

    def _sends(self, facts: Facts) -> tuple[str, str]:
        self._left = None if self._left is None else self._left - 1
        if self.policy.cap:
            self._sent.add(facts.owner)
        return WOULD_SEND, ""

    def _messages_left(self) -> int | None:
        """Return the number of messages that the day's limit leaves; None if there is no limit."""
        limit = self.policy.limit_at(self._now)
        return None if limit is None else limit.limit - self.store.sends.since(self.conn_id, limit.since)


def shown_text(message: Message) -> str:
    """Return a message's main text, such as its body or caption; empty if it has none."""
    return next((text for name in _TEXTS if (text := getattr(message, name, ""))), "")
