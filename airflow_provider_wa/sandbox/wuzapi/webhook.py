# SPDX-License-Identifier: Apache-2.0
"""The webhook of WuzAPI: messages and receipts, as a form with a field `jsonData` or as JSON, signed with a key."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlencode

from airflow_provider_wa.sandbox import webhook_request
from airflow_provider_wa.sandbox.directory import OWN_NUMBER
from airflow_provider_wa.sandbox.events import Event, MessageReceived, StatusChanged
from airflow_provider_wa.sandbox.inbox import IncomingMessage, download_keys
from airflow_provider_wa.sandbox.profile import Webhook
from airflow_provider_wa.sandbox.webhooks import event_subscriber
from airflow_provider_wa.sandbox.wuzapi.protocol import NAME

WHO = {"userID": "1", "instanceName": "sandbox"}
STATES = {"delivered": "Delivered", "read": "Read"}
MEDIA_MESSAGES = {
    "image": "imageMessage",
    "video": "videoMessage",
    "audio": "audioMessage",
    "document": "documentMessage",
}


def make_request(event: Event, webhook: Webhook) -> webhook_request.WebhookRequest | None:
    """Return the request of an event; None for an event without a subscription."""
    data = _message(event.message) if isinstance(event, MessageReceived) else _receipt(event)
    if data is None or not {data["type"], "All"} & set(webhook.events):
        return None
    if webhook.as_json:
        made = webhook_request.as_json({**data, **WHO})
    else:
        form = urlencode({"jsonData": webhook_request.encode(data), **WHO})
        made = webhook_request.WebhookRequest(
            form.encode(), {"Content-Type": "application/x-www-form-urlencoded"}, {**data, **WHO}
        )
    if webhook.hmac_key:
        made.headers["x-hmac-signature"] = hmac.new(webhook.hmac_key.encode(), made.body, hashlib.sha256).hexdigest()
    return made


subscribe = event_subscriber(NAME, make_request)


def _time(moment: float) -> str:
    return datetime.fromtimestamp(moment, timezone.utc).isoformat(timespec="seconds")


def _message(message: IncomingMessage) -> dict[str, Any]:
    jid = f"{message.sender}@s.whatsapp.net"
    info = {
        "ID": message.message_id,
        "Chat": jid,
        "Sender": jid,
        "IsFromMe": False,
        "IsGroup": False,
        "Timestamp": _time(message.at),
        "Type": "text" if message.media is None else "media",
        "PushName": message.sender,
    }
    if message.media is None:
        return {"type": "Message", "event": {"Info": info, "Message": {"conversation": message.text}}}
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
    return {
        "type": "Message",
        "event": {"Info": info, "Message": {MEDIA_MESSAGES[message.type]: kept}},
        "base64": base64.b64encode(message.media).decode(),
        "mimeType": message.mimetype,
        "fileName": message.filename,
    }


def _receipt(event: StatusChanged) -> dict[str, Any] | None:
    if event.status not in STATES:
        return None
    server = "g.us" if event.message.group else "s.whatsapp.net"
    jid = event.message.to + "@" + server
    receipt = {
        "Chat": jid,
        "Sender": jid,
        "IsFromMe": False,
        "IsGroup": event.message.group,
        "MessageIDs": [event.message.message_id],
        "MessageSender": f"{OWN_NUMBER}@s.whatsapp.net",
        "Timestamp": _time(event.at),
        "Type": "read" if event.status == "read" else "",
    }
    return {"type": "ReadReceipt", "state": STATES[event.status], "event": receipt}
