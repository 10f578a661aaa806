# SPDX-License-Identifier: Apache-2.0
"""The portal, "Whatsapp - HTTP API Specification" 2.0.0 (vendor-docs/wa_portal.txt, field-notes.md "Portal").

Every route takes GET and POST, with its parameters in the query, in a form, or in both.
"""

from __future__ import annotations

import base64
import math
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from airflow_provider_wa.sandbox import loopback, magic, pictures, portal_records
from airflow_provider_wa.sandbox.ledger import Message
from airflow_provider_wa.sandbox.state import Sandbox
from airflow_provider_wa.sandbox.vendor import Handler, Vendor, json_reply

NAME = "wa_portal"
TOKEN = "sandbox-portal-token"

MAX_TEXT_BYTES = 2000
MAX_UPLOAD_BYTES = 3 * 1024 * 1024
MAX_LINK_BYTES = 5 * 1024 * 1024
MAX_CONTACT_NAME = 30

RESPONSE_TIME = 0.001561498

# code -> its words; the document's samples repeat the request, token included, for some of them
ERRORS = {
    "04": "Phone number not registered on whatsapp or your instance not connected",
    "05": "Quota expiry",
    "08": "Save file / document failed",
    "09": "Link not valid",
    "10": "Download file failed",
    "11": "Unknown file type",
    "12": "Parsing parameter failed",
    "13": "Parameter required",
}
ECHOING = frozenset({"04", "05", "12", "13"})

FILE_TYPES = {
    "image": ("jpg", "jpeg", "png", "webp", "gif"),
    "video": ("mp4", "3gp", "mov"),
    "audio": ("mp3", "ogg", "opus", "m4a", "aac", "amr", "wav"),
    "document": ("pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "txt", "csv", "zip"),
}
EXTENSIONS = {extension: kind for kind, extensions in FILE_TYPES.items() for extension in extensions}

_PHONE = re.compile(r"\d{8,15}")


class Refused(Exception):
    """The portal refuses a request with one of its codes."""


@dataclass
class Call:
    """One request: its parameters, each with all its values as Go keeps them, and the file that came with it."""

    values: dict[str, list[str]]
    upload: UploadFile | None

    def get(self, name: str) -> str:
        """Return a parameter's first value, or ""."""
        return self.values.get(name, [""])[0]


@dataclass(frozen=True)
class Send:
    """A kind of message: its required and optional parameters, and whether a file comes with it."""

    type: str
    required: Mapping[str, str]
    optional: Mapping[str, str]
    has_file: bool = False


SENDS = {
    "/api/sendText": Send("text", {"message": "text"}, {}),
    "/api/sendFiles": Send("file", {}, {}, has_file=True),
    "/api/sendFileWithCaption": Send("file", {"message": "caption"}, {}, has_file=True),
    "/api/sendLocation": Send(
        "location",
        {"degreesLatitude": "latitude", "degreesLongitude": "longitude", "name": "name"},
        {"address": "address", "url": "url"},
    ),
    "/api/sendContact": Send(
        "contact",
        {"contactName": "name", "contactPhone": "phone"},
        {"contactOrganization": "organization"},
    ),
}


def _coordinate(limit: float) -> Callable[[str], bool]:
    def is_valid(text: str) -> bool:
        try:
            value = float(text)
        except ValueError:
            return False
        return math.isfinite(value) and abs(value) <= limit

    return is_valid


# parameter -> whether a value can be read; 12 if not
RULES: Mapping[str, Callable[[str], bool]] = {
    "phone": lambda text: bool(_PHONE.fullmatch(text)),
    "message": lambda text: len(text.encode()) <= MAX_TEXT_BYTES,
    "degreesLatitude": _coordinate(90),
    "degreesLongitude": _coordinate(180),
    "contactName": lambda text: len(text) <= MAX_CONTACT_NAME,
    "contactPhone": lambda text: bool(_PHONE.fullmatch(text)),
}


def _success(data: Any) -> Response:
    return json_reply(
        {"status": "success", "message": "00-Success", "data": data, "responsetime": RESPONSE_TIME},
    )


def _error(code: str, call: Call) -> Response:
    body: dict[str, Any] = {"status": "error", "message": f"{code}-{ERRORS[code]}"}
    if code in ECHOING:
        body["request"] = dict(sorted(call.values.items()))
    return json_reply({**body, "responsetime": RESPONSE_TIME}, 400)


async def _read(request: Request) -> Call:
    values: dict[str, list[str]] = {}
    upload = None
    for name, value in request.query_params.multi_items():
        values.setdefault(name, []).append(value)
    if request.headers.get("content-type", "").startswith(("multipart/", "application/x-www-form-urlencoded")):
        for name, field in (await request.form()).multi_items():
            if not isinstance(field, UploadFile):
                values.setdefault(name, []).append(field)
            elif name == "file":
                upload = field
    return Call(values, upload)


def _guarded(answer: Callable[[Call, Sandbox], Awaitable[Response]]) -> Handler:
    async def guarded(request: Request, sandbox: Sandbox) -> Response:
        try:
            call = await _read(request)
        except (HTTPException, ValueError):  # the second from older releases of Starlette
            return _error("08", Call({}, None))
        if call.get("token") != TOKEN:
            return json_reply({"status": "error", "message": "invalid object id", "responsetime": RESPONSE_TIME}, 401)
        try:
            return await answer(call, sandbox)
        except Refused as refusal:
            return _error(str(refusal), call)

    return guarded


def _sender(send: Send) -> Handler:
    async def deliver(call: Call, sandbox: Sandbox) -> Response:
        _validate(call, send)
        quota, session = sandbox.quotas[NAME], sandbox.session(NAME)
        if quota.is_used_up:
            raise Refused("05")
        kind, media, link = await _file(call) if send.has_file else (send.type, None, "")
        phone = call.get("phone")
        if session.logged_in and not magic.exists(phone):
            raise Refused("04")
        quota.spend()
        content = {
            kept: call.get(name)
            for name, kept in {**send.required, **send.optional}.items()
            if call.get(name) and not (kept == "caption" and kind == "document")  # documents lose their caption
        }
        if link:
            content["link"] = link
        now = sandbox.clock()
        sent_at = now if session.logged_in else None
        message_id = uuid.uuid4().hex[:24]
        sandbox.ledger.record(Message(NAME, phone, kind, message_id, content, now, media, sent_at=sent_at))
        return _success({"connStatus": session.logged_in, "messageIDs": [message_id]})

    return _guarded(deliver)


def _validate(call: Call, send: Send) -> None:
    required = ("phone", *send.required)
    if not all(call.get(name) for name in required) or (send.has_file and not (call.get("link") or call.upload)):
        raise Refused("13")
    if not all(RULES[name](call.get(name)) for name in (*required, *send.optional) if name in RULES):
        raise Refused("12")


async def _file(call: Call) -> tuple[str, bytes | None, str]:
    """Return the kind of file, its bytes (None for a link that leads away from this machine), and its link."""
    if call.upload is not None:
        media = await call.upload.read()
        if not media or len(media) > MAX_UPLOAD_BYTES:
            raise Refused("08")
        kind = _kind(call.upload.filename or "")
        if kind is None:
            raise Refused("11")
        return kind, media, ""
    link = call.get("link")
    if not loopback.is_http_url(link):
        raise Refused("09")
    kind = _kind(urlsplit(link).path)
    if kind is None:
        raise Refused("10")
    return kind, await _download(link), link


def _kind(name: str) -> str | None:
    return EXTENSIONS.get(PurePosixPath(name).suffix.lower().removeprefix("."))


async def _download(link: str) -> bytes | None:
    if not loopback.is_loopback(link):
        return None
    try:
        answer = await loopback.call("GET", link)
    except loopback.CallFailed as error:
        raise Refused("10") from error
    if answer.status == 404:
        raise Refused("09")
    if answer.status != 200 or len(answer.body) > MAX_LINK_BYTES:
        raise Refused("10")
    return answer.body


async def qr_code(call: Call, sandbox: Sandbox) -> Response:
    """Give the code to scan, or the instance's whole state once it is logged in."""
    sandbox.expect_scan(NAME)
    if sandbox.session(NAME).logged_in:
        return _success(portal_records.instance(sandbox.quotas[NAME]))
    png = pictures.qr_png(pictures.qr_seed(NAME, sandbox.clock()))
    data = base64.b64encode(png).decode()
    return json_reply({"data": data, "message": "success", "responsetime": RESPONSE_TIME, "status": "qrcode"})


async def campaign_status(call: Call, sandbox: Sandbox) -> Response:
    """Tell what has become of a message."""
    if not call.get("msg_id"):
        raise Refused("13")
    message = sandbox.ledger.messages.get((NAME, call.get("msg_id")))
    if message is None:
        return Response("Internal Server Error", 500, media_type="text/plain")
    sandbox.session(NAME)  # a scan that has become due sends what was waiting
    return _success(portal_records.message(message, sandbox.clock(), sandbox.settings.delivery_seconds))


async def check_balance(call: Call, sandbox: Sandbox) -> Response:
    """Tell how many messages are left."""
    return _success(portal_records.balance(sandbox.quotas[NAME]))


ROUTES = {
    "/api/qrCode": _guarded(qr_code),
    "/api/campaignStatus": _guarded(campaign_status),
    "/api/checkBal": _guarded(check_balance),
    **{path: _sender(send) for path, send in SENDS.items()},
}

VENDOR = Vendor(
    NAME,
    "/portal",
    {(method, path): handler for path, handler in ROUTES.items() for method in ("GET", "POST")},
)
