# SPDX-License-Identifier: Apache-2.0
"""The numbers in addresses: anybody can write any text there."""

from __future__ import annotations

import pytest

from airflow_provider_wa.plugin.pages.visit import MOST_ROWS, number_in


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0", 0), ("7", 7), ("007", 7), ("2147483647", MOST_ROWS), ("2147483648", None), ("9" * 5000, None)],
)
def test_a_number_is_read_as_far_as_databases_take_it(text: str, expected: int | None) -> None:
    assert number_in(text, MOST_ROWS) == expected


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.5", " 1", "1 ", "1_000", "one", "\u0663", "\u00b2"])
def test_all_else_is_no_number(text: str) -> None:
    assert number_in(text) is None


def test_the_ids_of_events_have_up_to_63_bits() -> None:
    assert number_in(str(2**63 - 1)) == 2**63 - 1
    assert number_in(str(2**63)) is None
