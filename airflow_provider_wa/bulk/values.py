# SPDX-License-Identifier: Apache-2.0
"""Values of a list's rows, the same for all formats."""

from __future__ import annotations

import math
import numbers
from decimal import Decimal
from typing import Any

EXACT_FLOATS = 1 << 53
"""Floats below this have all digits of the integers that they stand for."""

SHORT_FLOATS = {
    **{"float32": 1 << 24, "float": 1 << 24, "float16": 1 << 11, "halffloat": 1 << 11},  # NumPy and Arrow
    **{"float4": 1 << 24, "mysql float": 10**6},
}
"""Types of short floats, and the integers below which they keep all digits. MySQL shows six digits."""

_PLAIN = (int, bool)
_NO_VALUE = frozenset(("nan", "NaN", "NaT", "<NA>"))
"""Texts that numeric libraries write for a missing value."""

_NO_VALUE_TYPES = frozenset(("NaTType", "NAType"))
_TIMES = frozenset(("datetime64", "timedelta64"))


def given(value: Any) -> Any:
    """Return a value of a list in one form for all formats of files; None if it is missing.

    Missing are None, blank texts, and what numeric libraries have for "no value": NaN, NaT, NA, infinite numbers, and
    the first three as they write them. A whole number of any type becomes an int; bytes become text. Everything else is
    returned as it is.
    """
    if isinstance(value, str):
        return None if not value or value in _NO_VALUE or value.isspace() else value
    if value is None or type(value) in _PLAIN:
        return value
    if type(value).__name__ in _TIMES:  # NumPy calls a time span a number
        return None if value != value else value
    if isinstance(value, numbers.Real):
        return _number(value)
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _text(bytes(value))
    return None if type(value).__name__ in _NO_VALUE_TYPES else value


def given_or_empty(value: Any) -> Any:
    """Return a value as ``given`` does; the empty text if it is missing."""
    if type(value) is str:  # as most are, in lists of millions
        return "" if value in _NO_VALUE or value.isspace() else value
    value = given(value)
    return "" if value is None else value


def full(value: float | None, kind: str) -> float | str | None:
    """Return a float of a type; one that is too short for all digits of its number as text with an exponent.

    Otherwise another person's phone number may come out of it.
    """
    whole = SHORT_FLOATS.get(kind)
    return value if value is None or whole is None or not whole <= abs(value) < math.inf else f"{value:e}"


def _number(value: numbers.Real) -> Any:
    if isinstance(value, numbers.Integral):
        return int(value)
    number = float(value)
    if not math.isfinite(number):
        return None
    # Python's own float is a long one, though Arrow calls a short one so.
    if not isinstance(value, float) and isinstance(short := full(number, type(value).__name__), str):
        return short
    return int(number) if number.is_integer() and abs(number) < EXACT_FLOATS else value


def _decimal(value: Decimal) -> Any:
    if not value.is_finite():
        return None
    return int(value) if value == value.to_integral_value() else value


def _text(value: bytes) -> Any:
    try:
        return given(value.decode())
    except UnicodeDecodeError:
        return value
