# SPDX-License-Identifier: Apache-2.0
"""The portal's endpoints, errors, codes and limits as tables (vendor-docs/wa_portal)."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_provider_wa.api.errors import BadInput, QuotaExceeded, Unauthorized, VendorUnavailable
from airflow_provider_wa.api.kinds import UNKNOWN
from airflow_provider_wa.api.records import DeliveryState
from airflow_provider_wa.vendors.base import Documented, ErrorRule

NAME = "wa_portal"

LIMITS: Mapping[str, tuple[int, str]] = {
    "text: body": (2000, "bytes"),
    "caption": (2000, "bytes"),
    "upload": (3 * 1024 * 1024, "bytes"),
    "contact: name": (30, "characters"),
    "buttons: body": (1024, "characters"),
    "buttons: footer": (60, "characters"),
    "buttons: text of a button": (20, "characters"),
    "buttons: buttons": (3, "of them"),
    "buttons: buttons that call": (1, "of them"),
    "buttons: buttons that open a page": (1, "of them"),
    "buttons: buttons that answer, with one that calls or opens a page": (1, "of them"),
    "list: header": (60, "characters"),
    "list: body": (1024, "characters"),
    "list: footer": (60, "characters"),
    "list: button": (20, "characters"),
    "list: section": (20, "characters"),
    "list: title": (20, "characters"),
    "list: description": (30, "characters"),
}
"""Maximum of each field (sections 1.1 to 1.9). Files that the portal fetches by a link may have 5 MB: their size is not
known before, and the portal refuses a larger one with code 10."""

FILES_WITH_BUTTONS = (
    "image/",
    "video/",
    "application/pdf",
    "application/msword",
    "application/vnd.ms-",
    "application/vnd.openxmlformats-officedocument",
)
"""Beginnings of the MIME types of files with buttons: images, videos, PDF and those of Office (section 1.7)."""

UNKNOWN_TYPE = "application/octet-stream"
"""MIME type of a file of an unknown type."""

REPLY_BUTTONS = ("button1", "button2", "button3")
ACTION_BUTTONS: Mapping[str, tuple[str, str]] = {
    "call": ("callButtonText", "callButtonValue"),
    "url": ("urlButtonText", "urlButtonValue"),
}
"""Parameters of a button that calls or opens a page: its text, and the number or URL."""

CREDENTIAL = "instanceid"
"""Field with the instance's id, which is as good as its token (section 1.1): it is not kept."""

URL_CHARACTERS = 2000
"""Some hosts cut a URL at 2,048 characters (field-notes, Portal): longer parameters go into the body."""

NOTHING_FOUND = "14"
"""Code of a report without rows (section 9)."""

REPORT_SECONDS = 150.0
"""Seconds until a report must show a message. The document names none: the longest known one is taken."""

DELIVERY_REPORT_DAYS = 7
"""Days that the portal keeps delivery statuses (section 2.2)."""

DELIVERY_STATES: Mapping[int, DeliveryState] = {
    1: DeliveryState.SENT,
    3: DeliveryState.DELIVERED,
    4: DeliveryState.READ,
}
"""State by ``statusMessage``: the numbers that were seen (field-notes, Portal); others are ``unknown``."""

SUBMISSION_STATES: Mapping[int, DeliveryState] = {1: DeliveryState.SENT}
"""State by ``status``, the submission of a message: none of its numbers means delivered."""

INBOX_KINDS: Mapping[str, str] = {
    "isLocation": "location",
    "isContact": "contact",
    "isButton": "button",
    "isList": "list",
}
"""Kind of an incoming message that is neither text nor media, by the field that marks it."""

KINDS: Mapping[str, str] = {
    "chat": "text",
    "conversation": "text",
    "ptt": "audio",
    "voice": "audio",
    "gif": "video",
    "file": "document",
    "media": "document",
    "vcard": "contact",
    "contacts": "contact",
    "buttons": "button",
    "lists": "list",
    "revoked": "deletion",
    "": UNKNOWN,
}
"""Kind of an incoming message by the portal's word, where ours is another."""

_CREDENTIALS = "the instance token was refused: check the connection"
_QUOTA = "credit is used up: recharge the instance"

ERRORS: tuple[ErrorRule, ...] = (
    ErrorRule(Unauthorized, _CREDENTIALS, code="invalid object id"),
    ErrorRule(Unauthorized, _CREDENTIALS, code="01"),
    ErrorRule(Unauthorized, "the client is not known: check the connection", code="02"),
    ErrorRule(Unauthorized, "the instance is not known: check the connection", code="03"),
    ErrorRule(BadInput, "the number is not on WhatsApp, or the instance is not connected", code="04"),
    ErrorRule(QuotaExceeded, _QUOTA, code="05"),
    ErrorRule(QuotaExceeded, _QUOTA, code="06"),
    ErrorRule(QuotaExceeded, _QUOTA, code="07"),
    ErrorRule(BadInput, "the portal could not save the file", code="08"),
    ErrorRule(BadInput, "the link is not valid or there is no file behind it", code="09"),
    ErrorRule(BadInput, "the portal could not download the file, or does not take its type", code="10"),
    ErrorRule(BadInput, "the portal does not know this type of file", code="11"),
    ErrorRule(BadInput, "a parameter could not be read", code="12"),
    ErrorRule(BadInput, "a required parameter is missing", code="13"),
    ErrorRule(BadInput, "the portal has no data on this", code="14"),
    ErrorRule(VendorUnavailable, "the QR code could not be made: ask again in a moment", code="15"),
    ErrorRule(Unauthorized, _CREDENTIALS, status=401),
    ErrorRule(VendorUnavailable, "the portal's service hangs", status=403),
)
"""Errors by code (section 9) and by HTTP status. Code 00 is a success. Other statuses are in ``base.HTTP_ERRORS``: by
500, 502 and 503 the portal is down."""

ENDPOINTS: tuple[Documented, ...] = (
    Documented("GET/POST /api/sendText", "send"),
    Documented("GET/POST /api/sendFiles", "send"),
    Documented("POST /api/sendFiles (local files)", "send"),
    Documented("GET/POST /api/sendFileWithCaption", "send"),
    Documented("POST /api/sendFileWithCaption (local files)", "send"),
    Documented("GET/POST /api/sendLocation", "send"),
    Documented("GET/POST /api/sendContact", "send"),
    Documented("GET/POST /api/sendTextButton", "send"),
    Documented("GET/POST /api/sendFilesButton", "send"),
    Documented("POST /api/sendFilesButton (local files)", "send"),
    Documented("GET/POST /api/sendLocationButton", "send"),
    Documented("GET/POST /api/sendList", "send"),
    Documented("GET/POST /api/campaignStatus", "message_status"),
    Documented("GET/POST /api/campaignReport", "delivery_report"),
    Documented("GET/POST /api/qrCode", "qr_code"),
    Documented("GET/POST /api/qrCode", "session"),
    Documented("GET/POST /api/qrCodeLink", "qr_link"),
    Documented("GET/POST /api/inboxReport", "inbox"),
    Documented("GET/POST /api/inboxReportOffset", "inbox"),
    Documented("GET/POST /api/checkBal", "balance"),
    Documented("GET/POST /api/groups", "groups"),
    Documented("GET/POST /api/contacts", "contacts"),
)
"""Endpoints of all sections but the webhook's. Each takes GET and POST. Sends go by POST only, as an HTTP library may
repeat a GET by itself; everything else goes by GET. HTTP 500 has a meaning of its own with campaignStatus
(no such message) and checkBal (never charged)."""
