# SPDX-License-Identifier: Apache-2.0
"""The inbox of the accounts. A test adds messages to it; numbers that end in 05 reply by themselves."""

from __future__ import annotations

import base64
import hashlib
import mimetypes
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_wa.sandbox import magic_numbers
from airflow_provider_wa.sandbox.ledger import Message

UNANSWERED = frozenset({"reaction"})


@dataclass(slots=True)
class IncomingMessage:
    """A message to the account of one vendor.

    `in_reply_to` is the id of the message that it answers, `group` that of the group that it was sent to.
    """

    vendor: str
    sender: str
    text: str
    message_id: str
    at: float
    in_reply_to: str = ""
    media: bytes | None = None
    mimetype: str = ""
    filename: str = ""
    group: str = ""

    @property
    def type(self) -> str:
        """Return text, image, video, audio or document."""
        if self.media is None:
            return "text"
        kind = self.mimetype.partition("/")[0]
        return kind if kind in ("image", "video", "audio") else "document"

    def as_json(self) -> dict[str, Any]:
        """Return the entry of the control API; media appear with the keys for their download."""
        entry = {
            "vendor": self.vendor,
            "from": self.sender,
            "type": self.type,
            "text": self.text,
            "message_id": self.message_id,
            "in_reply_to": self.in_reply_to,
            "at": self.at,
        }
        if self.group:
            entry["group"] = self.group
        if self.media is not None:
            entry["download"] = download_keys(self.media, self.mimetype)
        return entry


def mimetype_of(filename: str) -> str:
    """Return the MIME type of a file, guessed from its name."""
    return mimetypes.guess_type(filename)[0] or "application/octet-stream"


def digest(media: bytes) -> str:
    """Return the SHA-256 of media in base64, the form that WhatsApp uses."""
    return base64.b64encode(hashlib.sha256(media).digest()).decode()


def download_keys(media: bytes, mimetype: str) -> dict[str, Any]:
    """Return the keys by which WhatsApp's clients download the media of a message."""
    path = f"/v/t62.7118-24/{hashlib.sha256(media).hexdigest()[:24]}.enc"
    return {
        "Url": f"https://mmg.whatsapp.net{path}",
        "DirectPath": path,
        "MediaKey": digest(b"key" + media),
        "Mimetype": mimetype,
        "FileEncSHA256": digest(b"encrypted" + media),
        "FileSHA256": digest(media),
        "FileLength": len(media),
    }


class Inbox:
    """All incoming messages since the last reset, in the order of their arrival."""

    def __init__(self, message_ids: Mapping[str, Callable[[float], str]]) -> None:
        """`message_ids`: the function that makes a message id, for each vendor with an account."""
        self._message_ids = message_ids
        self._messages: list[IncomingMessage] = []
        self._answered: set[tuple[str, str]] = set()

    def add(self, message: IncomingMessage) -> None:
        """Add a message."""
        self._messages.append(message)

    def answer(self, sent: Iterable[Message], now: float, seconds: float) -> None:
        """Add the replies of numbers that reply (05) to messages that are read by now."""
        due = []
        for message in sent:
            key = (message.vendor, message.message_id)
            if key in self._answered or message.group or message.type in UNANSWERED:
                continue
            if magic_numbers.ending(message.to) != magic_numbers.REPLIES or message.vendor not in self._message_ids:
                continue
            if (moment := message.read_at(now, seconds)) is not None:
                self._answered.add(key)
                due.append((moment, message))
        for moment, message in sorted(due, key=lambda pair: pair[0]):
            text = f"Re: {message.content.get('text') or message.content.get('caption') or message.type}"
            message_id = self._message_ids[message.vendor](moment)
            self.add(IncomingMessage(message.vendor, message.to, text, message_id, moment, message.message_id))

    def of(self, vendor: str) -> list[IncomingMessage]:
        """Return the messages to a vendor's account, oldest first."""
        return [message for message in self._messages if message.vendor == vendor]

    def clear(self) -> None:
        """Forget all messages."""
        self._messages.clear()
        self._answered.clear()
