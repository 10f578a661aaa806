# SPDX-License-Identifier: Apache-2.0
"""The send methods of Green-API. A message is queued in every state of the instance."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from airflow_provider_wa.sandbox import inbox, loopback, magic_numbers, message_ids
from airflow_provider_wa.sandbox.green_api import notifications
from airflow_provider_wa.sandbox.green_api.protocol import (
    BAD_REQUEST,
    NAME,
    Refused,
    addressee,
    authenticated,
    body,
    chat,
    invalid,
    text,
)
from airflow_provider_wa.sandbox.ledger import Message
from airflow_provider_wa.sandbox.replies import json_reply
from airflow_provider_wa.sandbox.simulated_vendor import Handler
from airflow_provider_wa.sandbox.state import Sandbox

MAX_MESSAGE = 20_000
MAX_POLL_MESSAGE = 255
MAX_OPTION = 100
MAX_FILE_BYTES = 100 * 1024 * 1024
OPTIONS = (2, 12)
MAX_BUTTONS = 3
MAX_BUTTON = 25
SHORT = 1000

Data = dict[str, Any]


def _coordinate(data: Data, name: str, limit: int) -> float:
    value = data.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise invalid(name, "must be a number")
    if abs(value) > limit:
        raise invalid(name, f"must be between -{limit} and {limit}")
    return value


def _message(data: Data) -> tuple[str, Data]:
    return "text", {"text": text(data, "message", MAX_MESSAGE)}


def _location(data: Data) -> tuple[str, Data]:
    place = {"latitude": _coordinate(data, "latitude", 90), "longitude": _coordinate(data, "longitude", 180)}
    names = {"name": text(data, "nameLocation", SHORT, False), "address": text(data, "address", SHORT, False)}
    return "location", {**place, **{name: value for name, value in names.items() if value}}


def _contact(data: Data) -> tuple[str, Data]:
    contact = data.get("contact")
    if not isinstance(contact, dict):
        raise invalid("contact", "is required")
    phone = contact.get("phoneContact")
    if isinstance(phone, bool) or not isinstance(phone, int):
        raise invalid("contact.phoneContact", "must be a number")
    names = [text(contact, name, SHORT, False) for name in ("firstName", "middleName", "lastName")]
    company = text(contact, "company", SHORT, False)
    if not any((*names, company)):
        raise invalid("contact", "must contain at least one of firstName, middleName, lastName, company")
    name = " ".join(part for part in names if part)
    return "contact", {"name": name or company, "phone": str(phone), **({"organization": company} if company else {})}


def _poll(data: Data) -> tuple[str, Data]:
    question, options = text(data, "message", MAX_POLL_MESSAGE), data.get("options")
    fewest, most = OPTIONS
    if not isinstance(options, list) or not all(isinstance(option, dict) for option in options):
        raise invalid("options", "must be an array")
    if not fewest <= len(options) <= most:
        raise invalid("options", f"must contain from {fewest} to {most} items")
    names = [text(option, "optionName", MAX_OPTION) for option in options]
    if len(set(names)) < len(names):
        raise invalid("options", "contains a duplicate value")
    multiple = data.get("multipleAnswers", False)
    if not isinstance(multiple, bool):
        raise invalid("multipleAnswers", "must be a boolean")
    return "poll", {"text": question, "options": names, "multiple": multiple}


# kind of an interactive button -> the field of its effect
EFFECTS = {"copy": "copyCode", "call": "phoneNumber", "url": "url"}


def _interactive(data: Data, buttons: list[Data]) -> Data:
    """Return the content of a message with buttons."""
    names = {name: text(data, name, MAX_MESSAGE, False) for name in ("header", "footer")}
    return {
        "text": text(data, "body", MAX_MESSAGE),
        "buttons": buttons,
        **{name: value for name, value in names.items() if value},
    }


def _button_list(data: Data) -> list[Data]:
    if chat(data)[1] == "g.us":
        raise invalid("chatId", "must be a personal chat")
    buttons = data.get("buttons")
    if not isinstance(buttons, list) or not all(isinstance(button, dict) for button in buttons):
        raise invalid("buttons", "must be an array")
    if not 1 <= len(buttons) <= MAX_BUTTONS:
        raise invalid("buttons", f"must contain from 1 to {MAX_BUTTONS} items")
    return buttons


def _button(button: Data) -> Data:
    return {"buttonId": text(button, "buttonId", SHORT), "buttonText": text(button, "buttonText", MAX_BUTTON)}


def _buttons(data: Data) -> tuple[str, Data]:
    made = []
    for button in _button_list(data):
        kind = text(button, "type", SHORT)
        if kind not in EFFECTS:
            raise invalid("type", f"must be one of [{', '.join(EFFECTS)}]")
        made.append({"type": kind, **_button(button), EFFECTS[kind]: text(button, EFFECTS[kind], 4096)})
    return "buttons", _interactive(data, made)


def _reply_buttons(data: Data) -> tuple[str, Data]:
    made = [{"type": "reply", **_button(button)} for button in _button_list(data)]
    return "reply buttons", _interactive(data, made)


KINDS = {"image": "image", "video": "video", "audio": "audio"}


def _kind(filename: str) -> tuple[str, str]:
    """Return the kind and the MIME type of a file by the extension of its name."""
    mimetype = inbox.mimetype_of(filename)
    return KINDS.get(mimetype.partition("/")[0], "document"), mimetype


def _file_content(data: Data, filename: str) -> Data:
    caption = text(data, "caption", MAX_MESSAGE, False)
    return {"filename": filename, **({"caption": caption} if caption else {})}


async def _download(url: str) -> bytes | None:
    if not loopback.is_http_url(url):
        raise invalid("urlFile", "must be a valid uri")
    if not loopback.is_loopback(url):
        return None
    try:
        answer = await loopback.call("GET", url)
    except loopback.CallFailed as failed:
        raise Refused(f"failed to download the file: {failed}") from failed
    if answer.status != 200:
        raise Refused(f"failed to download the file: HTTP {answer.status}")
    if len(answer.body) > MAX_FILE_BYTES:
        raise Refused("the file is bigger than 100 MB")
    return answer.body


def queue(data: Data, kind: str, content: Data, sandbox: Sandbox, media: bytes | None = None, mime: str = "") -> str:
    """Queue a message and return its id, also for a recipient that is not on WhatsApp."""
    user, server = addressee(data), chat(data)[1]
    quoted = text(data, "quotedMessageId", SHORT, False)
    known = user in sandbox.groups if server == "g.us" else magic_numbers.exists(user)
    now = sandbox.clock()
    message_id = message_ids.stanza_id(now)
    message = Message(
        NAME,
        user,
        kind,
        message_id,
        {**content, **({"quoted": quoted} if quoted else {})},
        now,
        media,
        sent_at=now if sandbox.session(NAME).logged_in else None,
        mimetype=mime,
        group=server == "g.us",
        known=known,
    )
    sandbox.ledger.record(message)
    notifications.queue_sent(sandbox, message)
    return message_id


def _sender(parse: Callable[[Data], tuple[str, Data]]) -> Handler:
    @authenticated
    async def send(request: Request, sandbox: Sandbox) -> Response:
        data = await body(request)
        chat(data)
        kind, content = parse(data)
        return json_reply({"idMessage": queue(data, kind, content, sandbox)})

    return send


@authenticated
async def send_file_by_url(request: Request, sandbox: Sandbox) -> Response:
    """Send a file by its URL."""
    data = await body(request)
    chat(data)
    url, filename = text(data, "urlFile", 4096), text(data, "fileName", SHORT)
    content = _file_content(data, filename)
    media = await _download(url)
    kind, mime = _kind(filename)
    if media is None:
        content["link"] = url
    return json_reply({"idMessage": queue(data, kind, content, sandbox, media, mime)})


@authenticated
async def send_file_by_upload(request: Request, sandbox: Sandbox) -> Response:
    """Send a file that is uploaded in a multipart form."""
    try:
        form = await request.form()
    except (HTTPException, ValueError):
        raise Refused(BAD_REQUEST) from None
    upload = form.get("file")
    data = {name: value for name, value in form.items() if isinstance(value, str)}
    chat(data)
    if not isinstance(upload, UploadFile):
        raise invalid("file", "is required")
    media = await upload.read()
    if len(media) > MAX_FILE_BYTES:
        raise Refused("the file is bigger than 100 MB")
    filename = data.get("fileName") or upload.filename or ""
    kind, mime = _kind(filename)
    message_id = queue(data, kind, _file_content(data, filename), sandbox, media, mime)
    return json_reply({"idMessage": message_id, "urlFile": ""})


SENDS: dict[str, Callable[[Data], tuple[str, Data]]] = {
    "sendMessage": _message,
    "sendLocation": _location,
    "sendContact": _contact,
    "sendPoll": _poll,
    "sendInteractiveButtons": _buttons,
    "sendInteractiveButtonsReply": _reply_buttons,
}

ROUTES: dict[tuple[str, str], Handler] = {
    **{("POST", method): _sender(parse) for method, parse in SENDS.items()},
    ("POST", "sendFileByUrl"): send_file_by_url,
    ("POST", "sendFileByUpload"): send_file_by_upload,
}
