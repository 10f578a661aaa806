# SPDX-License-Identifier: Apache-2.0
"""The hook that all connection types share: a connection, and the flows of its vendor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from airflow.providers.common.compat.sdk import AirflowException, BaseHook, Connection
from asgiref.sync import sync_to_async

from airflow_provider_wa.api import both_forms, numbers
from airflow_provider_wa.api.capabilities import (
    ChecksNumbers,
    Connects,
    DownloadsMedia,
    HasBalance,
    HasInbox,
    HasQrCode,
    HasSession,
    ListsContacts,
    ListsGroups,
    LogsOut,
    MarksRead,
    ReportsDeliveries,
    ReportsDelivery,
    SendsMessages,
    SetsWebhook,
    require,
    require_message,
)
from airflow_provider_wa.api.errors import WaError
from airflow_provider_wa.api.flow import Flow
from airflow_provider_wa.api.messages import Message, Text
from airflow_provider_wa.api.records import (
    Balance,
    CheckResult,
    Contact,
    DeliveryStatus,
    Group,
    InboxMessage,
    MediaFile,
    QrCode,
    SentMessage,
    Session,
    Webhook,
)
from airflow_provider_wa.connections.identities import learnt
from airflow_provider_wa.connections.lookup import Connected, ConnectionType, connected, connection_type
from airflow_provider_wa.connections.secrets import refuse_secrets
from airflow_provider_wa.connections.settings import Settings
from airflow_provider_wa.connections.suppression import refuse_suppressed
from airflow_provider_wa.transport.channel import AsyncChannel, Channel, Endpoint
from airflow_provider_wa.transport.drive import adrive, drive
from airflow_provider_wa.vendors.base import Vendor
from airflow_provider_wa.vendors.registry import VENDORS

T = TypeVar("T")
C = TypeVar("C")


class WaHook(ConnectionType, BaseHook):
    """A connection to a WhatsApp vendor.

    ``WaHook.for_connection(conn_id)`` returns the hook of the connection's type. Its methods raise ``WaError`` with all
    secrets masked; a vendor without the capability raises ``UnsupportedByVendor``.

    A further vendor needs a subclass with ``form`` and the class method ``make_vendor``, and a connection type in the
    metadata of the package that brings it: every operator then works with it.

    :param wa_conn_id: the Airflow connection.
    """

    conn_name_attr = "wa_conn_id"
    conn_type: ClassVar[str]
    hook_name: ClassVar[str]
    default_conn_name: ClassVar[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if form := cls.__dict__.get("form"):
            cls.conn_type, cls.hook_name, cls.default_conn_name = form.conn_type, form.hook_name, form.default_conn_id
            for method in ("get_connection_form_widgets", "get_ui_field_behaviour"):
                # Airflow 3.1 calls them only where the class has them itself.
                if method not in cls.__dict__:
                    setattr(cls, method, WaHook.__dict__[method])

    def __init__(self, wa_conn_id: str | None = None) -> None:
        super().__init__()
        self.wa_conn_id = wa_conn_id or self.default_conn_name
        self._connected: Connected | None = None

    @staticmethod
    def for_connection(conn_id: str) -> WaHook:
        """Return the hook for a connection, by its type.

        :raises AirflowNotFoundException: the connection does not exist.
        :raises BadInput: the connection is of another type, or a field of it is missing or wrong.
        """
        return WaHook.over(BaseHook.get_connection(conn_id))

    @staticmethod
    def over(connection: Connection) -> WaHook:
        """Return the hook for a connection object; like ``for_connection``, without the look-up."""
        kind = connection_type(connection, WaHook)
        hook = kind(connection.conn_id)
        hook._connected = connected(connection, kind)
        return hook

    @staticmethod
    async def afor_connection(conn_id: str) -> WaHook:
        """Return the hook for a connection without blocking the event loop, in a trigger for instance."""
        # Looking up, reading extras and masking secrets call the supervisor synchronously, which only a thread may do.
        return await sync_to_async(WaHook.for_connection)(conn_id)

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """Return the form's fields, for Airflow 3.1 and 3.2."""
        return cls.form.widgets

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Return the form's labels, placeholders and hidden fields, for Airflow 3.1 and 3.2."""
        return cls.form.behaviour

    @property
    def connected(self) -> Connected:
        """The connection, looked up and parsed at the first use."""
        if self._connected is None:
            self._connected = connected(self.get_connection(self.wa_conn_id), type(self))
        return self._connected

    @property
    def vendor(self) -> Vendor:
        """The vendor's flows, for calls without a method of the hook: ``hook.run(hook.vendor.session())``."""
        return self.connected.vendor

    @property
    def settings(self) -> Settings:
        """The connection's fields."""
        return self.connected.settings

    @property
    def endpoint(self) -> Endpoint:
        """The way to the vendor."""
        return self.connected.endpoint

    def channel(self) -> Channel:
        """Return a way to the vendor for a worker: a context manager."""
        return Channel(self.endpoint)

    def async_channel(self, *, concurrency: int | None = None, rate: float | None = None) -> AsyncChannel:
        """Return a way to the vendor for an event loop: an async context manager.

        :param concurrency: maximum number of calls at once; the connection's by default.
        :param rate: maximum calls per second; the connection's by default.
        """
        endpoint = self.endpoint
        endpoint = replace(endpoint, concurrency=concurrency or endpoint.concurrency, rate=rate or endpoint.rate)
        return AsyncChannel(endpoint)

    def run(self, flow: Flow[T]) -> T:
        """Carry out a flow of ``vendor`` and return its result; pairs of LID and number in it are stored."""
        with self.channel() as channel:
            return learnt(drive(flow, channel))

    async def arun(self, flow: Flow[T]) -> T:
        """Carry out a flow of ``vendor`` on this event loop."""
        async with self.async_channel(concurrency=1) as channel:
            return await adrive(flow, channel)

    def able(self, capability: type[C]) -> C:
        """Return the vendor as one that has ``capability``.

        :raises UnsupportedByVendor: it does not; the message names the connection types that do.
        """
        return require(self.vendor, capability, VENDORS)

    @property
    def _rules(self) -> numbers.NumberRules:
        return numbers.NumberRules(self.settings.default_region)

    def _name_assumed(self, number: str, remark: str) -> None:
        if remark:
            self.log.warning("%s has neither + nor a country: %s", number, remark)

    def check(self, number: str | int | Sequence[str | int]) -> list[CheckResult]:
        """Check whether numbers are on WhatsApp, one result each; for long lists there is ``WaBulkCheckOperator``.

        :raises BadInput: one is not a valid phone number; none is checked then.
        """
        vendor = self.able(ChecksNumbers)
        spellings = [number] if isinstance(number, (str, int)) else number
        parsed = [self._rules.parse(spelling) for spelling in spellings]
        for each in parsed:
            self._name_assumed(each.e164, each.remark)
        size = vendor.numbers_per_check
        with self.channel() as channel:
            parts = [parsed[start : start + size] for start in range(0, len(parsed), size)]
            return learnt([result for part in parts for result in drive(both_forms.check(vendor, part), channel)])

    def send(self, to: str | int, message: Message | str, *, message_id: str | None = None) -> SentMessage:
        """Send a message to a phone number or a JID. Accepted is not delivered.

        Unlike the operators this sends at every call: a task that is retried messages people again.

        :param message_id: the caller's own id, where the vendor lets it choose.
        :raises BadInput: the recipient is suppressed or invalid, or the message contains a secret.
        :raises OutcomeUnknown: the message may or may not have gone out: do not simply send it again.
        """
        recipient = self._rules.recipient(to)
        self._name_assumed(recipient, self._rules.remark(to))
        refuse_suppressed(recipient)
        content = Text(message) if isinstance(message, str) else message
        vendor = self.able(SendsMessages)
        require_message(vendor, content, VENDORS)
        refuse_secrets(content)
        return self.run(vendor.send(recipient, content, message_id=message_id))

    def session(self) -> Session:
        """Return the state of the connection's WhatsApp account."""
        return self.run(self.able(HasSession).session())

    def qr_code(self) -> QrCode:
        """Return the QR code to log in with. Anyone who scans it owns the session: keep it out of logs and XCom."""
        return self.run(self.able(HasQrCode).qr_code())

    def message_status(self, message_id: str, *, to: str | None = None) -> DeliveryStatus:
        """Return the delivery status of a message; with ``to``, its recipient, some vendors find it sooner."""
        return self.run(self.able(ReportsDelivery).message_status(message_id, to=to))

    def delivery_report(
        self, *, since: datetime | None = None, until: datetime | None = None, limit: int | None = None
    ) -> list[DeliveryStatus]:
        """Return the delivery statuses of a period's messages, the oldest first."""
        return self.run(self.able(ReportsDeliveries).delivery_report(since=since, until=until, limit=limit))

    def inbox(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> list[InboxMessage]:
        """Return the messages received in a period, or after the one with the id ``after``, the oldest first."""
        return self.run(self.able(HasInbox).inbox(since=since, until=until, after=after, limit=limit))

    def contacts(self) -> list[Contact]:
        """Return the account's contacts."""
        return self.run(self.able(ListsContacts).contacts())

    def groups(self) -> list[Group]:
        """Return the account's groups."""
        return self.run(self.able(ListsGroups).groups())

    def balance(self) -> Balance:
        """Return the credit left."""
        return self.run(self.able(HasBalance).balance())

    def connect(self) -> Session:
        """Connect to WhatsApp, if it is not connected yet. Then scan the QR code, unless the login still holds."""
        return self.run(self.able(Connects).connect())

    def disconnect(self) -> None:
        """Disconnect from WhatsApp and keep the login."""
        self.run(self.able(Connects).disconnect())

    def logout(self) -> None:
        """End the login: a new QR code must be scanned."""
        self.run(self.able(LogsOut).logout())

    def webhook(self) -> Webhook:
        """Return the webhook that events are posted to."""
        return self.run(self.able(SetsWebhook).webhook())

    def set_webhook(self, url: str, events: Sequence[str] = ()) -> Webhook:
        """Have events posted to ``url``: these kinds, or all that the vendor has."""
        return self.run(self.able(SetsWebhook).set_webhook(url, events))

    def mark_read(self, message_ids: Sequence[str], chat: str, sender: str | None = None) -> None:
        """Mark messages of a chat as read; ``sender`` is needed in a group."""
        self.run(self.able(MarksRead).mark_read(message_ids, chat, sender))

    def download(self, kind: str, reference: Mapping[str, Any]) -> MediaFile:
        """Download the file of an image, audio, video or document, by the reference in its message."""
        return self.run(self.able(DownloadsMedia).download(kind, reference))

    def test_connection(self) -> tuple[bool, str]:
        """Test the credentials with a call that is free and changes nothing, where the vendor has one."""
        try:
            return True, self.run(self.vendor.probe())
        except (WaError, AirflowException) as error:
            return False, str(error)
