# SPDX-License-Identifier: Apache-2.0
"""The portal's webhook (vendor-docs/wa_portal.txt, 8): delivery and inbox; media come with their file."""

from __future__ import annotations

from typing import Any

from airflow_provider_wa.sandbox import portal_records, posts
from airflow_provider_wa.sandbox.events import Event, Progress, Received
from airflow_provider_wa.sandbox.inbox import Incoming
from airflow_provider_wa.sandbox.state import Webhook


def post(event: Event, webhook: Webhook) -> posts.Post | None:
    """Return what an event's post is, if it has one."""
    if isinstance(event, Received):
        return _inbox(event.message)
    return _delivery(event)


def _delivery(event: Progress) -> posts.Post | None:
    if event.status not in portal_records.STATUS:
        return None
    _, (status, info) = portal_records.STATUS[event.status]
    return posts.as_json(
        {
            "clientID": portal_records.CLIENT_ID,
            "createdAt": portal_records.time_text(event.at),
            "instanceID": portal_records.INSTANCE_ID,
            "messageID": event.message.message_id,
            "phone": event.message.to,
            "reportType": "delivery",
            "status": status,
            "statusInfo": info,
            "waID": portal_records.OWN_NUMBER,
            "waMessageID": portal_records.wa_message_id(event.message.message_id),
        }
    )


def _inbox(message: Incoming) -> posts.Post:
    value: Any = message.text
    if message.media is not None:
        value = {"caption": message.text, "type": message.mimetype}
    data = {
        "clientID": portal_records.CLIENT_ID,
        "createdAt": portal_records.time_text(message.at),
        "instanceID": portal_records.INSTANCE_ID,
        "phone": message.sender,
        "reportType": "inbox",
        "status": 3,
        "statusInfo": "Delivered",
        "type": message.type,
        "value": value,
        "waID": f"{message.sender}@s.whatsapp.net",
        "waMessageID": portal_records.wa_message_id(message.message_id),
    }
    if message.media is None:
        return posts.as_json(data)
    return posts.as_multipart(data, message.filename or "file", message.mimetype, message.media)
