# SPDX-License-Identifier: Apache-2.0
"""Records of the portal: message, instance and balance (vendor-docs/wa_portal.txt, 2.1, 3.1 and 5)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from airflow_provider_wa.sandbox.inbox import IncomingMessage
from airflow_provider_wa.sandbox.ledger import Message
from airflow_provider_wa.sandbox.profile import Quota

INSTANCE_ID = "5f000000000000000000a0f3"
CLIENT_ID = "5f000000000000000000a0c8"
OWN_NUMBER = "919800000000"

# Quota that is shown while the sandbox's quota is unlimited.
UNLIMITED_SHOWN = 5000

INDIA = timezone(timedelta(hours=5, minutes=30))

# ledger status -> submission (status, statusInfo) and delivery (statusMessage, statusMessageInfo)
STATUS = {
    "queued": ((0, "Pending"), (0, "")),
    "sent": ((1, "Sent"), (1, "Sent")),
    "delivered": ((1, "Sent"), (3, "Delivered")),
    "read": ((1, "Sent"), (4, "Read")),
}
MEDIA_TYPES = frozenset({"image", "video", "audio", "document"})


def message(sent: Message, now: float, delivery_seconds: float) -> dict[str, Any]:
    """Return one row of the delivery report."""
    (status, info), (delivery, delivery_info) = STATUS[sent.status(now, delivery_seconds)]
    is_media = sent.type in MEDIA_TYPES
    return {
        "messageID": sent.message_id,
        "clientID": CLIENT_ID,
        "instanceID": INSTANCE_ID,
        "creditID": "",
        "phone": sent.to,
        "full_push_name": "",
        "text": sent.content.get("text", sent.content.get("caption", "")),
        "link": sent.content.get("link", ""),
        "serverSend": False,
        "isMedia": is_media,
        "mediaType": sent.type if is_media else "",
        "mediaPath": "",
        "isLocation": sent.type == "location",
        "location": sent.content if sent.type == "location" else None,
        "isContact": sent.type == "contact",
        "contact": sent.content if sent.type == "contact" else None,
        "isButton": "buttons" in sent.content,
        "button": sent.content.get("buttons"),
        "isList": sent.type == "list",
        "list": sent.content.get("rows"),
        "wacheck": False,
        "waID": OWN_NUMBER,
        "waMessageID": wa_message_id(sent.message_id),
        "status": status,
        "timedOut": 0,
        "statusInfo": info,
        "statusMessage": delivery,
        "statusMessageInfo": delivery_info,
        "mode": "Api",
        "deliveredAt": time_text(sent.delivered_at(now, delivery_seconds)),
        "readAt": time_text(sent.read_at(now, delivery_seconds)),
        "createdAt": time_text(sent.at),
        "updatedAt": time_text(sent.sent_at or sent.at),
        "value": None,
    }


def received(message: IncomingMessage) -> dict[str, Any]:
    """Return one row of the inbox report."""
    is_media = message.media is not None
    return {
        "messageID": message.message_id,
        "clientID": CLIENT_ID,
        "instanceID": INSTANCE_ID,
        "creditID": "",
        "phone": message.sender,
        "full_push_name": "",
        "text": message.text,
        "link": "",
        "serverSend": False,
        "isMedia": is_media,
        "mediaType": message.type if is_media else "",
        "mediaPath": f"assets/media/{message.message_id}" if is_media else "",
        "isLocation": False,
        "location": None,
        "isContact": False,
        "contact": None,
        "isButton": False,
        "button": None,
        "isList": False,
        "list": None,
        "wacheck": False,
        "waID": f"{message.sender}@s.whatsapp.net",
        "waMessageID": wa_message_id(message.message_id),
        "status": 3,
        "timedOut": 0,
        "statusInfo": "Delivered",
        "statusMessage": 0,
        "statusMessageInfo": "",
        "mode": "",
        "deliveredAt": None,
        "readAt": None,
        "createdAt": time_text(message.at),
        "updatedAt": time_text(message.at),
        "webhookURL": "",
        "webhookStatus": 0,
        "value": None,
    }


def wa_message_id(message_id: str) -> str:
    """Return WhatsApp's own id of a message."""
    return "EC" + message_id[-20:].upper()


def instance(quota: Quota) -> dict[str, Any]:
    """Return the state of a connected instance."""
    return {
        "instanceID": INSTANCE_ID,
        "clientID": CLIENT_ID,
        "name": "Sandbox",
        "login": True,
        "status": True,
        "creditID": "",
        "isUnlimited": quota.left is None,
        "quotaLimit": 100,
        "quota": _left(quota),
        "todayUsage": quota.used,
        "usage": quota.used,
        "expired": "2035-05-04T22:29:59+05:30",
        "isRead": True,
        "webHook": "",
        "info": {
            "Battery": 0,
            "Platform": "MD",
            "Connected": True,
            "Pushname": "sandbox",
            "Wid": OWN_NUMBER,
            "Plugged": False,
        },
        "backup": None,
        "isValid": False,
    }


def balance(quota: Quota) -> dict[str, Any]:
    """Return the balance."""
    return {
        "backup": None,
        "expiryDate": "2035-05-04 22:29:59 +0530 IST",
        "quota": _left(quota),
        "status": "active",
    }


def _left(quota: Quota) -> int:
    return UNLIMITED_SHOWN if quota.left is None else quota.left


def time_text(moment: float | None) -> str | None:
    """Return a time in the portal's form: Indian time with its offset."""
    return None if moment is None else datetime.fromtimestamp(moment, INDIA).isoformat(timespec="milliseconds")
