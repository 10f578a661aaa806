# SPDX-License-Identifier: Apache-2.0
"""The file of a SQLite store: a check that it is still the one that was opened, and has room."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOM = 1 << 20
"""Bytes that a store must have left to count as writable."""

_Inode = tuple[int, int]


@dataclass(frozen=True)
class OpenFile:
    """A database's file and its log, as they were when a connection opened them.

    SQLite goes on writing to a file that was removed: what it commits then is gone with the connection.
    """

    path: Path
    file: _Inode | None
    log: _Inode | None

    @classmethod
    def of(cls, connection: Any, path: str) -> OpenFile | None:
        """Return the file of an open connection of the driver; None for a database in memory.

        :param path: the file's name as it was configured, which may be a link; empty if it is not known.
        """
        # The log is opened with the first read.
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        opened = connection.execute("PRAGMA database_list").fetchone()[2]
        return cls(Path(path or opened), _inode(path or opened), _inode(f"{opened}-wal")) if opened else None

    @property
    def is_gone(self) -> bool:
        """True if the file or its log was removed, replaced or emptied since."""
        try:
            same = _inode(self.path) == self.file and (self.log is None or _inode(self._log) == self.log)
            return not same or os.path.getsize(self.path) == 0
        except OSError:
            return False  # the database itself will say what is wrong

    @property
    def has_room(self) -> bool:
        """False if the disk is as good as full."""
        found = os.statvfs(self.path)
        return found.f_bavail * found.f_frsize >= ROOM

    @property
    def _log(self) -> str:
        return f"{os.path.realpath(self.path)}-wal"


def _inode(path: str | Path) -> _Inode | None:
    """Return the inode and its device; None if it does not exist."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return (found.st_dev, found.st_ino)
