# SPDX-License-Identifier: Apache-2.0
"""The ledger: messages, checks, callbacks and requests that reached the vendors. It never holds a credential."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from airflow_provider_wa.sandbox import magic_numbers


@dataclass(slots=True)
class Message:
    """A message that a vendor accepted.

    `sent_at` is None while the vendor keeps the message for an account that is logged out. `known` is False if the
    recipient is not on WhatsApp and the vendor accepts the message all the same.
    """

    vendor: str
    to: str
    type: str
    message_id: str
    content: dict[str, Any]
    at: float
    media: bytes | None = None
    repeats: int = 0
    sent_at: float | None = None
    mimetype: str = ""
    group: bool = False
    known: bool = True

    def delivered_at(self, now: float, seconds: float) -> float | None:
        """Return the time of delivery; None if it is not delivered by `now`."""
        return self._passed(magic_numbers.delivered_after(self.to, seconds), now)

    def read_at(self, now: float, seconds: float) -> float | None:
        """Return the time of reading; None if it is not read by `now`."""
        return self._passed(magic_numbers.read_after(self.to, seconds), now)

    def status(self, now: float, seconds: float) -> str:
        """Return queued, failed, sent, delivered or read."""
        if self.sent_at is None:
            return "queued"
        if not self.known:
            return "failed"
        if self.read_at(now, seconds) is not None:
            return "read"
        return "sent" if self.delivered_at(now, seconds) is None else "delivered"

    def as_json(self, now: float, seconds: float) -> dict[str, Any]:
        """Return the entry of the control API; media appear as their size and SHA-256."""
        entry = {
            "vendor": self.vendor,
            "to": self.to,
            "type": self.type,
            "message_id": self.message_id,
            **self.content,
            "repeats": self.repeats,
            "status": self.status(now, seconds),
            "at": self.at,
        }
        if self.media is not None:
            entry |= {"bytes": len(self.media), "sha256": hashlib.sha256(self.media).hexdigest()}
        return entry

    def _passed(self, after: float | None, now: float) -> float | None:
        if after is None or not self.known or self.sent_at is None or self.sent_at + after > now:
            return None
        return self.sent_at + after


@dataclass(slots=True)
class Check:
    """A check of a number and its answer: exists, absent, pending, limited or unknown."""

    vendor: str
    number: str
    answer: str
    at: float


@dataclass(slots=True)
class Action:
    """An action besides checks and sends: `name` is the vendor's route, `content` the arguments."""

    vendor: str
    name: str
    content: dict[str, Any]
    at: float


@dataclass(slots=True)
class Attempt:
    """One attempt to post a callback. `outcome`: delivered, refused, failed, blocked or skipped; `detail` says why."""

    outcome: str
    detail: str
    at: float


@dataclass(slots=True)
class Callback:
    """A callback or webhook that was posted at least once; `final` says that no further attempt follows."""

    vendor: str
    url: str
    body: dict[str, Any]
    attempts: list[Attempt] = field(default_factory=list)
    final: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the entry of the control API: the outcome of the last attempt, and all attempts."""
        return {**asdict(self.attempts[-1]), **asdict(self)}


@dataclass
class Ledger:
    """All that happened since the last reset."""

    messages: dict[tuple[str, str], Message] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    callbacks: list[Callback] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)
    actions: list[Action] = field(default_factory=list)

    def record(self, message: Message) -> Message:
        """Enter a message; the same id again counts as a repeat of the first."""
        known = self.messages.setdefault((message.vendor, message.message_id), message)
        if known is not message:
            known.repeats += 1
        return known

    def release(self, vendor: str, now: float) -> None:
        """Send the messages that were kept while the vendor's account was logged out."""
        for message in self.messages.values():
            if message.vendor == vendor and message.sent_at is None:
                message.sent_at = now

    def clear(self) -> None:
        """Forget all entries."""
        for part in (self.messages, self.checks, self.callbacks, self.requests, self.actions):
            part.clear()

    def as_json(self, now: float, seconds: float, vendor: str | None = None) -> dict[str, Any]:
        """Return the whole ledger, or one vendor's part of it."""

        def wanted(name: str) -> bool:
            return vendor in (None, name)

        return {
            "messages": [m.as_json(now, seconds) for m in self.messages.values() if wanted(m.vendor)],
            "checks": [asdict(check) for check in self.checks if wanted(check.vendor)],
            "callbacks": [callback.as_json() for callback in self.callbacks if wanted(callback.vendor)],
            "requests": {name: count for name, count in self.requests.items() if wanted(name)},
        }
