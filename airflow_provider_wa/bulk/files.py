# SPDX-License-Identifier: Apache-2.0
"""Lists in files: numbers read lazily from CSV or JSON Lines, results written as they come.

A path is anything with ``open``, ``exists`` and ``parent`` as ``pathlib.Path`` has them; operators pass Airflow's
``ObjectStoragePath``.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, Any, Protocol

from airflow_provider_wa.api.errors import BadInput

Row = Mapping[str, Any]
Write = Callable[[Row], None]


class AnyPath(Protocol):
    """A path, local or in an object store."""

    def open(self, mode: str = "r", **options: Any) -> Any:
        """Open the file."""
        ...

    def exists(self) -> bool:
        """Whether there is such a file."""
        ...

    @property
    def suffix(self) -> str:
        """The end of the name, with its dot."""
        ...

    @property
    def parent(self) -> Any:
        """The folder."""
        ...


def read_column(path: AnyPath, column: str) -> Iterator[Any]:
    """The values of one column, row by row; a missing value is the empty text.

    :raises BadInput: no such file, no such format or no such column (the message names those found), found before
        the first value is returned; or a line that is no JSON object.
    """
    values = _format(path, _READERS)(_open_to_read(path), path, column)
    # The first row proves the file and the column: the caller learns of a mistake before it does anything.
    first = next(values, _NOTHING)
    return _prepended(first, values)


@contextmanager
def row_writer(path: AnyPath, columns: Sequence[str]) -> Iterator[Write]:
    """A function that writes a row at once, in the format of the path's suffix. An existing file is replaced.

    :raises BadInput: the format is unknown or the path cannot be written to; found before the first row.
    """
    make = _format(path, _WRITERS)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("wb")
    except Exception as error:
        raise BadInput(f"cannot write to {path}: {_reason(error)}") from error
    # The text is gathered here: an object store's file, or Airflow's wrapper around one, is slow to take single rows.
    with io.TextIOWrapper(file, encoding="utf-8", newline="") as stream:
        yield make(stream, columns)


_NOTHING = object()


def _prepended(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    if first is not _NOTHING:
        yield first
        yield from rest


def _open_to_read(path: AnyPath) -> IO[str]:
    try:
        # A byte order mark, which spreadsheets write, is not a part of the first column's name.
        stream: IO[str] = path.open("r", encoding="utf-8-sig", newline="")
    except FileNotFoundError:
        raise BadInput(f"there is no file {path}") from None
    except Exception as error:
        raise BadInput(f"cannot read {path}: {_reason(error)}") from error
    return stream


def _read_csv(stream: IO[str], path: AnyPath, column: str) -> Iterator[Any]:
    with stream, _readable(path):
        head = stream.readline()
        # Spreadsheets of many countries separate columns by semicolons.
        delimiter = max(",;\t|", key=head.count)
        names = next(csv.reader([head], delimiter=delimiter), [])
        if column not in names:
            raise _no_column(path, column, names)
        place = names.index(column)
        for row in csv.reader(stream, delimiter=delimiter):
            if row:
                yield row[place] if place < len(row) else ""


def _read_json_lines(stream: IO[str], path: AnyPath, column: str) -> Iterator[Any]:
    with stream, _readable(path):
        known = False
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError:
                row = None
            if not isinstance(row, dict):
                raise BadInput(f"{path}: line {number} is no JSON object")
            if not known and column not in row:
                raise _no_column(path, column, list(row))
            known = True
            yield "" if row.get(column) is None else row[column]


@contextmanager
def _readable(path: AnyPath) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is no UTF-8 text: {error.reason} at byte {error.start:,}") from None
    except csv.Error as error:
        raise BadInput(f"{path} is no CSV: {error}") from None


def _write_csv(stream: IO[str], columns: Sequence[str]) -> Write:
    writer = csv.writer(stream)
    writer.writerow(columns)

    def write(row: Row) -> None:
        writer.writerow([_cell(row.get(name)) for name in columns])

    return write


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else value


def _write_json_lines(stream: IO[str], columns: Sequence[str]) -> Write:
    def write(row: Row) -> None:
        stream.write(json.dumps({name: row.get(name) for name in columns}, ensure_ascii=False) + "\n")

    return write


_READERS = {".csv": _read_csv, ".jsonl": _read_json_lines}
_WRITERS = {".csv": _write_csv, ".jsonl": _write_json_lines}


def _format(path: AnyPath, formats: Mapping[str, Any]) -> Any:
    found = formats.get(path.suffix.lower())
    if found is None:
        raise BadInput(f"{path}: the name must end with {' or '.join(formats)}")
    return found


def _no_column(path: AnyPath, column: str, found: Sequence[str]) -> BadInput:
    return BadInput(f"{path} has no column {column!r}; it has {', '.join(map(repr, found)) or 'none'}")


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
