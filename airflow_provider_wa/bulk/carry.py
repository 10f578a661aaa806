# SPDX-License-Identifier: Apache-2.0
"""Columns of a list that are copied into its results, so that the next task can take the results as its list.

They are not stored. The list is read a second time, in step with the results, and each row must match its result.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any

from airflow_provider_wa.api.errors import BadInput, Retry, WaError
from airflow_provider_wa.api.number_text import given_text
from airflow_provider_wa.bulk.columns import column_named, named
from airflow_provider_wa.store.sql import clean

EVERY = "*"
"""All columns except the one that is checked, whose values the results have as ``input``."""

RENAMED = "list_"
"""Prefix of a carried column whose name the results use already."""


class ListChanged(WaError):
    """The list has changed since it was checked. A retry checks it as it is now."""

    retry = Retry.LATER


@dataclass(frozen=True)
class Carry:
    """Columns that are copied from a list into its results.

    :param columns: their names in the results, each with the name in the list's rows.
    """

    columns: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, wanted: Sequence[str], names: Sequence[str], repeated: Collection[str], column: str, own: Sequence[str]
    ) -> Carry:
        """Choose columns of a list.

        :param wanted: the columns' names, or ``EVERY``.
        :param names: all names that some row of the list may have.
        :param repeated: names that several columns have, so that rows lack them.
        :param column: the list's own column.
        :param own: the results' own columns: a carried column with one of these names gets the prefix ``RENAMED``.
        :raises BadInput: there is no such column, or two would have one name.
        """
        advice = "or name the columns to carry" if EVERY in wanted else ""
        if EVERY in wanted:
            wanted = [name for name in (*names, *repeated) if name != column]
        sources = [column_named("carry", name, names, repeated, advice=advice) for name in wanted]
        targets = [_target(name, own) for name in wanted]
        if twice := [name for name, count in Counter(targets).items() if count > 1]:
            raise BadInput(
                f"carry: the results would have several columns {named(twice)}; name those to carry, or rename one"
            )
        return cls(dict(zip(targets, sources, strict=True)))


def _target(name: str, own: Sequence[str]) -> str:
    # A program that reads lines would take a line break in a header for the end of the row.
    name = clean(" ".join(name.split()))
    return f"{RENAMED}{name}" if name.casefold() in own else name


class CarriedRows:
    """Reader of the carried values: it reads the list again, in step with the results.

    If a row cannot be read, ``failure`` has the error, and carried values are None from that row on: the results are
    written without them.

    :param rows: gives the list, from its beginning.
    :param column: the list's own column.
    :param first: the place of the first row.
    """

    def __init__(self, carry: Carry, rows: Callable[[], Iterator[Mapping[str, Any]]], column: str, first: int) -> None:
        self.columns = tuple(carry.columns)
        self.failure: Exception | None = None
        self._carry = carry
        self._column = column
        self._next = first
        self._open = rows
        self._rows: Iterator[Mapping[str, Any]] | None = None

    def beside(self, place: int, given: str) -> dict[str, Any]:
        """Return a row's carried values, None for a missing one. Ask for rows in rising order of their places.

        :param given: the row's value of the list's own column when it was checked.
        """
        row: Mapping[str, Any] = {}
        if self.columns and self.failure is None:
            try:
                row = self._row(place, given)
            except Exception as error:  # noqa: BLE001 - raised when the results are written
                self.failure = error
        return {target: plain(row.get(source)) for target, source in self._carry.columns.items()}

    def _row(self, place: int, given: str) -> Mapping[str, Any]:
        self._rows = self._rows or self._open()
        row = next(self._rows, None)
        while row is not None and self._next < place:
            self._next += 1
            row = next(self._rows, None)
        self._next += 1
        if row is None or clean(given_text(row.get(self._column))) != given:
            raise ListChanged(
                f"carry: the list has changed since it was checked: its row {place:,} is missing or another one. The "
                "results have the list's columns before that row only; a retry of the task checks the list as it is now"
            )
        return row


def plain(value: Any) -> Any:
    """Return a value as JSON has it: dates in ISO 8601, decimals and what JSON does not know as text."""
    if isinstance(value, str):
        return clean(value)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {clean(str(name)): plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value.hex() if isinstance(value, (bytes, bytearray, memoryview)) else clean(str(value))
