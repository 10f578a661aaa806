# SPDX-License-Identifier: Apache-2.0
"""The webhook of WuzAPI: messages, receipts and the session's events, as a form with `jsonData` or as JSON."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlencode

from airflow_provider_wa.sandbox import directory, magic_numbers, webhook_request
from airflow_provider_wa.sandbox.events import Event, MessageReceived, StatusChanged
from airflow_provider_wa.sandbox.inbox import IncomingMessage, download_keys
from airflow_provider_wa.sandbox.profile import Webhook
from airflow_provider_wa.sandbox.state import Sandbox
from airflow_provider_wa.sandbox.webhooks import Publish
from airflow_provider_wa.sandbox.wuzapi import sniffing
from airflow_provider_wa.sandbox.wuzapi.account import DOCUMENT, NAME, account, generation, session_events

USER = "1"
WHO = {"instanceName": "sandbox", "userID": USER}
SIGNATURE = "x-hmac-signature"
STATES = {"delivered": "Delivered", "read": "Read"}
MEDIA_MESSAGES = {
    "image": "imageMessage",
    "video": "videoMessage",
    "audio": "audioMessage",
    "document": "documentMessage",
}
DEVICE = 12  # of all who write or read
GO_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


@dataclass(frozen=True)
class Posted:
    """A body to post, and the file that comes with it."""

    body: dict[str, Any]
    media: bytes | None = None
    mimetype: str = ""
    filename: str = ""


def subscribe(sandbox: Sandbox, previous: Webhook, webhook: Webhook) -> Publish:
    """Start a webhook: what happens from now on is posted once, to the URL that is set when it happens."""
    if not previous.url:
        sandbox.new_events(NAME)
        account(sandbox).queued.clear()
        account(sandbox).seen = None

    return lambda: publish(sandbox)


def publish(sandbox: Sandbox) -> None:
    """Post the events since the last call to the current subscribers."""
    webhook = sandbox.webhooks[NAME]
    for posted in (*_session(sandbox), *_messages(sandbox)):
        request = make_request(posted, webhook, sandbox)
        if request is not None:
            sandbox.webhook_delivery.send(NAME, webhook.url, request)


def queue_event(sandbox: Sandbox, body: dict[str, Any]) -> None:
    """Queue a body to post."""
    account(sandbox).queued.append(body)


def _session(sandbox: Sandbox) -> Iterator[Posted]:
    """Yield the bodies that are queued, and those that tell of a new state of the session."""
    own, session = account(sandbox), sandbox.session(NAME)
    now = (session.connected, session.paired)
    if own.seen is not None and own.seen != now:
        own.queued += session_events(own.seen, session)
    own.seen = now
    queued, own.queued = own.queued, []
    yield from map(Posted, queued)


def _messages(sandbox: Sandbox) -> Iterator[Posted]:
    for event in sandbox.new_events(NAME):
        yield from _posted(event, sandbox)


def _posted(event: Event, sandbox: Sandbox) -> Iterator[Posted]:
    if isinstance(event, StatusChanged):
        yield from map(Posted, _receipts(event, sandbox))
        return
    message = event.message
    member = (message.group, message.sender)
    if message.group and member not in account(sandbox).introduced and generation(sandbox) != DOCUMENT:
        account(sandbox).introduced.add(member)
        yield Posted({"type": "Message", "event": _key_event(message)})
    yield _message(event)


def make_request(posted: Posted, webhook: Webhook, sandbox: Sandbox) -> webhook_request.WebhookRequest | None:
    """Return the request of a body; None without a subscription to its type."""
    own = account(sandbox)
    if own.deaf or not {posted.body["type"], "All"} & set(webhook.events):
        return None
    fields = {"jsonData": go_json(posted.body), **WHO}
    if posted.media is not None and generation(sandbox) == DOCUMENT:
        made, signed = _with_file(fields, posted)
    elif webhook.as_json:
        text = go_json({**_with_base64(posted), **WHO}).encode()
        made = webhook_request.WebhookRequest(text, {"Content-Type": "application/json"}, json.loads(text))
        signed = made.body
    else:
        body = _with_base64(posted)
        form = urlencode(sorted({"jsonData": go_json(body), **WHO}.items())).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        made, signed = webhook_request.WebhookRequest(form, headers, {**body, **WHO}), form
    made.headers["User-Agent"] = "go-resty/2.16.5 (https://github.com/go-resty/resty)"
    if webhook.hmac_key and own.signs:
        made.headers[SIGNATURE] = hmac.new(webhook.hmac_key.encode(), signed, hashlib.sha256).hexdigest()
    return made


def _with_base64(posted: Posted) -> dict[str, Any]:
    if posted.media is None:
        return posted.body
    return {
        **posted.body,
        "base64": base64.b64encode(posted.media).decode(),
        "mimeType": sniffing.sniff(posted.media),
        "fileName": posted.filename,
    }


def _with_file(fields: dict[str, str], posted: Posted) -> tuple[webhook_request.WebhookRequest, bytes]:
    """Return a multipart request, and what is signed of it: its fields as JSON, with the path of the file."""
    path = f"/app/files/user_{USER}/{posted.filename}"
    texts = {**fields, "file": path}
    file = webhook_request.FilePart("file", posted.filename, "application/octet-stream", posted.media or b"")
    shown = {**posted.body, **WHO}
    return webhook_request.form_with_file(texts, file, shown), go_json(texts).encode()


def go_json(value: Any) -> str:
    """Return JSON as Go writes it: keys in order, and characters of HTML escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.translate(GO_ESCAPES)


def time_text(moment: float) -> str:
    """Return a moment in RFC 3339."""
    return datetime.fromtimestamp(moment, timezone.utc).isoformat(timespec="seconds")


def exact_time(moment: float) -> str:
    """Return a moment in RFC 3339 with parts of a second, as Go writes times of its own."""
    return datetime.fromtimestamp(moment, timezone.utc).isoformat(timespec="microseconds")


def _source(message: IncomingMessage) -> dict[str, Any]:
    """Return who wrote, and where: a LID and its number, or a LID alone."""
    number = message.sender
    phone, lid = f"{number}:{DEVICE}@s.whatsapp.net", directory.lid_of(number)
    hidden = f"{lid.partition('@')[0]}:{DEVICE}@lid"
    if message.group:
        chat, sender, other, mode = f"{message.group}@g.us", hidden, f"{number}@s.whatsapp.net", "lid"
    elif magic_numbers.is_hidden(number):
        chat, sender, other, mode = lid, hidden, "", "lid"
    else:
        chat, sender, other, mode = f"{number}@s.whatsapp.net", phone, lid, "pn"
    return {
        "Chat": chat,
        "Sender": sender,
        "IsFromMe": False,
        "IsGroup": bool(message.group),
        "AddressingMode": mode,
        "SenderAlt": other,
        "RecipientAlt": "",
        "BroadcastListOwner": "",
        "BroadcastRecipients": None,
    }


def _info(message: IncomingMessage) -> dict[str, Any]:
    return {
        **_source(message),
        "ID": message.message_id,
        "ServerID": 0,
        "Type": "text" if message.media is None else "media",
        "PushName": _name(message.sender),
        "Timestamp": time_text(message.at),
        "Category": "",
        "Multicast": False,
        "MediaType": "" if message.media is None else message.type,
        "Edit": "",
        "MsgBotInfo": {"EditType": "", "EditTargetID": "", "EditSenderTimestampMS": "0001-01-01T00:00:00Z"},
        "MsgMetaInfo": {
            "TargetID": "",
            "TargetSender": "",
            "TargetChat": "",
            "DeprecatedLIDSession": None,
            "ThreadMessageID": "",
            "ThreadMessageSenderJID": "",
        },
        "VerifiedName": None,
        "DeviceSentMeta": None,
    }


def _name(number: str) -> str:
    return next((contact.name for contact in directory.CONTACTS if contact.number == number), number)


def _event(message: IncomingMessage, content: dict[str, Any]) -> dict[str, Any]:
    flags = ("Ephemeral", "ViewOnce", "ViewOnceV2", "ViewOnceV2Extension", "DocumentWithCaption")
    whole = {**content, "messageContextInfo": {"deviceListMetadataVersion": 2}}
    return {
        "Info": _info(message),
        "Message": whole,
        **{f"Is{flag}": False for flag in (*flags, "LottieSticker", "BotInvoke", "Edit")},
        "SourceWebMsg": None,
        "UnavailableRequestID": "",
        "RetryCount": 0,
        "NewsletterMeta": None,
        "RawMessage": whole,
    }


def _key_event(message: IncomingMessage) -> dict[str, Any]:
    """Return the event that comes before a member's first message in a group, under the same id."""
    key = {"groupID": f"{message.group}@g.us", "axolotlSenderKeyDistributionMessage": "AA=="}
    return _event(message, {"senderKeyDistributionMessage": key})


def message_event(message: IncomingMessage) -> dict[str, Any]:
    """Return the event of a message that came in."""
    if message.media is None:
        return _event(message, {"conversation": message.text})
    keys = download_keys(message.media, message.mimetype)
    kept = {
        "URL": keys["Url"],
        "directPath": keys["DirectPath"],
        "mediaKey": keys["MediaKey"],
        "mimetype": keys["Mimetype"],
        "fileEncSHA256": keys["FileEncSHA256"],
        "fileSHA256": keys["FileSHA256"],
        "fileLength": keys["FileLength"],
        "caption": message.text,
    }
    if message.type == "document":
        kept["fileName"] = message.filename
    return _event(message, {MEDIA_MESSAGES[message.type]: kept})


def _message(event: MessageReceived) -> Posted:
    message = event.message
    body = {"type": "Message", "event": message_event(message)}
    if message.media is None:
        return Posted(body)
    # The server names a file by the message's id; the sender's name for it is in the message.
    suffix = mimetypes.guess_extension(message.mimetype) or ".bin"
    return Posted(body, message.media, message.mimetype, f"{message.message_id}{suffix}")


def _receipts(event: StatusChanged, sandbox: Sandbox) -> Iterator[dict[str, Any]]:
    """Yield the receipts of a message: of a group's message, one from each member."""
    if event.status not in STATES:
        return
    message = event.message
    if not message.group:
        yield _receipt(event, message.to, f"{message.to}@s.whatsapp.net")
        return
    group = sandbox.groups.get(message.to)
    for member in group.participants if group else ():
        if member != directory.OWN_NUMBER:
            yield _receipt(event, member, f"{message.to}@g.us")


def _receipt(event: StatusChanged, reader: str, chat: str) -> dict[str, Any]:
    phone, lid = f"{reader}:{DEVICE}@s.whatsapp.net", directory.lid_of(reader)
    in_group = event.message.group
    receipt = {
        "Chat": chat,
        "Sender": f"{lid.partition('@')[0]}:{DEVICE}@lid" if in_group else phone,
        "IsFromMe": False,
        "IsGroup": in_group,
        "AddressingMode": "lid" if in_group else "pn",
        "SenderAlt": f"{reader}@s.whatsapp.net" if in_group else lid,
        "RecipientAlt": "",
        "BroadcastListOwner": "",
        "BroadcastRecipients": None,
        "MessageIDs": [event.message.message_id],
        "MessageSender": "",
        "Timestamp": time_text(event.at),
        "Type": "read" if event.status == "read" else "",
    }
    return {"type": "ReadReceipt", "state": STATES[event.status], "event": receipt}
