# SPDX-License-Identifier: Apache-2.0
"""The send routes of the portal (vendor-docs/wa_portal.txt, 1)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from airflow_provider_wa.sandbox import magic_numbers, message_ids
from airflow_provider_wa.sandbox.ledger import Message
from airflow_provider_wa.sandbox.state import Sandbox
from airflow_provider_wa.sandbox.wa_portal import buttons, files
from airflow_provider_wa.sandbox.wa_portal.protocol import NAME, PHONE, Answer, Call, Refused, authenticated, success

MAX_TEXT_BYTES = 2000
MAX_BUTTON_MESSAGE = 1024
MAX_FOOTER = 60
MAX_CONTACT_NAME = 30

Rule = Callable[[str], bool]
ALL_EXTENSIONS = frozenset(files.EXTENSIONS)


def _coordinate(limit: float) -> Rule:
    def is_valid(text: str) -> bool:
        try:
            value = float(text)
        except ValueError:
            return False
        return math.isfinite(value) and abs(value) <= limit

    return is_valid


def _characters(limit: int) -> Rule:
    return lambda text: len(text) <= limit


# parameter -> test of its value; code 12 if it fails
RULES: Mapping[str, Rule] = {
    "phone": lambda text: bool(PHONE.fullmatch(text)),
    "message": lambda text: len(text.encode()) <= MAX_TEXT_BYTES,
    "degreesLatitude": _coordinate(90),
    "degreesLongitude": _coordinate(180),
    "contactName": _characters(MAX_CONTACT_NAME),
    "contactPhone": lambda text: bool(PHONE.fullmatch(text)),
}
BUTTON_RULES: Mapping[str, Rule] = {
    **RULES,
    "message": _characters(MAX_BUTTON_MESSAGE),
    "footer": _characters(MAX_FOOTER),
    "header": _characters(MAX_FOOTER),
    "buttonText": _characters(buttons.MAX_BUTTON),
}


@dataclass(frozen=True)
class Send:
    """A kind of message: required and optional parameters, accepted files, rules, and a reader of further content."""

    type: str
    required: Mapping[str, str]
    optional: Mapping[str, str] = field(default_factory=dict)
    extensions: frozenset[str] = frozenset()
    rules: Mapping[str, Rule] = field(default_factory=lambda: RULES)
    more: Callable[[Call], dict[str, Any]] | None = None


FOOTER = {"footer": "footer"}
PLACE = {"degreesLatitude": "latitude", "degreesLongitude": "longitude", "name": "name"}

SENDS = {
    "/api/sendText": Send("text", {"message": "text"}),
    "/api/sendFiles": Send("file", {}, extensions=ALL_EXTENSIONS),
    "/api/sendFileWithCaption": Send("file", {"message": "caption"}, extensions=ALL_EXTENSIONS),
    "/api/sendLocation": Send("location", PLACE, {"address": "address", "url": "url"}),
    "/api/sendContact": Send(
        "contact",
        {"contactName": "name", "contactPhone": "phone"},
        {"contactOrganization": "organization"},
    ),
    "/api/sendTextButton": Send("buttons", {"message": "text"}, FOOTER, rules=BUTTON_RULES, more=buttons.buttons),
    "/api/sendFilesButton": Send(
        "file",
        {"message": "caption"},
        FOOTER,
        files.BUTTON_EXTENSIONS,
        BUTTON_RULES,
        buttons.buttons,
    ),
    "/api/sendLocationButton": Send(
        "location", {**PLACE, "message": "text"}, FOOTER, rules=BUTTON_RULES, more=buttons.buttons
    ),
    "/api/sendList": Send(
        "list",
        {},
        {"message": "text", "buttonText": "button_text", "header": "header", **FOOTER},
        rules=BUTTON_RULES,
        more=buttons.rows,
    ),
}


def _sender(send: Send) -> Answer:
    async def deliver(call: Call, sandbox: Sandbox) -> Response:
        more = _validate(call, send)
        quota, session = sandbox.quotas[NAME], sandbox.session(NAME)
        if quota.is_used_up:
            raise Refused("05")
        file = await files.take(call, send.extensions) if send.extensions else files.File(send.type)
        phone = call.get("phone")
        if session.logged_in and not magic_numbers.exists(phone):
            raise Refused("04")
        quota.spend()
        content = {
            kept: call.get(name)
            for name, kept in {**send.required, **send.optional}.items()
            if call.get(name) and not _is_lost(kept, file.kind, more)
        }
        content |= {**more, **({"link": file.link} if file.link else {})}
        now = sandbox.clock()
        sent_at = now if session.logged_in else None
        message_id = message_ids.object_id(now)
        message = Message(NAME, phone, file.kind, message_id, content, now, file.content, sent_at=sent_at)
        sandbox.ledger.record(message)
        return success({"connStatus": session.logged_in, "messageIDs": [message_id]})

    return deliver


def _is_lost(kept: str, kind: str, more: dict[str, Any]) -> bool:
    """Return True for a part that is lost on the way: the caption of a document without buttons."""
    return kept == "caption" and kind == "document" and not more


def _validate(call: Call, send: Send) -> dict[str, Any]:
    required = ("phone", *send.required)
    if not all(call.get(name) for name in required):
        raise Refused("13")
    if send.extensions and not (call.get("link") or call.upload):
        raise Refused("13")
    if not all(send.rules[name](call.get(name)) for name in (*required, *send.optional) if name in send.rules):
        raise Refused("12")
    return {} if send.more is None else send.more(call)


ROUTES = {path: authenticated(_sender(send)) for path, send in SENDS.items()}
