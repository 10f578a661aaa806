# SPDX-License-Identifier: Apache-2.0
"""Numbers on disk: finds those that a list has twice, however long it is, in little memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from types import TracebackType
from typing import ClassVar, NamedTuple, TypeVar

T = TypeVar("T", bound="_OnDisk")

MEMORY = 4 * 1024
"""KiB of memory at most; the rest is in a file that SQLite makes in the folder for temporary files, and removes."""


class _OnDisk:
    """A table of numbers in a temporary file. A context manager: closing it removes the file.

    :raises sqlite3.Error: the file cannot be written, as the disk is full for instance.
    """

    columns: ClassVar[str]

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        for setting in (
            f"cache_size = -{MEMORY}",
            "journal_mode = OFF",
            "synchronous = OFF",
            "locking_mode = EXCLUSIVE",
        ):
            self._database.execute(f"PRAGMA {setting}")
        self._database.execute(f"CREATE TABLE seen (number INTEGER PRIMARY KEY{self.columns})")
        # One transaction for all: it is never read by anybody else.
        self._database.execute("BEGIN")

    def __enter__(self: T) -> T:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()


class DiskIntSet(_OnDisk):
    """A set of numbers of up to 18 digits."""

    columns = ""

    def add(self, number: int) -> bool:
        """Add a number; False if it was there."""
        return self._database.execute("INSERT OR IGNORE INTO seen VALUES (?)", (number,)).rowcount == 1

    def add_all(self, digits: Iterable[str]) -> None:
        """Add numbers by their digits, whether they were there or not."""
        # As one text: to bind a value for each takes three times as long.
        listed = f"[{','.join(digits)}]"
        self._database.execute("INSERT OR IGNORE INTO seen SELECT value FROM json_each(?)", (listed,))


class FirstRow(NamedTuple):
    """The first row that has a number: its place in the list, and a number that stands for its owner."""

    row: int
    owner: int


class DiskFirstRows(_OnDisk):
    """The first row of a list for each number of up to 18 digits."""

    columns = ", row INTEGER NOT NULL, owner INTEGER NOT NULL"

    def add(self, number: int, row: int, owner: int) -> FirstRow | None:
        """Enter the row of a number. If an earlier row has the number, that row stays, and is returned."""
        added = self._database.execute("INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", (number, row, owner))
        if added.rowcount == 1:
            return None
        return self.get(number)

    def get(self, number: int) -> FirstRow | None:
        """Return the first row with a number; None if no row has it."""
        found = self._database.execute("SELECT row, owner FROM seen WHERE number = ?", (number,)).fetchone()
        return FirstRow(*found) if found else None


class DiskCounter(_OnDisk):
    """Counts by number."""

    columns = ", count INTEGER NOT NULL"

    def count(self, number: int) -> int:
        """Return the count of a number."""
        found = self._database.execute("SELECT count FROM seen WHERE number = ?", (number,)).fetchone()
        return int(found[0]) if found else 0

    def add(self, number: int) -> None:
        """Count a number again."""
        self._database.execute(
            "INSERT INTO seen VALUES (?, 1) ON CONFLICT (number) DO UPDATE SET count = count + 1", (number,)
        )
