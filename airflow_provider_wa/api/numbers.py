# SPDX-License-Identifier: Apache-2.0
"""Phone numbers by libphonenumber: any common spelling in, E.164 out, and the second form that a country has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from airflow_provider_wa.api import jids
from airflow_provider_wa.api.errors import BadInput

# libphonenumber would read letters as a keypad's digits and a spreadsheet's ".0" as one more digit.
_SPELLING = re.compile(r"[\d\s+().\-/\u00a0\u2010-\u2015\u202f]+")
_SPREADSHEET_FLOAT = re.compile(r"\+?\d+\.0+")
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff"))

# Numbers with a second form, by country code: pattern of the digits, and the other form. WhatsApp has an account under
# one of the two, depending on its age (field-notes, "Numbers").
_OTHER_FORMS: Mapping[str, tuple[tuple[re.Pattern[str], str], ...]] = {
    "52": ((re.compile(r"521(\d{10})"), r"52\1"), (re.compile(r"52(\d{10})"), r"521\1")),
    "54": ((re.compile(r"549(\d{10})"), r"54\1"), (re.compile(r"54(\d{10})"), r"549\1")),
    "55": (
        (re.compile(r"55(\d{2})9([6-9]\d{7})"), r"55\1\2"),
        (re.compile(r"55(\d{2})([6-9]\d{7})"), r"55\g<1>9\2"),
    ),
}


@dataclass(frozen=True)
class PhoneNumber:
    """A phone number: ``digits`` as the vendors take it (country code first, no +), and its two parts."""

    digits: str
    country_code: str

    @property
    def e164(self) -> str:
        """E.164 spelling, for example ``+34666666666``."""
        return f"+{self.digits}"

    @property
    def national(self) -> str:
        """Number without its country code."""
        return self.digits[len(self.country_code) :]

    @property
    def other_form(self) -> PhoneNumber | None:
        """The same line in its country's other form (Mexico 52/521, Argentina 54/549, Brazil's ninth digit)."""
        digits = _other_digits(self.digits)
        return PhoneNumber(digits, self.country_code) if digits else None

    def __str__(self) -> str:
        return self.e164


def parse(text: str | int, default_region: str | None = None) -> PhoneNumber:
    """Read a phone number in any common spelling: spaces, dashes, dots, brackets, ``+`` or ``00`` in front.

    Without ``+`` or ``00`` it is read as a national number of ``default_region`` (as ``region`` returns it) where that
    gives a valid number, else as an international one.

    :raises BadInput: it is not a valid phone number; the message has the reason.
    """
    spelling = str(text).translate(_INVISIBLE).strip()
    if not spelling:
        raise BadInput("number: the text is empty; expected digits with the country code")
    if _SPREADSHEET_FLOAT.fullmatch(spelling):
        raise BadInput(f"number: {spelling!r} is a spreadsheet's decimal number; keep the column as text")
    if not _SPELLING.fullmatch(spelling):
        raise BadInput(f"number: {spelling[:40]!r} is not a phone number")
    # libphonenumber ends a number at a separator that it does not know, a narrow no-break space for instance.
    spelling = re.sub(r"[^\d+]", "", spelling)
    if spelling.startswith("00") and "+" not in spelling:
        spelling = "+" + spelling[2:]
    if not spelling.startswith("+"):
        if default_region and (number := _read(spelling, default_region)):
            return number
        spelling = "+" + spelling
    number = _read(spelling, None)
    if number is None:
        hint = "" if default_region else "; write it with + and the country code, or set a default region"
        raise BadInput(f"number: {str(text).strip()[:40]!r} is not a valid phone number{hint}")
    return number


def recipient(text: str | int, default_region: str | None = None) -> str:
    """Return a recipient: the digits of a phone number, or a JID that is not a person's number (group, LID).

    A person's JID (``34666666666@s.whatsapp.net``, ``...@c.us``, with or without a device) becomes its digits and
    is not checked against libphonenumber: it came from WhatsApp.

    :raises BadInput: neither a valid phone number nor a JID.
    """
    if "@" not in str(text):
        return parse(text, default_region).digits
    jid = jids.parse(str(text))
    if jid is None:
        raise BadInput(f"recipient: {str(text)[:60]!r} is neither a phone number nor a JID")
    return jid.phone or str(jid)


def person(recipient: str) -> str:
    """Return one name for both forms of a number, given as digits or a person's JID; for a group, its JID."""
    return min(forms(jids.phone_or_jid(recipient) if "@" in recipient else recipient))


def forms(digits: str) -> tuple[str, ...]:
    """Return a number as it is, and in its country's other form if there is one; every other text alone."""
    # Read without libphonenumber, which takes its time: all countries with two forms have codes of two digits.
    other = _other_digits(digits)
    return (digits, other) if other else (digits,)


def _other_digits(digits: str) -> str | None:
    for pattern, replacement in _OTHER_FORMS.get(digits[:2], ()):
        if pattern.fullmatch(digits):
            return pattern.sub(replacement, digits)
    return None


def _read(spelling: str, region: str | None) -> PhoneNumber | None:
    import phonenumbers

    try:
        parsed = phonenumbers.parse(spelling, region)
    except phonenumbers.NumberParseException:
        return None
    digits = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)[1:]
    number = PhoneNumber(digits, str(parsed.country_code))
    if phonenumbers.is_valid_number(parsed):
        return number
    # The older form of a Mexican or Brazilian mobile is not in the numbering plan any more, yet WhatsApp may know it.
    other = _other_digits(digits)
    return number if other and phonenumbers.is_valid_number(phonenumbers.parse(f"+{other}", None)) else None


def region(text: str | None) -> str | None:
    """Return a country's ISO code of two letters, in capitals; None for an empty text.

    :raises BadInput: it is not the code of a country.
    """
    code = (text or "").strip().upper()
    if not code:
        return None
    import phonenumbers

    if code not in phonenumbers.SUPPORTED_REGIONS:
        raise BadInput(
            f"default_region: {code[:20]!r} is not a country; expected a code of two letters, such as PE or ES"
        )
    return code


def country_code(region: str) -> str:
    """Return the country code that numbers of a country begin with, for example ``"51"`` for ``"PE"``."""
    import phonenumbers

    return str(phonenumbers.country_code_for_region(region))


def time_zones(recipient: str) -> tuple[str, ...]:
    """Return the IANA names of a number's possible time zones, sorted; empty for a group, a LID or an unknown zone.

    A country's mobile numbers may be in any of its zones (16 for Russia, 42 for a free call to North America); by an
    area code, as in the USA, there is one. About 40 microseconds a number; the first call loads libphonenumber's
    table of zones, which takes 0.1 seconds, and the first number of a country some milliseconds.

    :param recipient: digits with the country code, or a JID, as ``recipient`` returns them.
    """
    if not (recipient.isascii() and recipient.isdigit()):
        return ()
    import phonenumbers
    from phonenumbers import timezone

    # A number in its country's older form is not in the numbering plan any more; the other form of it may be.
    for digits in filter(None, (recipient, _other_digits(recipient))):
        try:
            found = timezone.time_zones_for_number(phonenumbers.parse(f"+{digits}", None))
        except phonenumbers.NumberParseException:
            continue
        if known := tuple(name for name in found if name != timezone.UNKNOWN_TIMEZONE):
            return known
    return ()
