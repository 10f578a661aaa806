# SPDX-License-Identifier: Apache-2.0
"""The portal's posts to a webhook: deliveries and incoming messages (vendor-docs/wa_portal, 8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from airflow_provider_wa.api import jids
from airflow_provider_wa.api.errors import UnexpectedReply
from airflow_provider_wa.api.json_fields import moment, pick, text, whole_number
from airflow_provider_wa.api.records import DeliveryState, DeliveryStatus, InboxMessage, MediaFile
from airflow_provider_wa.api.webhooks import Event, Post, event, posted_object
from airflow_provider_wa.vendors.wa_portal.incoming import posted_message
from airflow_provider_wa.vendors.wa_portal.replies import without_credential
from airflow_provider_wa.vendors.wa_portal.tables import DELIVERY_STATES, NAME, UNKNOWN_TYPE


def events(post: Post) -> list[Event]:
    """Return the event of a post: JSON, or a form with the JSON in its field ``json`` and a file.

    :raises UnexpectedReply: the post is not an object, or has no ``reportType``.
    """
    body = posted_object(NAME, pick(post.fields, "json") if post.fields else post.data)
    kind = text(pick(body, "reportType"))
    if not kind:
        raise UnexpectedReply("the post has no reportType", vendor=NAME)
    raw = without_credential(body)
    read = _RECORDS.get(kind.casefold())
    return [event(read(raw) if read else None, vendor_kind=kind, file=_file(post, raw), raw=raw)]


def _delivery(body: Mapping[str, Any]) -> DeliveryStatus | None:
    """Return the delivery status of a message; None without its id.

    Here ``status`` is the delivery, not the submission as in the reports (field-notes, Portal), and ``createdAt`` the
    moment of it.
    """
    message_id = text(pick(body, "messageID"))
    if not message_id:
        return None
    number, when = pick(body, "status"), moment(pick(body, "createdAt"))
    state = DELIVERY_STATES.get(whole_number(number) or 0, DeliveryState.UNKNOWN)
    return DeliveryStatus(
        vendor=NAME,
        message_id=message_id,
        state=state,
        to=jids.phone_or_jid(text(pick(body, "phone"))) or None,
        code=text(number) or None,
        detail=text(pick(body, "statusInfo")),
        sent_at=when if state is DeliveryState.SENT else None,
        delivered_at=when if state is DeliveryState.DELIVERED else None,
        read_at=when if state is DeliveryState.READ else None,
        raw=body,
    )


_RECORDS: Mapping[str, Callable[[Mapping[str, Any]], DeliveryStatus | InboxMessage | None]] = {
    "delivery": _delivery,
    "inbox": posted_message,
}


def _file(post: Post, body: Mapping[str, Any]) -> MediaFile | None:
    """Return the file of a form; its type may be in the message only."""
    file = pick(post.files, "file1") or next(iter(post.files.values()), None)
    if file is None:
        return None
    media_type = file.media_type if file.media_type != UNKNOWN_TYPE else text(pick(pick(body, "value"), "type"))
    return replace(file, vendor=NAME, media_type=media_type or UNKNOWN_TYPE)
