# SPDX-License-Identifier: Apache-2.0
"""Magic numbers: the last two digits of a phone number decide how a vendor behaves towards it.

The model is a payment provider's test cards: any number works, and a test writes the case that it needs into the
number. The table is in docs/sandbox.md.
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

PENDING_LOOKUPS = 2
LIMITED_LOOKUPS = 1

# The form of a number that ends in 07 which does *not* exist; the country's other form of it does.
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
    """Return the last two digits."""
    return digits(number)[-2:]


def exists(number: str) -> bool:
    """Return True if the number, in the form that it is written in, is on WhatsApp."""
    end = ending(number)
    if end == ABSENT:
        return False
    return end != OTHER_FORM or not any(form.fullmatch(digits(number)) for form in UNKNOWN_FORMS)


def has_picture(number: str) -> bool:
    """Return True if the account shows a picture."""
    return ending(number) == PICTURE


def is_hidden(number: str) -> bool:
    """Return True if a check may show the number's LID (`...@lid`) instead of its JID."""
    return ending(number) == HIDDEN


def delivered_after(number: str, seconds: float) -> float | None:
    """Return the seconds from sending to delivery; None if the message is never delivered."""
    return None if ending(number) == UNDELIVERED else seconds


def read_after(number: str, seconds: float) -> float | None:
    """Return the seconds from sending to reading; None if the message is never read."""
    return 2 * seconds if ending(number) == REPLIES else None


class LookupCounts:
    """Counts of the checks of each number: the answers for 01 and 02 depend on them."""

    def __init__(self) -> None:
        self._seen: Counter[tuple[str, str]] = Counter()

    def is_pending(self, vendor: str, number: str) -> bool:
        """Count one check; True while its result is pending (01)."""
        return ending(number) == PENDING and self._count(vendor, number) <= PENDING_LOOKUPS

    def is_limited(self, vendor: str, number: str) -> bool:
        """Count one check; True while the vendor refuses it as too fast (02)."""
        return ending(number) == LIMITED and self._count(vendor, number) <= LIMITED_LOOKUPS

    def clear(self) -> None:
        """Forget all counts."""
        self._seen.clear()

    def _count(self, vendor: str, number: str) -> int:
        key = (vendor, digits(number))
        self._seen[key] += 1
        return self._seen[key]
