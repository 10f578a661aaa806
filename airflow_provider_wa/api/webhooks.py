# SPDX-License-Identifier: Apache-2.0
"""What vendors post by themselves: a body, and the events that it tells of."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from enum import Enum
from typing import Any, Protocol, runtime_checkable

from airflow_provider_wa.api.errors import UnexpectedReply
from airflow_provider_wa.api.records import (
    CheckResult,
    DeliveryStatus,
    InboxMessage,
    MediaFile,
    Record,
    Session,
)

MAX_DEPTH = 100
"""How many levels deep a body may be nested: no vendor's comes near, and far beyond Python could not write it out."""


class EventKind(str, Enum):
    """What an event tells of; ``other`` is kept raw."""

    CHECK = "check"
    DELIVERY = "delivery"
    INBOX = "inbox"
    SESSION = "session"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class Post:
    """A body as it was posted: ``data`` is what its JSON holds, ``fields`` and ``files`` what a form has."""

    data: Any = None
    fields: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, MediaFile] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing that a vendor told.

    ``record`` is what we understand of it, None for what is kept raw; ``file`` is what came with it, which is in
    neither ``record`` nor ``raw``. ``vendor_kind`` is the vendor's own word for the kind.
    """

    kind: EventKind
    record: Record | None = None
    vendor_kind: str = ""
    file: MediaFile | None = None
    raw: Any = None

    @property
    def reference(self) -> str | None:
        """What others know it by: the check's reference, or the message's id."""
        match self.record:
            case CheckResult(reference=reference):
                return reference
            case DeliveryStatus(message_id=message_id) | InboxMessage(message_id=message_id):
                return message_id
        return None

    @property
    def party(self) -> str | None:
        """Who is on the other side: digits or a JID; the number for a check."""
        match self.record:
            case CheckResult(number=number):
                return number or None
            case DeliveryStatus(to=to):
                return to
            case InboxMessage(sender=sender):
                return sender or None
        return None

    @property
    def status(self) -> str:
        """The check's answer, the delivery's state or the session's; empty for all else."""
        match self.record:
            case CheckResult():
                return self.record.status.value
            case DeliveryStatus():
                return self.record.state.value
            case Session():
                return self.record.state.value
        return ""

    @property
    def happened_at(self) -> datetime | None:
        """When it happened, in UTC, if the vendor tells."""
        told: datetime | None = None
        match self.record:
            case DeliveryStatus():
                told = self.record.read_at or self.record.delivered_at or self.record.sent_at
            case InboxMessage(received_at=received_at):
                told = received_at
        try:
            return told.astimezone(timezone.utc) if told else None
        except OverflowError:
            # The last hours of the year 9999, west of Greenwich.
            return None

    @property
    def key(self) -> str:
        """What two posts of the same event have in common, as a hash.

        Vendors repeat a post that was not answered in time, and post in any order. What is kept raw is the same if all
        of it is. A delivery's detail counts: in a group it says whom the message reached.
        """
        known: Any = None
        match self.record:
            case CheckResult():
                known = [self.reference, self.party, self.status, _digest(self.file)]
            case DeliveryStatus():
                known = [self.reference, self.party, self.status, self.record.code, self.record.detail]
            case InboxMessage():
                known = [self.record.wa_message_id or self.reference]
        told = known if known and any(known) else [self.vendor_kind, self.raw, _digest(self.file)]
        content = json.dumps([self.kind.value, told], sort_keys=True, default=str, separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()


@runtime_checkable
class PostsEvents(Protocol):
    """Posts what happens to a URL of ours."""

    def events(self, post: Post) -> list[Event]:
        """The events that a post tells of, those that we do not know kept raw.

        :raises UnexpectedReply: it is no post of this vendor. What it holds is not in the error: that may be personal.
        """
        ...


_KINDS: tuple[tuple[type[Record], EventKind], ...] = (
    (CheckResult, EventKind.CHECK),
    (DeliveryStatus, EventKind.DELIVERY),
    (InboxMessage, EventKind.INBOX),
    (Session, EventKind.SESSION),
)


def event(record: Record | None, *, vendor_kind: str = "", file: MediaFile | None = None, raw: Any = None) -> Event:
    """An event of the kind that its record is of; ``other`` without a record."""
    kind = next((kind for made, kind in _KINDS if isinstance(record, made)), EventKind.OTHER)
    return Event(kind=kind, record=record, vendor_kind=vendor_kind, file=file, raw=raw)


def posted_object(vendor: str, body: Any) -> dict[str, Any]:
    """The object that a body, or a field of a form, holds: decoded already, or as JSON text or bytes.

    :raises UnexpectedReply: it holds none, or one that could not be written out as JSON again.
    """
    if isinstance(body, (str, bytes, bytearray)):
        try:
            body = json.loads(body)
        except (ValueError, RecursionError):
            body = None
    if not isinstance(body, Mapping):
        raise UnexpectedReply("the post holds no JSON object", vendor=vendor)
    level: list[Any] = [body]
    for _ in range(MAX_DEPTH):
        if not all(map(_can_be_json, level)):
            raise UnexpectedReply("the post holds a number that JSON does not have", vendor=vendor)
        level = [inner for value in level for inner in _inside(value)]
        if not level:
            return dict(body)
    raise UnexpectedReply(f"the post is nested more than {MAX_DEPTH} levels deep", vendor=vendor)


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, (list, tuple)) else ()


def _can_be_json(value: Any) -> bool:
    """Not so numbers that are infinite, none at all, or so large that Python refuses to write them out."""
    try:
        return not isinstance(value, (int, float)) or math.isfinite(value)
    except OverflowError:
        return False


def _digest(file: MediaFile | None) -> str:
    return hashlib.sha256(file.content).hexdigest() if file else ""
