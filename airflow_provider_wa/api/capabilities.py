# SPDX-License-Identifier: Apache-2.0
"""What a vendor may be able to do, as Protocols. A vendor has a capability by having its methods."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

from airflow_provider_wa.api.errors import UnsupportedByVendor
from airflow_provider_wa.api.flow import Flow
from airflow_provider_wa.api.messages import Message
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import (
    Balance,
    CheckResult,
    Contact,
    DeliveryStatus,
    Group,
    InboxMessage,
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
    """Tells whether numbers are on WhatsApp; ``numbers_per_check`` is how many it takes in one call."""

    numbers_per_check: ClassVar[int]

    def check(self, numbers: Sequence[PhoneNumber]) -> Flow[list[CheckResult]]:
        """One result for each number, in their order."""
        ...


@runtime_checkable
class ChecksAgain(Protocol):
    """Answers a check that was ``pending`` when it is asked again, at no further cost.

    ``ask_again_seconds`` is the time to leave it alone between two questions.
    """

    ask_again_seconds: ClassVar[float]

    def check_again(self, numbers: Sequence[PhoneNumber]) -> Flow[list[CheckResult]]:
        """One result for each number, in their order; ``pending`` if it is still to come."""
        ...


@runtime_checkable
class SendsMessages(Protocol):
    """Sends messages; ``sends`` are the kinds that it has a way for."""

    sends: ClassVar[Collection[type[Message]]]

    def send(self, to: str, message: Message, *, message_id: str | None = None) -> Flow[SentMessage]:
        """Send ``message`` to digits or a JID, under the caller's own id where the vendor lets it choose."""
        ...


@runtime_checkable
class RepeatsById(Protocol):
    """Sends a message again under the id that it was sent under, which makes it the same message to WhatsApp."""

    def repeats_by_id(self, message: Message) -> bool:
        """Whether messages of this kind go out under an id of the caller's."""
        ...

    def new_message_id(self, key: str) -> str:
        """An id in the form that WhatsApp's own are in: of the same ``key`` always the same."""
        ...


@runtime_checkable
class HasSession(Protocol):
    """Has a WhatsApp account that is logged in or not."""

    def session(self) -> Flow[Session]:
        """The account's state."""
        ...


@runtime_checkable
class HasQrCode(Protocol):
    """Gives the QR code that logs the account in."""

    def qr_code(self) -> Flow[QrCode]:
        """The QR code, as long as the account is logged out."""
        ...


@runtime_checkable
class ReportsDelivery(Protocol):
    """Tells how a message fares."""

    def message_status(self, message_id: str, *, to: str | None = None) -> Flow[DeliveryStatus]:
        """The status of a message that was accepted under this id; some vendors find it sooner by whom it went to."""
        ...


@runtime_checkable
class HasBalance(Protocol):
    """Tells how much credit is left."""

    def balance(self) -> Flow[Balance]:
        """The credit left."""
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
        """The statuses of messages sent from ``since`` until before ``until``, the oldest first; none is no error."""
        ...


@runtime_checkable
class HasInbox(Protocol):
    """Lists messages that came in."""

    def inbox(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> Flow[list[InboxMessage]]:
        """Messages received from ``since`` until before ``until``, or after the one with the id ``after``.

        The oldest first, each once; none is no error.
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
        """Delete an event from the queue; False if it was not there any more."""
        ...


@runtime_checkable
class ListsContacts(Protocol):
    """Lists the account's contacts."""

    def contacts(self) -> Flow[list[Contact]]:
        """All contacts; none is no error."""
        ...


@runtime_checkable
class ListsGroups(Protocol):
    """Lists the account's groups."""

    def groups(self) -> Flow[list[Group]]:
        """All groups; none is no error."""
        ...


@runtime_checkable
class Connects(Protocol):
    """Connects its account to WhatsApp and disconnects it on request."""

    def connect(self) -> Flow[Session]:
        """Connect; fine if it is connected."""
        ...

    def disconnect(self) -> Flow[None]:
        """Disconnect and keep the login."""
        ...


@runtime_checkable
class LogsOut(Protocol):
    """Ends its account's login on request."""

    def logout(self) -> Flow[None]:
        """End the login: a new QR code must be scanned."""
        ...


@runtime_checkable
class SetsWebhook(Protocol):
    """Posts what happens to a URL that can be set."""

    def webhook(self) -> Flow[Webhook]:
        """Where events go at present."""
        ...

    def set_webhook(self, url: str, events: Sequence[str] = ()) -> Flow[Webhook]:
        """Send events to ``url``: these kinds, or all that the vendor has if none is named."""
        ...


@runtime_checkable
class MarksRead(Protocol):
    """Tells senders that their messages were read."""

    def mark_read(self, message_ids: Sequence[str], chat: str, sender: str | None = None) -> Flow[None]:
        """Mark messages of a chat as read; ``sender`` is needed in a group."""
        ...


@runtime_checkable
class DownloadsMedia(Protocol):
    """Gives the file of a message that came in."""

    def download(self, kind: str, reference: Mapping[str, Any]) -> Flow[MediaFile]:
        """The file of an image, audio, video or document, by what the message said of it."""
        ...


CAPABILITIES: dict[type[Any], str] = {
    ChecksNumbers: "check whether numbers are on WhatsApp",
    ChecksAgain: "answer a pending check when it is asked again",
    SendsMessages: "send messages",
    RepeatsById: "send a message again under its own id without doubling it",
    HasSession: "tell whether its WhatsApp session is logged in",
    HasQrCode: "give a QR code to log in with",
    ReportsDelivery: "tell how a message fares",
    ReportsDeliveries: "list how the messages of some time fared",
    HasInbox: "list the messages that came in",
    KeepsQueue: "keep events in a queue",
    ListsContacts: "list its contacts",
    ListsGroups: "list its groups",
    HasBalance: "tell how much credit is left",
    Connects: "connect and disconnect its session",
    LogsOut: "log its session out",
    SetsWebhook: "have its webhook set",
    PostsEvents: "post what happens to a URL",
    MarksRead: "mark messages as read",
    DownloadsMedia: "give the files of messages that came in",
}
"""Each capability and what it lets a vendor do, in the words of an error message or a table's head."""

C = TypeVar("C")


def require(vendor: object, capability: type[C], others: Iterable[type[Any]]) -> C:
    """``vendor`` as one that has ``capability``.

    :raises UnsupportedByVendor: it has not; the message names the connection types among ``others`` that have.
    """
    if isinstance(vendor, capability):
        return vendor
    raise unsupported(str(getattr(vendor, "name", "")), CAPABILITIES[capability], who_can(capability, others))


def require_message(vendor: SendsMessages, message: Message, others: Iterable[type[Any]]) -> None:
    """See to it that ``vendor`` sends messages of this kind.

    :raises UnsupportedByVendor: it does not; the message names the connection types among ``others`` that do.
    """
    if type(message) not in vendor.sends:
        able = sorted(other.name for other in others if type(message) in getattr(other, "sends", ()))
        raise unsupported(str(getattr(vendor, "name", "")), f"send messages of the type {message.type}", able)


def unsupported(vendor: str, deed: str, able: Sequence[str]) -> UnsupportedByVendor:
    """The error for a vendor that cannot do ``deed``, naming those that can."""
    instead = f"; connection types that can: {', '.join(able)}" if able else ""
    return UnsupportedByVendor(f"this vendor cannot {deed}{instead}", vendor=vendor)


def who_can(capability: type[Any], vendors: Iterable[type[Any]]) -> list[str]:
    """The connection types, among these vendor classes, that have ``capability``, by name."""
    methods = [name for name in vars(capability) if not name.startswith("_")]
    return sorted(vendor.name for vendor in vendors if all(hasattr(vendor, name) for name in methods))
