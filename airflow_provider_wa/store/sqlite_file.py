# SPDX-License-Identifier: Apache-2.0
"""The file of a SQLite store: checks that it was not replaced, and that its disk has room."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOM = 1 << 20
"""Minimum free bytes on the disk of a writable store."""

_Inode = tuple[int, int]


@dataclass(frozen=True)
class OpenFile:
    """A database's file and its log, as a connection opened them.

    SQLite continues to write to a removed file: such commits are lost when the connection is closed.
    """

    path: Path
    file: _Inode | None
    log: _Inode | None

    @classmethod
    def of(cls, connection: Any, path: str) -> OpenFile | None:
        """Return the file of an open connection of the driver; None for a database in memory.

        :param path: the configured name of the file, which may be a link; empty if it is not known.
        """
        # The first read opens the log.
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        opened = connection.execute("PRAGMA database_list").fetchone()[2]
        return cls(Path(path or opened), _inode(path or opened), _inode(f"{opened}-wal")) if opened else None

    @property
    def is_gone(self) -> bool:
        """True if the file or its log was removed, replaced or emptied since it was opened."""
        try:
            same = _inode(self.path) == self.file and (self.log is None or _inode(self._log) == self.log)
            return not same or os.path.getsize(self.path) == 0
        except OSError:
            return False  # the next use of the database reports the error

    @property
    def has_room(self) -> bool:
        """False if the disk is almost full."""
        found = os.statvfs(self.path)
        return found.f_bavail * found.f_frsize >= ROOM

    @property
    def _log(self) -> str:
        return f"{os.path.realpath(self.path)}-wal"


def _inode(path: str | Path) -> _Inode | None:
    """Return the device and the inode of a file; None if it does not exist."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return (found.st_dev, found.st_ino)
