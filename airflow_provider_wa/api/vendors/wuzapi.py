# SPDX-License-Identifier: Apache-2.0
"""WuzAPI, a self-hosted server (vendor-docs/wuzapi; newer servers by the field notes)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from airflow_provider_wa.api.errors import BadInput, OutcomeUnknown, SessionDown
from airflow_provider_wa.api.flow import Effect, Flow, Reply, Request
from airflow_provider_wa.api.messages import (
    Audio,
    ContactCard,
    Document,
    Image,
    Location,
    Media,
    Message,
    Text,
    Video,
)
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.reading import moment, pick, png_bytes, text, truth
from airflow_provider_wa.api.records import (
    CheckResult,
    CheckStatus,
    QrCode,
    SentMessage,
    Session,
    SessionState,
)
from airflow_provider_wa.api.vendors.base import ErrorRule, Vendor, secret

SEND_TIMEOUT = 130.0
"""Seconds: sends are serialised per account and may take 75 s to be acknowledged (field-notes, WuzAPI)."""

EVENTS = ("Message", "ReadReceipt", "HistorySync", "ChatPresence")
"""The event types that a webhook can subscribe to."""

_LOGIN = "the WhatsApp session is not logged in: connect it and scan its QR code"

Body = dict[str, Any]


def _caption(message: Image | Video) -> Body:
    return {"Caption": message.caption} if message.caption else {}


def _media(media: Media, media_type: str | None = None) -> str:
    """A URL as it is (newer servers fetch it), bytes as a data URL."""
    if media.url is not None:
        return media.url
    encoded = base64.b64encode(media.content or b"").decode()
    return f"data:{media_type or media.media_type};base64,{encoded}"


def _degrees(degrees: float) -> float:
    # The server takes exactly 0 for missing; this is a centimetre from it.
    return degrees or 1e-7


def _text(message: Text) -> Body:
    return {"Body": message.body}


def _image(message: Image) -> Body:
    return {"Image": _media(message.media), **_caption(message)}


def _video(message: Video) -> Body:
    return {"Video": _media(message.media), **_caption(message)}


def _audio(message: Audio) -> Body:
    return {"Audio": _media(message.media, "audio/ogg")}


def _document(message: Document) -> Body:
    body = {"Document": _media(message.media, "application/octet-stream"), "FileName": message.media.filename}
    return body | ({"Caption": message.caption} if message.caption else {})


def _location(message: Location) -> Body:
    place = {"Latitude": _degrees(message.latitude), "Longitude": _degrees(message.longitude)}
    return place | ({"Name": message.name} if message.name else {})


def _contact(message: ContactCard) -> Body:
    return {"Name": message.name, "Vcard": message.vcard}


SENDS: dict[type[Message], tuple[str, Callable[[Any], Body]]] = {
    Text: ("/chat/send/text", _text),
    Image: ("/chat/send/image", _image),
    Audio: ("/chat/send/audio", _audio),
    Video: ("/chat/send/video", _video),
    Document: ("/chat/send/document", _document),
    Location: ("/chat/send/location", _location),
    ContactCard: ("/chat/send/contact", _contact),
}
"""For each message the endpoint that sends it and what makes its body."""


@dataclass(frozen=True, kw_only=True)
class WuzApi(Vendor):
    """One user of a WuzAPI server, known by the user's token."""

    name: ClassVar[str] = "wuzapi"
    numbers_per_check: ClassVar[int] = 50
    errors: ClassVar[tuple[ErrorRule, ...]] = (
        ErrorRule(SessionDown, _LOGIN, code="no session", part=True),
        ErrorRule(SessionDown, _LOGIN, code="websocket not connected", part=True),
        ErrorRule(SessionDown, _LOGIN, code="doesn't contain a device jid", part=True),
        ErrorRule(SessionDown, _LOGIN, code="not logged in", part=True),
        ErrorRule(OutcomeUnknown, "WhatsApp did not confirm the message in time: it may have gone out",
                  code="timed out waiting for message send response", part=True),
        ErrorRule(BadInput, "WhatsApp does not know the recipient", code="no lid found for", part=True),
        ErrorRule(BadInput, "the recipient's JID has no known server", code="unknown server", part=True),
        ErrorRule(BadInput, "the server could not read the file", code="could not decode", part=True),
        ErrorRule(BadInput, "the session is in another state already", status=409),
    )  # fmt: skip

    token: str = secret()

    def error_code(self, reply: Reply) -> str | None:
        """The envelope's error text. ``success`` is not to be trusted: HTTP 500 comes with true (field-notes)."""
        if reply.status < 300:
            return None if "data" in reply.object else ""
        return text(pick(reply.object, "error")) or (reply.text.strip()[:200] if reply.json is None else "")

    def probe(self) -> Flow[str]:
        """Ask for the session's state."""
        session = yield from self.session()
        return f"the token is valid; the WhatsApp session is {session.state.value.replace('_', ' ')}"

    def session(self) -> Flow[Session]:
        """The session's state (GET /session/status)."""
        try:
            data, reply = yield from self._get("/session/status")
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
            raw=data,
        )

    def connect(self, events: Sequence[str] = EVENTS, *, immediate: bool = True) -> Flow[Session]:
        """Connect to WhatsApp (POST /session/connect) and tell the session's state; fine if it is connected.

        :param events: what the webhook gets. Always sent: without it older servers wipe the subscriptions.
        :param immediate: answer at once; otherwise the server waits up to 10 s to see the login hold.
        """
        body = {"Subscribe": list(events), "Immediate": immediate}
        yield from self.ask(self._request("POST", "/session/connect", body), accept=(409,))
        session = yield from self.session()
        return session

    def disconnect(self) -> Flow[None]:
        """Leave WhatsApp and keep the login (POST /session/disconnect)."""
        yield from self.ask(self._request("POST", "/session/disconnect", {}))

    def logout(self) -> Flow[None]:
        """Leave WhatsApp and end the login: a new QR code must be scanned (POST /session/logout)."""
        yield from self.ask(self._request("POST", "/session/logout", {}))

    def qr_code(self) -> Flow[QrCode]:
        """The QR code to log in with (GET /session/qr).

        :raises SessionDown: there is none: not connected, logged in already, or connected a moment ago.
        """
        data, reply = yield from self._get("/session/qr")
        png = png_bytes(pick(data, "QRCode"))
        if png is None:
            session = yield from self.session()
            state = "is logged in already" if session.logged_in else "has no QR code yet: ask again in a moment"
            raise SessionDown(f"the session {state}", vendor=self.name, status=reply.status)
        return QrCode(vendor=self.name, png=png)

    def check(self, numbers: Sequence[PhoneNumber]) -> Flow[list[CheckResult]]:
        """Whether numbers are on WhatsApp, many in one call (POST /user/check).

        Entries may be missing, out of order and with a JID that is no phone number: they are matched by ``Query``.
        """
        body = {"Phone": [number.digits for number in numbers]}
        reply = yield from self.ask(self._request("POST", "/user/check", body))
        users = pick(pick(reply.object, "data"), "Users")
        if not isinstance(users, list):
            raise self.unexpected(reply, what="the reply to a check lists no users")
        found = {text(pick(user, "Query")).lstrip("+"): user for user in users}
        return [self._check_result(number, found.get(number.digits)) for number in numbers]

    def send(self, to: str, message: Message, *, message_id: str | None = None) -> Flow[SentMessage]:
        """Send a message (POST /chat/send/*).

        :param message_id: the caller's own id, which makes a repeat the same message to WhatsApp.
        :raises BadInput: this kind of message has no endpoint here.
        """
        route = SENDS.get(type(message))
        if route is None:
            raise BadInput(f"no {message.type} messages with this vendor", vendor=self.name)
        path, make = route
        body = {"Phone": to, **make(message)} | ({"Id": message_id} if message_id else {})
        request = self._request("POST", path, body, effect=Effect.SEND, timeout=SEND_TIMEOUT)
        reply = yield from self.ask(request)
        data = pick(reply.object, "data")
        sent_id = text(pick(data, "Id")) or message_id
        if not sent_id:
            raise self.unexpected(reply, Effect.SEND, "the reply to a send has no message id")
        timestamp = moment(pick(data, "Timestamp"))
        return SentMessage(vendor=self.name, message_id=sent_id, to=to, timestamp=timestamp, raw=data)

    def _check_result(self, number: PhoneNumber, user: Any) -> CheckResult:
        known = truth(pick(user, "IsInWhatsapp"))
        status = CheckStatus.of(known)
        detail = text(pick(user, "VerifiedName"))
        if status is CheckStatus.UNKNOWN:
            detail = "the server left the number out of its answer" if user is None else "the answer says neither"
        jid = text(pick(user, "JID")) or None if known else None
        return CheckResult(vendor=self.name, number=number.digits, status=status, jid=jid, detail=detail, raw=user)

    def _get(self, path: str) -> Flow[tuple[Any, Reply]]:
        reply = yield from self.ask(self._request("GET", path))
        return pick(reply.object, "data"), reply

    def _request(self, method: str, path: str, body: Body | None = None, **options: Any) -> Request:
        return Request(method, path, headers={"Token": self.token}, json=body, **options)
