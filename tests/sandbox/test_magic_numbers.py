# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from airflow_provider_wa.sandbox import magic_numbers


@pytest.mark.parametrize(
    ("number", "known"),
    [
        ("51987654321", True),
        ("51987654300", False),
        ("+51 987-654-300", False),
        ("51987654300@s.whatsapp.net", False),
        ("51987654301", True),
        ("51987654304", True),
        ("51987654307", True),
        ("525512345607", False),
        ("5215512345607", True),
        ("525512345608", True),
        ("5491112345607", False),
        ("541112345607", True),
        ("5511987654307", False),
        ("551187654307", True),
        ("5511887654307", True),
    ],
)
def test_the_last_two_digits_decide_whether_a_number_exists(number: str, known: bool) -> None:
    assert magic_numbers.exists(number) is known


def test_only_03_has_a_picture() -> None:
    assert [end for end in range(100) if magic_numbers.has_picture(f"519876543{end:02}")] == [3]


def test_only_06_is_never_delivered_and_only_05_is_read() -> None:
    numbers = [f"519876543{end:02}" for end in range(100)]
    assert [n[-2:] for n in numbers if magic_numbers.delivered_after(n, 2.0) is None] == ["06"]
    assert [n[-2:] for n in numbers if magic_numbers.read_after(n, 2.0) is not None] == ["05"]
    assert magic_numbers.delivered_after("51987654321", 2.0) == 2.0
    assert magic_numbers.read_after("51987654305", 2.0) == 4.0


def test_01_is_pending_twice_for_each_vendor_and_number() -> None:
    attempts = magic_numbers.LookupCounts()
    assert [attempts.is_pending("green_api", "51987654301") for _ in range(4)] == [True, True, False, False]
    assert attempts.is_pending("accuauth", "51987654301")
    assert attempts.is_pending("green_api", "51987654401")
    assert not attempts.is_pending("green_api", "51987654302")


def test_02_is_limited_once_until_cleared() -> None:
    attempts = magic_numbers.LookupCounts()
    assert [attempts.is_limited("green_api", "51987654302") for _ in range(3)] == [True, False, False]
    attempts.clear()
    assert attempts.is_limited("green_api", "51987654302")
