# SPDX-License-Identifier: Apache-2.0
"""The portal that resellers run under their own hosts, "HTTP API 2.0" (vendor-docs/wa_portal)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from airflow_provider_wa.api.errors import (
    BadInput,
    QuotaExceeded,
    SessionDown,
    Unauthorized,
    VendorUnavailable,
    WaError,
)
from airflow_provider_wa.api.flow import Effect, Flow, Reply, Request, Upload
from airflow_provider_wa.api.messages import (
    Audio,
    ContactCard,
    Document,
    Image,
    Location,
    MediaMessage,
    Message,
    Text,
    Video,
)
from airflow_provider_wa.api.reading import moment, pick, png_bytes, text, truth, whole_number
from airflow_provider_wa.api.records import (
    Balance,
    DeliveryState,
    DeliveryStatus,
    QrCode,
    SentMessage,
    Session,
    SessionState,
)
from airflow_provider_wa.api.vendors.base import ErrorRule, Vendor, secret

TEXT_BYTES = 2000
UPLOAD_BYTES = 3 * 1024 * 1024
CONTACT_NAME_CHARACTERS = 30
URL_CHARACTERS = 2000
"""Some hosts cut a URL at 2,048 characters (field-notes, Portal): longer parameters go into the body."""

DELIVERY_STATES: Mapping[int, DeliveryState] = {
    1: DeliveryState.SENT,
    3: DeliveryState.DELIVERED,
    4: DeliveryState.READ,
}
"""``statusMessage`` of an outgoing message: the numbers that were seen (field-notes, Portal); others stay raw."""

SUBMISSION_STATES: Mapping[int, DeliveryState] = {1: DeliveryState.SENT}
"""``status`` of an outgoing message, which tells of its submission alone: no number of it means delivered."""

Parameters = dict[str, str]


def _limit(name: str, value: str, length: int, limit: int, unit: str) -> str:
    if length > limit:
        raise BadInput(f"{name} has {length:,} {unit}; the portal takes at most {limit:,}", vendor=WaPortal.name)
    return value


def _message_text(name: str, value: str) -> str:
    return _limit(name, value, len(value.encode()), TEXT_BYTES, "bytes")


def _text(message: Text) -> Parameters:
    return {"message": _message_text("text", message.body)}


def _file(message: MediaMessage) -> Parameters:
    """The link and the caption; a file's bytes travel as an upload."""
    if message.media.content is not None:
        _limit("the file", "", len(message.media.content), UPLOAD_BYTES, "bytes")
    link = {"link": message.media.url} if message.media.url is not None else {}
    return link | ({"message": _message_text("caption", message.caption)} if message.caption else {})


def _location(message: Location) -> Parameters:
    if not message.name:
        raise BadInput("location: the portal needs a name", vendor=WaPortal.name)
    optional = {"address": message.address, "url": message.url}
    return {
        "degreesLatitude": repr(message.latitude),
        "degreesLongitude": repr(message.longitude),
        "name": message.name,
        **{name: value for name, value in optional.items() if value},
    }


def _contact(message: ContactCard) -> Parameters:
    name = _limit("contact: name", message.name, len(message.name), CONTACT_NAME_CHARACTERS, "characters")
    organization = {"contactOrganization": message.organization} if message.organization else {}
    return {"contactName": name, "contactPhone": re.sub(r"\D", "", message.phone), **organization}


SENDS: dict[type[Message], tuple[str, Callable[[Any], Parameters]]] = {
    Text: ("/api/sendText", _text),
    Image: ("/api/sendFiles", _file),
    Audio: ("/api/sendFiles", _file),
    Video: ("/api/sendFiles", _file),
    Document: ("/api/sendFiles", _file),
    Location: ("/api/sendLocation", _location),
    ContactCard: ("/api/sendContact", _contact),
}
"""For each message the endpoint that sends it and what makes its parameters."""

_CREDENTIALS = "the instance token was refused: check the connection"
_QUOTA = "credit is used up: recharge the instance"


@dataclass(frozen=True, kw_only=True)
class WaPortal(Vendor):
    """One instance at a portal, known by its token."""

    name: ClassVar[str] = "wa_portal"
    errors: ClassVar[tuple[ErrorRule, ...]] = (
        ErrorRule(Unauthorized, _CREDENTIALS, code="invalid object id"),
        ErrorRule(Unauthorized, _CREDENTIALS, code="01"),
        ErrorRule(Unauthorized, "the client is not known: check the connection", code="02"),
        ErrorRule(Unauthorized, "the instance is not known: check the connection", code="03"),
        ErrorRule(BadInput, "the number is not on WhatsApp, or the instance is not connected", code="04"),
        ErrorRule(QuotaExceeded, _QUOTA, code="05"),
        ErrorRule(QuotaExceeded, _QUOTA, code="06"),
        ErrorRule(QuotaExceeded, _QUOTA, code="07"),
        ErrorRule(BadInput, "the portal could not save the file", code="08"),
        ErrorRule(BadInput, "the link is not valid or there is no file behind it", code="09"),
        ErrorRule(BadInput, "the portal could not download the file, or does not take its type", code="10"),
        ErrorRule(BadInput, "the portal does not know this type of file", code="11"),
        ErrorRule(BadInput, "a parameter could not be read", code="12"),
        ErrorRule(BadInput, "a required parameter is missing", code="13"),
        ErrorRule(BadInput, "the portal has no data on this", code="14"),
        ErrorRule(VendorUnavailable, "the QR code could not be made: ask again in a moment", code="15"),
        ErrorRule(Unauthorized, _CREDENTIALS, status=401),
        ErrorRule(VendorUnavailable, "the portal's service hangs", status=403),
    )

    token: str = secret()

    def error_code(self, reply: Reply) -> str | None:
        """The two digits of a documented error, else the portal's words; an error may come with HTTP 200."""
        body = reply.object
        status, message = text(pick(body, "status")).casefold(), text(pick(body, "message"))
        if reply.status < 300 and status in ("success", "qrcode"):
            return None
        documented = re.match(r"(\d\d)\s*-", message)
        return documented[1] if documented else message

    def error_in(self, reply: Reply, effect: Effect) -> WaError | None:
        """As everywhere, but HTTP 200 may come with an error's status in the body (field-notes, Portal)."""
        said = text(pick(reply.object, "status")).casefold()
        if reply.status < 300 and (said == "error" or re.fullmatch(r"[45]\d\d", said)):
            reply = replace(reply, status=400 if said == "error" else int(said))
        return super().error_in(reply, effect)

    def probe(self) -> Flow[str]:
        """Ask for the balance, which costs nothing."""
        balance = yield from self.balance()
        return f"the token is valid; {balance.left if balance.left is not None else 'unknown'} messages of credit left"

    def send(self, to: str, message: Message, *, message_id: str | None = None) -> Flow[SentMessage]:
        """Send a message (sections 1.1 to 1.5); the portal gives it an id, the caller cannot.

        :raises BadInput: over the portal's limits, to a group, or the number is not on WhatsApp.
        """
        route = SENDS.get(type(message))
        if route is None:
            raise BadInput(f"no {message.type} messages with this vendor", vendor=self.name)
        if not (to.isascii() and to.isdigit()):
            raise BadInput("the portal sends to phone numbers only", vendor=self.name)
        path, make = route
        parameters = {"phone": to, **make(message)}
        if isinstance(message, MediaMessage) and message.caption:
            path = "/api/sendFileWithCaption"
        request = self._request("POST", path, parameters, Effect.SEND, _uploads(message))
        try:
            reply = yield from self.ask(request)
        except BadInput as error:
            if error.code == "04":
                yield from self._explain_not_sent(error)
            raise
        data = pick(reply.object, "data")
        ids = pick(data, "messageIDs")
        sent_id = text(ids[0]) if isinstance(ids, list) and ids else ""
        if not sent_id:
            raise self.unexpected(reply, Effect.SEND, "the reply to a send has no message id")
        offline = truth(pick(data, "connStatus")) is False
        warning = "accepted, but the instance is not connected: it is sent after a login" if offline else None
        return SentMessage(vendor=self.name, message_id=sent_id, to=to, warning=warning, raw=reply.object)

    def message_status(self, message_id: str) -> Flow[DeliveryStatus]:
        """How a message fares (section 2.1, campaignStatus).

        :raises BadInput: the portal does not know the id (it says so with HTTP 500).
        """
        request = self._request("GET", "/api/campaignStatus", {"msg_id": message_id})
        reply = yield from self.ask(request, accept=(500,))
        if reply.status == 500:
            raise BadInput(f"the portal knows no message {message_id!r}", vendor=self.name, status=500)
        data = pick(reply.object, "data")
        row = data[0] if isinstance(data, list) and data else data
        if not isinstance(row, dict):
            raise self.unexpected(reply, what="the reply holds no message")
        return _delivery_status(message_id, row)

    def session(self) -> Flow[Session]:
        """The instance's state (section 3.1, qrCode: a QR code means logged out)."""
        reply = yield from self.ask(self._request("GET", "/api/qrCode", {}))
        if text(pick(reply.object, "status")).casefold() == "qrcode":
            return Session(
                vendor=self.name,
                state=SessionState.LOGGED_OUT,
                detail="waiting for its QR code to be scanned",
            )
        data = pick(reply.object, "data")
        info = pick(data, "info")
        logged_in, connected = truth(pick(data, "login")), truth(pick(info, "Connected"))
        if logged_in is None and connected is None:
            raise self.unexpected(reply, what="the reply tells no login state")
        up = logged_in is not False and connected is not False
        return Session(
            vendor=self.name,
            state=SessionState.LOGGED_IN if up else SessionState.LOGGED_OUT,
            jid=text(pick(info, "Wid")) or None,
            name=text(pick(data, "name")) or None,
            detail="connected" if up else "not connected",
            raw=data,
        )

    def qr_code(self) -> Flow[QrCode]:
        """The QR code to log in with (section 3.1).

        :raises SessionDown: the instance is logged in, so there is none.
        """
        reply = yield from self.ask(self._request("GET", "/api/qrCode", {}))
        if text(pick(reply.object, "status")).casefold() != "qrcode":
            raise SessionDown("the instance is logged in already: there is no QR code", vendor=self.name)
        png = png_bytes(pick(reply.object, "data"))
        if png is None:
            raise self.unexpected(reply, what="the QR code is no picture")
        return QrCode(vendor=self.name, png=png)

    def balance(self) -> Flow[Balance]:
        """The credit left, in messages (section 5, checkBal).

        :raises QuotaExceeded: the instance was never charged (the portal says so with HTTP 500).
        """
        reply = yield from self.ask(self._request("GET", "/api/checkBal", {}), accept=(500,))
        if reply.status == 500:
            raise QuotaExceeded("the instance was never charged", vendor=self.name, status=500)
        data = pick(reply.object, "data")
        left = whole_number(pick(data, "quota"))
        if left is None:
            raise self.unexpected(reply, what="the reply tells no quota")
        expires_at, state = moment(pick(data, "expiryDate")), text(pick(data, "status"))
        return Balance(vendor=self.name, left=left, expires_at=expires_at, state=state, raw=data)

    def _explain_not_sent(self, error: BadInput) -> Flow[None]:
        """Code 04 has two meanings; the session tells which one it was."""
        try:
            session = yield from self.session()
        except WaError:
            return
        if not session.logged_in:
            raise SessionDown(f"not sent: the instance is {session.detail}", vendor=self.name, code=error.code)

    def _request(
        self,
        method: str,
        path: str,
        parameters: Parameters,
        effect: Effect = Effect.READ,
        uploads: tuple[Upload, ...] = (),
    ) -> Request:
        """Parameters travel in the query, as documented, unless that would make the URL too long."""
        everything = {"token": self.token, **parameters}
        # An HTTP client may write a space as three characters.
        if len(urlencode(everything, quote_via=quote)) > URL_CHARACTERS:
            return Request("POST", path, effect, form=everything, files=uploads)
        return Request(method, path, effect, params=everything, files=uploads)


def _uploads(message: Message) -> tuple[Upload, ...]:
    if not isinstance(message, MediaMessage) or message.media.content is None:
        return ()
    media = message.media
    return (Upload("file", media.filename, media.content or b"", media.media_type),)


def _delivery_status(message_id: str, row: dict[str, Any]) -> DeliveryStatus:
    """A row of a report: ``status`` is the submission, ``statusMessage`` the delivery (field-notes, Portal)."""
    delivery = whole_number(pick(row, "statusMessage"))
    scale, states = ("statusMessage", DELIVERY_STATES) if delivery else ("status", SUBMISSION_STATES)
    number = whole_number(pick(row, scale))
    return DeliveryStatus(
        vendor=WaPortal.name,
        message_id=text(pick(row, "messageID")) or message_id,
        state=states.get(number or 0, DeliveryState.UNKNOWN),
        to=text(pick(row, "phone")) or None,
        code=None if number is None else str(number),
        detail=text(pick(row, f"{scale}Info")),
        sent_at=moment(pick(row, "createdAt")),
        delivered_at=moment(pick(row, "deliveredAt")),
        read_at=moment(pick(row, "readAt")),
        raw=row,
    )
