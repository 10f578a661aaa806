# SPDX-License-Identifier: Apache-2.0
"""The portal's incoming messages, of its inbox report and its webhook (vendor-docs/wa_portal, 7 and 8).

What a choice, a place or a contact looks like is not documented: WhatsApp's own names for these fields are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_wa.api import jids
from airflow_provider_wa.api.json_fields import Path, decimal, moment, pick, text, text_at, truth
from airflow_provider_wa.api.kinds import UNKNOWN
from airflow_provider_wa.api.records import InboxMessage
from airflow_provider_wa.vendors.wa_portal.tables import INBOX_KINDS, KINDS, NAME

_CAPTION: tuple[Path, ...] = (("caption",), ("text",), ("body",), ("body", "text"))
_TEXTS: Mapping[str, tuple[Path, ...]] = {
    "location": (("name",), ("address",), ("caption",)),
    "contact": (("displayName",), ("name",), ("contacts", "displayName")),
    "button": (("selectedDisplayText",), ("selectedButtonText",), ("Response", "SelectedDisplayText"), *_CAPTION),
    "list": (("title",), ("selectedDisplayText",), ("description",), *_CAPTION),
    "poll": (("name",), *_CAPTION),
    "invitation": (("caption",), ("groupName",)),
}
"""Places of the text in an object, the best first, by the kind of message; a caption for all other kinds."""

_SELECTED: tuple[Path, ...] = (
    *(("selectedButtonID",), ("selectedID",), ("selectedRowID",), ("singleSelectReply", "selectedRowID"), ("id",)),
)  # fmt: skip
_QUOTED: tuple[Path, ...] = (("contextInfo", "stanzaID"), ("quotedMessageID",))
_CHOICES = ("button", "list")
_OBJECTS = ("location", "contact", "button", "list", "value")


def posted_message(body: Mapping[str, Any]) -> InboxMessage | None:
    """Return the message of a post, which has WhatsApp's own id only; None without it."""
    message_id = text(pick(body, "waMessageID"))
    if not message_id:
        return None
    word = text(pick(body, "type"))
    kind = KINDS.get(word.casefold(), word)
    return _message(body, message_id, kind, pick(body, "value"), raw=body)


def reported_message(row: Mapping[str, Any], raw: Any) -> InboxMessage:
    """Return the message in a row of the inbox. The path of a file is the portal's own.

    :param raw: the row without credentials.
    """
    if truth(pick(row, "isMedia")):
        word = text(pick(row, "mediaType"))
        kind = KINDS.get(word.casefold(), word) if word else "document"
    else:
        kind = next((word for mark, word in INBOX_KINDS.items() if truth(pick(row, mark))), "text")
    value = next((found for name in (kind, *_OBJECTS) if isinstance(found := pick(row, name), Mapping)), None)
    return _message(row, text(pick(row, "messageID")), kind, value, raw)


def _message(source: Mapping[str, Any], message_id: str, kind: str, value: Any, raw: Any) -> InboxMessage:
    chat = jids.without_device(text(pick(source, "waID")))
    said = text(pick(source, "text")) or text(value) or text_at(value, _TEXTS.get(kind, _CAPTION))
    return InboxMessage(
        vendor=NAME,
        message_id=message_id,
        wa_message_id=text(pick(source, "waMessageID")) or None,
        # In a group the phone is the group's as well: who wrote is not reported.
        sender=chat if jids.is_group(chat) else text(pick(source, "phone")) or chat,
        chat=chat or None,
        kind=_apart(chat) or ("text" if kind == UNKNOWN and said else kind),
        text=said,
        received_at=moment(pick(source, "createdAt")),
        media_url=text(pick(source, "mediaPath")) or text(pick(source, "link")) or None,
        quoted_id=text_at(value, _QUOTED) or None,
        selected_id=text_at(value, _SELECTED) or None if kind in _CHOICES else None,
        latitude=decimal(pick(value, "degreesLatitude", "latitude", "lat")),
        longitude=decimal(pick(value, "degreesLongitude", "longitude", "lng")),
        sender_name=text(pick(source, "full_push_name", "pushName")) or None,
        participant=_member(source, value) if jids.is_group(chat) else None,
        lid=chat if jids.is_lid(chat) else None,
        raw=raw,
    )


def _apart(chat: str) -> str | None:
    if chat.endswith("@newsletter"):
        return "channel"
    return "status" if chat == "status@broadcast" else None


def _member(source: Any, value: Any) -> str | None:
    """Return the member who wrote in a group, if a portal reports one: the document has no field for it."""
    found = next((who for each in (source, value) if (who := text(pick(each, "participant", "author")))), "")
    return jids.phone_or_jid(found) or None
