# SPDX-License-Identifier: Apache-2.0
"""Files of lists, opened to be read: local or in an object store, packed or not."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, Protocol

from airflow_provider_wa.api.errors import BadInput, Retry, WaError
from airflow_provider_wa.paths import advice

PACKED = ".gz"

_MISTAKES = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError, ValueError, ImportError)
"""Errors of opening a file that a retry does not mend."""


class FileFailed(WaError):
    """A file cannot be read for the time being, or is damaged. Retry."""

    retry = Retry.LATER


class AnyPath(Protocol):
    """A path, local or in an object store."""

    def open(self, mode: str = "r", **options: Any) -> Any:
        """Open the file."""
        ...

    def exists(self) -> bool:
        """Return True if the file exists."""
        ...

    @property
    def name(self) -> str:
        """The last part of the path."""
        ...

    @property
    def suffix(self) -> str:
        """The end of the name, with its dot."""
        ...

    def unlink(self) -> Any:
        """Remove the file."""
        ...

    @property
    def parent(self) -> Any:
        """The folder."""
        ...


@contextmanager
def open_file(path: AnyPath) -> Iterator[IO[bytes]]:
    """Open a file to read its bytes; they are unpacked if its name ends with ``.gz``.

    :raises BadInput: there is no such file, or it can never be read.
    """
    with _opened(path) as file:
        if not is_packed(path):
            yield file
            return
        with gzip.GzipFile(fileobj=file, mode="rb") as unpacked:
            try:
                yield unpacked  # type: ignore[misc]  # it has what readers use
            except gzip.BadGzipFile as error:
                raise BadInput(f"{path} cannot be unpacked: {error}; expected a file that gzip made") from None


def is_packed(path: AnyPath) -> bool:
    """Return True if a file's name says that gzip made it."""
    return path.suffix.lower() == PACKED


def _opened(path: AnyPath) -> Any:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise BadInput(f"there is no file {path}") from None
    except _MISTAKES as error:
        raise BadInput(f"cannot read {path}: {reason(error)}{remedy(path, error)}") from error


def remedy(path: AnyPath, error: Exception) -> str:
    """Return what to install, if the error says that nothing opens such a path."""
    return advice(getattr(path, "protocol", "")) if isinstance(error, (ValueError, ImportError)) else ""


@contextmanager
def read_errors(path: AnyPath) -> Iterator[None]:
    """Turn errors of reading a file into ``FileFailed``."""
    try:
        yield
    except WaError:
        raise
    except (EOFError, zlib.error) as error:
        raise FileFailed(f"cannot read {path} to its end: {reason(error)}") from error
    except Exception as error:  # object stores have errors of their own
        raise FileFailed(f"cannot read {path}: {reason(error)}") from error


def reason(error: Exception) -> str:
    """Return what an error says."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
