# SPDX-License-Identifier: Apache-2.0
"""JIDs, WhatsApp's addresses: ``<user>@<server>``, where a person's may have a device (``34666666666:12@...``)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache


class JidKind(Enum):
    """Kind of address that a server has."""

    PERSON = "person"
    LID = "lid"
    GROUP = "group"
    CHANNEL = "channel"
    BROADCAST = "broadcast"


PERSON_SERVER = "s.whatsapp.net"
"""Server of a person's number, in WhatsApp's own spelling."""

OLD_PERSON_SERVER = "c.us"
"""Server of a person's number, in the spelling of WhatsApp's first web client, which some vendors keep."""

SERVERS: Mapping[str, JidKind] = {
    PERSON_SERVER: JidKind.PERSON,
    OLD_PERSON_SERVER: JidKind.PERSON,
    "lid": JidKind.LID,
    "g.us": JidKind.GROUP,
    "newsletter": JidKind.CHANNEL,
    "broadcast": JidKind.BROADCAST,
}
"""Kind of address by server (whatsmeow, ``types/jid.go``; field-notes, Numbers)."""

MAX_LENGTH = 255
"""Maximum length of a JID: WhatsApp's own have under 60 characters, the store keeps this many."""

_JID = re.compile(r"(\+?[^\s@.:+]+)([.:][^\s@]*)?@([a-z.]+)")
_PHONE = re.compile(r"\+?([0-9]+)")
_PHONE_DIGITS = range(5, 21)
_DEVICE = re.compile(r"(?:[.:][0-9]+)*")
_ID = re.compile(r"[0-9-]{3,64}")


@dataclass(frozen=True)
class Jid:
    """An address in its parts. ``device`` is what follows the user, as it was written: ``:12`` or ``.0:12``."""

    user: str
    server: str
    device: str = ""

    @property
    def kind(self) -> JidKind | None:
        """Kind of the address; None for a server that is not in the table."""
        return SERVERS.get(self.server)

    @property
    def phone(self) -> str:
        """Digits of a person's number; empty for every other address."""
        found = _PHONE.fullmatch(self.user) if self.kind is JidKind.PERSON else None
        return found[1] if found else ""

    @property
    def plain(self) -> str:
        """The address without the device."""
        return f"{self.user}@{self.server}"

    @property
    def is_valid(self) -> bool:
        """True if the address is on a known server, and user and device are digits as WhatsApp gives them out."""
        is_person = self.kind is JidKind.PERSON
        known = len(self.phone) in _PHONE_DIGITS if is_person else _ID.fullmatch(self.user) is not None
        return self.kind is not None and known and _DEVICE.fullmatch(self.device) is not None

    def __str__(self) -> str:
        return f"{self.user}{self.device}@{self.server}"


def read(text: str) -> Jid | None:
    """Return the parts of a JID from a vendor, on any server; None if the text is not a JID, or too long."""
    # A post may have megabytes where a JID belongs.
    return _read(text) if len(text) <= MAX_LENGTH else None


@lru_cache(128)  # a post has the same one in several places
def _read(text: str) -> Jid | None:
    found = _JID.fullmatch(text)
    return Jid(found[1], found[3], found[2] or "") if found else None


def parse(text: str) -> Jid | None:
    """Return the parts of a JID from a user; None unless it is valid and its server is known."""
    found = read(text.strip())
    return found if found and found.is_valid else None


def digits(text: str) -> str:
    """Return the digits of a number that may have a ``+`` or a device, or of a person's JID; empty for all else."""
    found = parse(text if "@" in text else f"{text.strip()}@{PERSON_SERVER}")
    return found.phone if found else ""


def of_person(number: str, server: str = PERSON_SERVER) -> str:
    """Return the JID of a number's digits."""
    return f"{number}@{server}"


def is_group(text: str) -> bool:
    """Return whether a text is the JID of a group."""
    found = read(text)
    return found is not None and found.kind is JidKind.GROUP


def is_lid(text: str) -> bool:
    """Return whether a text is a LID, the address of a person whose number is hidden."""
    found = read(text)
    return found is not None and found.kind is JidKind.LID


def without_device(text: str) -> str:
    """Return a JID without its device, and every other text as it is."""
    found = read(text)
    return found.plain if found else text


def phone_or_jid(text: str) -> str:
    """Return the digits of a person's JID, every other JID without its device, and every other text as it is."""
    found = read(text)
    return (found.phone or found.plain) if found else text
