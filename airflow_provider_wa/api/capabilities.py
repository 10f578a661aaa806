# SPDX-License-Identifier: Apache-2.0
"""Capabilities of vendors, as Protocols: a vendor has a capability if it has its methods."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

from airflow_provider_wa.api.errors import UnsupportedByVendor
from airflow_provider_wa.api.flow import Flow
from airflow_provider_wa.api.messages import Message, options_of
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import (
    Balance,
    CheckResult,
    Contact,
    DeliveryStatus,
    Group,
    InboxMessage,
    LinkingCode,
    MediaFile,
    Notification,
    QrCode,
    SentMessage,
    Session,
    Webhook,
)
from airflow_provider_wa.api.webhooks import PostsEvents


@runtime_checkable
class ChecksNumbers(Protocol):
    """Checks whether numbers are on WhatsApp; ``numbers_per_check`` is the maximum in one call."""

    numbers_per_check: ClassVar[int]

    def check(self, numbers: Sequence[PhoneNumber]) -> Flow[list[CheckResult]]:
        """Return one result for each number, in their order."""
        ...


@runtime_checkable
class ChecksAgain(Protocol):
    """Answers a ``pending`` check when it is asked again, at no further cost.

    ``ask_again_seconds`` is the minimum wait between two questions, in seconds.
    """

    ask_again_seconds: ClassVar[float]

    def check_again(self, numbers: Sequence[PhoneNumber]) -> Flow[list[CheckResult]]:
        """Return one result for each number, in their order; ``pending`` if there is no answer yet."""
        ...


@runtime_checkable
class SendsMessages(Protocol):
    """Sends messages of the types in ``sends``.

    A vendor may have ``message_options``: for a field of ``messages.OPTIONS`` the types of messages that take it.
    """

    sends: ClassVar[Collection[type[Message]]]

    def send(self, to: str, message: Message, *, message_id: str | None = None) -> Flow[SentMessage]:
        """Send ``message`` to digits or a JID, under the caller's own id where the vendor accepts one."""
        ...


@runtime_checkable
class RepeatsById(Protocol):
    """Repeats a message under its first id, so that WhatsApp sees one message."""

    def repeats_by_id(self, message: Message) -> bool:
        """Return whether messages of this type go out under the caller's id."""
        ...

    def new_message_id(self, key: str) -> str:
        """Return an id in the form of WhatsApp's own; the same ``key`` always gives the same id."""
        ...


@runtime_checkable
class HasSession(Protocol):
    """Reports the state of its WhatsApp account."""

    def session(self) -> Flow[Session]:
        """Return the account's state."""
        ...


@runtime_checkable
class HasQrCode(Protocol):
    """Provides the QR code that logs the account in."""

    def qr_code(self) -> Flow[QrCode]:
        """Return the QR code; only while the account is logged out."""
        ...


@runtime_checkable
class PairsPhone(Protocol):
    """Provides a pairing code: the user types it into the phone, instead of scanning the QR code."""

    def pair_phone(self, phone: str) -> Flow[LinkingCode]:
        """Return the pairing code for ``phone``, the account's own number in digits; only while it is logged out."""
        ...


@runtime_checkable
class ReportsDelivery(Protocol):
    """Reports the delivery status of a message."""

    def message_status(self, message_id: str, *, to: str | None = None) -> Flow[DeliveryStatus]:
        """Return the status of the message with this id. ``to``, its recipient, makes it faster with some vendors."""
        ...


@runtime_checkable
class HasBalance(Protocol):
    """Reports the credit left."""

    def balance(self) -> Flow[Balance]:
        """Return the credit left."""
        ...


@runtime_checkable
class ReportsDeliveries(Protocol):
    """Lists the delivery statuses of the messages of a period.

    ``report_seconds`` is the time until a report must show a message that was accepted.
    """

    report_seconds: ClassVar[float]

    def delivery_report(
        self, *, since: datetime | None = None, until: datetime | None = None, limit: int | None = None
    ) -> Flow[list[DeliveryStatus]]:
        """Return the statuses of messages from ``since`` until before ``until``, oldest first; there may be none."""
        ...


@runtime_checkable
class HasInbox(Protocol):
    """Lists incoming messages.

    A vendor whose inbox must be switched on has ``inbox_by_default`` False (``keeps_inbox``).
    """

    def inbox(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> Flow[list[InboxMessage]]:
        """Return the messages from ``since`` until before ``until``, or those after the one with the id ``after``.

        Oldest first, each once; there may be none.
        """
        ...


@runtime_checkable
class KeepsQueue(Protocol):
    """Keeps events in a queue until they are deleted.

    ``queue_waits`` is the range of seconds that one question may wait for an event.
    """

    queue_waits: ClassVar[range]

    def receive_notification(self, seconds: int = ...) -> Flow[Notification | None]:
        """Return the oldest event, which stays in the queue; None if there is none within ``seconds``."""
        ...

    def delete_notification(self, receipt_id: int) -> Flow[bool]:
        """Delete an event from the queue. Return False if the queue no longer has it."""
        ...


@runtime_checkable
class ListsContacts(Protocol):
    """Lists the account's contacts."""

    def contacts(self) -> Flow[list[Contact]]:
        """Return all contacts; there may be none."""
        ...


@runtime_checkable
class ListsGroups(Protocol):
    """Lists the account's groups."""

    def groups(self) -> Flow[list[Group]]:
        """Return all groups; there may be none."""
        ...


@runtime_checkable
class Connects(Protocol):
    """Connects its account to WhatsApp, and disconnects it."""

    def connect(self) -> Flow[Session]:
        """Connect; without effect if connected."""
        ...

    def disconnect(self) -> Flow[None]:
        """Disconnect and keep the login."""
        ...


@runtime_checkable
class LogsOut(Protocol):
    """Logs its account out."""

    def logout(self) -> Flow[None]:
        """End the login; a new QR code must be scanned."""
        ...


@runtime_checkable
class SetsWebhook(Protocol):
    """Posts events to a URL that can be set."""

    def webhook(self) -> Flow[Webhook]:
        """Return the URL and the event types that are set."""
        ...

    def set_webhook(self, url: str, events: Sequence[str] = ()) -> Flow[Webhook]:
        """Have events posted to ``url``: those of the types ``events``, or all that the vendor has if it is empty."""
        ...


@runtime_checkable
class MarksRead(Protocol):
    """Marks incoming messages as read."""

    def mark_read(self, message_ids: Sequence[str], chat: str, sender: str | None = None) -> Flow[None]:
        """Mark messages of a chat as read; ``sender`` is needed in a group."""
        ...


@runtime_checkable
class DownloadsMedia(Protocol):
    """Downloads the files of incoming messages."""

    def download(self, kind: str, reference: Mapping[str, Any]) -> Flow[MediaFile]:
        """Return the file of an image, audio, video or document, by the fields that the message has for it."""
        ...


CAPABILITIES: dict[type[Any], str] = {
    ChecksNumbers: "check whether numbers are on WhatsApp",
    ChecksAgain: "answer a pending check when it is asked again",
    SendsMessages: "send messages",
    RepeatsById: "repeat a message under its own id without sending it twice",
    HasSession: "report whether its WhatsApp session is logged in",
    PairsPhone: "provide a pairing code",
    HasQrCode: "provide a QR code to log in with",
    ReportsDelivery: "report the delivery status of a message",
    ReportsDeliveries: "list the delivery statuses of a period",
    HasInbox: "list incoming messages",
    KeepsQueue: "keep events in a queue",
    ListsContacts: "list its contacts",
    ListsGroups: "list its groups",
    HasBalance: "report the credit left",
    Connects: "connect and disconnect its session",
    LogsOut: "log its session out",
    SetsWebhook: "set the URL of its webhook",
    PostsEvents: "post events to a URL",
    MarksRead: "mark messages as read",
    DownloadsMedia: "download the files of incoming messages",
}
"""Words for each capability, in error messages and table heads: "this vendor cannot ..."."""

C = TypeVar("C")


def keeps_inbox(vendor: object) -> bool:
    """Return True if a vendor lists incoming messages, and its inbox is on by default."""
    return isinstance(vendor, HasInbox) and bool(getattr(vendor, "inbox_by_default", True))


def require(vendor: object, capability: type[C], others: Iterable[type[Any]]) -> C:
    """Return ``vendor`` as one that has ``capability``.

    :raises UnsupportedByVendor: the vendor lacks it; the message names the connection types in ``others`` that have it.
    """
    if isinstance(vendor, capability):
        return vendor
    raise unsupported(str(getattr(vendor, "name", "")), CAPABILITIES[capability], who_can(capability, others))


def require_message(vendor: SendsMessages, message: Message, others: Iterable[type[Any]]) -> None:
    """Refuse a message of a type, or with an option (``quoted_id``, ``mentions`` ...), that ``vendor`` does not send.

    :raises UnsupportedByVendor: it does not; the message names the connection types in ``others`` that do.
    """
    others, name = [*others], str(getattr(vendor, "name", ""))
    if type(message) not in vendor.sends:
        able = sorted(other.name for other in others if type(message) in getattr(other, "sends", ()))
        raise unsupported(name, f"send messages of the type {message.type}", able)
    for option in options_of(message):
        if type(message) not in _takers(vendor, option):
            able = sorted(other.name for other in others if type(message) in _takers(other, option))
            raise unsupported(name, f"send {option} with messages of the type {message.type}", able)


def _takers(vendor: object, option: str) -> Collection[type[Message]]:
    """Return the types of messages with which a vendor takes an option."""
    options: Mapping[str, Collection[type[Message]]] = getattr(vendor, "message_options", {})
    return options.get(option, ())


def unsupported(vendor: str, deed: str, able: Sequence[str]) -> UnsupportedByVendor:
    """Return the error for a vendor that cannot do ``deed``; it names the connection types that can."""
    instead = f"; connection types that can: {', '.join(able)}" if able else ""
    return UnsupportedByVendor(f"this vendor cannot {deed}{instead}", vendor=vendor)


def who_can(capability: type[Any], vendors: Iterable[type[Any]]) -> list[str]:
    """Return the connection types, among these vendor classes, that have ``capability``, sorted by name."""
    methods = [name for name in vars(capability) if not name.startswith("_")]
    return sorted(vendor.name for vendor in vendors if all(hasattr(vendor, name) for name in methods))
