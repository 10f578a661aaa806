# SPDX-License-Identifier: Apache-2.0
"""The connection type ``green_api``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_wa.api import numbers
from airflow_provider_wa.api.records import (
    Avatar,
    CheckResult,
    Contact,
    DeliveryStatus,
    Group,
    InboxMessage,
    Notification,
    SentMessage,
)
from airflow_provider_wa.connections.settings import Settings
from airflow_provider_wa.connections.suppression import refuse_suppressed
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.vendors.green_api import FORM
from airflow_provider_wa.vendors.green_api.client import GreenApi


class GreenApiHook(WaHook):
    """A Green-API instance. Host: its apiUrl; login: idInstance; password: apiTokenInstance; extra: its mediaUrl.

    The vendor finds a message by its id and its chat: give ``message_status`` the recipient as ``to``. Without it the
    id is looked for among the messages of the last 24 hours.
    """

    form = FORM

    @classmethod
    def make_vendor(cls, settings: Settings) -> GreenApi:
        instance_id = settings.required("login")
        if not instance_id.isdigit():
            raise settings.wrong("Instance id (login): not a number; expected digits only, for example 1101000001")
        return GreenApi(
            base_url=settings.base_url,
            instance_id=instance_id,
            token=settings.required("password"),
            media_url=settings.url("media_url"),
        )

    @property
    def green_api(self) -> GreenApi:
        """The vendor, typed."""
        assert isinstance(self.vendor, GreenApi)
        return self.vendor

    def check_chat(self, chat: str) -> CheckResult:
        """Check whether a JID is on WhatsApp, a LID for instance."""
        return self.run(self.green_api.check_chat(chat))

    def receive_notification(self, seconds: int = 5) -> Notification | None:
        """Return the oldest notification in the vendor's queue, or None if none comes within ``seconds`` (5 to 60).

        It comes again until ``delete_notification(it.receipt_id)``: call that once its content is safely stored.
        """
        return self.run(self.green_api.receive_notification(seconds))

    def delete_notification(self, receipt_id: int) -> bool:
        """Delete a notification from the vendor's queue. Return False if the queue no longer has it."""
        return self.run(self.green_api.delete_notification(receipt_id))

    def instance_settings(self) -> dict[str, Any]:
        """Return the instance's settings by their names, but not the webhook's URL and token, which may be secrets."""
        return self.run(self.green_api.instance_settings())

    def set_settings(self, values: Mapping[str, Any]) -> None:
        """Change settings by the vendor's names; it restarts the instance and applies them within 5 minutes."""
        self.run(self.green_api.set_settings(values))

    def delete_webhook(self) -> None:
        """Have notifications kept in the vendor's queue again, which answers after a minute."""
        self.run(self.green_api.delete_webhook())

    def delete_message(self, to: str | int, message_id: str, *, own_only: bool = False) -> None:
        """Delete a message that this account sent, for everybody in the chat; with ``own_only`` for itself alone."""
        self.run(self.green_api.delete_message(self._recipient(to), message_id, own_only=own_only))

    def forward(self, to: str | int, chat: str | int, message_ids: Sequence[str]) -> list[SentMessage]:
        """Forward messages of ``chat`` to a phone number or a JID. Each call forwards them again.

        :raises BadInput: the recipient is suppressed or invalid.
        """
        recipient = self._recipient(to)
        refuse_suppressed(recipient)
        return self.run(self.green_api.forward(recipient, self._recipient(chat), message_ids))

    def chat_history(self, chat: str | int, limit: int = 100) -> list[InboxMessage | DeliveryStatus]:
        """Return the last messages of a chat, the oldest first: received ones, and sent ones with their status."""
        return self.run(self.green_api.chat_history(self._recipient(chat), limit))

    def group_chats(self) -> list[Contact]:
        """Return the account's groups, each with id and name only; ``group`` has more."""
        return self.run(self.green_api.group_chats())

    def group(self, jid: str) -> Group:
        """Return a group with its members, by its JID (``...@g.us``)."""
        return self.run(self.green_api.group(jid))

    def avatar(self, who: str | int) -> Avatar:
        """Return the link to the picture of a person (a number or a JID) or of a group."""
        return self.run(self.green_api.avatar(self._recipient(who)))

    def _recipient(self, who: str | int) -> str:
        return numbers.recipient(who, self.settings.default_region)
