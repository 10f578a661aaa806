# SPDX-License-Identifier: Apache-2.0
"""Webhooks and callbacks: the posts of vendors, and the events in them."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from enum import Enum
from typing import Any, Protocol, runtime_checkable

from airflow_provider_wa.api.errors import UnexpectedReply
from airflow_provider_wa.api.json_fields import MAX_DEPTH, BeyondBounds, decoded, inside
from airflow_provider_wa.api.kinds import KINDS, UNKNOWN, Standing
from airflow_provider_wa.api.records import (
    CheckResult,
    DeliveryStatus,
    InboxMessage,
    MediaFile,
    Record,
    Session,
)

MOST_EVENTS = 5000
"""Maximum number of events in one post. WhatsApp's largest receipts name a few hundred messages."""


class EventKind(str, Enum):
    """Kind of an event; ``other`` is kept raw, or changes a message."""

    CHECK = "check"
    DELIVERY = "delivery"
    INBOX = "inbox"
    SESSION = "session"
    OTHER = "other"


@dataclass(frozen=True)
class RawPost:
    """A post as it arrived. The names of ``headers`` are looked up in small letters."""

    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Post:
    """A decoded post: ``data`` is the value of its JSON, ``fields`` and ``files`` are those of a form."""

    data: Any = None
    fields: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, MediaFile] = field(default_factory=dict)


_KEY = json.JSONEncoder(sort_keys=True, default=str, separators=(",", ":"))


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event, as a vendor reports it.

    ``record`` is the parsed part, None for an event that is kept raw; ``file`` is the attached file, which is in
    neither ``record`` nor ``raw``. ``vendor_kind`` is the vendor's own word for the kind. Events of one post that have
    the same object as ``raw`` share it in the store. ``warning`` is a line for the receiver's log, if the post was not
    read as usual; it does not quote the post.
    """

    kind: EventKind
    record: Record | None = None
    vendor_kind: str = ""
    file: MediaFile | None = None
    raw: Any = None
    warning: str = ""

    @property
    def reference(self) -> str | None:
        """The check's reference, or the message's id."""
        match self.record:
            case CheckResult(reference=reference):
                return reference
            case DeliveryStatus(message_id=message_id) | InboxMessage(message_id=message_id):
                return message_id
        return None

    @property
    def party(self) -> str | None:
        """The person or group on the other side: digits or a JID; the number for a check."""
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
        """The check's answer, the delivery's state or the session's; empty for other events."""
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
        """The moment of the event in UTC, if the vendor reports it."""
        moment: datetime | None = None
        match self.record:
            case DeliveryStatus():
                moment = self.record.read_at or self.record.delivered_at or self.record.sent_at
            case InboxMessage(received_at=received_at):
                moment = received_at
            case Session(changed_at=changed_at):
                moment = changed_at
        try:
            return moment.astimezone(timezone.utc) if moment else None
        except OverflowError:
            # The last hours of the year 9999, west of Greenwich.
            return None

    @property
    def key(self) -> str:
        """A hash that two posts of the same event have in common.

        Vendors repeat a post that was not answered in time, and post in any order. Two raw events are the same if all
        of their content is. A delivery's detail is part of the hash: in a group it names the member that the message
        reached. The kind of a signal or a change is part of it as well: group keys, or a message that could not be
        decrypted yet, may come under the same id as a message.
        """
        known: Any = None
        match self.record:
            case CheckResult():
                known = [self.reference, self.party, self.status, _digest(self.file)]
            case DeliveryStatus():
                known = [self.reference, self.party, self.status, self.record.code, self.record.detail]
            case InboxMessage() as message:
                known = [message.wa_message_id or self.reference]
                if any(known) and not message.is_message:
                    known += [message.kind, message.target_id, message.text]
        content_key = known if known and any(known) else [self.vendor_kind, self.raw, _digest(self.file)]
        return hashlib.sha256(_KEY.encode([self.kind.value, content_key]).encode()).hexdigest()


@runtime_checkable
class PostsEvents(Protocol):
    """Posts events to a webhook or callback. ``Vendor`` has a default for all but ``events``."""

    @property
    def name(self) -> str:
        """The connection type."""
        ...

    @property
    def answer_headers(self) -> Mapping[str, str]:
        """Headers that the vendor demands of each answer to it."""
        ...

    @property
    def largest_post(self) -> int:
        """Bytes of the longest post that the vendor may send; 0 leaves the limit to the receiver."""
        ...

    @property
    def file_marks(self) -> tuple[tuple[bytes, bytes], ...]:
        """Bytes before and after the file in a post."""
        ...

    def verify(self, post: RawPost) -> None:
        """Prove that a post comes from the vendor, by its signature for instance.

        :raises Unauthorized: it does not.
        """
        ...

    def answer_challenge(self, query: Mapping[str, str]) -> str | None:
        """Return the answer to the GET with which the vendor tests a webhook; None if this vendor sends none.

        :raises Unauthorized: the query does not prove that the vendor sent it.
        """
        ...

    def events(self, post: Post) -> list[Event]:
        """Return the events in a post, at most ``MOST_EVENTS``; unknown kinds are kept raw.

        :raises UnexpectedReply: the post is not in this vendor's form. The error does not quote it: it may contain
            personal data.
        """
        ...


_KINDS: tuple[tuple[type[Record], EventKind], ...] = (
    (CheckResult, EventKind.CHECK),
    (DeliveryStatus, EventKind.DELIVERY),
    (InboxMessage, EventKind.INBOX),
    (Session, EventKind.SESSION),
)


def event(
    record: Record | None, *, vendor_kind: str = "", file: MediaFile | None = None, raw: Any = None, warning: str = ""
) -> Event:
    """Return the event for a record. Its kind is ``other`` without a record, and for the change of a message.

    A message of an unknown kind that came with a file is a document.
    """
    if file and isinstance(record, InboxMessage) and (record.kind == UNKNOWN or record.kind not in KINDS):
        record = replace(record, kind="document")
    kind = next((kind for made, kind in _KINDS if isinstance(record, made)), EventKind.OTHER)
    if isinstance(record, InboxMessage) and record.standing is Standing.CHANGE:
        kind = EventKind.OTHER
    return Event(kind=kind, record=record, vendor_kind=vendor_kind, file=file, raw=raw, warning=warning)


def posted_object(vendor: str, body: Any) -> dict[str, Any]:
    """Return the object in a body, or in a field of a form: decoded already, or JSON as text or bytes.

    :raises UnexpectedReply: it is not an object, or not one that could be written out as JSON again.
    """
    if isinstance(body, (str, bytes, bytearray)):
        try:
            body = decoded(body)
        except BeyondBounds as error:
            raise UnexpectedReply(f"post: {error}", vendor=vendor) from None
        except ValueError:
            body = None
    if not isinstance(body, Mapping):
        raise UnexpectedReply("post: not a JSON object", vendor=vendor)
    level: list[Any] = [body]
    for _ in range(MAX_DEPTH):
        if not all(_can_be_json(value) for value in level if type(value) is not str):
            raise UnexpectedReply("post: has a number that JSON does not have, such as NaN", vendor=vendor)
        level = [inner for value in level if type(value) is not str for inner in inside(value)]
        if not level:
            return dict(body)
    raise UnexpectedReply(f"post: nested too deeply; expected at most {MAX_DEPTH} levels", vendor=vendor)


def _can_be_json(value: Any) -> bool:
    """Return False for numbers that are infinite, NaN, or too large for Python to write out."""
    try:
        return not isinstance(value, (int, float)) or math.isfinite(value)
    except OverflowError:
        return False


def _digest(file: MediaFile | None) -> str:
    return hashlib.sha256(file.content).hexdigest() if file else ""
