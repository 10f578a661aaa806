# SPDX-License-Identifier: Apache-2.0
"""WuzAPI as its newest servers behave (vendor-docs/wuzapi.txt, field-notes.md "WuzAPI")."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from airflow_provider_wa.sandbox import loopback, magic, pictures
from airflow_provider_wa.sandbox.ledger import Message
from airflow_provider_wa.sandbox.state import Sandbox
from airflow_provider_wa.sandbox.vendor import Handler, Vendor, json_reply

NAME = "wuzapi"
TOKEN = "sandbox-wuzapi-token"
JID = "51999000000.0:1@s.whatsapp.net"

CONNECT_WAIT = 10.0
CONNECT_POLL = 0.1
QR_DELAY = 0.2  # a server that has just connected has no code yet: QRCode is "" for a moment

PICTURE_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


@dataclass(frozen=True)
class Send:
    """A kind of message: its required fields, what the ledger keeps of it, and how its media come."""

    required: tuple[str, ...]
    content: Mapping[str, str]
    media: str | None = None
    data_prefix: str = "data:"
    bad_media: str = ""
    signatures: tuple[bytes, ...] = field(default=())


SENDS = {
    "text": Send(("Phone", "Body"), {"Body": "text"}),
    "image": Send(
        ("Phone", "Image"),
        {"Caption": "caption"},
        media="Image",
        data_prefix="data:image",
        bad_media='Image data should start with "data:image/png;base64,"',
        signatures=PICTURE_SIGNATURES,
    ),
    "audio": Send(
        ("Phone", "Audio"),
        {},
        media="Audio",
        data_prefix="data:audio/",
        bad_media="audio must be base64 (data:audio/) or valid HTTP URL",
    ),
    "video": Send(
        ("Phone", "Video"),
        {"Caption": "caption"},
        media="Video",
        bad_media='data should start with "data:mime/type;base64,"',
    ),
    "document": Send(
        ("Phone", "Document", "FileName"),
        {"FileName": "filename", "Caption": "caption"},
        media="Document",
        bad_media='document data should start with "data:" or be a valid HTTP URL',
    ),
    "location": Send(
        ("Phone", "Latitude", "Longitude"),
        {"Latitude": "latitude", "Longitude": "longitude", "Name": "name"},
    ),
    "contact": Send(("Phone", "Name", "Vcard"), {"Name": "name", "Vcard": "vcard"}),
}
NUMBERS = frozenset({"latitude", "longitude"})


class Refused(Exception):
    """The server refuses a request: HTTP status and text of its error envelope."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status
        self.error = error


def success(data: Any) -> Response:
    """Return the envelope of a success."""
    return json_reply({"code": 200, "data": data, "success": True})


def failure(status: int, error: str) -> Response:
    """Return the envelope of a failure."""
    return json_reply({"code": status, "error": error, "success": False}, status)


def _guarded(handler: Handler) -> Handler:
    @wraps(handler)
    async def guarded(request: Request, sandbox: Sandbox) -> Response:
        if request.headers.get("token") != TOKEN:
            return failure(401, "unauthorized")
        try:
            return await handler(request, sandbox)
        except Refused as refusal:
            return failure(refusal.status, refusal.error)

    return guarded


def _require_session(sandbox: Sandbox) -> None:
    if not sandbox.session(NAME).connected:
        raise Refused(500, "no session")


async def _payload(request: Request) -> dict[str, Any]:
    """Read the body as Go does: field names in any case, and a wrong type spoils the whole."""
    try:
        data = json.loads(await request.body())
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise Refused(400, "could not decode Payload")
    return {name.lower(): value for name, value in data.items() if value is not None}


def _typed(payload: dict[str, Any], name: str) -> Any:
    """Return a field or its type's zero value: Go cannot tell 0 or "" from a field that is missing."""
    kind, zero = ((int, float), 0) if name.lower() in NUMBERS else ((str,), "")
    value = payload.get(name.lower(), zero)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise Refused(400, "could not decode Payload")
    return value


@_guarded
async def connect(request: Request, sandbox: Sandbox) -> Response:
    """Connect; unless Immediate is true, wait up to 10 s for the login."""
    payload = await _payload(request)
    session = sandbox.session(NAME)
    if session.connected:
        return failure(409, "already connected")
    session.connected, session.connected_at = True, sandbox.clock()
    sandbox.expect_scan(NAME)
    waited = 0.0
    while payload.get("immediate") is not True and not sandbox.session(NAME).logged_in:
        if waited >= CONNECT_WAIT or sandbox.closing:
            break
        await sandbox.sleep(CONNECT_POLL)
        waited += CONNECT_POLL
    events = payload.get("subscribe")
    return success(
        {
            "details": "Connected!",
            "events": ",".join(events) if isinstance(events, list) else "",
            "jid": JID if session.paired else "",
            "webhook": "",
        }
    )


@_guarded
async def status(request: Request, sandbox: Sandbox) -> Response:
    """Tell the session's state. The real server repeats the user's token here, and so does this one."""
    session = sandbox.session(NAME)
    return success(
        {
            "id": "1",
            "name": "sandbox",
            "token": TOKEN,
            "connected": session.connected,
            "loggedIn": session.logged_in,
            "jid": JID if session.paired else "",
            "webhook": "",
            "events": "Message,ReadReceipt",
            "proxy_url": "",
            "qrcode": _qr_code(sandbox) if session.connected and not session.paired else "",
        }
    )


@_guarded
async def qr(request: Request, sandbox: Sandbox) -> Response:
    """Give the code to scan."""
    _require_session(sandbox)
    if sandbox.session(NAME).logged_in:
        raise Refused(500, "already logged in")
    sandbox.expect_scan(NAME)
    return success({"QRCode": _qr_code(sandbox)})


def _qr_code(sandbox: Sandbox) -> str:
    now = sandbox.clock()
    if now < sandbox.session(NAME).connected_at + QR_DELAY:
        return ""
    png = pictures.qr_png(pictures.qr_seed(NAME, now))
    return "data:image/png;base64," + base64.b64encode(png).decode()


@_guarded
async def disconnect(request: Request, sandbox: Sandbox) -> Response:
    """Drop the connection and keep the login."""
    _require_session(sandbox)
    session = sandbox.session(NAME)
    session.connected, session.scan_due = False, None
    return success({"Details": "Disconnected"})


@_guarded
async def logout(request: Request, sandbox: Sandbox) -> Response:
    """End the login: the next connection needs a scan."""
    _require_session(sandbox)
    if not sandbox.session(NAME).paired:
        raise Refused(500, "could not logout as it was not logged in")
    sandbox.log_out(NAME)
    return success({"Details": "Logged out"})


@_guarded
async def check(request: Request, sandbox: Sandbox) -> Response:
    """Tell which numbers are known. A number that never resolves is missing from the reply."""
    _require_session(sandbox)
    phones = (await _payload(request)).get("phone", [])
    if not isinstance(phones, list) or not all(isinstance(phone, str) for phone in phones):
        raise Refused(400, "could not decode Payload")
    if not phones:
        raise Refused(400, "missing Phone in Payload")
    if not sandbox.session(NAME).logged_in:
        raise Refused(500, "failed to check if users are on WhatsApp: websocket not connected")
    users = []
    for query in (phone.removeprefix("+") for phone in phones):
        if magic.ending(query) == magic.UNRESOLVED:
            sandbox.record_check(NAME, query, "unknown")
            continue
        known = magic.exists(query)
        sandbox.record_check(NAME, query, "exists" if known else "absent")
        users.append({"IsInWhatsapp": known, "JID": f"{query}@s.whatsapp.net", "Query": query, "VerifiedName": ""})
    return success({"Users": users})


async def _media(payload: dict[str, Any], send: Send) -> tuple[bytes | None, dict[str, str]]:
    """Return the media's bytes, or its link when that leads away from this machine (it is not followed)."""
    if send.media is None:
        return None, {}
    value = str(_typed(payload, send.media))
    if value.startswith(send.data_prefix):
        try:
            media = base64.b64decode(value.partition(",")[2], validate=True)
        except ValueError:
            raise Refused(400, "could not decode base64 encoded data from payload") from None
    elif loopback.is_http_url(value):
        if not loopback.is_loopback(value):
            return None, {"link": value}
        media = await _fetch(value, send.media)
    else:
        raise Refused(400, send.bad_media)
    if send.signatures and not media.startswith(send.signatures):
        raise Refused(500, "could not decode image for thumbnail preparation: image: unknown format")
    return media, {}


async def _fetch(url: str, kind: str) -> bytes:
    try:
        answer = await loopback.call("GET", url)
    except loopback.CallFailed as error:
        raise Refused(400, f"failed to fetch {kind.lower()} from url: {error}") from error
    if answer.status != 200:
        raise Refused(400, f"failed to fetch {kind.lower()} from url: status {answer.status}")
    return answer.body


def _sender(kind: str, send: Send) -> Handler:
    @_guarded
    async def deliver(request: Request, sandbox: Sandbox) -> Response:
        _require_session(sandbox)
        payload = await _payload(request)
        values = {name: _typed(payload, name) for name in (*send.required, *send.content, "Id")}
        for name in send.required:
            if not values[name]:
                raise Refused(400, f"missing {name} in Payload")
        media, link = await _media(payload, send)
        to = values["Phone"].removeprefix("+")
        jid = to if "@" in to else f"{to}@s.whatsapp.net"
        if not sandbox.session(NAME).logged_in:
            raise Refused(500, "error sending message: the store doesn't contain a device JID")
        if not jid.endswith("@g.us") and not magic.exists(jid):
            raise Refused(500, f"error sending message: no LID found for {jid} from server")
        now = sandbox.clock()
        content = {kept: values[name] for name, kept in send.content.items() if values[name]}
        message_id = values["Id"] or "3EB0" + uuid.uuid4().hex[:18].upper()
        message = Message(NAME, jid.partition("@")[0], kind, message_id, {**content, **link}, now, media, sent_at=now)
        sandbox.ledger.record(message)
        return success({"Details": "Sent", "Timestamp": int(now), "Id": message_id})

    return deliver


VENDOR = Vendor(
    NAME,
    "/wuzapi",
    {
        ("POST", "/session/connect"): connect,
        ("GET", "/session/status"): status,
        ("GET", "/session/qr"): qr,
        ("POST", "/session/disconnect"): disconnect,
        ("POST", "/session/logout"): logout,
        ("POST", "/user/check"): check,
        **{("POST", f"/chat/send/{kind}"): _sender(kind, send) for kind, send in SENDS.items()},
    },
)
