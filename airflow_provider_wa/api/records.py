# SPDX-License-Identifier: Apache-2.0
"""Results of vendors' calls: frozen records, JSON-able, each with the vendor's own answer in ``raw``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import date, datetime, timezone
from enum import Enum
from functools import cache
from typing import Any, ClassVar, TypeVar, get_type_hints

from airflow_provider_wa.api import jids
from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.kinds import Standing, standing

R = TypeVar("R", bound="Record")


class CheckStatus(str, Enum):
    """Answers of a check. An error, a time-out or an undocumented code is ``unknown``, never ``absent``."""

    EXISTS = "exists"
    ABSENT = "absent"
    PENDING = "pending"
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, on_whatsapp: bool | None) -> CheckStatus:
        """Return the status of a plain yes or no; ``unknown`` for None."""
        if on_whatsapp is None:
            return cls.UNKNOWN
        return cls.EXISTS if on_whatsapp else cls.ABSENT


class DeliveryState(str, Enum):
    """Stage of a message's delivery. A vendor's word that is not known is ``unknown``, with the word in ``detail``."""

    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    UNKNOWN = "unknown"


def in_states(counts: Mapping[str, int]) -> str:
    """Return counts of messages by state as text, from the first state to the last: ``2 sent, 1 delivered``."""
    return (
        ", ".join(f"{counts[each.value]:,} {each.value}" for each in DeliveryState if counts.get(each.value)) or "none"
    )


class SessionState(str, Enum):
    """State of the WhatsApp account behind a connection: only ``logged_in`` can send and check."""

    LOGGED_IN = "logged_in"
    LOGGED_OUT = "logged_out"
    STARTING = "starting"
    BLOCKED = "blocked"


@dataclass(frozen=True, kw_only=True)
class Record:
    """Base of all records. ``vendor`` is the connection type; ``raw`` the vendor's decoded answer, if it gave one.

    A record that a task returns goes through XCom, without ``raw`` and what else is not shown.
    """

    __version__: ClassVar[int] = 1
    """Version of the form that ``serialize`` returns, which Airflow stores with it."""

    vendor: str = ""
    raw: Any = field(default=None, repr=False, compare=False)

    @property
    def known_lids(self) -> Mapping[str, str]:
        """Digits of the phone number by LID, if the record has both for one person."""
        return {}

    def to_dict(self) -> dict[str, Any]:
        """Return the fields that may be shown (not ``raw``, not a QR code) as JSON values: moments in ISO 8601, UTC."""
        return {name: _json_value(getattr(self, name)) for name in _shown(self)}

    def serialize(self) -> dict[str, Any]:
        """Return the fields that may be shown, for an XCom; Airflow calls it.

        :raises BadInput: the record is for something that must not be shown, such as a QR code or a file's content.
        """
        hidden = [f.name for f in fields(self) if not f.repr and f.default is MISSING and f.default_factory is MISSING]
        if hidden:
            name = type(self).__name__
            raise BadInput(f"{name}: {', '.join(hidden)} must not be in an XCom; return its to_dict(), or write a file")
        return {name: getattr(self, name) for name in _shown(self)}

    @classmethod
    def deserialize(cls: type[R], data: Mapping[str, Any], version: int) -> R:
        """Return the record from the output of ``serialize``, of this or another version of the package."""
        types = get_type_hints(cls)
        return cls(**{f.name: _typed(types[f.name], data[f.name]) for f in fields(cls) if f.name in data})


@dataclass(frozen=True, kw_only=True)
class CheckResult(Record):
    """Result of checking a number: ``number`` is the digits that were asked for, ``jid`` the address to send to.

    ``detail`` is the reason of an ``unknown`` status, or more from the vendor. ``reference`` is the vendor's key for
    the check.
    """

    number: str
    status: CheckStatus
    jid: str | None = None
    detail: str = ""
    reference: str | None = None

    @property
    def known_lids(self) -> Mapping[str, str]:
        """The number of the LID that the check gave."""
        return _pair(self.jid if self.status is CheckStatus.EXISTS else None, self.number)


@dataclass(frozen=True, kw_only=True)
class SentMessage(Record):
    """A message that the vendor accepted. Accepted is not sent, and not delivered.

    ``warning`` is a reason why it may not arrive as it was meant, for instance an account that is logged out.
    """

    message_id: str
    to: str
    accepted: bool = True
    timestamp: datetime | None = None
    warning: str | None = None


@dataclass(frozen=True, kw_only=True)
class DeliveryStatus(Record):
    """Delivery status of a message. ``code`` is the vendor's own number or word, kept even if we do not know it.

    ``text`` is the sent body or caption, if the vendor has it. It is not shown: the content of messages does not belong
    into an XCom or a report. ``lid`` is the recipient's LID, if it is known besides the number. In a group,
    ``participant`` and ``lid`` are the number and the LID of the member who got the message.
    """

    message_id: str
    state: DeliveryState
    to: str | None = None
    code: str | None = None
    detail: str = ""
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    read_at: datetime | None = None
    text: str | None = field(default=None, repr=False)
    lid: str | None = field(default=None, repr=False)
    participant: str | None = field(default=None, repr=False)

    @property
    def known_lids(self) -> Mapping[str, str]:
        """The number of the recipient's LID."""
        return _pair(self.lid, self.participant or self.to or "")


@dataclass(frozen=True, kw_only=True)
class Session(Record):
    """The WhatsApp account behind a connection. ``detail`` is the vendor's own word for its state.

    ``changed_at`` is the moment of a change that the vendor posted, if it reports one; None for the answer to a call.
    """

    state: SessionState
    jid: str | None = None
    name: str | None = None
    detail: str = ""
    changed_at: datetime | None = None

    @property
    def logged_in(self) -> bool:
        """True if the account can send and check."""
        return self.state is SessionState.LOGGED_IN


@dataclass(frozen=True, kw_only=True)
class QrCode(Record):
    """A login code to scan: the PNG's bytes. Anyone who scans it owns the session: keep it out of logs and XCom."""

    png: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Balance(Record):
    """Credit left, in the vendor's units (messages, checks), until ``expires_at``. ``state`` is its own word."""

    left: float | None
    expires_at: datetime | None = None
    state: str = ""


@dataclass(frozen=True, kw_only=True)
class InboxMessage(Record):
    """An incoming message, or a change of one. ``message_id`` is the vendor's id; ``wa_message_id`` is WhatsApp's own.

    ``sender``, ``chat`` and ``participant`` are digits or JIDs. ``participant`` is the member of a group who wrote it;
    where the vendor does not report one, ``sender`` is the group. ``lid`` is the sender's LID, if it is known.

    ``kind`` is one of ``api.kinds.KINDS``. ``text`` is the body, the caption, or the text of the chosen button or row;
    ``options`` are the words of a vote, or the options of a poll; ``selected_id`` is the id of the chosen button or
    row. ``option_hashes`` are the SHA-256 of the words of a vote, in hexadecimal, where the vendor reports only these;
    the store finds the words if it has the poll.
    ``latitude`` and ``longitude`` are degrees. ``quoted_id`` is the id of the message that this one answers;
    ``target_id`` the id of the message that an edit, deletion, reaction, pin or vote refers to. ``media_url`` is the
    file's URL, if the vendor keeps the file.
    """

    message_id: str
    sender: str
    kind: str = ""
    text: str = ""
    chat: str | None = None
    wa_message_id: str | None = None
    received_at: datetime | None = None
    media_url: str | None = None
    quoted_id: str | None = None
    selected_id: str | None = None
    options: tuple[str, ...] = ()
    latitude: float | None = None
    longitude: float | None = None
    sender_name: str | None = None
    participant: str | None = None
    lid: str | None = None
    target_id: str | None = None
    option_hashes: tuple[str, ...] = ()

    @property
    def known_lids(self) -> Mapping[str, str]:
        """The number of the sender's LID, if the message has both for the sender, or in a group for the member."""
        return _pair(self.lid, self.participant or self.sender)

    @property
    def standing(self) -> Standing:
        """Standing of its kind. A message of an unknown kind counts as a message only if it has a text or a file."""
        return standing(self.kind, self.text or self.media_url)

    @property
    def is_message(self) -> bool:
        """True if its standing is ``message``: it has content of its own."""
        return self.standing is Standing.MESSAGE


@dataclass(frozen=True, kw_only=True)
class Notification(Record):
    """An event in a vendor's queue. ``kind`` is the vendor's word for it, ``receipt_id`` the key to delete it by.

    ``content`` is a message that came in, the status of one that was sent, or the session's new state; None for every
    other kind, which ``raw`` has.
    """

    receipt_id: int
    kind: str
    content: InboxMessage | DeliveryStatus | Session | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields that may be shown, with the content's own fields under ``content``."""
        return {**super().to_dict(), "content": self.content.to_dict() if self.content else None}


@dataclass(frozen=True, kw_only=True)
class Contact(Record):
    """An entry of the account's contacts: digits or JID, and a name.

    ``other`` is the LID of a contact that is listed by number, or the number of a contact that is listed by LID.
    """

    jid: str
    name: str = ""
    other: str | None = field(default=None, repr=False)

    @property
    def known_lids(self) -> Mapping[str, str]:
        """The number of the contact's LID."""
        return {**_pair(self.jid, self.other or ""), **_pair(self.other, self.jid)}


@dataclass(frozen=True, kw_only=True)
class Group(Record):
    """A group of the account and its members, as digits or JIDs. ``lids`` are the members' numbers by LID, if known."""

    jid: str
    name: str = ""
    participants: tuple[str, ...] = ()
    owner: str | None = None
    topic: str = ""
    created_at: datetime | None = None
    lids: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def known_lids(self) -> Mapping[str, str]:
        """The numbers of its members' LIDs."""
        return {known: number for lid, phone in self.lids.items() for known, number in _pair(lid, phone).items()}


@dataclass(frozen=True, kw_only=True)
class MediaFile(Record):
    """A file that came with a message."""

    content: bytes = field(repr=False)
    media_type: str = "application/octet-stream"
    filename: str = ""


@dataclass(frozen=True, kw_only=True)
class LinkingCode(Record):
    """A login code to type into the phone instead of scanning a ``QrCode``. It is a secret, as a QR code is."""

    code: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class UserInfo(Record):
    """Public data of an account: its text, its picture's id, its devices' JIDs, and a business's name."""

    jid: str
    about: str = ""
    picture_id: str = ""
    business_name: str = ""
    lid: str = ""
    devices: tuple[str, ...] = ()

    @property
    def known_lids(self) -> Mapping[str, str]:
        """The number of the account's LID."""
        return _pair(self.lid, self.jid)


@dataclass(frozen=True, kw_only=True)
class Avatar(Record):
    """An account's picture: its URL, valid for some days; ``url`` is None if there is no picture or it is hidden."""

    url: str | None
    picture_id: str = ""
    kind: str = ""


@dataclass(frozen=True, kw_only=True)
class Webhook(Record):
    """URL that a vendor posts events to, and the event types. The URL may hold a secret: it is not shown.

    ``warning`` is a reason why events may not arrive there, for instance that the vendor has not applied the URL yet.
    """

    url: str = field(repr=False)
    events: tuple[str, ...] = ()
    warning: str | None = None


def _pair(lid: str | None, number: str) -> dict[str, str]:
    """Return the digits of a number by its LID; empty unless ``lid`` is a LID and ``number`` a number."""
    digits = jids.digits(number) if lid and jids.is_lid(lid) else ""
    return {jids.without_device(lid): digits} if lid and digits else {}


def _shown(record: Record) -> tuple[str, ...]:
    """Return the names of the fields that may be shown."""
    kind: Any = type(record)
    return _shown_of(kind)


@cache
def _shown_of(kind: Any) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind) if f.repr)


def _json_value(value: Any) -> Any:
    if value is None or type(value) is str:  # for speed: most fields are one of these
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime) and value.tzinfo:
        try:
            return value.astimezone(timezone.utc).isoformat()
        except OverflowError:
            # The first and last hours of the calendar: it stays in its own time zone.
            return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def _typed(kind: Any, value: Any) -> Any:
    """Return a value in the type of its field: an XCom keeps only the value of an enumeration's member."""
    return kind(value) if isinstance(kind, type) and issubclass(kind, Enum) else value
