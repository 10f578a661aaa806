# SPDX-License-Identifier: Apache-2.0
"""The columns of a list: find a column by its name, and give a row as values by column name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.bulk.values import given, given_or_empty

_DIGIT = re.compile(r"\d")
_DIGITS_OF_A_PERSON = 6
_LONGEST_NUMBER = 100
_NUMBER = re.compile(r"\s*(?:[+(]?\d[\d\s().\-/]{5,}|\d[\d\-:]*@[a-z.]+)\s*")


def place_of(column: str, names: Sequence[str]) -> int | None:
    """Return the place of a column in a header, None if it is not there or not clear.

    The exact name counts first; then case and surrounding blanks make no difference, if only one name is alike.
    """
    places = places_of(column, names)
    return places[0] if len(places) == 1 else None


def places_of(column: str, names: Sequence[str]) -> list[int]:
    """Return all places that a column's name may mean."""
    exact = [place for place, name in enumerate(names) if name == column]
    return exact or [place for place, name in enumerate(names) if _folded(str(name)) == _folded(column)]


def column_named(
    argument: str, name: str, names: Sequence[str], repeated: Collection[str] = (), *, advice: str = ""
) -> str:
    """Return the name under which rows have a column that an argument names.

    :param names: all names that some row of the list may have.
    :param repeated: names of several columns each: rows lack them.
    :param advice: end of the error.
    :raises BadInput: there is no such column, or there are several.
    """
    places = places_of(name, [*names, *repeated])
    if len(places) == 1 and places[0] < len(names):
        return names[places[0]]
    found = (
        f"the list has {name!r} more than once; rename all but one"
        if places
        else (f"the list has no column {name!r}; it has {named(names)}")
    )
    raise BadInput(f"{argument}: {found}{advice and '; '}{advice}")


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


def named(names: Iterable[Any]) -> str:
    """Return names as errors show them."""
    return ", ".join(map(repr, names)) or "none"


def is_like_a_number(text: str) -> bool:
    """Return True if a text looks like a phone number or a JID, so that it is not a column's name."""
    return len(text) <= _LONGEST_NUMBER and bool(_NUMBER.fullmatch(text))


@dataclass(frozen=True)
class Columns:
    """The columns of a list whose rows are sequences.

    :param column: the list's own column, under the name that the author gave it.
    :param place: where a row has it, from 0.
    :param used: name and place of each column that rows have.
    :param repeated: names of several columns each. Rows leave them out, since it is not clear which cell is meant.
    """

    column: str
    place: int
    used: tuple[tuple[str, int], ...]
    repeated: frozenset[str]

    @classmethod
    def of(cls, names: Sequence[str], column: str, where: str) -> Columns:
        """Return the columns of a header.

        :param where: name of the file or query, for errors.
        :raises BadInput: there is no such column, or there are several.
        """
        place = place_of(column, names)
        if place is None:
            raise BadInput(_not_found(column, names, where))
        by_place = [(column if at == place else str(name).strip(), at) for at, name in enumerate(names)]
        counts = Counter(name for name, _ in by_place)
        used = [(name, at) for name, at in by_place if at == place or (name and counts[name] == 1)]
        repeated = {name for name, count in counts.items() if count > 1 and name} - {column}
        return cls(column, place, tuple(used), frozenset(repeated))

    @property
    def names(self) -> list[str]:
        """The names that rows may have."""
        return [name for name, _ in self.used]

    def row(self, cells: Sequence[Any]) -> dict[str, Any]:
        """Return the existing values of a row, by name."""
        width = len(cells)
        return {name: value for name, at in self.used if at < width and (value := given(cells[at])) is not None}

    def value(self, cells: Sequence[Any]) -> Any:
        """Return a row's value of the list's own column, the empty text if it is missing."""
        return given_or_empty(cells[self.place]) if self.place < len(cells) else ""


def _not_found(column: str, names: Sequence[str], where: str) -> str:
    if same := places_of(column, names):
        found = ", ".join(f"{names[at]!r} (column {at + 1})" for at in same)
        return f"column: {where} has {column!r} more than once: {found}; rename all but one"
    if any(len(_DIGIT.findall(str(name))) >= _DIGITS_OF_A_PERSON for name in names):
        # The cell may hold a person's number: it is not shown.
        return (
            f"column: {where} has no column {column!r}: a phone number stands where names of columns are expected; "
            f"write a first row of names, such as {column},name"
        )
    return f"column: {where} has no column {column!r}; it has {named(names)}"


@dataclass(frozen=True)
class Keys:
    """The columns of a list whose rows are mappings, each with keys of its own.

    :param column: the list's own column, under the name that the author gave it.
    :param key: the key under which rows have it.
    """

    column: str
    key: str

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]], column: str, where: str) -> Keys:
        """Return the columns of a list. All its rows are read if need be.

        :raises BadInput: there are rows, and none of them has such a column, or it is not clear which one it is.
        """
        found: dict[str, None] | None = None
        for row in rows:
            if column in row:
                return cls(column, column)
            found = found or {}
            found.update(dict.fromkeys(row))
        if found is None:
            return cls(column, column)
        names = list(found)
        return cls(column, names[Columns.of(names, column, where).place])

    def named(self, keys: Iterable[str]) -> list[str]:
        """Return the names that rows may have, given the keys of all of them."""
        return [self.column if key == self.key else key for key in keys]

    def row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return the existing values of a row, by name."""
        return {
            self.column if name == self.key else str(name).strip(): value
            for name, cell in row.items()
            if (value := given(cell)) is not None
        }

    def value(self, row: Mapping[str, Any]) -> Any:
        """Return a row's value of the list's own column, the empty text if it is missing."""
        return given_or_empty(row.get(self.key))
