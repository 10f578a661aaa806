# SPDX-License-Identifier: Apache-2.0
"""A set of numbers on disk: finds those that a list has twice, however long it is, in little memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from types import TracebackType

MEMORY = 4 * 1024
"""KiB of memory at most; the rest is in a file that SQLite makes in the folder for temporary files, and removes."""


class DiskIntSet:
    """A set of numbers, in a temporary file. A context manager: closing it removes the file.

    :raises sqlite3.Error: the file cannot be written, as the disk is full for instance.
    """

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        for setting in (
            f"cache_size = -{MEMORY}",
            "journal_mode = OFF",
            "synchronous = OFF",
            "locking_mode = EXCLUSIVE",
        ):
            self._database.execute(f"PRAGMA {setting}")
        self._database.execute("CREATE TABLE seen (number INTEGER PRIMARY KEY)")
        # One transaction for all: it is never read by anybody else.
        self._database.execute("BEGIN")

    def __enter__(self) -> DiskIntSet:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def add(self, number: int) -> bool:
        """Add a number of up to 18 digits; False if it was there."""
        return self._database.execute("INSERT OR IGNORE INTO seen VALUES (?)", (number,)).rowcount == 1

    def add_all(self, digits: Iterable[str]) -> None:
        """Add numbers by their digits, whether they were there or not."""
        # As one text: to bind a value for each takes three times as long.
        listed = f"[{','.join(digits)}]"
        self._database.execute("INSERT OR IGNORE INTO seen SELECT value FROM json_each(?)", (listed,))
