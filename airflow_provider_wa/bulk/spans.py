# SPDX-License-Identifier: Apache-2.0
"""Some of a list's rows, by their numbers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

Span = tuple[int, int]
"""The numbers of the first and of the last row, counted from 1."""


def within(rows: Iterator[T], span: Span | None) -> Iterator[T]:
    """Return the rows of a span; fewer if there are fewer, all if there is no span."""
    return islice(rows, span[0] - 1, span[1]) if span else rows
