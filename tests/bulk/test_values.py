# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import datetime as dt
import math
import numbers
import struct
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_wa.bulk.values import given, given_or_empty


class NaTType:
    """What pandas has for a missing date, by the name of its type."""


class NAType:
    """The same for any missing value: to compare it raises."""

    def __eq__(self, other: object) -> bool:
        raise TypeError("boolean value of NA is ambiguous")

    __hash__ = None  # type: ignore[assignment]


class datetime64:
    """What NumPy has for a missing date."""

    def __ne__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


class float32:
    """A float of 24 bits of digits."""

    def __init__(self, value: float) -> None:
        self.value = struct.unpack("f", struct.pack("f", value))[0]

    def __float__(self) -> float:
        return float(self.value)


numbers.Real.register(float32)  # as NumPy does


@pytest.mark.parametrize(
    ("value", "expected"), [(34666666611.0, "3.466667e+10"), (16777215.0, 16777215), (16777216.0, "1.677722e+07")]
)
def test_a_short_float_never_becomes_another_number(value: float, expected: Any) -> None:
    assert given(float32(value)) == expected


def test_a_short_float_may_be_missing() -> None:
    assert [given(float32(math.nan)), given(float32(math.inf))] == [None, None]


MISSING = [
    None,
    "",
    " \u00a0\t\n",
    "nan",
    "NaN",
    "NaT",
    "<NA>",
    float("nan"),
    float("inf"),
    float("-inf"),
    Decimal("NaN"),
    Decimal("sNaN"),
    Decimal("Infinity"),
    NaTType(),
    NAType(),
    datetime64(),
    b"",
    b"  ",
]


@pytest.mark.parametrize("value", MISSING)
def test_a_missing_value_is_missing_in_every_type(value: Any) -> None:
    assert given(value) is None
    assert given_or_empty(value) == ""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (34666666611.0, 34666666611),
        (-0.0, 0),
        (0, 0),
        (Decimal("34666666611.000"), 34666666611),
        (Decimal("1E+3"), 1000),
        (Decimal("1.50"), Decimal("1.50")),
        (1.5, 1.5),
        (2.0**60, 2.0**60),
        (True, True),
        (False, False),
        (" a ", " a "),
        ("Nan", "Nan"),
        ("NA", "NA"),
        ("#N/A", "#N/A"),
        (b"+34 600", "+34 600"),
        (memoryview(b"Jos\xc3\xa9"), "José"),
        (b"\xff", b"\xff"),
        (dt.date(2026, 1, 2), dt.date(2026, 1, 2)),
        ({"city": None}, {"city": None}),
        ([1.0], [1.0]),
    ],
)
def test_a_value_is_as_people_mean_it(value: Any, expected: Any) -> None:
    found = given(value)
    assert found == expected
    assert type(found) is type(expected)
    assert given_or_empty(value) == expected
