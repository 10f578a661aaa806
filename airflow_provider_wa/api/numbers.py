# SPDX-License-Identifier: Apache-2.0
"""Phone numbers by libphonenumber: any common spelling in, E.164 out, and the second form that a country has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from airflow_provider_wa.api import jids
from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.number_text import dialled, given_text, wrong

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


# Prefixes that were dialled before the ten digits of a number until 2019, and that lists still have. No longer
# in libphonenumber.
_OLD_PREFIXES: Mapping[str, re.Pattern[str]] = {"MX": re.compile(r"(?:01|04[45])(\d{10})")}

_FIELDS = ("number: ", "recipient: ", "country_column: ")


@dataclass(frozen=True)
class PhoneNumber:
    """A phone number: ``digits`` as the vendors take it (country code first, no +), and its two parts.

    ``assumed`` is True if the number had no + and no country was given, so that the country code is a guess.
    """

    digits: str
    country_code: str
    assumed: bool = field(default=False, compare=False, repr=False)

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

    @property
    def remark(self) -> str:
        """For a number whose country was assumed, a text that names it: ``read as +34 (ES)``; else empty."""
        if not self.assumed:
            return ""
        import phonenumbers

        country = phonenumbers.region_code_for_number(phonenumbers.parse(self.e164, None)) or ""
        return f"read as +{self.country_code}" + (f" ({country})" if country.isalpha() else "")

    def __str__(self) -> str:
        return self.e164


@dataclass(frozen=True)
class NumberRules:
    """Rules for numbers without + or 00.

    :param region: their country, as ``region`` returns it. They are national numbers of it, or begin with its own
        country code.
    :param international_without_plus: True: a number that is not one of ``region`` begins with the code of another
        country. False: such numbers are refused without a region. None: without a region they are read as beginning
        with a country code, which is ``assumed``.
    """

    region: str | None = None
    international_without_plus: bool | None = None

    def parse(self, given: Any) -> PhoneNumber:
        """Read a phone number in any common spelling (docs/bulk.md, "Numbers").

        :raises BadInput: it is not one valid phone number; the message has the reason.
        """
        found = dialled(given)
        readings = {self._reading(digits) for digits in (found.digits, found.without_trunk) if digits} - {None}
        if len(readings) > 1:
            raise wrong(given, "may be two numbers, with and without its (0); leave the zero or the brackets out")
        for number in readings:
            assert number is not None
            return number
        raise wrong(given, self._reason(found.digits))

    def recipient(self, given: Any) -> str:
        """Return a recipient, as the function ``recipient`` does."""
        text = given_text(given)
        if "@" not in text:
            return self.parse(given).digits
        jid = jids.parse(text)
        if jid is None:
            raise BadInput(f"recipient: {text[:60]!r} is neither a phone number nor a JID")
        return jid.phone or str(jid)

    def within(self, country: Any) -> NumberRules:
        """Return the rules for a row with the country ``country``; these rules if it is empty.

        :raises BadInput: it is not the code of a country.
        """
        named = region(given_text(country), "country_column")
        return replace(self, region=named) if named else self

    def remark(self, given: Any, read: str = "") -> str:
        """Return the remark on a number whose country is assumed; empty for other numbers and other texts.

        :param read: the number as it was read before, E.164 or digits. The remark is empty if ``given`` is now read as
            another number.
        """
        text = given_text(given)
        if self.region or self.international_without_plus is not None or text.startswith("+") or "@" in text:
            return ""
        try:
            # Most are written with their country: libphonenumber need not read all of a list again.
            number = None if _is_international(dialled(given).digits) else self.parse(given)
        except BadInput:
            return ""
        return number.remark if number and read.removeprefix("+") in ("", number.digits) else ""

    def _reading(self, digits: str) -> PhoneNumber | None:
        if digits.startswith("+"):
            return _read(digits, None)
        if digits.startswith("00"):
            # Some countries dial more than 00 to get abroad: Australia 0011.
            return _read("+" + digits[2:], None) or (_read(digits, self.region) if self.region else None)
        if self.region and (number := _national(digits, self.region)):
            return number
        if self.international_without_plus or (self.region is None and self.international_without_plus is None):
            number = _read("+" + digits, None)
            return number and replace(number, assumed=not self.international_without_plus)
        return None

    def _reason(self, digits: str) -> str:
        if _is_international(digits):
            return "is not a valid phone number"
        if self.region and not self.international_without_plus:
            return f"is not a number of {self.region}; write + and the country code before numbers of other countries"
        if self.region or self.international_without_plus is not False:
            return "is not a valid phone number; write it with + and the country code, or set a default region"
        return "has no country code; write it with + and the country code, or set a default region"


def parse(given: Any, default_region: str | None = None, international_without_plus: bool | None = None) -> PhoneNumber:
    """Read a phone number in any common spelling, as ``NumberRules(default_region, ...)`` does.

    :raises BadInput: it is not one valid phone number; the message has the reason.
    """
    return NumberRules(default_region, international_without_plus).parse(given)


def recipient(given: Any, default_region: str | None = None, international_without_plus: bool | None = None) -> str:
    """Return a recipient: the digits of a phone number, or a JID that is not a person's number (group, LID).

    A person's JID (``34666666666@s.whatsapp.net``, ``...@c.us``, with or without a device) becomes its digits and
    is not checked against libphonenumber: it came from WhatsApp.

    :raises BadInput: neither a valid phone number nor a JID.
    """
    return NumberRules(default_region, international_without_plus).recipient(given)


def is_about_number(detail: str) -> bool:
    """Return True if an error's message says that a number, or its country, is wrong."""
    return detail.startswith(_FIELDS)


def person(recipient: str) -> str:
    """Return one name for both forms of a number, given as digits or a person's JID; for a group, its JID."""
    return min(forms(jids.phone_or_jid(recipient) if "@" in recipient else recipient))


def forms(digits: str) -> tuple[str, ...]:
    """Return a number as it is, and in its country's other form if there is one; every other text alone."""
    # Read without libphonenumber, which takes its time: all countries with two forms have codes of two digits.
    other = _other_digits(digits)
    return (digits, other) if other else (digits,)


def _is_international(digits: str) -> bool:
    return digits.startswith(("+", "00"))


def _other_digits(digits: str) -> str | None:
    for pattern, replacement in _OTHER_FORMS.get(digits[:2], ()):
        if pattern.fullmatch(digits):
            return pattern.sub(replacement, digits)
    return None


def _national(digits: str, region: str) -> PhoneNumber | None:
    old = _OLD_PREFIXES[region].fullmatch(digits) if region in _OLD_PREFIXES else None
    return _read(old[1] if old else digits, region)


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
    # The older form of a Mexican or Brazilian mobile is no longer in the numbering plan, yet WhatsApp may know it.
    other = _other_digits(digits)
    return number if other and phonenumbers.is_valid_number(phonenumbers.parse(f"+{other}", None)) else None


def region(text: str | None, name: str = "default_region") -> str | None:
    """Return a country's ISO code of two letters, in capitals; None for an empty text.

    :param name: the argument that has it, for the message.
    :raises BadInput: it is not the code of a country.
    """
    code = (text or "").strip().upper()
    if not code:
        return None
    import phonenumbers

    if code not in phonenumbers.SUPPORTED_REGIONS:
        raise BadInput(f"{name}: {code[:20]!r} is not a country; expected a code of two letters, such as PE or ES")
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

    # A number in its country's older form is no longer in the numbering plan; the other form of it may be.
    for digits in filter(None, (recipient, _other_digits(recipient))):
        try:
            found = timezone.time_zones_for_number(phonenumbers.parse(f"+{digits}", None))
        except phonenumbers.NumberParseException:
            continue
        if known := tuple(name for name in found if name != timezone.UNKNOWN_TIMEZONE):
            return known
    return ()
