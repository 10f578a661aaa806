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
from airflow_provider_wa.sandbox.wuzapi.account import DOCUMENT, NAME, generation
from airflow_provider_wa.sandbox.wuzapi.interactive import buttons, list_message, poll
from airflow_provider_wa.sandbox.wuzapi.media import Media, MediaContent, receive
from airflow_provider_wa.sandbox.wuzapi.protocol import (
    Refused,
    authenticated,
    fields,
    jid_of,
    payload,
    require_session,
    sending_failure,
    strings,
    success,
    typed,
)
from airflow_provider_wa.sandbox.wuzapi.webhook import time_text

SERVERS = ("s.whatsapp.net", "g.us", "lid")
DEVICE = re.compile(r"[.:].*")

Content = dict[str, Any]

_NO_DATA_URL = 'data should start with "data:mime/type;base64,"'


@dataclass(frozen=True)
class Send:
    """A kind of message: required fields, content for the ledger, media, and a function that reads the rest.

    `failure` is the beginning of its error texts, `undecoded` the text for a body that cannot be read. Without `timed`
    its reply has no time; without `quotes` it has no ContextInfo.
    """

    required: tuple[str, ...] = ()
    content: Mapping[str, str] | None = None
    media: Media | None = None
    read: Callable[[Content], Content] | None = None
    details: str = "Sent"
    failure: str = "error sending message"
    undecoded: str = "could not decode Payload"
    recipient: str = "Phone"
    timed: bool = True
    quotes: bool = True


SENDS = {
    "text": Send(("Phone", "Body"), {"Body": "text"}),
    "image": Send(
        ("Phone", "Image"),
        {"Caption": "caption"},
        Media("Image", "data:image", 'Image data should start with "data:image/png;base64,"', is_picture=True),
    ),
    "audio": Send(
        ("Phone", "Audio"),
        {},
        Media(
            "Audio",
            "data:audio/",
            "audio must be base64 (data:audio/) or valid HTTP URL",
            type_field="mimetype",
            fetched="{kind}",
        ),
    ),
    "video": Send(("Phone", "Video"), {"Caption": "caption"}, Media("Video", refusal=_NO_DATA_URL)),
    "document": Send(
        ("Phone", "Document", "FileName"),
        {"FileName": "filename", "Caption": "caption"},
        Media("Document", refusal='document data should start with "data:" or be a valid HTTP URL'),
    ),
    "sticker": Send(("Phone", "Sticker"), {}, Media("Sticker", refusal=_NO_DATA_URL)),
    "location": Send(
        ("Phone", "Latitude", "Longitude"),
        {"Latitude": "latitude", "Longitude": "longitude", "Name": "name"},
    ),
    "contact": Send(("Phone", "Name", "Vcard"), {"Name": "name", "Vcard": "vcard"}),
    "buttons": Send(read=buttons),
    "list": Send(read=list_message),
    "poll": Send(
        read=poll,
        details="Poll sent successfully",
        failure="failed to send poll",
        undecoded="could not decode payload",
        recipient="Group",
        timed=False,
        quotes=False,
    ),
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
    found = {"quoted": stanza, "mentioned": mentioned, "forwarded": typed(info, "IsForwarded", "bool")}
    return {name: value for name, value in found.items() if value}


def recipient(phone: str, sandbox: Sandbox, failure: str = "error sending message") -> str:
    """Return the JID of the recipient; refuse one that cannot receive."""
    user, _, server = jid_of(phone).partition("@")
    if reason := sending_failure(sandbox):
        raise Refused(500, f"{failure}: {reason}")
    if server not in SERVERS:
        raise Refused(500, f"{failure}: can't send message to unknown server {server}")
    if server == "lid":
        user, server = directory.number_of(user), "s.whatsapp.net"
    jid = f"{DEVICE.sub('', user)}@{server}"
    if server == "s.whatsapp.net" and not magic_numbers.exists(jid):
        raise Refused(500, f"{failure}: no LID found for {jid} from server")
    return jid


def deliver(
    jid: str, kind: str, message_id: str, content: Content, received: MediaContent, sandbox: Sandbox
) -> tuple[str, float]:
    """Enter a message in the ledger; return its id and time."""
    now = sandbox.clock()
    message_id = message_id or message_ids.stanza_id(now)
    link = {"link": received.link} if received.link else {}
    mimetype = {"mimetype": received.mimetype} if received.mimetype else {}
    sandbox.ledger.record(
        Message(
            NAME,
            jid.partition("@")[0],
            kind,
            message_id,
            {**content, **link, **mimetype},
            now,
            received.content,
            sent_at=now,
            mimetype=received.mimetype,
            group=jid.endswith("@g.us"),
        )
    )
    return message_id, now


def stamp(moment: float, sandbox: Sandbox) -> int | str:
    """Return the time of a reply: a Unix time, or RFC 3339 in the document's servers."""
    return time_text(moment) if generation(sandbox) == DOCUMENT else int(moment)


def _values(data: Content, send: Send) -> Content:
    """Return the content of a message with fixed fields; refuse one without a required field."""
    kept = send.content or {}
    names = (*send.required, *kept)
    values = {name: typed(data, name, "number" if name in NUMBERS else "string") for name in names}
    for name in send.required:
        if not values[name]:
            raise Refused(400, f"missing {name} in Payload")
    return {shown: values[name] for name, shown in kept.items() if values[name]}


def _options(data: Content, kind: str) -> Content:
    """Return what newer servers take besides: a voice note or not, a preview of a link."""
    if kind == "audio":
        return {"ptt": typed(data, "ptt", "bool") if "ptt" in data else True}
    return {"link_preview": True} if kind == "text" and typed(data, "LinkPreview", "bool") else {}


def sender(kind: str, send: Send) -> Handler:
    """Return the handler that sends one kind of message."""

    @authenticated
    async def handler(request: Request, sandbox: Sandbox) -> Response:
        require_session(sandbox)
        data = await payload(request, send.undecoded)
        message_id = typed(data, "Id")
        content = _values(data, send) | (send.read(data) if send.read else {})
        if send.quotes:
            content |= context(data)
        if generation(sandbox) != DOCUMENT:
            content |= _options(data, kind)
        received = MediaContent() if send.media is None else await receive(data, send.media, sandbox)
        jid = recipient(typed(data, send.recipient), sandbox, send.failure)
        message_id, moment = deliver(jid, kind, message_id, content, received, sandbox)
        timed = {"Timestamp": stamp(moment, sandbox)} if send.timed else {}
        return success({"Details": send.details, **timed, "Id": message_id})

    return handler


ROUTES: dict[tuple[str, str], Handler] = {
    ("POST", f"/chat/send/{kind}"): sender(kind, send) for kind, send in SENDS.items()
}
