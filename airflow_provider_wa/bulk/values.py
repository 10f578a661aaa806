# SPDX-License-Identifier: Apache-2.0
"""Values of a list's rows, the same whatever format they come from."""

from __future__ import annotations

import math
import numbers
from decimal import Decimal
from typing import Any

EXACT_FLOATS = 1 << 53
"""Floats below this have all digits of the integers that they stand for."""

_PLAIN = (int, bool)
_NO_VALUE = frozenset(("nan", "NaN", "NaT", "<NA>"))
"""Texts that numeric libraries write for a missing value."""


def given(value: Any) -> Any:
    """Return a value as people mean it, None if it is missing.

    Missing are None, blank texts, and what numeric libraries have for "no value": NaN, NaT, NA, infinite numbers, and
    the first three as they write them. A whole number is an int, whichever type has it; text in bytes is text.
    Everything else is returned as it is.
    """
    if isinstance(value, str):
        return None if not value or value in _NO_VALUE or value.isspace() else value
    if value is None or type(value) in _PLAIN:
        return value
    if isinstance(value, numbers.Real):
        return _number(value)
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _text(bytes(value))
    return None if type(value).__name__ in ("NaTType", "NAType") else value


def given_or_empty(value: Any) -> Any:
    """Return a value as people mean it, the empty text if it is missing."""
    value = given(value)
    return "" if value is None else value


def _number(value: numbers.Real) -> Any:
    if isinstance(value, numbers.Integral):
        return int(value)
    number = float(value)
    if not math.isfinite(number):
        return None
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
