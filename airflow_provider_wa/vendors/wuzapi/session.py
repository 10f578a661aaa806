# SPDX-License-Identifier: Apache-2.0
"""WuzAPI's session and webhook endpoints (vendor-docs/wuzapi, webhook and session)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_wa.api.errors import BadInput, SessionDown
from airflow_provider_wa.api.flow import Flow
from airflow_provider_wa.api.json_fields import pick, png_bytes, text, truth
from airflow_provider_wa.api.records import LinkingCode, QrCode, Session, SessionState, Webhook
from airflow_provider_wa.vendors.wuzapi.base import WuzApiBase, has, required

EVENTS = ("Message", "ReadReceipt", "HistorySync", "ChatPresence")
"""The event types that a webhook can subscribe to on every server."""

_LOGIN_SECRETS = ("qrcode", "token")


class Sessions(WuzApiBase):
    """The WhatsApp account behind the token, and where its events go."""

    def probe(self) -> Flow[str]:
        """Ask for the session's state."""
        session = yield from self.session()
        return f"the token is valid; the WhatsApp session is {session.state.value.replace('_', ' ')}"

    def session(self) -> Flow[Session]:
        """The session's state (GET /session/status)."""
        try:
            data, reply = yield from self.data(self.request("GET", "/session/status"))
        except SessionDown as error:
            # A user that never connected answers "no session": an answer to this question, not a failure.
            return Session(vendor=self.name, state=SessionState.LOGGED_OUT, detail=error.code or "", raw=error.raw)
        connected, logged_in = truth(pick(data, "connected")), truth(pick(data, "loggedIn"))
        if connected is None and logged_in is None:
            raise self.unexpected(reply, what="the reply tells no login state")
        if connected and logged_in:
            state, detail = SessionState.LOGGED_IN, "connected"
        elif connected:
            state, detail = SessionState.LOGGED_OUT, "connected, its QR code is not scanned yet"
        else:
            state, detail = SessionState.LOGGED_OUT, "not connected"
        return Session(
            vendor=self.name,
            state=state,
            detail=detail,
            jid=text(pick(data, "jid")) or None,
            name=text(pick(data, "name")) or None,
            # Newer servers repeat the token here, and the code that logs the session in.
            raw={name: value for name, value in data.items() if str(name).casefold() not in _LOGIN_SECRETS},
        )

    def connect(self, events: Sequence[str] = EVENTS, *, immediate: bool = True) -> Flow[Session]:
        """Connect to WhatsApp (POST /session/connect) and tell the session's state; fine if it is connected.

        :param events: what the webhook gets. Always sent: without it older servers wipe the subscriptions.
        :param immediate: answer at once; otherwise the server waits up to 10 s to see the login hold.
        """
        body = {"Subscribe": self._events(events), "Immediate": immediate}
        yield from self.ask(self.request("POST", "/session/connect", body), accept=(409,))
        session = yield from self.session()
        return session

    def disconnect(self) -> Flow[None]:
        """Leave WhatsApp and keep the login (POST /session/disconnect); fine if it is not connected."""
        try:
            yield from self.ask(self.request("POST", "/session/disconnect", {}))
        except SessionDown:
            return

    def logout(self) -> Flow[None]:
        """Leave WhatsApp and end the login: a new QR code must be scanned (POST /session/logout).

        :raises SessionDown: it is not connected, and only a connected session can end its login.
        """
        try:
            yield from self.ask(self.request("POST", "/session/logout", {}))
        except SessionDown as error:
            if "not logged in" not in (error.code or "").casefold():
                raise

    def qr_code(self) -> Flow[QrCode]:
        """The QR code to log in with (GET /session/qr).

        :raises SessionDown: there is none: not connected, logged in already, or connected a moment ago.
        """
        data, reply = yield from self.data(self.request("GET", "/session/qr"))
        png = png_bytes(pick(data, "QRCode"))
        if png is None:
            session = yield from self.session()
            state = "is logged in already" if session.logged_in else "has no QR code yet: ask again in a moment"
            raise SessionDown(f"the session {state}", vendor=self.name, status=reply.status)
        return QrCode(vendor=self.name, png=png)

    def pair_phone(self, phone: str) -> Flow[LinkingCode]:
        """A code to type into the phone in place of scanning the QR code (POST /session/pairphone).

        The session must be connected. A further call makes a further code, and the one before it void.

        :param phone: the account's own number, digits with country code.
        :raises BadInput: the number is none, or the session is logged in already.
        """
        if not re.fullmatch(r"\+?[0-9]{5,20}", phone):
            raise BadInput(f"phone: {phone[:40]!r} is not the digits of a phone number", vendor=self.name)
        request = self.request("POST", "/session/pairphone", {"Phone": phone.lstrip("+")})
        data, reply = yield from self.data(request)
        code = text(pick(data, "LinkingCode"))
        if not code:
            raise self.unexpected(reply, what="the reply has no linking code")
        return LinkingCode(vendor=self.name, code=code)

    def webhook(self) -> Flow[Webhook]:
        """Where events go at present, and which ones (GET /webhook)."""
        data, reply = yield from self.mapping(self.request("GET", "/webhook"))
        if not has(data, "webhook"):
            raise self.unexpected(reply, what="the reply names no webhook")
        return self._webhook(data, text(pick(data, "webhook")), pick(data, "subscribe"))

    def set_webhook(self, url: str, events: Sequence[str] = ()) -> Flow[Webhook]:
        """Send events to ``url`` (POST /webhook): these kinds, or all four that every server has.

        They are always sent along: without them newer servers blank the subscriptions.
        """
        wanted = self._events(events or EVENTS)
        body = {"webhookURL": self._url(url), "events": wanted}
        data, _ = yield from self.mapping(self.request("POST", "/webhook", body))
        return self._webhook(data, text(pick(data, "webhook")) or url, wanted)

    def update_webhook(self, url: str, events: Sequence[str] = (), *, active: bool = True) -> Flow[Webhook]:
        """Change the webhook (PUT /webhook). With ``active`` off the server forgets URL and events."""
        wanted = self._events(events or EVENTS)
        body = {"webhook": self._url(url), "events": wanted, "active": active}
        data, _ = yield from self.mapping(self.request("PUT", "/webhook", body))
        return self._webhook(data, text(pick(data, "webhook")) or url, wanted) if active else self._webhook(data)

    def delete_webhook(self) -> Flow[None]:
        """Forget the webhook and its events (DELETE /webhook)."""
        yield from self.ask(self.request("DELETE", "/webhook"))

    def _webhook(self, raw: Mapping[str, Any], url: str = "", events: Any = ()) -> Webhook:
        if isinstance(events, str):
            events = events.split(",")
        # Where there is none, the server's list has one empty text.
        names = [text(event) for event in events] if isinstance(events, (list, tuple)) else []
        return Webhook(vendor=self.name, url=url, events=tuple(name for name in names if name), raw=raw)

    def _events(self, events: Sequence[str]) -> list[str]:
        if isinstance(events, str):
            raise BadInput("events takes a list of event types, not a text", vendor=self.name)
        return [required(event, "events: an event type") for event in events]

    def _url(self, url: str) -> str:
        if not re.match(r"https?://[^/\s]", url):
            raise BadInput("webhook: the URL must begin with http:// or https:// and a host", vendor=self.name)
        return url
