# SPDX-License-Identifier: Apache-2.0
"""Contents of messages: the field `messageData` of notifications, and the flat fields of the journals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow_provider_wa.sandbox.inbox import IncomingMessage
from airflow_provider_wa.sandbox.ledger import Message

Data = dict[str, Any]

# type in the ledger -> type in a notification
TYPES = {
    "text": "textMessage",
    "image": "imageMessage",
    "video": "videoMessage",
    "audio": "audioMessage",
    "document": "documentMessage",
    "location": "locationMessage",
    "contact": "contactMessage",
    "poll": "pollMessage",
    "buttons": "interactiveButtons",
    "reply buttons": "interactiveButtonsReply",
}

_PLACE = {"nameLocation": "name", "address": "address", "latitude": "latitude", "longitude": "longitude"}


def _file(content: Data) -> Data:
    return {
        "fileMessageData": {
            "downloadUrl": "",
            "caption": content.get("caption", ""),
            "fileName": content["filename"],
            "jpegThumbnail": "",
            "mimeType": content.get("mimetype", ""),
        }
    }


def _buttons(content: Data) -> Data:
    return {
        "titleText": content.get("header", ""),
        "contentText": content["text"],
        "footerText": content.get("footer", ""),
        "buttons": content["buttons"],
    }


_DATA: dict[str, Callable[[Data], Data]] = {
    "text": lambda content: {"textMessageData": {"textMessage": content["text"]}},
    "location": lambda content: {
        "locationMessageData": {name: content.get(kept, "") for name, kept in _PLACE.items()} | {"jpegThumbnail": ""}
    },
    "contact": lambda content: {"contactMessageData": {"displayName": content["name"], "vcard": ""}},
    "poll": lambda content: {
        "pollMessageData": {
            "name": content["text"],
            "options": [{"optionName": option} for option in content["options"]],
            "multipleAnswers": content["multiple"],
        }
    },
    "buttons": lambda content: {"interactiveButtons": _buttons(content)},
    "reply buttons": lambda content: {"interactiveButtonsReply": _buttons(content)},
}


def of_sent(message: Message) -> Data:
    """Return the `messageData` of a message that was sent."""
    make = _DATA.get(message.type, _file)
    return {"typeMessage": TYPES[message.type], **make({**message.content, "mimetype": message.mimetype})}


def of_received(message: IncomingMessage) -> Data:
    """Return the `messageData` of a message that came in."""
    kind = TYPES[message.type]
    if message.media is None:
        return {"typeMessage": kind, "textMessageData": {"textMessage": message.text}}
    content = {"caption": message.text, "filename": message.filename, "mimetype": message.mimetype}
    return {"typeMessage": kind, **_file(content)}


# field of `messageData` -> fields of a journal
_FLAT: dict[str, Callable[[Any], Data]] = {
    "textMessageData": dict,
    "fileMessageData": dict,
    "messageData": dict,
    "extendedTextMessageData": lambda data: {"textMessage": data.get("text", ""), "extendedTextMessage": data},
    "locationMessageData": lambda data: {"location": data},
    "contactMessageData": lambda data: {"contact": data},
    "pollMessageData": lambda data: {"textMessage": data.get("name", ""), "pollMessageData": data},
}


def flat(message_data: Data) -> Data:
    """Return the fields that a journal has for a `messageData`."""
    fields: Data = {}
    for name, value in message_data.items():
        fields |= _FLAT[name](value) if name in _FLAT else {name: value}
    return fields
