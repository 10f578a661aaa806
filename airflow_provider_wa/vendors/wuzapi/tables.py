# SPDX-License-Identifier: Apache-2.0
"""WuzAPI's endpoints, errors, events and limits as tables (vendor-docs/wuzapi; field-notes, WuzAPI)."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_provider_wa.api.errors import (
    BadInput,
    OutcomeUnknown,
    SessionDown,
    UnexpectedReply,
    UnsupportedByVendor,
    VendorUnavailable,
)
from airflow_provider_wa.vendors.base import Documented, ErrorRule

NAME = "wuzapi"

STATUS = "/session/status"
"""Endpoint of the session's state."""

SEND_TIMEOUT = 130.0
"""Seconds: sends are serialised per account and may take 75 s to be acknowledged (field-notes, WuzAPI)."""

DOWNLOAD_TIMEOUT = 120.0
"""Seconds: the server fetches the whole file from WhatsApp before it answers."""

NUMBERS_PER_CHECK = 50
"""Numbers in one call of /user/check. The document has no limit; this one keeps a reply within the time-out."""

EVENTS = (
    *("Message", "ReadReceipt"),
    *("Connected", "Disconnected", "LoggedOut", "TemporaryBan", "PairSuccess", "StreamError"),
)
"""The event types that a webhook is subscribed to by default: messages, receipts and the session.

HistorySync posts whole chats, ChatPresence each pause in typing. On 1.0.6 ConnectFailure and All crash the server when
a paired account cannot reach WhatsApp (vendor-docs/wuzapi-server, 4).
"""

KNOWN_EVENTS = (
    *("Message", "UndecryptableMessage", "Receipt", "MediaRetry", "ReadReceipt"),
    *("GroupInfo", "JoinedGroup", "Picture", "BlocklistChange", "Blocklist"),
    *("Connected", "Disconnected", "ConnectFailure", "KeepAliveRestored", "KeepAliveTimeout", "LoggedOut"),
    *("ClientOutdated", "TemporaryBan", "StreamError", "StreamReplaced"),
    *("PairSuccess", "PairError", "QR", "QRTimeout", "QRScannedWithoutMultidevice"),
    *("PrivacySettings", "PushNameSetting", "UserAbout"),
    *("AppState", "AppStateSyncComplete", "HistorySync", "OfflineSyncCompleted", "OfflineSyncPreview"),
    *("CallOffer", "CallAccept", "CallTerminate", "CallOfferNotice", "CallRelayLatency"),
    *("Presence", "ChatPresence", "IdentityChange", "CATRefreshError"),
    *("NewsletterJoin", "NewsletterLeave", "NewsletterMuteChange", "NewsletterLiveUpdate"),
    *("FBMessage", "All"),
    *("LabelEdit", "LabelAssociationChat", "LabelAssociationMessage", "ChatNew"),
    *("PasskeyRequest", "PasskeyConfirmation", "PairPasskeyError"),
)
"""The event types that some server knows: 48 of version 1.0.6, then those of later ones. Others it drops silently."""

LARGEST_POST = 64 << 20
"""Bytes of the longest post: the server puts a message's file into it as base64."""

FILE_MARKS = ((b'"base64":"', b'"'), (b"%22base64%22%3A%22", b"%22"))
"""Bytes before and after that file, in JSON and in a form."""

HMAC_CHARACTERS = 32
"""Minimum length of the key that the server signs its posts with, in bytes."""

CONNECT_TIMEOUT = 40.0
"""Seconds: the server waits 10 s before it answers a connect that is not immediate."""

HANDLERS_THAT_DIE = ("/user/avatar", "/user/contacts", "/user/lid/")
"""Beginnings of the paths whose handlers close the connection for a user without a device, instead of an answer."""

SAYS_NOTHING = ("failure sending chat presence", "failure marking messages as read")
"""Beginnings of errors that do not tell whether the account is logged out."""

PRESENCES = ("composing", "paused")
"""States of /chat/presence."""

DOWNLOADS: Mapping[str, str] = {
    kind: f"/chat/download{kind}" for kind in ("image", "video", "audio", "document", "sticker")
}
"""Endpoint that downloads a file, by its kind."""

BUTTONS_OF_A_KIND: Mapping[str, int] = {"reply": 3, "url": 1, "call": 1, "copy": 1}
"""Maximum number of buttons of each kind (vendor-docs/wuzapi, template; ``copy`` is of newer servers)."""

BUTTON_CHARACTERS = 20
"""Maximum length of a button's text. The newest servers cut a longer one; here it is refused."""

ID_PREFIX, ID_DIGITS = "3EB0", 18
"""Prefix of the ids of WhatsApp's web clients, and the number of upper-case hexadecimal digits after it."""

NO_PICTURE = ("profile picture", "no avatar found")
"""Parts of the errors for an account that has no picture, or hides it."""

LOGIN = "the WhatsApp session is not logged in: connect it and scan its QR code"
_NO_PICTURE = "there is no profile picture, or it is hidden"
_NOTHING_SENT = "WhatsApp did not answer before the message was sent: nothing went out"
_NO_HISTORY = "the server keeps no messages of this user: set a number per chat with keep_history first"

ERRORS: tuple[ErrorRule, ...] = (
    ErrorRule(UnexpectedReply, "this server does not have the endpoint: it is too old or too new, or the "
              "connection's host is wrong", status=404),
    ErrorRule(SessionDown, LOGIN, code="no session", part=True),
    ErrorRule(SessionDown, LOGIN, code="not connected", part=True),
    ErrorRule(SessionDown, LOGIN, code="doesn't contain a device jid", part=True),
    ErrorRule(SessionDown, LOGIN, code="not logged in", part=True),
    ErrorRule(SessionDown, "the session is logged in already", code="already logged in", part=True),
    *(ErrorRule(VendorUnavailable, _NOTHING_SENT, code=words, part=True, not_sent=True)
      for words in ("failed to upload file", "failed to get device list", "info query timed out")),
    ErrorRule(OutcomeUnknown, "WhatsApp did not confirm the message in time: it may have gone out",
              code="timed out waiting for message send response", part=True),
    ErrorRule(BadInput, "WhatsApp does not know the recipient", code="no lid found for", part=True),
    ErrorRule(BadInput, "the recipient's JID has no known server", code="unknown server", part=True),
    ErrorRule(BadInput, "the server could not read the request", code="could not decode payload", part=True),
    ErrorRule(BadInput, "the server could not read the file", code="could not decode", part=True),
    ErrorRule(BadInput, "the server does not fetch from its own network: give the file's bytes, or a public URL",
              code="ssrf attempt detected", part=True),
    ErrorRule(BadInput, "the server could not convert the sticker to WebP", code="failed to convert", part=True),
    ErrorRule(UnsupportedByVendor, _NO_HISTORY, code="message history is disabled", part=True),
    ErrorRule(BadInput, "this server's lists need a header", status=400, code="toptext", part=True),
    ErrorRule(BadInput, "WhatsApp has deleted the file", code="download failed with status code", part=True),
    *(ErrorRule(BadInput, _NO_PICTURE, code=words, part=True) for words in NO_PICTURE),
    ErrorRule(BadInput, "the session is in another state already", status=409),
)  # fmt: skip

_OLDER = "in the document; gone in 1.0.6"
_NEWER = "in 1.0.6; not in the document"

ENDPOINTS: tuple[Documented, ...] = (
    Documented("POST /webhook", "set_webhook"),
    Documented("GET /webhook", "webhook"),
    Documented("PUT /webhook", "update_webhook", _NEWER),
    Documented("DELETE /webhook", "delete_webhook", _NEWER),
    Documented("POST /session/connect", "connect"),
    Documented("POST /session/disconnect", "disconnect"),
    Documented("POST /session/logout", "logout"),
    Documented("GET /session/status", "session"),
    Documented("GET /session/qr", "qr_code"),
    Documented("POST /session/pairphone", "pair_phone", _NEWER),
    Documented("POST /session/hmac/config", "set_webhook", _NEWER),
    Documented("POST /session/history", "keep_history", _NEWER),
    Documented("GET /health", "server_version", _NEWER),
    Documented("POST /user/info", "user_info"),
    Documented("POST /user/check", "check"),
    Documented("GET /user/avatar", "avatar", _OLDER),
    Documented("POST /user/avatar", "avatar", _NEWER),
    Documented("GET /user/contacts", "contacts"),
    Documented("GET /user/lid/{jid}", "lid", _NEWER),
    Documented("POST /user/block", "block", _NEWER),
    Documented("POST /user/unblock", "unblock", _NEWER),
    Documented("POST /chat/send/text", "send"),
    Documented("POST /chat/send/template", "send", _OLDER),
    Documented("POST /chat/send/buttons", "send", _NEWER),
    Documented("POST /chat/send/list", "send", _NEWER),
    Documented("POST /chat/send/poll", "send", _NEWER),
    Documented("POST /chat/send/edit", "send", _NEWER),
    Documented("POST /chat/send/audio", "send"),
    Documented("POST /chat/send/image", "send"),
    Documented("POST /chat/send/document", "send"),
    Documented("POST /chat/send/video", "send"),
    Documented("POST /chat/send/sticker", "send"),
    Documented("POST /chat/send/location", "send"),
    Documented("POST /chat/send/contact", "send"),
    Documented("POST /chat/presence", "presence"),
    Documented("POST /chat/markread", "mark_read"),
    Documented("POST /chat/react", "send"),
    Documented("POST /chat/delete", "delete_message", _NEWER),
    Documented("POST /chat/downloadimage", "download"),
    Documented("POST /chat/downloadvideo", "download"),
    Documented("POST /chat/downloadaudio", "download"),
    Documented("POST /chat/downloaddocument", "download"),
    Documented("POST /chat/downloadsticker", "download", _NEWER),
    Documented("GET /chat/history", "inbox", _NEWER),
    Documented("GET /group/list", "groups"),
    Documented("GET /group/invitelink", "invite_link"),
    Documented("GET /group/info", "group_info"),
    Documented("POST /group/photo", "set_group_photo"),
    Documented("POST /group/name", "set_group_name"),
)
