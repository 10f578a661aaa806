# SPDX-License-Identifier: Apache-2.0
"""A sample of each type of message and of each kind of notification; /sandbox/events lets them come in."""

from __future__ import annotations

from typing import Any

from airflow_provider_wa.sandbox import directory
from airflow_provider_wa.sandbox.green_api import notifications
from airflow_provider_wa.sandbox.green_api.protocol import NAME, chat_id_of
from airflow_provider_wa.sandbox.state import Sandbox

PERSON = directory.CONTACTS[0]
CHAT = chat_id_of(PERSON.number)
OWN = chat_id_of(directory.OWN_NUMBER)
SENDER = {
    "chatId": CHAT, "chatName": PERSON.name,
    "sender": CHAT, "senderName": PERSON.name, "senderContactName": PERSON.name,
}  # fmt: skip
QUOTED = {"stanzaId": "3EB0C767D097B7C7C030", "participant": OWN, "typeMessage": "textMessage", "textMessage": "Hello"}
REPLY_BUTTON = {"type": "reply", "buttonId": "1", "buttonText": "Yes"}
FORWARDED = {"isForwarded": False, "forwardingScore": 0}


def _file(name: str, mime: str, caption: str = "") -> dict[str, Any]:
    described = {"downloadUrl": f"https://store.test/{name}", "caption": caption, "fileName": name, "mimeType": mime}
    return {"fileMessageData": {**described, "jpegThumbnail": "", **FORWARDED}}


def _text(text: str) -> dict[str, Any]:
    return {"extendedTextMessageData": {"text": text, "description": "", "title": "", "jpegThumbnail": "", **FORWARDED}}


# type of a message that comes in -> the rest of its `messageData`
MESSAGES: dict[str, dict[str, Any]] = {
    "textMessage": {"textMessageData": {"textMessage": "Hello", "isTemplateMessage": False}},
    "extendedTextMessage": _text("Look: https://example.com"),
    "quotedMessage": {**_text("Yes"), "quotedMessage": QUOTED},
    "imageMessage": _file("horse.jpg", "image/jpeg", "A horse"),
    "videoMessage": _file("horse.mp4", "video/mp4", "It runs"),
    "audioMessage": _file("voice.ogg", "audio/ogg; codecs=opus"),
    "documentMessage": _file("bill.pdf", "application/pdf", "For May"),
    "stickerMessage": _file("sticker.webp", "image/webp"),
    "locationMessage": {
        "locationMessageData": {
            "nameLocation": "Plaza", "address": "Jr. 1", "latitude": -12.05, "longitude": -77.04, "jpegThumbnail": "",
            **FORWARDED,
        },
    },
    "contactMessage": {"contactMessageData": {"displayName": "Ana", "vcard": "BEGIN:VCARD\nFN:Ana\nEND:VCARD"}},
    "contactsArrayMessage": {
        "messageData": {
            "contacts": [
                {"displayName": name, "vcard": f"BEGIN:VCARD\nFN:{name}\nEND:VCARD"} for name in ("Ana", "Rosa")
            ],
            **FORWARDED,
        },
    },
    "reactionMessage": {
        "extendedTextMessageData": {"text": "👍"},
        "quotedMessage": {"stanzaId": QUOTED["stanzaId"], "participant": OWN},
    },
    "pollMessage": {
        "pollMessageData": {"name": "When?", "options": [{"optionName": "Thursday"}], "multipleAnswers": False}
    },
    "pollUpdateMessage": {
        "pollMessageData": {
            "stanzaId": QUOTED["stanzaId"], "name": "When?", "multipleAnswers": False,
            "votes": [
                {"optionName": "Thursday", "optionVoters": [CHAT]}, {"optionName": "Friday", "optionVoters": []}
            ],
        },
    },
    "groupInviteMessage": {
        "groupInviteMessageData": {
            "groupJid": "120363020000000009@g.us", "inviteCode": "Code", "inviteExpiration": 1893553445,
            "groupName": "Club", "caption": "Join us", "jpegThumbnail": "",
        },
    },
    "buttonsMessage": {
        "buttonsMessage": {
            "contentText": "Shall we?", "footer": "", "buttons": [{"buttonId": "1", "buttonText": "Yes"}], **FORWARDED,
        },
    },
    "buttonsResponseMessage": {
        "buttonsResponseMessage": {
            "stanzaId": QUOTED["stanzaId"], "selectedButtonId": "1", "selectedButtonText": "Yes",
        },
    },
    "listMessage": {
        "listMessage": {
            "contentText": "Choose", "title": "Menu", "footer": "", "buttonText": "Open",
            "sections": [{"title": "Tea", "rows": [{"title": "Mint", "rowId": "1", "description": ""}]}], **FORWARDED,
        },
    },
    "listResponseMessage": {
        "listResponseMessage": {
            "stanzaId": QUOTED["stanzaId"], "title": "Mint", "listType": 1,
            "singleSelectReply": "1",
        },
    },
    "templateMessage": {
        "templateMessage": {
            "namespace": "", "contentText": "Your order", "footer": "",
            "buttons": [{"index": 1, "urlButton": {"displayText": "Open", "url": "https://example.com"}}], **FORWARDED,
        },
    },
    "templateButtonsReplyMessage": {
        "templateButtonReplyMessage": {
            "stanzaId": QUOTED["stanzaId"], "selectedIndex": 1, "selectedId": "1", "selectedDisplayText": "Yes",
        },
    },
    "interactiveButtons": {
        "interactiveButtons": {
            "titleText": "Header", "contentText": "Shall we?", "footerText": "", "buttons": [REPLY_BUTTON],
        },
    },
    "interactiveButtonsReply": {
        "interactiveButtonsReply": {
            "titleText": "Header", "contentText": "Shall we?", "footerText": "", "buttons": [REPLY_BUTTON],
        },
    },
    "interactiveButtonsResponse": {
        "interactiveButtonsResponse": {
            "stanzaId": QUOTED["stanzaId"], "selectedIndex": 1, "selectedId": "2", "selectedDisplayText": "Yes",
        },
    },
    "editedMessage": {"editedMessageData": {"textMessage": "Hello again", "stanzaId": "3AE2864C77312000000"}},
    "deletedMessage": {"deletedMessageData": {"stanzaId": "3AE2864C77312000000"}},
    "unreadable": {"typeMessage": "textMessage", "textMessageData": {"textMessage": "{{SWE001}}"}},
}  # fmt: skip

# kind of another notification -> its fields
OTHERS: dict[str, dict[str, Any]] = {
    "outgoingMessageStatus": {
        "chatId": f"{PERSON.number}:3@c.us", "idMessage": "3EB0C767D097B7C7C030", "status": "yellowCard",
        "description": "suspended sending due to spam activity", "sendByApi": True,
    },
    "outgoingMessageReceived": {
        "senderData": {**SENDER, "sender": OWN, "senderName": "", "senderContactName": ""},
        "messageData": {"typeMessage": "textMessage", "textMessageData": {"textMessage": "From the phone"}},
    },
    "outgoingAPIMessageReceived": {
        "senderData": {**SENDER, "sender": OWN, "senderName": "", "senderContactName": ""},
        "messageData": {"typeMessage": "extendedTextMessage", **_text("By the API")},
    },
    "stateInstanceChanged": {"stateInstance": "suspended"},
    "statusInstanceChanged": {"statusInstance": "online"},
    "deviceInfo": {
        "deviceData": {"platform": "android", "deviceManufacturer": "", "deviceModel": "", "osVersion": "",
                       "waVersion": "", "battery": 0},
    },
    "incomingCall": {"from": CHAT, "status": "missed"},
    "outgoingCall": {"from": CHAT, "status": "hangUp"},
    "incomingBlock": {"chatId": CHAT, "chatState": "block"},
    "quotaExceeded": {
        "quotaData": {"method": "correspondents", "used": 3, "total": 3, "status": "CORRESPONDENTS_QUOTA_EXCEEDED",
                      "description": "Only three chats can be used in a month"},
    },
}  # fmt: skip

SAMPLES: dict[str, dict[str, Any]] = {
    **{
        kind: {
            "typeWebhook": "incomingMessageReceived",
            "senderData": SENDER,
            "messageData": {"typeMessage": kind, **data},
        }
        for kind, data in MESSAGES.items()
    },
    **{kind: {"typeWebhook": kind, **fields} for kind, fields in OTHERS.items()},
}


class OwnEvents(list[dict[str, Any]]):
    """The messages among the events that tests let come in, oldest first: the journals have them as well."""


def queue_event(sandbox: Sandbox, event: dict[str, Any]) -> None:
    """Let an event come in: into the queue or to the webhook, and a message into the journal too."""
    now = sandbox.clock()
    body = {name: value for name, value in event.items() if name != "type"}
    body.setdefault("timestamp", int(now))
    if "messageData" in body or event["type"] in ("incomingCall", "outgoingCall"):
        body.setdefault("idMessage", sandbox.accounts[NAME].new_message_id(now))
    if body["typeWebhook"] == "incomingMessageReceived":
        sandbox.own_state(OwnEvents).append(body)
    notifications.queue(sandbox, body)
