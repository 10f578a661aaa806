# SPDX-License-Identifier: Apache-2.0
"""Green-API's methods with their rates, its errors and its limits, as tables (vendor-docs/green_api, field-notes)."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_provider_wa.api.errors import (
    BadInput,
    QueueClosed,
    QuotaExceeded,
    RateLimited,
    SessionDown,
    Unauthorized,
    VendorUnavailable,
)
from airflow_provider_wa.api.records import DeliveryState, SessionState
from airflow_provider_wa.vendors.base import Documented, ErrorRule

NAME = "green_api"

TEXT_CHARACTERS = 20_000
"""Maximum characters of a text or a caption (field-notes, Green-API)."""

QUESTION_CHARACTERS, OPTION_CHARACTERS, POLL_OPTIONS = 255, 100, 12
"""Maximum characters of a poll's question and of an option, and maximum number of options (field-notes, Green-API)."""

UPLOAD_MEGABYTES = 100
"""Maximum size of an uploaded file (field-notes, Green-API). The vendor measures files by URL itself."""

EXTENSIONS: Mapping[str, str] = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "audio/ogg": ".ogg",
    "audio/wav": ".wav",
    "video/mp4": ".mp4",
    "video/3gpp": ".3gp",
    "application/pdf": ".pdf",
}
"""Extension of a file's name by MIME type: only by it the vendor knows the type of message."""

METHODS: Mapping[str, tuple[str, float]] = {
    "checkWhatsapp": ("POST", 10),
    "getStateInstance": ("GET", 1),
    "qr": ("GET", 3),
    "logout": ("GET", 1),
    "sendMessage": ("POST", 50),
    "sendFileByUrl": ("POST", 50),
    "sendFileByUpload": ("POST", 50),
    "sendLocation": ("POST", 50),
    "sendContact": ("POST", 50),
    "sendPoll": ("POST", 50),
    "receiveNotification": ("GET", 100),
    "deleteNotification": ("DELETE", 100),
    "lastIncomingMessages": ("GET", 1),
    "lastOutgoingMessages": ("GET", 1),
    "getMessage": ("POST", 10),
    "getContacts": ("GET", 1),
    "getGroupData": ("POST", 1),
    "getAvatar": ("POST", 10),
    "getSettings": ("GET", 1),
    "setSettings": ("POST", 1),
    "sendInteractiveButtons": ("POST", 50),
    "sendInteractiveButtonsReply": ("POST", 50),
    "forwardMessages": ("POST", 50),
    "editMessage": ("POST", 1),
    "deleteMessage": ("POST", 10),
    "readChat": ("POST", 10),
    "getChatHistory": ("POST", 1),
    "downloadFile": ("POST", 5),
}
"""HTTP method and maximum calls per second of each of the vendor's methods (field-notes; the vendor's public pages)."""

EVENT_SETTINGS: Mapping[str, str] = {
    "incomingWebhook": "incomingMessageReceived",
    "outgoingWebhook": "outgoingMessageStatus",
    "stateWebhook": "stateInstanceChanged",
    "pollMessageWebhook": "pollMessage",
    "editedMessageWebhook": "editedMessage",
    "deletedMessageWebhook": "deletedMessage",
    "incomingBlockWebhook": "incomingBlock",
    "incomingCallWebhook": "incomingCall",
    "outgoingCallWebhook": "outgoingCall",
    "outgoingMessageWebhook": "outgoingMessageReceived",
    "outgoingAPIMessageWebhook": "outgoingAPIMessageReceived",
    "deviceWebhook": "deviceInfo",
}
"""Settings that switch notifications on, with the vendor's word for these notifications."""

DEFAULT_EVENTS = tuple(EVENT_SETTINGS)[:7]
"""Settings that a webhook needs by default: what people do, what becomes of messages, and the account's state."""

SWITCHES: frozenset[str] = frozenset(EVENT_SETTINGS) | {
    "markIncomingMessagesReaded",
    "markIncomingMessagesReadedOnReply",
    "keepOnlineStatus",
    "statusInstanceWebhook",
    "enableMessagesHistory",
    "linkPreview",
    "autoTyping",
}
"""Settings that are "yes" or "no"."""

TEXT_SETTINGS = frozenset({"webhookUrl", "webhookUrlToken"})
"""Settings that are texts; empty for none."""

NUMBER_SETTINGS: Mapping[str, range] = {"delaySendMessagesMilliseconds": range(500, 86_400_001)}
"""Settings that are whole numbers, with those that the vendor takes."""

SETTINGS_MINUTES = 5
"""Minutes until the vendor has applied new settings."""

BUTTONS, BUTTON_CHARACTERS = 3, 25
"""Maximum number of buttons of a message, and maximum characters on one."""

HISTORY = 100
"""Default number of messages in a request for a chat's history."""

NUMBER_DIGITS = range(11, 17)
"""Digits that a number may have, country code included (the old document says 11 or 12)."""

RATE_USED = 0.95
"""Part of a method's rate that is used: at all of it, the network's jitter makes some calls come too soon."""

QUEUE_WAITS = range(5, 61)
"""Seconds that one call may wait for a notification (field-notes, Green-API)."""

REPORT_SECONDS = 150.0
"""Seconds until a report must show a message: the vendor speaks of two minutes (field-notes, Green-API)."""

RECEIVE_TIMEOUT = 30.0
"""Seconds that a reply may take beyond the wait for a notification."""

UPLOAD_TIMEOUT = 300.0
"""Seconds for an upload: 100 MB over a slow line."""

DOWNLOAD_TIMEOUT = 300.0
"""Seconds for a file's download: 100 MB over a slow line."""

MONTH = 30 * 24 * 60
"""Minutes that the journals are searched back for a message whose age is not known."""

SESSION_STATES: Mapping[str, SessionState] = {
    "authorized": SessionState.LOGGED_IN,
    "notauthorized": SessionState.LOGGED_OUT,
    "blocked": SessionState.BLOCKED,
    "yellowcard": SessionState.BLOCKED,
    "suspended": SessionState.BLOCKED,
    "sleepmode": SessionState.STARTING,
    "starting": SessionState.STARTING,
    "": SessionState.STARTING,  # an instance that is just being created has no state yet
}

DELIVERY_STATES: Mapping[str, tuple[DeliveryState, str]] = {
    "pending": (DeliveryState.ACCEPTED, "waiting in the vendor's queue"),
    "sent": (DeliveryState.SENT, ""),
    "delivered": (DeliveryState.DELIVERED, ""),
    "read": (DeliveryState.READ, ""),
    "failed": (DeliveryState.FAILED, "the vendor could not send it"),
    "noaccount": (DeliveryState.FAILED, "the number is not on WhatsApp"),
    "notingroup": (DeliveryState.FAILED, "the account is not in the group"),
    "yellowcard": (DeliveryState.ACCEPTED, "held: WhatsApp has stopped the account's sending for a while"),
    "suspended": (DeliveryState.ACCEPTED, "held: WhatsApp lets the account write to no new people for a while"),
}
"""State and further words by ``statusMessage`` in small letters; other words are ``unknown``."""

ENDPOINTS: tuple[Documented, ...] = (
    Documented("POST checkWhatsapp", "check"),
    Documented("GET getStateInstance", "session"),
    Documented("GET qr", "qr_code"),
    Documented("GET logout", "logout"),
    Documented("POST sendMessage", "send"),
    Documented("POST sendFileByUrl", "send"),
    Documented("POST sendFileByUpload", "send"),
    Documented("POST sendLocation", "send"),
    Documented("POST sendContact", "send"),
    Documented("POST sendPoll", "send"),
    Documented("GET receiveNotification", "receive_notification"),
    Documented("DELETE deleteNotification", "delete_notification"),
    Documented("GET lastIncomingMessages", "inbox"),
    Documented("GET lastOutgoingMessages", "delivery_report"),
    Documented("POST getMessage", "message_status"),
    Documented("GET getContacts", "contacts"),
    Documented("POST getGroupData", "group"),
    Documented("POST getAvatar", "avatar"),
    Documented("GET getSettings", "webhook"),
    Documented("POST setSettings", "set_webhook"),
    Documented("POST sendInteractiveButtons", "send"),
    Documented("POST sendInteractiveButtonsReply", "send"),
    Documented("POST editMessage", "send"),
    Documented("POST deleteMessage", "delete_message"),
    Documented("POST forwardMessages", "forward"),
    Documented("POST readChat", "mark_read"),
    Documented("POST getChatHistory", "chat_history"),
    Documented("POST downloadFile", "download"),
)

_LOOK_UPS_USED_UP = "WhatsApp limits how many numbers the account may look up: continue after two hours"

ERRORS: tuple[ErrorRule, ...] = (
    ErrorRule(BadInput, "the number was refused", code="bad phone number", part=True),
    ErrorRule(VendorUnavailable, "the check took too long; it may be repeated later",
              code="check phone number timeout limit exceeded", part=True),
    ErrorRule(VendorUnavailable, "the vendor took too long; it may be asked again later",
              code="timeout limit exceeded", part=True),
    ErrorRule(SessionDown, "the instance is starting or its WhatsApp account is not logged in",
              code="instance is starting or not authorized", part=True),
    ErrorRule(SessionDown, "the WhatsApp account is not logged in", code="account not authorized", part=True),
    ErrorRule(SessionDown, "the instance is starting", code="instance in starting process", part=True),
    ErrorRule(Unauthorized, "the instance is not paid for", code="instance account is expired", part=True),
    ErrorRule(Unauthorized, "the instance was deleted", code="instance is deleted", part=True),
    ErrorRule(BadInput, "the file behind the URL is too large", code="exceeded max upload size", part=True),
    ErrorRule(QueueClosed, "the instance posts its notifications to a URL, so its queue is closed: read them from the "
              "receiver's store, or call delete_webhook and ask again after a minute",
              code="custom webhook url is set", part=True),
    ErrorRule(SessionDown, "WhatsApp lets the account write to no new people for a while",
              code="account is suspended", part=True),
    ErrorRule(QuotaExceeded, _LOOK_UPS_USED_UP, code="contact info limit reached", part=True),
    ErrorRule(QuotaExceeded, _LOOK_UPS_USED_UP, status=469),
    ErrorRule(Unauthorized, "the API token was refused: check the connection's password", status=401),
    ErrorRule(Unauthorized, "the instance id or the host was refused: check the connection", status=403),
    ErrorRule(RateLimited, "too many requests to the instance", status=429),
    ErrorRule(QuotaExceeded, "the monthly quota is used up: it is filled on the 1st of the month",
              status=466),
    ErrorRule(VendorUnavailable, "the vendor gave up", status=499),
    ErrorRule(VendorUnavailable, "the vendor's server failed", status=500),
    ErrorRule(VendorUnavailable, "the vendor's server failed", status=502),
)  # fmt: skip
