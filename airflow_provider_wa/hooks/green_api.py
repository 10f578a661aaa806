# SPDX-License-Identifier: Apache-2.0
"""The connection type ``green_api``."""

from __future__ import annotations

from dataclasses import replace

from airflow_provider_wa.api import numbers
from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.records import Avatar, CheckResult, Contact, Group, Notification
from airflow_provider_wa.connections.settings import Settings
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.vendors.green_api import FORM
from airflow_provider_wa.vendors.green_api.client import GreenApi


class GreenApiHook(WaHook):
    """A Green-API instance. Host: its apiUrl; login: idInstance; password: apiTokenInstance; extra: its mediaUrl.

    The vendor finds a message by its id and its chat: ``message_status`` takes ``f"{sent.to}/{sent.message_id}"``, or
    the id alone, which it looks for among the messages of the last 24 hours.
    """

    form = FORM

    def make_vendor(self, settings: Settings) -> GreenApi:
        instance_id = settings.required("login")
        if not instance_id.isdigit():
            raise settings.wrong("Instance id (login) is to be digits only")
        return GreenApi(
            base_url=settings.base_url,
            instance_id=instance_id,
            token=settings.required("password"),
            media_url=_media_url(settings),
        )

    @property
    def green_api(self) -> GreenApi:
        """The vendor, typed."""
        assert isinstance(self.vendor, GreenApi)
        return self.vendor

    def check_chat(self, chat: str) -> CheckResult:
        """Whether a JID is on WhatsApp, a LID for instance."""
        return self.run(self.green_api.check_chat(chat))

    def receive_notification(self, seconds: int = 5) -> Notification | None:
        """The oldest notification of the vendor's queue, or None if none comes in so many seconds (5 to 60).

        It comes again until ``delete_notification(it.receipt_id)``: call that only once what it told is safely stored.
        """
        return self.run(self.green_api.receive_notification(seconds))

    def delete_notification(self, receipt_id: int) -> bool:
        """Take a notification out of the vendor's queue; False if it was not there any more."""
        return self.run(self.green_api.delete_notification(receipt_id))

    def group_chats(self) -> list[Contact]:
        """The account's groups, by id and name alone; ``group`` tells more of each."""
        return self.run(self.green_api.group_chats())

    def group(self, jid: str) -> Group:
        """A group and its members, by its JID (``...@g.us``)."""
        return self.run(self.green_api.group(jid))

    def avatar(self, who: str | int) -> Avatar:
        """Where the picture of a person (a number or a JID) or of a group is."""
        return self.run(self.green_api.avatar(numbers.recipient(who, self.settings.default_region)))


def _media_url(settings: Settings) -> str:
    """The extra ``media_url``, checked as the host is; empty if it is not set."""
    if not (url := settings.text("media_url")):
        return ""
    try:
        return replace(settings, host=url, schema="", port=None).base_url
    except BadInput:
        raise settings.wrong("media_url is to be a plain http or https URL, without credentials, ? and #") from None
