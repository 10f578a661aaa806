# SPDX-License-Identifier: Apache-2.0
"""The connection type ``green_api``."""

from __future__ import annotations

from airflow_provider_wa.api import numbers
from airflow_provider_wa.api.records import Avatar, CheckResult, Contact, Group, Notification
from airflow_provider_wa.connections.settings import Settings
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
        """Delete a notification from the vendor's queue; False if it was not there any more."""
        return self.run(self.green_api.delete_notification(receipt_id))

    def group_chats(self) -> list[Contact]:
        """Return the account's groups, each with id and name only; ``group`` has more."""
        return self.run(self.green_api.group_chats())

    def group(self, jid: str) -> Group:
        """Return a group with its members, by its JID (``...@g.us``)."""
        return self.run(self.green_api.group(jid))

    def avatar(self, who: str | int) -> Avatar:
        """Return the link to the picture of a person (a number or a JID) or of a group."""
        return self.run(self.green_api.avatar(numbers.recipient(who, self.settings.default_region)))
