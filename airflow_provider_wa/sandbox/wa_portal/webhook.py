# SPDX-License-Identifier: Apache-2.0
"""The webhook of the portal (vendor-docs/wa_portal.txt, 8): delivery and inbox, media with their file."""

from __future__ import annotations

from typing import Any

from airflow_provider_wa.sandbox import webhook_request
from airflow_provider_wa.sandbox.events import Event, MessageReceived, StatusChanged
from airflow_provider_wa.sandbox.inbox import IncomingMessage
from airflow_provider_wa.sandbox.profile import Webhook
from airflow_provider_wa.sandbox.wa_portal import records
from airflow_provider_wa.sandbox.wa_portal.protocol import NAME
from airflow_provider_wa.sandbox.webhooks import event_subscriber


def make_request(event: Event, webhook: Webhook) -> webhook_request.WebhookRequest | None:
    """Return the request of an event; None for a status that the portal does not report."""
    if isinstance(event, MessageReceived):
        return _inbox(event.message)
    return _delivery(event)


subscribe = event_subscriber(NAME, make_request)


def _delivery(event: StatusChanged) -> webhook_request.WebhookRequest | None:
    if event.status not in records.STATUS:
        return None
    _, (status, info) = records.STATUS[event.status]
    return webhook_request.as_json(
        {
            "clientID": records.CLIENT_ID,
            "createdAt": records.time_text(event.at),
            "instanceID": records.INSTANCE_ID,
            "messageID": event.message.message_id,
            "phone": event.message.to,
            "reportType": "delivery",
            "status": status,
            "statusInfo": info,
            "waID": records.OWN_NUMBER,
            "waMessageID": records.wa_message_id(event.message.message_id),
        }
    )


def _inbox(message: IncomingMessage) -> webhook_request.WebhookRequest:
    value: Any = message.text
    if message.media is not None:
        value = {"caption": message.text, "type": message.mimetype}
    data = {
        "clientID": records.CLIENT_ID,
        "createdAt": records.time_text(message.at),
        "instanceID": records.INSTANCE_ID,
        "phone": message.sender,
        "reportType": "inbox",
        "status": 3,
        "statusInfo": "Delivered",
        "type": message.type,
        "value": value,
        "waID": f"{message.sender}@s.whatsapp.net",
        "waMessageID": records.wa_message_id(message.message_id),
    }
    if message.media is None:
        return webhook_request.as_json(data)
    return webhook_request.as_multipart(data, message.filename or "file", message.mimetype, message.media)
