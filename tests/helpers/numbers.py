# SPDX-License-Identifier: Apache-2.0
"""Lists of numbers."""

from __future__ import annotations

from collections.abc import Sequence


def us(count: int, start: int = 0) -> list[str]:
    """Return American numbers, as their digits."""
    return [f"1202555{place:04d}" for place in range(start, start + count)]


def existing(count: int) -> list[str]:
    """Return American numbers as people write them, up to 900; the sandbox has an account for each."""
    return [f"+1 202 55{place // 90} {place % 90 + 1:02d}10" for place in range(count)]


def digits(numbers: Sequence[str]) -> list[str]:
    """Return the digits of each."""
    return ["".join(filter(str.isdigit, number)) for number in numbers]
