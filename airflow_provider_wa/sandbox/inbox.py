# SPDX-License-Identifier: Apache-2.0
"""The inbox: what other people send to the account. Nobody is there, so a test sends it, and 05 answers by itself."""

from __future__ import annotations

import base64
import hashlib
import mimetypes
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from airflow_provider_wa.sandbox import identifiers, magic
from airflow_provider_wa.sandbox.ledger import Message

UNANSWERED = frozenset({"reaction"})


@dataclass(slots=True)
class Incoming:
    """A message that somebody sent to the account of one vendor; `in_reply_to` is the id of the message it answers."""

    vendor: str
    sender: str
    text: str
    message_id: str
    at: float
    in_reply_to: str = ""
    media: bytes | None = None
    mimetype: str = ""
    filename: str = ""

    @property
    def type(self) -> str:
        """Return text, image, video, audio or document."""
        if self.media is None:
            return "text"
        kind = self.mimetype.partition("/")[0]
        return kind if kind in ("image", "video", "audio") else "document"

    def as_json(self) -> dict[str, Any]:
        """Return the inbox's entry; media appear with what WuzAPI's download routes ask for."""
        entry = {
            "vendor": self.vendor,
            "from": self.sender,
            "type": self.type,
            "text": self.text,
            "message_id": self.message_id,
            "in_reply_to": self.in_reply_to,
            "at": self.at,
        }
        if self.media is not None:
            entry["download"] = download_keys(self.media, self.mimetype)
        return entry


def mimetype_of(filename: str) -> str:
    """Return the type of a file, guessed from its name."""
    return mimetypes.guess_type(filename)[0] or "application/octet-stream"


def digest(media: bytes) -> str:
    """Return the hash of media as WhatsApp writes it."""
    return base64.b64encode(hashlib.sha256(media).digest()).decode()


def download_keys(media: bytes, mimetype: str) -> dict[str, Any]:
    """Return what a message tells about its media, as WuzAPI's download routes take it."""
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
    """Everything that came in since the last reset, in the order of its arrival."""

    def __init__(self) -> None:
        self._messages: list[Incoming] = []
        self._answered: set[tuple[str, str]] = set()

    def add(self, message: Incoming) -> None:
        """Take a message in."""
        self._messages.append(message)

    def answer(self, sent: Iterable[Message], now: float, seconds: float) -> None:
        """Let those who answer (05) answer what they have read by now."""
        due = []
        for message in sent:
            key = (message.vendor, message.message_id)
            if key in self._answered or message.group or message.type in UNANSWERED:
                continue
            if magic.ending(message.to) != magic.REPLIES or message.vendor not in identifiers.MAKERS:
                continue
            if (moment := message.read_at(now, seconds)) is not None:
                self._answered.add(key)
                due.append((moment, message))
        for moment, message in sorted(due, key=lambda pair: pair[0]):
            text = f"Re: {message.content.get('text') or message.content.get('caption') or message.type}"
            message_id = identifiers.MAKERS[message.vendor](moment)
            self.add(Incoming(message.vendor, message.to, text, message_id, moment, message.message_id))

    def of(self, vendor: str) -> list[Incoming]:
        """Return what came to a vendor's account, oldest first."""
        return [message for message in self._messages if message.vendor == vendor]

    def clear(self) -> None:
        """Forget everything."""
        self._messages.clear()
        self._answered.clear()
