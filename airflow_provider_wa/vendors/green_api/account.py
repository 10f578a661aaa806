# SPDX-License-Identifier: Apache-2.0
"""An account at Green-API: session, login, settings, webhook (field-notes; the vendor's public pages)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_wa.api.errors import SessionDown, UnexpectedReply
from airflow_provider_wa.api.flow import Flow
from airflow_provider_wa.api.json_fields import pick, png_bytes, text, truth
from airflow_provider_wa.api.records import QrCode, Session, SessionState, Webhook
from airflow_provider_wa.api.webhooks import Event, Post
from airflow_provider_wa.vendors.green_api import events, replies, settings
from airflow_provider_wa.vendors.green_api.calls import Calls
from airflow_provider_wa.vendors.green_api.tables import SETTINGS_MINUTES, TEXT_SETTINGS


class Account(Calls):
    """Session, login, settings and webhook of an instance."""

    def probe(self) -> Flow[str]:
        """Ask for the instance's state."""
        session = yield from self.session()
        return f"id and token are valid; the instance is {session.detail or 'starting'}"

    def session(self) -> Flow[Session]:
        """Return the instance's state (getStateInstance); an unknown state counts as starting."""
        reply = yield from self.ask(self._request("getStateInstance"))
        if "stateinstance" not in {key.casefold() for key in reply.object}:
            raise self.unexpected(reply, what="the reply has no state")
        return replies.session(pick(reply.object, "stateInstance"), reply.object)

    def qr_code(self) -> Flow[QrCode]:
        """Return the QR code to log in with (qr); it changes every 20 s.

        :raises SessionDown: there is no QR code: the account is logged in, or the error gives another reason.
        """
        reply = yield from self.ask(self._request("qr"))
        kind = text(pick(reply.object, "type")).casefold()
        if kind not in ("alreadylogged", "error"):
            png = png_bytes(pick(reply.object, "message")) if kind == "qrcode" else None
            if png is None:
                # The error does not quote the reply: it may contain a part of a QR code.
                raise UnexpectedReply("the reply is not a QR code", vendor=self.name, status=reply.status)
            return QrCode(vendor=self.name, png=png)
        why = "the account is logged in already" if kind == "alreadylogged" else "ask again in a moment"
        said = text(pick(reply.object, "message"))
        raise SessionDown(f"there is no QR code: {why} ({said or kind})", vendor=self.name, code=said or kind)

    def logout(self) -> Flow[None]:
        """End the account's login (logout); without effect if it is logged out.

        :raises SessionDown: the instance is starting, and the result is not known.
        """
        try:
            reply = yield from self.ask(self._request("logout"))
        except SessionDown:
            # A repeat after a lost reply gets this answer, too.
            session = yield from self.session()
            if session.state is SessionState.LOGGED_OUT:
                return
            raise
        if truth(pick(reply.object, "isLogout")) is not True:
            raise self.unexpected(reply, what="the reply does not say that the account was logged out")

    def instance_settings(self) -> Flow[dict[str, Any]]:
        """Return the instance's settings by their names (getSettings), without the webhook's URL and token.

        URL and token may be secrets; ``webhook`` returns the URL.
        """
        current = yield from self._settings()
        return {name: value for name, value in current.items() if name not in TEXT_SETTINGS}

    def set_settings(self, values: Mapping[str, Any]) -> Flow[None]:
        """Change settings of the instance (setSettings): the vendor restarts it and applies them within 5 minutes.

        :param values: settings by the vendor's names: switches ("yes", "no" or a boolean), ``webhookUrl``,
            ``webhookUrlToken``, ``delaySendMessagesMilliseconds``.
        :raises BadInput: the vendor does not have a setting or its value; raised before the call.
        """
        yield from self._save(settings.checked(values))

    def webhook(self) -> Flow[Webhook]:
        """Return the URL for notifications, and the settings of the active ones (getSettings)."""
        current = yield from self._settings()
        return replies.webhook(current)

    def set_webhook(self, url: str, events: Sequence[str] = ()) -> Flow[Webhook]:
        """Set the URL for notifications (getSettings; setSettings only for a change).

        The vendor restarts the instance and applies the settings within 5 minutes, as the result's ``warning`` says.

        :param events: settings such as ``incomingWebhook``, or the vendor's words for the notifications; all others are
            switched off. If empty, the useful ones are switched on and the others remain unchanged.
        :raises BadInput: the URL is invalid, or an event is unknown.
        """
        current = yield from self._settings()
        changed = settings.changes(settings.of_webhook(url, events, current), current)
        if not changed:
            return replies.webhook(current)
        yield from self._save(changed)
        found = yield from self._settings()
        warning = f"the vendor restarts the instance and applies the settings within {SETTINGS_MINUTES} minutes"
        if late := settings.changes(changed, found):
            warning += f"; it does not report these yet: {', '.join(late)}"
        return replies.webhook(found, warning)

    def delete_webhook(self) -> Flow[None]:
        """Return to notifications in the vendor's queue (setSettings); the queue answers after a minute."""
        yield from self._save({"webhookUrl": ""})

    def events(self, post: Post) -> list[Event]:
        """Return the event of a post to the webhook: a notification as in the queue. Unknown kinds are kept raw.

        :raises UnexpectedReply: the post is not a notification.
        """
        return events.events(post)

    def _settings(self) -> Flow[dict[str, Any]]:
        reply = yield from self.ask(self._request("getSettings"))
        if pick(reply.object, "webhookUrl", "incomingWebhook", "typeInstance") is None:
            raise self.unexpected(reply, what="the reply has no settings")
        return reply.object

    def _save(self, values: Mapping[str, str | int]) -> Flow[None]:
        """Change settings. A repeat is harmless."""
        reply = yield from self.ask(self._request("setSettings", body={**values}))
        if truth(pick(reply.object, "saveSettings")) is not True:
            raise self.unexpected(reply, what="the reply does not say that the settings were saved")
