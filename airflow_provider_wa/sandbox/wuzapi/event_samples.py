# SPDX-License-Identifier: Apache-2.0
"""A body for each type of event that the server posts (wuzapi-server.md, "Event types").

Session events carry neither a time nor an id.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PERSON = "51987654321@s.whatsapp.net"
LID = "112345678915@lid"
GROUP = "120363020000000001@g.us"
CHANNEL = "120363020000000009@newsletter"
TIME = "2026-03-01T12:00:00Z"
CALL = {"From": PERSON, "Timestamp": TIME, "CallCreator": PERSON, "CallCreatorAlt": LID, "CallID": "CALL1"}
SOURCE = {"Chat": PERSON, "Sender": "51987654321:12@s.whatsapp.net", "IsFromMe": False, "IsGroup": False}
INFO = {**SOURCE, "SenderAlt": LID, "ID": "3EB0SAMPLE", "Type": "text", "PushName": "Ana", "Timestamp": TIME}
QR = "data:image/png;base64,iVBORw0KGgo="

EVENTS: Mapping[str, Any] = {
    "Message": {"Info": INFO, "Message": {"conversation": "hello"}, "RawMessage": {"conversation": "hello"}},
    "UndecryptableMessage": {"Info": INFO, "IsUnavailable": False, "UnavailableType": "", "DecryptFailMode": ""},
    "MediaRetry": {"Ciphertext": "AA==", "IV": "AA==", "Error": None, "Timestamp": TIME, "MessageID": "3EB0SAMPLE"},
    "ReadReceipt": {**SOURCE, "MessageIDs": ["3EB0SAMPLE"], "Timestamp": TIME, "Type": "read", "MessageSender": ""},
    "GroupInfo": {"JID": GROUP, "Notify": "", "Sender": LID, "Timestamp": TIME, "Name": {"Name": "Team"}},
    "JoinedGroup": {"Reason": "invite", "Type": "", "CreateKey": "", "JID": GROUP, "Name": "Team"},
    "Picture": {"JID": PERSON, "Author": PERSON, "Timestamp": TIME, "Remove": False, "PictureID": "1"},
    "BlocklistChange": {"JID": PERSON, "Action": "block"},
    "Blocklist": {"Action": "", "DHash": "1", "PrevDHash": "", "Changes": []},
    "Connected": {},
    "Disconnected": {},
    "ConnectFailure": {"Reason": 503, "Message": "", "Raw": None},
    "KeepAliveRestored": {},
    "KeepAliveTimeout": {"ErrorCount": 1, "LastSuccess": TIME},
    "QRTimeout": "timeout",
    "LoggedOut": {"OnConnect": True, "Reason": 401},
    "ClientOutdated": {},
    "TemporaryBan": {"Code": 101, "Expire": 3600000000000},
    "StreamError": {"Code": "503", "Raw": None},
    "PairSuccess": {"ID": "51999000000:1@s.whatsapp.net", "LID": "", "BusinessName": "", "Platform": "android"},
    "PairError": {"ID": PERSON, "LID": "", "BusinessName": "", "Platform": "", "Error": {}},
    "QR": "code",
    "PrivacySettings": {"NewSettings": {"LastSeen": "contacts"}, "LastSeenChanged": True},
    "UserAbout": {"JID": PERSON, "Status": "Busy", "Timestamp": TIME},
    "HistorySync": {"Data": {"syncType": 3, "conversations": []}},
    "OfflineSyncCompleted": {"Count": 1},
    "OfflineSyncPreview": {"Total": 1, "AppDataChanges": 0, "Messages": 1, "Notifications": 0, "Receipts": 0},
    "CallOffer": {**CALL, "RemotePlatform": "android", "RemoteVersion": "2"},
    "CallAccept": {**CALL, "RemotePlatform": "android", "RemoteVersion": "2"},
    "CallTerminate": {**CALL, "Reason": "timeout"},
    "CallOfferNotice": {**CALL, "Media": "audio", "Type": ""},
    "CallRelayLatency": CALL,
    "Presence": {"From": PERSON, "Unavailable": True, "LastSeen": TIME},
    "ChatPresence": {**SOURCE, "State": "composing", "Media": ""},
    "IdentityChange": {"JID": PERSON, "Timestamp": TIME, "Implicit": False},
    "NewsletterJoin": {"id": CHANNEL, "state": {"type": "active"}},
    "NewsletterLeave": {"id": CHANNEL, "role": "subscriber"},
    "NewsletterMuteChange": {"id": CHANNEL, "mute": "on"},
    "NewsletterLiveUpdate": {"JID": CHANNEL, "Time": TIME, "Messages": []},
    "FBMessage": {"Info": INFO, "Message": {}},
    "LabelEdit": {"Timestamp": TIME, "LabelID": "1", "Action": {"name": "Lead"}, "FromFullSync": False},
    "LabelAssociationChat": {"JID": PERSON, "Timestamp": TIME, "LabelID": "1", "Action": {"labeled": True}},
    "LabelAssociationMessage": {"JID": PERSON, "MessageID": "3EB0SAMPLE", "LabelID": "1", "Action": {"labeled": True}},
    "ChatNew": {"JID": PERSON, "Timestamp": TIME},
    "PasskeyRequest": {"publicKey": {"challenge": "AA"}},
    "PasskeyConfirmation": {"code": "1234"},
    "PairPasskeyError": {"Error": {}},
}
"""The field `event` of each type."""

BESIDE: Mapping[str, Mapping[str, Any]] = {
    "ReadReceipt": {"state": "Read"},
    "Presence": {"state": "offline"},
    "QR": {"qrCodeBase64": QR},
    "LabelEdit": {"labelId": "1", "name": "Lead", "color": 1, "deleted": False},
    "LabelAssociationChat": {"labelId": "1", "jid": PERSON, "labeled": True},
    "LabelAssociationMessage": {"labelId": "1", "jid": PERSON, "messageId": "3EB0SAMPLE", "labeled": True},
}
"""The fields that some types have beside `event`."""

SAMPLES: Mapping[str, Mapping[str, Any]] = {
    kind: {"type": kind, "event": event, **BESIDE.get(kind, {})} for kind, event in EVENTS.items()
}
"""Whole bodies."""

NEVER_POSTED = (
    *("Receipt", "AppState", "AppStateSyncComplete", "StreamReplaced", "PushNameSetting", "CATRefreshError"),
    "QRScannedWithoutMultidevice",
)
"""Names that can be subscribed to, and that the server never posts."""
