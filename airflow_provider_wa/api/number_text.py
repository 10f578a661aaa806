# SPDX-License-Identifier: Apache-2.0
"""Phone numbers in the texts of lists: the digits to dial are read from a text, or it is refused with a reason.

A text that may be two numbers, or a number with lost digits, is refused: a guess might message a stranger.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from airflow_provider_wa.api.errors import BadInput

LONGEST = 100
"""Maximum length of a text, in characters. A longer one is refused unread."""

_SHOWN = 40

# What a text may begin with, and what stands for it: a link to a chat has an international number without its +.
_PREFIXES = (
    ("tel:", ""),
    ("whatsapp:", ""),
    ("https://wa.me/", "+"),
    ("http://wa.me/", "+"),
    ("wa.me/", "+"),
)

_SAME = str.maketrans({
    **dict.fromkeys("\uff0b\ufe62", "+"),
    **dict.fromkeys("\u00b7\u2022\u2024\u2027\u2219\u22c5\u30fb\uff65\uff0e", "."),
    **dict.fromkeys("\u2212\u30fc", "-"),
    **dict.fromkeys("\uff08[\uff3b", "("),
    **dict.fromkeys("\uff09]\uff3d", ")"),
    "\uff0f": "/",
    "\uff0c": ",",
    "\u060c": ",",
    "\uff1b": ";",
    "\u2019": "'",
    "\t": " ",
})  # fmt: skip

_DROPPED = ("Cf", "Mn", "Me")
"""Categories of characters that are not shown, or only change how others look."""

_LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"

# The patterns are matched against short texts, and none has two repetitions that could share a character.
_PLAIN = re.compile(r"\+?[0-9]+(?:[ -][0-9]+)*")
"""Groups of digits: most numbers are written like this, and need no further reading."""
_ALLOWED = re.compile(r"[0-9+ ().\-/]+")
_EXPONENT = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]*)?[eE][+-]?[0-9]+")
_WHOLE_FLOAT = re.compile(r"(\+?[0-9]{7,})[.,]0+")
_FRACTION = re.compile(r"\+?[0-9]{9,}[.,][0-9]{1,2}")
_EXTENSION = re.compile(
    r"(?:[, ]*(?:e?xt|extn|extension|anexo|ramal|poste|int|доб|x|p)|[, ]*[#~]|;ext=)[ .:]*[0-9]+#?", re.IGNORECASE
)
_SEVERAL = re.compile(r"[,;:|&\\" + _LINE_ENDS + "]")

_TRUNK = "(0)"

_SHORTEST_AFTER_SLASH = 5
_LONGEST_BEFORE_SLASH = 6
_LONGEST_BEFORE_SLASH_INTERNATIONAL = 9
"""An area code may end with a slash. Fewer digits after it, or more before it, are a second number."""


@dataclass(frozen=True)
class Dialled:
    """A number as it was dialled: digits, and a ``+`` in front if it was there.

    ``without_trunk`` is the number without a zero in brackets, as in ``+44 (0)20``; None without such a zero.
    """

    digits: str
    without_trunk: str | None = None


def given_text(value: Any) -> str:
    """Return a value of a list as text: whole floats without their fraction, nothing as the empty text."""
    if value is None:
        return ""
    if isinstance(value, float):
        text = str(value)
        return str(int(value)) if value.is_integer() and "e" not in text.lower() else text
    return str(value)


def shown(text: str) -> str:
    """Return the beginning of a text for a message, with escapes for all that is not printed."""
    characters = (each if each.isprintable() and not _is_dropped(each) else _escape(each) for each in text[:_SHOWN])
    return f"'{''.join(characters)}{'...' if len(text) > _SHOWN else ''}'"


def dialled(given: Any) -> Dialled:
    """Return the number to dial that a text, or a whole number, stands for.

    :raises BadInput: the text is empty, is not a number, has more than one number, or has lost digits; the message says
        which.
    """
    if not isinstance(given, str):
        given = _text_of(given)
    if len(given) > LONGEST:
        raise BadInput(f"number: {shown(given)} is longer than a phone number; expected at most {LONGEST} characters")
    if _PLAIN.fullmatch(given):
        return Dialled(given.replace(" ", "").replace("-", ""))
    text = _unwrapped(_plain(given))
    if not text:
        raise BadInput("number: the text is empty; expected digits with the country code")
    if found := _WHOLE_FLOAT.fullmatch(text):
        text = found[1]
    _refuse_other(text, given)
    _refuse_several(text, given)
    return Dialled(_digits(text), _digits(text.replace(_TRUNK, "", 1)) if _TRUNK in text else None)


def _text_of(given: Any) -> str:
    if given is None or isinstance(given, (bool, list, tuple, dict, set, bytes)):
        raise BadInput(f"number: a value of the type {type(given).__name__}; expected text or a whole number")
    if isinstance(given, float) and not (given.is_integer() or "e" in str(given).lower()):
        raise BadInput(f"number: {shown(given_text(given))} is a decimal number; keep the column as text")
    return given_text(given)


def _plain(text: str) -> str:
    """Return a text with ASCII digits and separators, without blanks around it and without invisible characters."""
    if text.isascii():
        return text.translate(_SAME).strip()
    return "".join(map(_plain_character, text.translate(_SAME))).strip()


def _plain_character(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category in _DROPPED:
        return ""
    return {"Zs": " ", "Pd": "-"}.get(category, character)


def _is_dropped(character: str) -> bool:
    return unicodedata.category(character) in _DROPPED


def _unwrapped(text: str) -> str:
    """Return a text without what spreadsheets, phones and links put around a number."""
    if text.startswith("=") and text[1:2] in ('"', "+", *"0123456789"):
        text = text[1:]
    if text.startswith("'"):
        text = text[1:]
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    text = text.strip(" ,;'")
    for prefix, instead in _PREFIXES:
        if text[: len(prefix)].lower() == prefix:
            rest = text[len(prefix) :]
            return rest if rest.startswith("+") else instead + rest
    return text


def _refuse_other(text: str, given: str) -> None:
    """Refuse a text that is not a number, or has more than a number in it."""
    if _EXPONENT.fullmatch(text):
        raise wrong(given, "is a number with an exponent: its last digits are lost; export the column as text")
    if text.startswith("#"):
        raise wrong(given, "is a spreadsheet's error")
    if text.startswith("-") and text[1:2].isdigit():
        raise wrong(given, "is a negative number")
    if _FRACTION.fullmatch(text):
        raise wrong(given, "is a decimal number; keep the column as text")
    if _ALLOWED.fullmatch(text):
        return
    begin = _ALLOWED.match(text)
    if begin and any(map(str.isdigit, begin[0])) and _EXTENSION.fullmatch(text, len(begin[0].rstrip())):
        raise wrong(given, "has an extension, which WhatsApp does not know; give the number alone")
    if _SEVERAL.search(text) and not any(map(str.isalpha, text)):
        raise _several(given)
    raise wrong(given, "is not a phone number")


def _refuse_several(text: str, given: str) -> None:
    """Refuse a text that may be two numbers."""
    if text.rfind("+") > 0 and _has_digits(text[: text.rfind("+")]):
        raise _several(given)
    if text.endswith(")") and _has_digits(text[text.rfind("(") :]) and _has_digits(text[: text.rfind("(")]):
        raise wrong(given, "has digits in brackets at its end; give one number alone")
    head, slash, tail = text.partition("/")
    if not slash:
        return
    digits = _digits(head)
    longest = _LONGEST_BEFORE_SLASH_INTERNATIONAL if digits.startswith(("+", "00")) else _LONGEST_BEFORE_SLASH
    before, after = len(digits.lstrip("+")), len(_digits(tail))
    if "/" in tail or head.endswith(" ") or tail.startswith(" ") or before > longest or after < _SHORTEST_AFTER_SLASH:
        raise _several(given)


def _digits(text: str) -> str:
    return re.sub(r"[^0-9+]", "", text)


def _has_digits(text: str) -> bool:
    return any(map(str.isdigit, text))


def _several(given: str) -> BadInput:
    return wrong(given, "may be more than one number; give each a row of its own")


def wrong(given: Any, what: str) -> BadInput:
    """Return the error for a text; ``what`` is the fault to name in it."""
    return BadInput(f"number: {shown(given_text(given).strip())} {what}")


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()
