# SPDX-License-Identifier: Apache-2.0
"""Green-API's requests and replies as data: vendor-docs/green_api for checkWhatsapp, field notes and the vendor's
public pages for the others.

``SAMPLES`` has them by the endpoint's name in ``GreenApi.endpoints``. ``note`` says what is mended.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from contract.exchange import Exchange, Incoming
from helpers.script import reply

from airflow_provider_wa.api.errors import BadInput, SessionDown, VendorUnavailable, WaError
from airflow_provider_wa.api.flow import Effect, Flow, MethodRate, Reply, Request, Upload
from airflow_provider_wa.api.messages import (
    Button,
    Buttons,
    ContactCard,
    Document,
    Edit,
    Image,
    Location,
    Media,
    Poll,
    Text,
)
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import (
    Avatar,
    CheckResult,
    CheckStatus,
    Contact,
    DeliveryState,
    DeliveryStatus,
    Group,
    InboxMessage,
    MediaFile,
    Notification,
    QrCode,
    SentMessage,
    Session,
    SessionState,
    Webhook,
)
from airflow_provider_wa.api.webhooks import Post
from airflow_provider_wa.vendors.green_api.client import GreenApi

NOW = datetime(2020, 4, 28, 17, tzinfo=timezone.utc)
VENDOR = GreenApi(base_url="https://api.green-api.com", instance_id="1101000001", token="A-TOKEN", clock=lambda: NOW)
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="


@dataclass(frozen=True)
class Sample:
    """A call, the request that it makes, a reply as its text, and what becomes of that (compared without ``raw``).

    ``then`` are the replies to its further requests; ``at`` is the number of the request that is shown.
    """

    call: Callable[[GreenApi], Flow[Any]]
    reply: str
    becomes: Any
    json: Any = None
    rest: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None
    files: tuple[Upload, ...] = ()
    then: tuple[Reply, ...] = ()
    at: int = 0
    note: str = ""


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, tz=timezone.utc)


def check(digits: str) -> Callable[[GreenApi], Flow[Any]]:
    return lambda vendor: vendor.check([PhoneNumber(digits, digits[:1])])


def checked(digits: str, jid: str = "") -> list[CheckResult]:
    exists = CheckStatus.EXISTS
    return [CheckResult(vendor="green_api", number=digits, status=exists, jid=jid or f"{digits}@c.us")]


def send(message: Any, to: str = "11001234567") -> Callable[[GreenApi], Flow[Any]]:
    return lambda vendor: vendor.send(to, message)


def sent(to: str = "11001234567") -> SentMessage:
    return SentMessage(vendor="green_api", message_id="3EB0C767D097B7C7C030", to=to)


SENT = '{"idMessage": "3EB0C767D097B7C7C030"}'
GREETING = "I use Green-API to send this message to you!"
HORSE = {"fileName": "horse.png", "caption": "Little horse"}

INCOMING = """[{
    "type": "incoming",
    "idMessage": "B4AA239D112CB2576897B3910FEDE26E",
    "timestamp": 1588091580,
    "typeMessage": "textMessage",
    "chatId": "79001234568@c.us",
    "senderId": "79001234568@c.us",
    "senderName": "Green API",
    "textMessage": "I use Green-API to send this message to you!"
}, {
    "type": "incoming",
    "idMessage": "9A73322488DCB7D9689A6112F2528C9D",
    "timestamp": 1588091500,
    "typeMessage": "imageMessage",
    "chatId": "11001234567-1581234048@g.us",
    "senderId": "79001234568@c.us",
    "senderName": "Green API",
    "downloadUrl": "https://api.green-api.com/waInstance1/downloadFile/9A73322488DCB7D9689A6112F2528C9D",
    "caption": "Little horse"
}]"""
SETTINGS = """{
    "wid": "11001234567@c.us", "countryInstance": "", "typeAccount": "", "typeInstance": "whatsapp",
    "webhookUrl": "https://mysite.test/hook", "webhookUrlToken": "", "delaySendMessagesMilliseconds": 5000,
    "markIncomingMessagesReaded": "no", "markIncomingMessagesReadedOnReply": "no", "sharedSession": "no",
    "outgoingWebhook": "no", "outgoingMessageWebhook": "no", "outgoingAPIMessageWebhook": "no",
    "incomingWebhook": "yes", "deviceWebhook": "no", "statusInstanceWebhook": "no", "stateWebhook": "yes",
    "enableMessagesHistory": "no", "keepOnlineStatus": "no", "pollMessageWebhook": "no"
}"""
TEXT_IN = InboxMessage(
    vendor="green_api",
    message_id="B4AA239D112CB2576897B3910FEDE26E",
    wa_message_id="B4AA239D112CB2576897B3910FEDE26E",
    sender="79001234568",
    chat="79001234568@c.us",
    kind="text",
    text=GREETING,
    received_at=at(1588091580),
    sender_name="Green API",
)
IMAGE_IN = InboxMessage(
    vendor="green_api",
    message_id="9A73322488DCB7D9689A6112F2528C9D",
    wa_message_id="9A73322488DCB7D9689A6112F2528C9D",
    sender="79001234568",
    chat="11001234567-1581234048@g.us",
    kind="image",
    text="Little horse",
    received_at=at(1588091500),
    media_url="https://api.green-api.com/waInstance1/downloadFile/9A73322488DCB7D9689A6112F2528C9D",
    sender_name="Green API",
    participant="79001234568",
)

OUTGOING = """{
    "type": "outgoing",
    "idMessage": "BAE5F4886F6F2D05",
    "timestamp": 1588091580,
    "statusMessage": "delivered",
    "sendByApi": true,
    "typeMessage": "textMessage",
    "chatId": "79001234568@c.us",
    "textMessage": "I use Green-API to send this message to you!"
}"""
DELIVERED = DeliveryStatus(
    vendor="green_api",
    message_id="BAE5F4886F6F2D05",
    state=DeliveryState.DELIVERED,
    to="79001234568",
    code="delivered",
    sent_at=at(1588091580),
    text=GREETING,
)

NOTIFICATION = """{
    "receiptId": 1234567,
    "body": {
        "typeWebhook": "incomingMessageReceived",
        "instanceData": {"idInstance": 1234, "wid": "11001234567@c.us", "typeInstance": "whatsapp"},
        "timestamp": 1588091580,
        "idMessage": "F7AEC1B7086ECDC7E6E45923F5EDB825",
        "senderData": {"chatId": "79001234568@c.us", "sender": "79001234568@c.us", "senderName": "Green API"},
        "messageData": {
            "typeMessage": "textMessage",
            "textMessageData": {"textMessage": "I use Green-API to send this message to you!"}
        }
    }
}"""
STATUS_CHANGED = """{
    "receiptId": 1234568,
    "body": {
        "typeWebhook": "outgoingMessageStatus",
        "chatId": "120363039326117111@g.us",
        "instanceData": {"idInstance": 1101000001, "wid": "71231234567@c.us", "typeInstance": "whatsapp"},
        "timestamp": 1707200807,
        "idMessage": "B3Q599E4A3724D50",
        "status": "failed",
        "description": "SWE004: the number of participants in the group has been exceeded - 300",
        "sendByApi": true
    }
}"""
STATE_CHANGED = """{
    "receiptId": 1234569,
    "body": {
        "typeWebhook": "stateInstanceChanged",
        "instanceData": {"idInstance": 1, "wid": "", "typeInstance": "whatsapp"},
        "timestamp": 1586700690,
        "stateInstance": "notAuthorized"
    }
}"""

SAMPLES: dict[str, list[Sample]] = {
    "POST checkWhatsapp": [
        Sample(
            check("11001234567"), '{\n"existsWhatsapp": true\n}', checked("11001234567"),
            json.loads('{\n"phoneNumber": 11001234567\n}'),
        ),
        Sample(
            check("441234567890"), '{\n"existsWhatsapp": true\n}', checked("441234567890"),
            json.loads('{ "phoneNumber": 441234567890 }'),
        ),
        Sample(
            check("71234567890"), '{"existsWhatsapp": true, "chatId": "71234567890@c.us"}', checked("71234567890"),
            {"phoneNumber": 71234567890},
            note="the document's VBA sample has the number as a text and the method's name in capitals; its table says "
            "that it is an integer, and the newest reply has the chatId",
        ),
        Sample(
            lambda vendor: vendor.check_chat("98765432101234@lid"), '{"existsWhatsapp": true}',
            checked("98765432101234@lid", "98765432101234@lid")[0], {"chatId": "98765432101234@lid"},
            note="a LID's digits are no number",
        ),
    ],
    "GET getStateInstance": [
        Sample(
            GreenApi.session, '{"stateInstance": "authorized"}',
            Session(vendor="green_api", state=SessionState.LOGGED_IN, detail="authorized"),
        ),
        Sample(
            GreenApi.session, '{"stateInstance": null}', Session(vendor="green_api", state=SessionState.STARTING),
        ),
    ],
    "GET qr": [
        Sample(
            GreenApi.qr_code, json.dumps({"type": "qrCode", "message": PNG}),
            QrCode(vendor="green_api", png=base64.b64decode(PNG)),
        ),
    ],
    "GET logout": [Sample(GreenApi.logout, '{"isLogout": true}', None)],
    "POST sendMessage": [
        Sample(send(Text(GREETING)), SENT, sent(), {"chatId": "11001234567@c.us", "message": GREETING}),
        Sample(
            send(Text(GREETING), "11001234567-1581234048@g.us"), SENT, sent("11001234567-1581234048@g.us"),
            {"chatId": "11001234567-1581234048@g.us", "message": GREETING},
        ),
        Sample(
            send(Text(GREETING, quoted_id="361B0E63F2FDF95903B6A9C9A102F34B")), SENT, sent(),
            {
                "chatId": "11001234567@c.us",
                "message": GREETING,
                "quotedMessageId": "361B0E63F2FDF95903B6A9C9A102F34B",
            },
            note="the page's chatId has a Cyrillic c",
        ),
    ],
    "POST sendFileByUrl": [
        Sample(
            send(Image(Media(url="https://my.site.com/img/horse.png"), "Little horse")), SENT, sent(),
            {"chatId": "11001234567@c.us", "urlFile": "https://my.site.com/img/horse.png", **HORSE},
        ),
    ],
    "POST sendFileByUpload": [
        Sample(
            send(Image(Media(b"\xff\xd8\xff", filename="window.jpg"), "A window")),
            '{"idMessage": "3EB0C767D097B7C7C030", "urlFile": "https://sw-media.green-api.com/1/window.jpg"}', sent(),
            form={"chatId": "11001234567@c.us", "fileName": "window.jpg", "caption": "A window"},
            files=(Upload("file", "window.jpg", b"\xff\xd8\xff", "image/jpeg"),),
        ),
        Sample(
            send(Document(Media(b"%PDF-1.7", filename="bill.pdf")), "98765432101234@lid"), SENT,
            sent("98765432101234@lid"), form={"chatId": "98765432101234@lid", "fileName": "bill.pdf"},
            files=(Upload("file", "bill.pdf", b"%PDF-1.7", "application/pdf"),),
        ),
    ],
    "POST sendLocation": [
        Sample(
            send(Location(12.3456789, 10.1112131, "Restaurant", "123456, Perm")), SENT, sent(),
            {
                "chatId": "11001234567@c.us", "nameLocation": "Restaurant", "address": "123456, Perm",
                "latitude": 12.3456789, "longitude": 10.1112131,
            },
        ),
    ],
    "POST sendContact": [
        Sample(
            send(ContactCard("Artem", "+7 900 123-45-67", "Bicycle")), SENT, sent(),
            {
                "chatId": "11001234567@c.us",
                "contact": {"phoneContact": 79001234567, "firstName": "Artem", "company": "Bicycle"},
            },
        ),
    ],
    "POST sendPoll": [
        Sample(
            send(Poll("Please choose the color:", ("green", "red", "blue"))), SENT, sent(),
            {
                "chatId": "11001234567@c.us", "message": "Please choose the color:",
                "options": [{"optionName": "green"}, {"optionName": "red"}, {"optionName": "blue"}],
                "multipleAnswers": False,
            },
            note="the page has a comma after the last field",
        ),
    ],
    "GET receiveNotification": [
        Sample(
            GreenApi.receive_notification, NOTIFICATION,
            Notification(
                vendor="green_api", receipt_id=1234567, kind="incomingMessageReceived",
                content=InboxMessage(
                    vendor="green_api", message_id="F7AEC1B7086ECDC7E6E45923F5EDB825",
                    wa_message_id="F7AEC1B7086ECDC7E6E45923F5EDB825", sender="79001234568", chat="79001234568@c.us",
                    kind="text", text=GREETING, received_at=at(1588091580), sender_name="Green API",
                ),
            ),
            params={"receiveTimeout": "5"},
        ),
        Sample(
            lambda vendor: vendor.receive_notification(60), STATUS_CHANGED,
            Notification(
                vendor="green_api", receipt_id=1234568, kind="outgoingMessageStatus",
                content=DeliveryStatus(
                    vendor="green_api", message_id="B3Q599E4A3724D50", state=DeliveryState.FAILED, code="failed",
                    to="120363039326117111@g.us", sent_at=at(1707200807),
                    detail="SWE004: the number of participants in the group has been exceeded - 300",
                ),
            ),
            params={"receiveTimeout": "60"},
        ),
        Sample(
            GreenApi.receive_notification, STATE_CHANGED,
            Notification(
                vendor="green_api", receipt_id=1234569, kind="stateInstanceChanged",
                content=Session(
                    vendor="green_api", state=SessionState.LOGGED_OUT, detail="notAuthorized", changed_at=at(1586700690)
                ),
            ),
            params={"receiveTimeout": "5"},
        ),
        Sample(
            GreenApi.receive_notification, '{"receiptId": 7, "body": {"typeWebhook": "incomingCall"}}',
            Notification(vendor="green_api", receipt_id=7, kind="incomingCall"), params={"receiveTimeout": "5"},
        ),
        Sample(GreenApi.receive_notification, "null", None, params={"receiveTimeout": "5"}),
        Sample(GreenApi.receive_notification, "", None, params={"receiveTimeout": "5"}),
    ],
    "DELETE deleteNotification": [
        Sample(lambda vendor: vendor.delete_notification(1234567), '{"result": true}', True, rest="/1234567"),
        Sample(
            lambda vendor: vendor.delete_notification(1234567), '{"result": false, "reason": ""}', False,
            rest="/1234567",
        ),
    ],
    "GET lastIncomingMessages": [
        Sample(GreenApi.inbox, INCOMING, [IMAGE_IN, TEXT_IN]),
        Sample(GreenApi.inbox, "[]", []),
        Sample(lambda vendor: vendor.inbox(since=at(1588093140)), "[]", [], params={"minutes": "2"}),
    ],
    "GET lastOutgoingMessages": [
        Sample(GreenApi.delivery_report, f"[{OUTGOING}]", [DELIVERED]),
        Sample(lambda vendor: vendor.message_status("BAE5F4886F6F2D05"), f"[{OUTGOING}]", DELIVERED),
    ],
    "POST getMessage": [
        Sample(
            lambda vendor: vendor.message_status("BAE5F4886F6F2D05", to="79001234568"), OUTGOING, DELIVERED,
            {"chatId": "79001234568@c.us", "idMessage": "BAE5F4886F6F2D05"},
        ),
        Sample(
            lambda vendor: vendor.message_status("BAE5F4886F6F2D05", to="120363043968066561@g.us"), OUTGOING, DELIVERED,
            {"chatId": "120363043968066561@g.us", "idMessage": "BAE5F4886F6F2D05"},
        ),
    ],
    "GET getContacts": [
        Sample(
            GreenApi.contacts,
            """[
                {"id": "11001234567@c.us", "name": "Ivan Petrov", "contactName": "Ivan Petrov Work", "type": "user"},
                {"id": "79001234568@c.us", "name": "Lyusya Sidorova", "contactName": "", "type": "user"},
                {"id": "79001234569-1479621234@g.us", "name": "My group", "type": "group"}
            ]""",
            [
                Contact(vendor="green_api", jid="11001234567@c.us", name="Ivan Petrov Work"),
                Contact(vendor="green_api", jid="79001234568@c.us", name="Lyusya Sidorova"),
            ],
        ),
        Sample(
            GreenApi.group_chats, '[{"id": "79001234569-1479621234@g.us", "name": "My group", "type": "group"}]',
            [Contact(vendor="green_api", jid="79001234569-1479621234@g.us", name="My group")],
        ),
    ],
    "POST getGroupData": [
        Sample(
            lambda vendor: vendor.group("79001234567-1587570015@g.us"),
            """{
                "groupId": "11001234567-1587570015@g.us",
                "owner": "11001234567@c.us",
                "subject": "Green API Group",
                "creation": 1587570015,
                "participants": [
                    {"id": "11001234567@c.us", "isAdmin": true, "isSuperAdmin": true},
                    {"id": "79001234568@c.us", "isAdmin": true, "isSuperAdmin": false}
                ],
                "subjectTime": 1587737715,
                "subjectOwner": "11001234567@c.us",
                "groupInviteLink": "https://chat.whatsapp.com/xxxxxxxxxxxxxxxxxxxxxx"
            }""",
            Group(
                vendor="green_api", jid="11001234567-1587570015@g.us", name="Green API Group",
                owner="11001234567@c.us", participants=("11001234567@c.us", "79001234568@c.us"),
                created_at=at(1587570015),
            ),
            {"groupId": "79001234567-1587570015@g.us"},
        ),
    ],
    "POST getAvatar": [
        Sample(
            lambda vendor: vendor.avatar("11001234567"),
            '{"existsWhatsapp": true, "urlAvatar": "https://pps.whatsapp.net/v/link/to/the/image"}',
            Avatar(vendor="green_api", url="https://pps.whatsapp.net/v/link/to/the/image"),
            {"chatId": "11001234567@c.us"},
        ),
        Sample(
            lambda vendor: vendor.avatar("120363043968066561@g.us"), '{"existsWhatsapp": false, "urlAvatar": ""}',
            Avatar(vendor="green_api", url=None), {"chatId": "120363043968066561@g.us"},
        ),
    ],
    "GET getSettings": [
        Sample(
            GreenApi.webhook, SETTINGS,
            Webhook(vendor="green_api", url="https://mysite.test/hook", events=("incomingWebhook", "stateWebhook")),
        ),
    ],
    "POST setSettings": [
        Sample(
            lambda vendor: vendor.set_settings({"webhookUrl": "", "outgoingWebhook": "yes", "incomingWebhook": True}),
            '{"saveSettings": true}', None,
            {"webhookUrl": "", "outgoingWebhook": "yes", "incomingWebhook": "yes"},
        ),
        Sample(
            lambda vendor: vendor.set_webhook("https://new.test/hook", ["incomingWebhook"]), SETTINGS,
            Webhook(
                vendor="green_api", url="https://new.test/hook", events=("incomingWebhook",),
                warning="the vendor restarts the instance and applies the settings within 5 minutes",
            ),
            {"webhookUrl": "https://new.test/hook", "stateWebhook": "no"},
            then=(
                reply({"saveSettings": True}),
                reply({"webhookUrl": "https://new.test/hook", "incomingWebhook": "yes", "stateWebhook": "no"}),
            ),
            at=1,
        ),
    ],
    "POST sendInteractiveButtons": [
        Sample(
            send(Buttons("Your code", (
                Button("Copy me", copy_code="A-1"), Button("Call me", phone="+7 932 984-32-67"),
                Button("Open", url="https://x.test"),
            ), footer="Bye")), SENT, sent(),
            {
                "chatId": "11001234567@c.us", "body": "Your code", "footer": "Bye",
                "buttons": [
                    {"type": "copy", "buttonId": "1", "buttonText": "Copy me", "copyCode": "A-1"},
                    {"type": "call", "buttonId": "2", "buttonText": "Call me", "phoneNumber": "79329843267"},
                    {"type": "url", "buttonId": "3", "buttonText": "Open", "url": "https://x.test"},
                ],
            },
        ),
    ],
    "POST sendInteractiveButtonsReply": [
        Sample(
            send(Buttons("Coming?", (Button("Yes"), Button("No")))), SENT, sent(),
            {
                "chatId": "11001234567@c.us", "body": "Coming?",
                "buttons": [{"buttonId": "1", "buttonText": "Yes"}, {"buttonId": "2", "buttonText": "No"}],
            },
        ),
    ],
    "POST forwardMessages": [
        Sample(
            lambda vendor: vendor.forward("11001234567", "79001234568", ["BAE587FA1CECF760"]),
            '{"messages": ["3EB0C767D097B7C7C030"]}', [sent()],
            {"chatId": "11001234567@c.us", "chatIdFrom": "79001234568@c.us", "messages": ["BAE587FA1CECF760"]},
        ),
    ],
    "POST editMessage": [
        Sample(
            send(Edit("BAE5367237E13A87", GREETING)), SENT, sent(),
            {"chatId": "11001234567@c.us", "idMessage": "BAE5367237E13A87", "message": GREETING},
        ),
    ],
    "POST deleteMessage": [
        Sample(
            lambda vendor: vendor.delete_message("120363043968066561@g.us", "BAE5F4886F6F2D05"), "", None,
            {"chatId": "120363043968066561@g.us", "idMessage": "BAE5F4886F6F2D05"},
        ),
        Sample(
            lambda vendor: vendor.delete_message("11001234567", "BAE5F4886F6F2D05", own_only=True), "", None,
            {"chatId": "11001234567@c.us", "idMessage": "BAE5F4886F6F2D05", "onlySenderDelete": True},
        ),
    ],
    "POST readChat": [
        Sample(
            lambda vendor: vendor.mark_read(["B275A7AA0D6EF89BB9245169BDF174E6"], "11001234567"), '{"setRead": true}',
            None, {"chatId": "11001234567@c.us", "idMessage": "B275A7AA0D6EF89BB9245169BDF174E6"},
        ),
        Sample(
            lambda vendor: vendor.mark_read([], "11001234567"), '{"setRead": true}', None,
            {"chatId": "11001234567@c.us"},
        ),
    ],
    "POST getChatHistory": [
        Sample(
            lambda vendor: vendor.chat_history("79001234568", 10),
            '[{"type": "outgoing", "idMessage": "1", "timestamp": 1588091590, "statusMessage": "read",'
            ' "chatId": "79001234568@c.us", "textMessage": "Hi"},'
            f" {INCOMING[1:].partition('}')[0]}}}]",
            [
                TEXT_IN,
                DeliveryStatus(
                    vendor="green_api", message_id="1", state=DeliveryState.READ, to="79001234568", code="read",
                    sent_at=at(1588091590), text="Hi",
                ),
            ],
            {"chatId": "79001234568@c.us", "count": 10},
        ),
    ],
    "POST downloadFile": [
        Sample(
            lambda vendor: vendor.download("image", {"chatId": "79001234568@c.us", "idMessage": "9A73322488DCB7D9"}),
            '{"downloadUrl": "https://sw-media.test/1101000001/a%20horse.jpg?sig=1"}',
            MediaFile(vendor="green_api", content=b"JPEG", media_type="image/jpeg", filename="a horse.jpg"),
            {"chatId": "79001234568@c.us", "idMessage": "9A73322488DCB7D9"},
            then=(reply(b"JPEG", content_type="image/jpeg"),),
        ),
    ],
}  # fmt: skip
"""Each endpoint's samples, by its name in ``GreenApi.endpoints``."""

INSTANCE_DATA = '"instanceData": {"idInstance": 1101000001, "wid": "79876543210@c.us", "typeInstance": "whatsapp"}'

POSTS: dict[str, tuple[str, InboxMessage | DeliveryStatus | Session | None]] = {
    "incomingMessageReceived": (
        f"""{{
            "typeWebhook": "incomingMessageReceived", {INSTANCE_DATA}, "timestamp": 1588091580,
            "idMessage": "F7AEC1B7086ECDC7E6E45923F5EDB825",
            "senderData": {{
                "chatId": "79001234568@c.us", "sender": "79001234568@c.us", "chatName": "Ana", "senderName": "Ana"
            }},
            "messageData": {{"typeMessage": "textMessage", "textMessageData": {{"textMessage": "Hello"}}}}
        }}""",
        InboxMessage(
            vendor="green_api", message_id="F7AEC1B7086ECDC7E6E45923F5EDB825",
            wa_message_id="F7AEC1B7086ECDC7E6E45923F5EDB825", sender="79001234568", chat="79001234568@c.us",
            kind="text", text="Hello", received_at=at(1588091580), sender_name="Ana",
        ),
    ),
    "outgoingMessageStatus": (
        f"""{{
            "typeWebhook": "outgoingMessageStatus", {INSTANCE_DATA}, "timestamp": 1586700690,
            "chatId": "79001234568@c.us", "idMessage": "3EB0C767D097B7C7C030", "status": "delivered", "sendByApi": true
        }}""",
        DeliveryStatus(
            vendor="green_api", message_id="3EB0C767D097B7C7C030", state=DeliveryState.DELIVERED, to="79001234568",
            code="delivered", sent_at=at(1586700690),
        ),
    ),
    "stateInstanceChanged": (
        f"""{{
            "typeWebhook": "stateInstanceChanged", {INSTANCE_DATA}, "timestamp": 1586700690,
            "stateInstance": "notAuthorized"
        }}""",
        Session(
            vendor="green_api", state=SessionState.LOGGED_OUT, detail="notAuthorized", changed_at=at(1586700690)
        ),
    ),
    "incomingCall": (
        f"""{{
            "typeWebhook": "incomingCall", {INSTANCE_DATA}, "timestamp": 1586700690, "from": "79001234568@c.us",
            "status": "missed", "idMessage": "6E9F3B0C"
        }}""",
        None,
    ),
}  # fmt: skip
"""Posts to the webhook by their ``typeWebhook``, and what they tell (compared without ``raw``)."""

FURTHER_FLOWS = {
    "POST checkWhatsapp": {"check_chat"},
    "GET lastOutgoingMessages": {"message_status"},
    "GET getContacts": {"group_chats"},
    "POST setSettings": {"set_settings"},
}
"""Flows that speak an endpoint beside the one that ``GreenApi.endpoints`` names."""
UNDOCUMENTED = {"timeout"}
"""Fields of requests that are ours."""
SECRETS = ("A-TOKEN",)

# field-notes, Green-API: calls per second and instance
RATES = {"checkWhatsapp": 10, "getAvatar": 10, "getMessage": 10, "receiveNotification": 100, "deleteNotification": 100,
         "qr": 3, "getStateInstance": 1, "logout": 1, "lastIncomingMessages": 1, "lastOutgoingMessages": 1,
         "getContacts": 1, "getGroupData": 1, "getSettings": 1, "setSettings": 1, "editMessage": 1, "deleteMessage": 10,
         "readChat": 10, "getChatHistory": 1, "downloadFile": 5}  # fmt: skip
# What people would see twice, or have no message to, if the call were repeated.
ONCE = ("send", "forward", "edit", "delete")

ERRORS: list[tuple[str, type[WaError], int]] = [
    ("bad phone number, valid 11 or 12 digits", BadInput, 1),
    ("check phone number timeout limit exceeded", VendorUnavailable, 4),
    ("instance is starting or not authorized", SessionDown, 1),
]
"""The document's errors of HTTP status 400: words, error, and how often the call is made."""


def _exchange(name: str, sample: Sample) -> Exchange:
    verb, _, method = name.partition(" ")
    request = Request(
        verb,
        f"/waInstance1101000001/{method}/A-TOKEN{sample.rest}",
        Effect.SEND if method.startswith(ONCE) and verb == "POST" else Effect.READ,
        params=sample.params,
        json=sample.json,
        form=sample.form,
        files=sample.files,
        # A little below the documented rate: at all of it the jitter of the network makes some calls come too soon.
        method_rate=MethodRate(method, RATES.get(method, 50) * 0.95),
        base="https://media.green-api.com" if sample.files else None,
    )
    replies = (reply(sample.reply), *sample.then)
    return Exchange(name, lambda: sample.call(VENDOR), replies, sample.becomes, request, sample.at)


def _queued(kind: str, text: str, record: Any) -> Exchange:
    """The queue and the webhook have the same events."""
    body = json.loads(text)
    becomes = Notification(vendor="green_api", receipt_id=7, kind=kind, content=record)
    answer = reply({"receiptId": 7, "body": body})
    return Exchange("", VENDOR.receive_notification, (answer,), becomes, raw=body)


def _refused(words: str, kind: type[WaError], calls: int) -> Exchange:
    return Exchange(
        "", lambda: check("11001234567")(VENDOR), (reply({"message": words}, 400),) * calls, kind, part=words
    )


def _incoming(kind: str, text: str, record: Any) -> Incoming:
    body = json.loads(text)
    return Incoming((Post(data=body),), ({"record": record, "vendor_kind": kind, "raw": body, "file": None},))


EXCHANGES = [
    *(_exchange(name, sample) for name, samples in SAMPLES.items() for sample in samples),
    *(_queued(kind, *post) for kind, post in POSTS.items()),
    *(_refused(*line) for line in ERRORS),
]
INCOMING = {kind: _incoming(kind, *post) for kind, post in POSTS.items()}
