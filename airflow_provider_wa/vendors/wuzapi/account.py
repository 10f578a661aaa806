# SPDX-License-Identifier: Apache-2.0
"""A user's account at WuzAPI: session, login, webhook (vendor-docs/wuzapi; newer servers by the field notes)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from airflow_provider_wa.api.errors import (
    BadInput,
    OutcomeUnknown,
    SessionDown,
    UnexpectedReply,
    VendorUnavailable,
    WaError,
)
from airflow_provider_wa.api.flow import Effect, Flow, exchange
from airflow_provider_wa.api.json_fields import pick, png_bytes, text, truth
from airflow_provider_wa.api.records import LinkingCode, QrCode, Session, SessionState, Webhook
from airflow_provider_wa.api.webhooks import Event, Post, RawPost
from airflow_provider_wa.vendors.wuzapi import events, replies, signatures
from airflow_provider_wa.vendors.wuzapi.calls import Calls
from airflow_provider_wa.vendors.wuzapi.tables import CONNECT_TIMEOUT, EVENTS, HMAC_CHARACTERS, KNOWN_EVENTS, STATUS


class Account(Calls):
    """Methods for session, login and webhook of a user."""

    def probe(self) -> Flow[str]:
        """Ask for the session's state, and for the server's version if the server reports it."""
        session = yield from self.session()
        version = yield from self.server_version()
        server = f"; the server's version is {version}" if version else ""
        return f"the token is valid; the WhatsApp session is {session.state.value.replace('_', ' ')}{server}"

    def server_version(self) -> Flow[str | None]:
        """Return the server's version (GET /health); None for older servers, which do not report it."""
        try:
            reply = yield from exchange(self._request("GET", "/health"))
        except WaError:
            return None
        return (text(pick(reply.object, "version")) or None) if reply.status == 200 else None

    def session(self) -> Flow[Session]:
        """Return the session's state (GET /session/status)."""
        try:
            data, reply = yield from self._data(self._request("GET", STATUS))
        except SessionDown as error:
            # The reply "no session" of a user that never connected is a state, not a failure.
            return Session(vendor=self.name, state=SessionState.LOGGED_OUT, detail=error.code or "", raw=error.raw)
        found = replies.session(data)
        if found is None:
            raise self.unexpected(reply, what="the reply has no login state")
        return found

    def connect(self, events: Sequence[str] = (), *, immediate: bool = True) -> Flow[Session]:
        """Connect to WhatsApp (POST /session/connect) and return the session's state; no error if it is connected.

        The request is never repeated: each one starts another client in the server.

        :param events: event types for the webhook, replacing the present ones. By default the present ones remain, or
            ``tables.EVENTS`` are set if there are none.
        :param immediate: return immediately; otherwise the server waits 10 s to check that the connection is stable.
        :raises VendorUnavailable: the session is not connected, and the server did not report a reason.
        """
        wanted = self._events(events) or (yield from self.webhook()).events or EVENTS
        body = {"Subscribe": [*wanted], "Immediate": immediate}
        request = self._request("POST", "/session/connect", body, effect=Effect.SEND, timeout=CONNECT_TIMEOUT)
        failure: WaError | None = None
        try:
            yield from self.ask(request)
        except WaError as error:
            if "already connected" in (error.code or "").casefold():
                yield from self._subscribe(self._events(events))
            elif isinstance(error, OutcomeUnknown):
                failure = error
            else:
                raise
        session = yield from self.session()
        if failure and not truth(pick(session.raw, "connected")):
            raise VendorUnavailable(
                f"connect: the session is not connected, and the server gave no clear answer ({failure.message})",
                vendor=self.name, status=failure.status,
            )  # fmt: skip
        return session

    def _subscribe(self, events: Sequence[str]) -> Flow[None]:
        """Add event types to the webhook: the server ignores them in the connect request of a connected session."""
        if not events:
            return
        current = yield from self.webhook()
        if {*events} - {*current.events}:
            body = {"webhookURL": current.url, "events": [*events]}
            yield from self.ask(self._request("POST", "/webhook", body))

    def disconnect(self) -> Flow[None]:
        """Disconnect from WhatsApp and keep the login (POST /session/disconnect); no error if it is not connected."""
        try:
            yield from self.ask(self._request("POST", "/session/disconnect", {}))
        except SessionDown:
            return

    def logout(self) -> Flow[None]:
        """End the login: a new QR code must be scanned (POST /session/logout).

        :raises SessionDown: the session is not connected; only a connected session can end its login.
        """
        try:
            yield from self.ask(self._request("POST", "/session/logout", {}))
        except SessionDown as error:
            if "not logged in" not in (error.code or "").casefold():
                raise

    def qr_code(self) -> Flow[QrCode]:
        """Return the QR code to log in with (GET /session/qr).

        :raises SessionDown: there is no QR code: not connected, logged in already, or connected a moment ago.
        """
        data, reply = yield from self._data(self._request("GET", "/session/qr"))
        png = png_bytes(pick(data, "QRCode"))
        if png is None:
            session = yield from self.session()
            state = "is logged in already" if session.logged_in else "has no QR code yet: ask again in a moment"
            raise SessionDown(f"the session {state}", vendor=self.name, status=reply.status)
        return QrCode(vendor=self.name, png=png)

    def pair_phone(self, phone: str) -> Flow[LinkingCode]:
        """Return a pairing code, to type into the phone instead of scanning the QR code (POST /session/pairphone).

        The session must be connected. A further call returns a new code and makes the previous code invalid.

        :param phone: the account's own number, digits with country code.
        :raises BadInput: ``phone`` is not a number, or the session is logged in already.
        """
        if not re.fullmatch(r"\+?[0-9]{5,20}", phone):
            raise BadInput(f"phone: {phone[:40]!r} is not a phone number; expected 5 to 20 digits", vendor=self.name)
        request = self._request("POST", "/session/pairphone", {"Phone": phone.lstrip("+")})
        data, reply = yield from self._data(request)
        code = text(pick(data, "LinkingCode"))
        if not code:
            raise self.unexpected(reply, what="the reply has no linking code")
        return LinkingCode(vendor=self.name, code=code)

    def webhook(self) -> Flow[Webhook]:
        """Return the URL and the event types of the webhook (GET /webhook)."""
        data, reply = yield from self._mapping(self._request("GET", "/webhook"))
        if not replies.has(data, "webhook"):
            raise self.unexpected(reply, what="the reply has no webhook")
        return replies.webhook(data, text(pick(data, "webhook")), pick(data, "subscribe"))

    def set_webhook(self, url: str, events: Sequence[str] = ()) -> Flow[Webhook]:
        """Send events to ``url`` (POST /webhook), and read the stored webhook back.

        With ``hmac_secret`` the server gets the key first, and signs its posts from then on (POST
        /session/hmac/config). The types are always in the request: without them the server would post no events.

        :param events: event types; ``tables.EVENTS`` by default.
        :raises BadInput: an event type is unknown to us or to the server, or the key is too short.
        """
        wanted = self._events(events) or EVENTS
        body = {"webhookURL": self._url(url), "events": [*wanted]}
        if self.hmac_secret:
            yield from self._set_key()
        yield from self.ask(self._request("POST", "/webhook", body))
        found = yield from self._as_set(url, wanted if events else ())
        return found

    def update_webhook(self, url: str, events: Sequence[str] = (), *, active: bool = True) -> Flow[Webhook]:
        """Change the webhook (PUT /webhook), and read it back. With ``active`` off the server deletes URL and events.

        :raises BadInput: an event type is unknown to us or to the server.
        """
        wanted = self._events(events) or EVENTS
        body = {"webhook": self._url(url), "events": [*wanted], "active": active}
        yield from self.ask(self._request("PUT", "/webhook", body))
        found = yield from self._as_set(url if active else "", wanted if active and events else ())
        return found

    def delete_webhook(self) -> Flow[None]:
        """Delete the webhook and its events (DELETE /webhook)."""
        yield from self.ask(self._request("DELETE", "/webhook"))

    def verify(self, post: RawPost) -> None:
        """Check the signature of a post, if the connection has a key for it.

        :raises Unauthorized: the signature is missing or wrong.
        """
        if self.hmac_secret:
            signatures.check(post, self.hmac_secret)

    def events(self, post: Post) -> list[Event]:
        """Return the events of a webhook's post: an incoming message, or the delivery of sent messages.

        One receipt may be for many messages. Events about this account's own writing and reading are kept raw, and so
        are all other types.

        :raises UnexpectedReply: the post has no type.
        """
        return events.events(post)

    def _set_key(self) -> Flow[None]:
        if (length := len(self.hmac_secret.encode())) < HMAC_CHARACTERS:
            raise BadInput(
                f"hmac_secret: it has {length} characters; the server takes {HMAC_CHARACTERS} or more",
                vendor=self.name,
            )
        # The answer has no envelope.
        request = self._request("POST", "/session/hmac/config", {"hmac_key": self.hmac_secret})
        reply = yield from self.ask(request, accept=(200,))
        if pick(reply.object, "Details") is None and pick(reply.object, "data") is None:
            raise self.unexpected(reply, what="the reply does not say that the key was saved")

    def _as_set(self, url: str, events: Sequence[str]) -> Flow[Webhook]:
        """Return the webhook of the server, after a check of its URL and for dropped event types."""
        found = yield from self.webhook()
        if found.url != url:
            raise UnexpectedReply("webhook: the server has another URL than the one that was set", vendor=self.name)
        if missing := [event for event in events if event not in found.events]:
            raise BadInput(
                f"events: this server does not know {', '.join(missing)}; "
                f"it posts {', '.join(found.events) or 'nothing'} now",
                vendor=self.name,
            )
        return found

    def _events(self, events: Sequence[str]) -> tuple[str, ...]:
        """Return checked event types, each once: the server drops unknown types without an error."""
        if isinstance(events, str):
            raise BadInput("events: got a text; expected a list of event types", vendor=self.name)
        if unknown := [str(event)[:40] for event in events if event not in KNOWN_EVENTS]:
            raise BadInput(f"events: unknown {', '.join(map(repr, unknown))}; expected some of "
                           f"{', '.join(KNOWN_EVENTS)}", vendor=self.name)  # fmt: skip
        return tuple(dict.fromkeys(events))

    def _url(self, url: str) -> str:
        if not re.match(r"https?://[^/\s]", url):
            raise BadInput("webhook: the URL must begin with http:// or https:// and a host", vendor=self.name)
        return url
