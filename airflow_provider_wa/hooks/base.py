# SPDX-License-Identifier: Apache-2.0
"""The hook that all connection types share: it finds the connection, drives flows, and tells what it can do."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from airflow.providers.common.compat.sdk import AirflowException, BaseHook, Connection
from airflow.sdk.log import mask_secret

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
from airflow_provider_wa.api.errors import BadInput, WaError
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
from airflow_provider_wa.connections.settings import Settings
from airflow_provider_wa.transport.channel import AsyncChannel, Channel, Endpoint
from airflow_provider_wa.transport.drive import adrive, drive
from airflow_provider_wa.vendors.base import Vendor
from airflow_provider_wa.vendors.forms import ConnectionForm
from airflow_provider_wa.vendors.registry import VENDORS

T = TypeVar("T")
C = TypeVar("C")


class WaHook(BaseHook):
    """A connection to a WhatsApp vendor, whichever it is.

    ``WaHook.for_connection(conn_id)`` gives the hook of the connection's type. Its methods raise ``WaError`` with all
    secrets masked; a vendor that lacks what is asked for raises ``UnsupportedByVendor``.

    A further vendor needs a subclass with ``form`` and ``make_vendor``, and a connection type in the metadata of the
    package that brings it: every operator then works with it.

    :param wa_conn_id: the Airflow connection.
    """

    conn_name_attr = "wa_conn_id"
    form: ClassVar[ConnectionForm]
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
        self._vendor: Vendor | None = None
        self._settings: Settings | None = None

    @staticmethod
    def for_connection(conn_id: str) -> WaHook:
        """The hook for a connection, by its type.

        :raises AirflowNotFoundException: there is no such connection.
        :raises BadInput: the connection is of another type, or a field of it is missing or wrong.
        """
        return _hook_of(BaseHook.get_connection(conn_id))

    @staticmethod
    async def afor_connection(conn_id: str) -> WaHook:
        """The same on an event loop, in a trigger for instance, without blocking it."""
        from asgiref.sync import sync_to_async

        # Looking up, reading extras and masking secrets call the supervisor synchronously, which only a thread may do.
        return await sync_to_async(WaHook.for_connection)(conn_id)

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """The form's fields, for Airflow 3.1 and 3.2."""
        return cls.form.widgets

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """The form's labels, placeholders and hidden fields, for Airflow 3.1 and 3.2."""
        return cls.form.behaviour

    @abstractmethod
    def make_vendor(self, settings: Settings) -> Vendor:
        """The vendor for a connection's fields."""

    @property
    def vendor(self) -> Vendor:
        """The vendor's flows, for what has no method here: ``hook.run(hook.vendor.session())``."""
        self._load()
        assert self._vendor is not None
        return self._vendor

    @property
    def settings(self) -> Settings:
        """The connection's fields."""
        self._load()
        assert self._settings is not None
        return self._settings

    @property
    def endpoint(self) -> Endpoint:
        """How the vendor is reached."""
        return self.settings.endpoint(tuple({*self.settings.secrets, *self.vendor.secrets}))

    def channel(self) -> Channel:
        """A way to the vendor for a worker: a context manager."""
        return Channel(self.endpoint)

    def async_channel(self, *, concurrency: int | None = None, rate: float | None = None) -> AsyncChannel:
        """A way to the vendor for an event loop: an async context manager.

        :param concurrency: how many calls at once, in place of the connection's.
        :param rate: calls per second at most, in place of the connection's.
        """
        endpoint = self.endpoint
        endpoint = replace(endpoint, concurrency=concurrency or endpoint.concurrency, rate=rate or endpoint.rate)
        return AsyncChannel(endpoint)

    def run(self, flow: Flow[T]) -> T:
        """Carry out a flow of ``vendor`` and return what it returns."""
        with self.channel() as channel:
            return drive(flow, channel)

    async def arun(self, flow: Flow[T]) -> T:
        """Carry out a flow of ``vendor`` on this event loop."""
        async with self.async_channel(concurrency=1) as channel:
            return await adrive(flow, channel)

    def able(self, capability: type[C]) -> C:
        """The vendor as one that has ``capability``.

        :raises UnsupportedByVendor: it has not; the message names the connection types that have.
        """
        return require(self.vendor, capability, VENDORS)

    def check(self, number: str | int | Sequence[str | int]) -> list[CheckResult]:
        """Whether numbers are on WhatsApp, one result each; for long lists there is ``WaBulkCheckOperator``.

        :raises BadInput: one is not a valid phone number; nothing was asked then.
        """
        vendor = self.able(ChecksNumbers)
        spellings = [number] if isinstance(number, (str, int)) else number
        parsed = [numbers.parse(spelling, self.settings.default_region) for spelling in spellings]
        size = vendor.numbers_per_check
        with self.channel() as channel:
            parts = [parsed[start : start + size] for start in range(0, len(parsed), size)]
            return [result for part in parts for result in drive(both_forms.check(vendor, part), channel)]

    def send(self, to: str | int, message: Message | str, *, message_id: str | None = None) -> SentMessage:
        """Send a message to a phone number or a JID. Accepted is not delivered.

        Unlike the operators this sends whenever it is called: a task that is retried would message people again.

        :param message_id: the caller's own id, where the vendor lets it choose.
        :raises BadInput: the recipient is suppressed or invalid, or the message contains a secret.
        :raises OutcomeUnknown: it may or may not have gone out: do not simply send it again.
        """
        from airflow_provider_wa.connections.secrets import refuse_secrets
        from airflow_provider_wa.connections.suppression import refuse_suppressed

        recipient = numbers.recipient(to, self.settings.default_region)
        refuse_suppressed(recipient)
        content = Text(message) if isinstance(message, str) else message
        vendor = self.able(SendsMessages)
        require_message(vendor, content, VENDORS)
        refuse_secrets(content)
        return self.run(vendor.send(recipient, content, message_id=message_id))

    def session(self) -> Session:
        """The state of the WhatsApp account behind the connection."""
        return self.run(self.able(HasSession).session())

    def qr_code(self) -> QrCode:
        """The QR code to log in with. Whoever scans it owns the session: keep it out of logs and XCom."""
        return self.run(self.able(HasQrCode).qr_code())

    def message_status(self, message_id: str, *, to: str | None = None) -> DeliveryStatus:
        """Return the delivery status of a message; with ``to``, its recipient, some vendors find it sooner."""
        return self.run(self.able(ReportsDelivery).message_status(message_id, to=to))

    def delivery_report(
        self, *, since: datetime | None = None, until: datetime | None = None, limit: int | None = None
    ) -> list[DeliveryStatus]:
        """How the messages of some time fared, the oldest first."""
        return self.run(self.able(ReportsDeliveries).delivery_report(since=since, until=until, limit=limit))

    def inbox(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> list[InboxMessage]:
        """The messages of some time, or after the one with the id ``after``, the oldest first."""
        return self.run(self.able(HasInbox).inbox(since=since, until=until, after=after, limit=limit))

    def contacts(self) -> list[Contact]:
        """The account's contacts."""
        return self.run(self.able(ListsContacts).contacts())

    def groups(self) -> list[Group]:
        """The account's groups."""
        return self.run(self.able(ListsGroups).groups())

    def balance(self) -> Balance:
        """The credit left."""
        return self.run(self.able(HasBalance).balance())

    def connect(self) -> Session:
        """Connect to WhatsApp; fine if it is connected. Then scan the QR code, unless the login still holds."""
        return self.run(self.able(Connects).connect())

    def disconnect(self) -> None:
        """Leave WhatsApp and keep the login."""
        self.run(self.able(Connects).disconnect())

    def logout(self) -> None:
        """End the login: a new QR code must be scanned."""
        self.run(self.able(LogsOut).logout())

    def webhook(self) -> Webhook:
        """Where events go at present."""
        return self.run(self.able(SetsWebhook).webhook())

    def set_webhook(self, url: str, events: Sequence[str] = ()) -> Webhook:
        """Send events to ``url``: these kinds, or all that the vendor has."""
        return self.run(self.able(SetsWebhook).set_webhook(url, events))

    def mark_read(self, message_ids: Sequence[str], chat: str, sender: str | None = None) -> None:
        """Mark messages of a chat as read; ``sender`` is needed in a group."""
        self.run(self.able(MarksRead).mark_read(message_ids, chat, sender))

    def download(self, kind: str, reference: Mapping[str, Any]) -> MediaFile:
        """The file of an image, audio, video or document, by what the message said of it."""
        return self.run(self.able(DownloadsMedia).download(kind, reference))

    def test_connection(self) -> tuple[bool, str]:
        """Prove the credentials by a call that is free and changes nothing, where the vendor has one."""
        try:
            return True, self.run(self.vendor.probe())
        except (WaError, AirflowException) as error:
            return False, str(error)

    def _load(self) -> None:
        if self._vendor is None:
            self._configure(self.get_connection(self.wa_conn_id))

    def _configure(self, connection: Connection) -> None:
        settings = Settings(
            form=self.form,
            conn_id=self.wa_conn_id,
            host=connection.host or "",
            schema=connection.schema or "",
            port=connection.port,
            login=connection.login or "",
            password=connection.password or "",
            extra=connection.extra_dejson,
        )
        for secret in settings.secrets:
            mask_secret(secret)
        if unknown := settings.unknown_extras:
            known = ", ".join(extra.name for extra in self.form.extras)
            self.log.warning("Connection %r: unknown extras %s; known are: %s", self.wa_conn_id, unknown, known)
        settings.validate()
        self._vendor, self._settings = self.make_vendor(settings), settings


def _hook_of(connection: Connection) -> WaHook:
    try:
        hook = connection.get_hook()
    except AirflowException:
        hook = None
    if not isinstance(hook, WaHook):
        raise BadInput(
            f"connection {connection.conn_id!r} has type {connection.conn_type!r}; "
            f"WhatsApp connections have one of {', '.join(sorted(vendor.name for vendor in VENDORS))}"
        )
    hook._configure(connection)
    return hook
