# SPDX-License-Identifier: Apache-2.0
"""What comes back: frozen records, JSON-able, each with the vendor's own answer in ``raw``."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import Enum
from typing import Any


class CheckStatus(str, Enum):
    """A check's four answers. An error, a time-out or an undocumented code is ``unknown``, never ``absent``."""

    EXISTS = "exists"
    ABSENT = "absent"
    PENDING = "pending"
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, on_whatsapp: bool | None) -> CheckStatus:
        """The status of a plain yes or no; what is neither is ``unknown``."""
        if on_whatsapp is None:
            return cls.UNKNOWN
        return cls.EXISTS if on_whatsapp else cls.ABSENT


class DeliveryState(str, Enum):
    """How far a message got. What a vendor says in other words is ``unknown``, with the words in ``detail``."""

    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    UNKNOWN = "unknown"


class SessionState(str, Enum):
    """The WhatsApp account behind a connection: only ``logged_in`` can send and check."""

    LOGGED_IN = "logged_in"
    LOGGED_OUT = "logged_out"
    STARTING = "starting"
    BLOCKED = "blocked"


@dataclass(frozen=True, kw_only=True)
class Record:
    """Base of all records. ``vendor`` is the connection type; ``raw`` the vendor's decoded answer, if it gave one."""

    vendor: str = ""
    raw: Any = field(default=None, repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """The record's fields that are for the eye (not ``raw``, no QR code), as JSON values: moments in ISO 8601."""
        return {f.name: _json_value(getattr(self, f.name)) for f in fields(self) if f.repr}


@dataclass(frozen=True, kw_only=True)
class CheckResult(Record):
    """Whether a number is on WhatsApp. ``number`` is the digits that were asked for, ``jid`` where to send to.

    ``detail`` says why a status is ``unknown``, or what else the vendor told. ``reference`` is what the check is known
    by at the vendor.
    """

    number: str
    status: CheckStatus
    jid: str | None = None
    detail: str = ""
    reference: str | None = None


@dataclass(frozen=True, kw_only=True)
class SentMessage(Record):
    """A message that the vendor accepted, which is not yet sent, let alone delivered.

    ``warning`` tells what stands in its way, for instance an account that is logged out.
    """

    message_id: str
    to: str
    accepted: bool = True
    timestamp: datetime | None = None
    warning: str | None = None


@dataclass(frozen=True, kw_only=True)
class DeliveryStatus(Record):
    """How a message fares. ``code`` is the vendor's own number or word, kept even where it is unknown to us."""

    message_id: str
    state: DeliveryState
    to: str | None = None
    code: str | None = None
    detail: str = ""
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    read_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Session(Record):
    """The WhatsApp account behind a connection. ``detail`` is the vendor's own word for its state."""

    state: SessionState
    jid: str | None = None
    name: str | None = None
    detail: str = ""

    @property
    def logged_in(self) -> bool:
        """Whether it can send and check."""
        return self.state is SessionState.LOGGED_IN


@dataclass(frozen=True, kw_only=True)
class QrCode(Record):
    """A login code to scan: the PNG's bytes. Whoever scans it owns the session, so keep it out of logs and XCom."""

    png: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Balance(Record):
    """Credit left, in the vendor's units (messages, checks), until ``expires_at``. ``state`` is its own word."""

    left: float | None
    expires_at: datetime | None = None
    state: str = ""


def _json_value(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    return value
