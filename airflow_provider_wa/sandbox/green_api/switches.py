# SPDX-License-Identifier: Apache-2.0
"""The values of the instance's settings, and which notifications they switch on."""

from __future__ import annotations

from typing import Any

DELAY, DELAYS = "delaySendMessagesMilliseconds", range(500, 86_400_001)

# setting -> value at the start. The real service starts with all notifications off.
SWITCHES: dict[str, str] = {
    "markIncomingMessagesReaded": "no",
    "markIncomingMessagesReadedOnReply": "no",
    "sharedSession": "no",
    "outgoingWebhook": "yes",
    "outgoingMessageWebhook": "no",
    "outgoingAPIMessageWebhook": "no",
    "incomingWebhook": "yes",
    "deviceWebhook": "no",
    "statusInstanceWebhook": "no",
    "stateWebhook": "no",
    "enableMessagesHistory": "no",
    "keepOnlineStatus": "no",
    "pollMessageWebhook": "no",
    "incomingBlockWebhook": "no",
    "incomingCallWebhook": "no",
    "outgoingCallWebhook": "no",
    "editedMessageWebhook": "no",
    "deletedMessageWebhook": "no",
}

# kind of notification -> setting that switches it on
BY_TYPE = {
    "incomingMessageReceived": "incomingWebhook",
    "outgoingMessageStatus": "outgoingWebhook",
    "outgoingMessageReceived": "outgoingMessageWebhook",
    "outgoingAPIMessageReceived": "outgoingAPIMessageWebhook",
    "stateInstanceChanged": "stateWebhook",
    "incomingBlock": "incomingBlockWebhook",
    "incomingCall": "incomingCallWebhook",
    "outgoingCall": "outgoingCallWebhook",
    "deviceInfo": "deviceWebhook",
}

# type of message -> setting that switches its notifications on, as well
BY_MESSAGE = {
    "pollMessage": "pollMessageWebhook",
    "pollUpdateMessage": "pollMessageWebhook",
    "editedMessage": "editedMessageWebhook",
    "deletedMessage": "deletedMessageWebhook",
}

# delivery states that are always reported
ALWAYS = ("noAccount", "failed")


class InstanceSettings:
    """The settings of the instance, without the webhook's URL and token."""

    def __init__(self) -> None:
        self.values: dict[str, str | int] = {DELAY: 500, **SWITCHES}

    def is_wanted(self, notification: dict[str, Any]) -> bool:
        """Return True if a notification of this kind is switched on."""
        if notification.get("status") in ALWAYS:
            return True
        names = (
            BY_TYPE.get(notification["typeWebhook"]),
            BY_MESSAGE.get(notification.get("messageData", {}).get("typeMessage", "")),
        )
        return all(self.values[name] == "yes" for name in names if name is not None)
