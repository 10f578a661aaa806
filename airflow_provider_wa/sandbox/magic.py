# SPDX-License-Identifier: Apache-2.0
"""Magic numbers: the last two digits of a phone number decide how a vendor behaves towards it.

The model is a payment provider's test cards: any number works, no list has to be kept, and a test that needs a
case writes the case into the number. The table is in docs/sandbox.md.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

ABSENT = "00"
PENDING = "01"
LIMITED = "02"
PICTURE = "03"
UNRESOLVED = "04"
REPLIES = "05"
UNDELIVERED = "06"
OTHER_FORM = "07"
HIDDEN = "08"

PENDING_ATTEMPTS = 2
LIMITED_ATTEMPTS = 1

# The form under which WhatsApp does *not* know a number that ends in 07: the country's other form is the known one.
UNKNOWN_FORMS = (
    re.compile(r"52\d{10}"),  # Mexico without the 1 of mobile numbers; 521 + 10 digits is known
    re.compile(r"549\d{10}"),  # Argentina with the 9 of mobile numbers; 54 + 10 digits is known
    re.compile(r"55\d{2}9\d{8}"),  # Brazil with the ninth digit; 55 + 2 + 8 digits is known
)


def digits(number: str) -> str:
    """Return the digits of a number or JID: `+51 987-654-321` and `51987654321@s.whatsapp.net` give the same."""
    return re.sub(r"\D", "", number.partition("@")[0])


@lru_cache(maxsize=65536)
def ending(number: str) -> str:
    """Return the two digits that decide."""
    return digits(number)[-2:]


def exists(number: str) -> bool:
    """Say whether the number, as it is written, is known to WhatsApp."""
    end = ending(number)
    if end == ABSENT:
        return False
    return end != OTHER_FORM or not any(form.fullmatch(digits(number)) for form in UNKNOWN_FORMS)


def has_picture(number: str) -> bool:
    """Say whether the account shows a picture."""
    return ending(number) == PICTURE


def is_hidden(number: str) -> bool:
    """Say whether WuzAPI's check shows the number's hidden id (`...@lid`) instead of its JID."""
    return ending(number) == HIDDEN


def delivered_after(number: str, seconds: float) -> float | None:
    """Seconds from sending until a message arrives at the phone; None if it never does."""
    return None if ending(number) == UNDELIVERED else seconds


def read_after(number: str, seconds: float) -> float | None:
    """Seconds from sending until a message is read; None if it never is."""
    return 2 * seconds if ending(number) == REPLIES else None


class Attempts:
    """How often each vendor was asked about a number: what makes 01 and 02 change their answer."""

    def __init__(self) -> None:
        self._seen: Counter[tuple[str, str]] = Counter()

    def is_pending(self, vendor: str, number: str) -> bool:
        """Count one question about a number; True while its answer is not there yet (01)."""
        return ending(number) == PENDING and self._count(vendor, number) <= PENDING_ATTEMPTS

    def is_limited(self, vendor: str, number: str) -> bool:
        """Count one question about a number; True while the vendor calls it too fast (02)."""
        return ending(number) == LIMITED and self._count(vendor, number) <= LIMITED_ATTEMPTS

    def clear(self) -> None:
        """Forget every count."""
        self._seen.clear()

    def _count(self, vendor: str, number: str) -> int:
        key = (vendor, digits(number))
        self._seen[key] += 1
        return self._seen[key]
