# SPDX-License-Identifier: Apache-2.0
"""The connection type ``wuzapi``."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_wa.api import jids, numbers
from airflow_provider_wa.api.messages import Media
from airflow_provider_wa.api.records import Avatar, Group, LinkingCode, SentMessage, Session, UserInfo, Webhook
from airflow_provider_wa.connections.identities import learn
from airflow_provider_wa.connections.settings import Settings
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.vendors.wuzapi import FORM
from airflow_provider_wa.vendors.wuzapi.client import WuzApi


class WuzApiHook(WaHook):
    """A user of a self-hosted WuzAPI server. Host: the server's URL; password: the user's token."""

    form = FORM

    @classmethod
    def make_vendor(cls, settings: Settings) -> WuzApi:
        return WuzApi(
            base_url=settings.base_url, token=settings.required("password"), hmac_secret=settings.extras["hmac_secret"]
        )

    @property
    def wuzapi(self) -> WuzApi:
        """The vendor, typed."""
        assert isinstance(self.vendor, WuzApi)
        return self.vendor

    def connect(self, events: Sequence[str] = (), *, immediate: bool = True) -> Session:
        """Connect to WhatsApp, if it is not connected yet. Then scan the QR code, unless the login is still valid.

        :param events: kinds of events that are posted to the webhook; unchanged by default.
        :param immediate: do not wait 10 s to check that the connection is stable.
        """
        return self.run(self.wuzapi.connect(events, immediate=immediate))

    def pair_phone(self, phone: str | int) -> LinkingCode:
        """Return a pairing code, to type into the phone instead of scanning the QR code. Keep it out of logs and XCom.

        :param phone: the account's own number.
        """
        return self.run(self.wuzapi.pair_phone(numbers.parse(phone, self.settings.default_region).digits))

    def update_webhook(self, url: str, events: Sequence[str] = (), *, active: bool = True) -> Webhook:
        """Change the webhook. With ``active`` off the server forgets URL and events."""
        return self.run(self.wuzapi.update_webhook(url, events, active=active))

    def delete_webhook(self) -> None:
        """Forget the webhook and its events."""
        self.run(self.wuzapi.delete_webhook())

    def server_version(self) -> str | None:
        """Return the server's version, None for an old server that does not report it."""
        return self.run(self.wuzapi.server_version())

    def keep_history(self, messages_per_chat: int) -> None:
        """Make the server keep this number of messages of each chat, from now on; without it no inbox can be pulled."""
        self.run(self.wuzapi.keep_history(messages_per_chat))

    def block(self, who: str | int) -> None:
        """Block a person."""
        self.run(self.wuzapi.block(self._recipient(who)))

    def unblock(self, who: str | int) -> None:
        """Unblock a person."""
        self.run(self.wuzapi.unblock(self._recipient(who)))

    def user_info(self, users: Sequence[str | int]) -> list[UserInfo]:
        """Return WhatsApp's information about accounts, by numbers or JIDs; unknown accounts are left out."""
        return self.run(self.wuzapi.user_info([self._recipient(user) for user in users]))

    def avatar(self, who: str | int, *, preview: bool = False) -> Avatar:
        """Return the link to the picture of a person or a group, to the small one with ``preview``."""
        return self.run(self.wuzapi.avatar(self._recipient(who), preview=preview))

    def lid(self, who: str | int) -> str | None:
        """Return the LID that WhatsApp uses instead of a number, None if this account does not know it.

        The pair is stored: from then on, both names are treated as one person.
        """
        number = self._recipient(who)
        found = self.run(self.wuzapi.lid(number))
        if found:
            learn({jids.without_device(found): number})
        return found

    def delete_message(self, to: str | int, message_id: str) -> SentMessage:
        """Delete a message that this account sent, for everybody in the chat."""
        return self.run(self.wuzapi.delete_message(self._recipient(to), message_id))

    def presence(self, to: str | int, state: str = "composing", *, audio: bool = False) -> None:
        """Show in a chat that this account is ``composing`` or has ``paused``; with ``audio``, that it is recording."""
        self.run(self.wuzapi.presence(self._recipient(to), state, audio=audio))

    def group_info(self, group: str) -> Group:
        """Return a group with its members, by its JID."""
        return self.run(self.wuzapi.group_info(group))

    def invite_link(self, group: str) -> str:
        """Return the link that invites into a group."""
        return self.run(self.wuzapi.invite_link(group))

    def set_group_photo(self, group: str, photo: Media) -> str:
        """Set a group's picture, a JPEG, and return the picture's id."""
        return self.run(self.wuzapi.set_group_photo(group, photo))

    def set_group_name(self, group: str, name: str) -> None:
        """Set a group's name."""
        self.run(self.wuzapi.set_group_name(group, name))

    def _recipient(self, who: str | int) -> str:
        return numbers.recipient(who, self.settings.default_region)
