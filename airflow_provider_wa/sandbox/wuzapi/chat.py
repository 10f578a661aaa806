# SPDX-License-Identifier: Apache-2.0
"""The send routes of WuzAPI, /chat/send/*, without `template`: the newest servers do not have it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from airflow_provider_wa.sandbox import directory, magic_numbers, message_ids
from airflow_provider_wa.sandbox.ledger import Message
from airflow_provider_wa.sandbox.simulated_vendor import Handler
from airflow_provider_wa.sandbox.state import Sandbox
from airflow_provider_wa.sandbox.wuzapi.media import PICTURE_SIGNATURES, Media, MediaContent, receive
from airflow_provider_wa.sandbox.wuzapi.protocol import (
    NAME,
    Refused,
    authenticated,
    fields,
    jid_of,
    objects,
    payload,
    require_login,
    require_session,
    strings,
    success,
    typed,
)

SERVERS = ("s.whatsapp.net", "g.us", "lid")
DEVICE = re.compile(r"[.:].*")

MAX_BUTTONS = 3
MIN_OPTIONS = 2

Content = dict[str, Any]


@dataclass(frozen=True)
class Send:
    """A kind of message: required fields, content for the ledger, media, and lists."""

    required: tuple[str, ...]
    content: Mapping[str, str]
    media: Media | None = None
    lists: Callable[[Content], Content] | None = None
    details: str = "Sent"


def _buttons(data: Content) -> Content:
    buttons = [
        {"id": typed(button, "ButtonId"), "text": typed(button, "ButtonText") or typed(button, "DisplayText")}
        for button in objects(data, "Buttons")
    ]
    if not buttons:
        raise Refused(400, "missing Buttons in Payload")
    if len(buttons) > MAX_BUTTONS:
        raise Refused(400, "buttons cant more than 3")
    return {"buttons": buttons}


def _rows(section: Content, name: str) -> list[Content]:
    return [
        {
            "id": typed(row, "RowId"),
            "title": typed(row, "Title"),
            "description": typed(row, "Desc") or typed(row, "Description"),
        }
        for row in objects(section, name)
    ]


def _sections(data: Content) -> Content:
    sections = [
        {"title": typed(section, "Title"), "rows": _rows(section, "Rows")} for section in objects(data, "Sections")
    ]
    if not sections and (rows := _rows(data, "List")):
        sections = [{"title": "", "rows": rows}]
    if not sections:
        raise Refused(400, "no section or list provided")
    return {"sections": sections}


def _options(data: Content) -> Content:
    options = strings(data, "Options")
    if len(options) < MIN_OPTIONS:
        raise Refused(400, "at least 2 options are required")
    return {"options": options}


SENDS = {
    "text": Send(("Phone", "Body"), {"Body": "text"}),
    "image": Send(
        ("Phone", "Image"),
        {"Caption": "caption"},
        Media(
            "Image",
            "data:image",
            'Image data should start with "data:image/png;base64,"',
            PICTURE_SIGNATURES,
            mimetype="image/jpeg",
        ),
    ),
    "audio": Send(
        ("Phone", "Audio"),
        {},
        Media("Audio", "data:audio/", "audio must be base64 (data:audio/) or valid HTTP URL", mimetype="audio/ogg"),
    ),
    "video": Send(
        ("Phone", "Video"),
        {"Caption": "caption"},
        Media("Video", refusal='data should start with "data:mime/type;base64,"', mimetype="video/mp4"),
    ),
    "document": Send(
        ("Phone", "Document", "FileName"),
        {"FileName": "filename", "Caption": "caption"},
        Media(
            "Document",
            refusal='document data should start with "data:" or be a valid HTTP URL',
            mimetype="application/octet-stream",
        ),
    ),
    "sticker": Send(
        ("Phone", "Sticker"),
        {},
        Media("Sticker", refusal='data should start with "data:mime/type;base64,"', mimetype="image/webp"),
    ),
    "location": Send(
        ("Phone", "Latitude", "Longitude"),
        {"Latitude": "latitude", "Longitude": "longitude", "Name": "name"},
    ),
    "contact": Send(("Phone", "Name", "Vcard"), {"Name": "name", "Vcard": "vcard"}),
    "buttons": Send(("Phone", "Title"), {"Title": "text"}, lists=_buttons),
    "list": Send(
        ("Phone", "ButtonText", "Desc", "TopText"),
        {"Desc": "text", "TopText": "header", "FooterText": "footer", "ButtonText": "button_text"},
        lists=_sections,
    ),
    "poll": Send(("Group", "Header"), {"Header": "text"}, lists=_options, details="Poll sent successfully"),
}
NUMBERS = frozenset({"Latitude", "Longitude"})


def context(data: Content) -> Content:
    """Return the quoted message and the mentions; StanzaID and Participant require each other."""
    info = fields(typed(data, "ContextInfo", "object"))
    stanza, participant = typed(info, "StanzaID"), typed(info, "Participant")
    mentioned = strings(info, "MentionedJID")
    if stanza and not participant:
        raise Refused(400, "missing Participant in ContextInfo")
    if participant and not stanza:
        raise Refused(400, "missing StanzaID in ContextInfo")
    return {**({"quoted": stanza} if stanza else {}), **({"mentioned": mentioned} if mentioned else {})}


def recipient(phone: str, sandbox: Sandbox) -> str:
    """Return the JID of the recipient; refuse one that cannot receive."""
    user, _, server = jid_of(phone).partition("@")
    require_login(sandbox, "error sending message: the store doesn't contain a device JID")
    if server not in SERVERS:
        raise Refused(500, f"error sending message: can't send message to unknown server {server}")
    if server == "lid":
        user, server = directory.number_of(user), "s.whatsapp.net"
    jid = f"{DEVICE.sub('', user)}@{server}"
    if server == "s.whatsapp.net" and not magic_numbers.exists(jid):
        raise Refused(500, f"error sending message: no LID found for {jid} from server")
    return jid


def deliver(
    jid: str, kind: str, message_id: str, content: Content, received: MediaContent, sandbox: Sandbox
) -> tuple[str, int]:
    """Enter a message in the ledger; return its id and time."""
    now = sandbox.clock()
    message_id = message_id or message_ids.stanza_id(now)
    link = {"link": received.link} if received.link else {}
    sandbox.ledger.record(
        Message(
            NAME,
            jid.partition("@")[0],
            kind,
            message_id,
            {**content, **link},
            now,
            received.content,
            sent_at=now,
            mimetype=received.mimetype,
            group=jid.endswith("@g.us"),
        )
    )
    return message_id, int(now)


def _sender(kind: str, send: Send) -> Handler:
    @authenticated
    async def handler(request: Request, sandbox: Sandbox) -> Response:
        require_session(sandbox)
        data = await payload(request)
        names = (*send.required, *send.content, "Id")
        values = {name: typed(data, name, "number" if name in NUMBERS else "string") for name in names}
        for name in send.required:
            if not values[name]:
                raise Refused(400, f"missing {name} in Payload")
        content = {kept: values[name] for name, kept in send.content.items() if values[name]}
        content |= context(data)
        if send.lists is not None:
            content |= send.lists(data)
        received = MediaContent() if send.media is None else await receive(data, send.media)
        jid = recipient(values[send.required[0]], sandbox)
        message_id, moment = deliver(jid, kind, values["Id"], content, received, sandbox)
        return success({"Details": send.details, "Timestamp": moment, "Id": message_id})

    return handler


ROUTES: dict[tuple[str, str], Handler] = {
    ("POST", f"/chat/send/{kind}"): _sender(kind, send) for kind, send in SENDS.items()
}
