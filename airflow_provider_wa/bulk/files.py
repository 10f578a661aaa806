# SPDX-License-Identifier: Apache-2.0
"""Lists in files: rows read lazily from CSV, JSON Lines or Parquet, results written as they come.

A path is anything with ``open``, ``exists`` and ``parent`` as ``pathlib.Path`` has them; operators pass Airflow's
``ObjectStoragePath``. A row's number counts from 1; a header and blank lines do not count.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import chain, islice
from typing import IO, Any, Protocol

from airflow_provider_wa.api.errors import BadInput, Retry, WaError
from airflow_provider_wa.bulk import csv_reader, parquet
from airflow_provider_wa.bulk.csv_reader import AS_FOUND, TextFormat

Row = Mapping[str, Any]
Write = Callable[[Row], None]
Span = tuple[int, int]
"""The numbers of the first and of the last row."""

BYTES_AT_ONCE = 1 << 16
"""Bytes that are gathered before they are written."""


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


def read_column(path: AnyPath, column: str, span: Span | None = None, text: TextFormat = AS_FOUND) -> Iterator[Any]:
    """Return the values of one column, row by row; a missing value is the empty text.

    :param span: these rows only; fewer if the file has fewer.
    :raises BadInput: no such file, no such format or no such column (the message names those found), found before
        the first value is returned; or a line that is not a JSON object.
    :raises FileFailed: it cannot be read, or not to its end.
    """
    return _begun(path, _format(path, _COLUMNS)(path, column, span, text))


def read_rows(
    path: AnyPath, column: str, span: Span | None = None, text: TextFormat = AS_FOUND
) -> Iterator[dict[str, Any]]:
    """The same with all of each row, by the names of the columns; ``column`` must be among them.

    A row of JSON Lines has what its line has, and ``column`` in any case.
    """
    return _begun(path, _format(path, _ROWS)(path, column, span, text))


def count_rows(path: AnyPath, text: TextFormat = AS_FOUND) -> int:
    """Return the number of rows, whatever they hold.

    :raises BadInput: no such file, no such format, or the file is not of that format.
    :raises FileFailed: it cannot be read.
    """
    with _read_errors(path):
        count: int = _format(path, _COUNTS)(path, text)
    return count


@contextmanager
def row_writer(path: AnyPath, columns: Sequence[str]) -> Iterator[Write]:
    """A function that writes a row at once, in the format of the path's suffix. An existing file is replaced.

    A Parquet file has texts in all columns, and can be read when the writer is closed.

    :raises BadInput: the format is unknown or the path cannot be written to; found before the first row.
    """
    make = _format(path, _WRITERS)
    with opened_to_write(path) as file, make(file, columns) as write:
        yield write


@contextmanager
def opened_to_write(path: AnyPath) -> Iterator[IO[bytes]]:
    """Open a new file in the place of the one that is there, and make its folder if it is missing.

    :raises BadInput: the format is unknown or the path cannot be written to.
    """
    _format(path, _WRITERS)
    with _writing(path):
        file = _created(path)
    with file:
        yield file


def prove_writable(path: AnyPath) -> None:
    """Find out whether a file can be written: one that is there stays as it is, and none is left that was not.

    :raises BadInput: the format is unknown, or what it needs is not installed, or the path cannot be written to.
    """
    with _format(path, _WRITERS)(io.BytesIO(), ("proof",)):
        pass
    with _writing(path):
        is_there = path.exists()
        if is_there and getattr(path, "protocol", "") in ("", "file"):
            path.open("ab").close()
            return
        # Object stores open what is there only to replace it; a file beside it tells as much.
        proof = path.parent / f".{path.name}.proof" if is_there else path
        _created(proof).close()
        with suppress(Exception):  # who may write may not be allowed to remove
            proof.unlink()


def _created(path: AnyPath) -> Any:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("wb")


@contextmanager
def _writing(path: AnyPath) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise BadInput(f"cannot write to {path}: {_reason(error)}") from error


_NOTHING = object()
_to_json = json.JSONEncoder(ensure_ascii=False).encode


def _begun(path: AnyPath, rows: Iterator[Any]) -> Iterator[Any]:
    # The first row proves the file and the column: the caller learns of a mistake before it does anything.
    read = _read(path, rows)
    first = next(read, _NOTHING)
    return _prepended(first, read)


def _read(path: AnyPath, rows: Iterator[Any]) -> Iterator[Any]:
    with _read_errors(path):
        yield from rows


@contextmanager
def _read_errors(path: AnyPath) -> Iterator[None]:
    try:
        yield
    except WaError:
        raise
    except Exception as error:  # object stores have errors of their own
        raise FileFailed(f"cannot read {path}: {_reason(error)}") from error


def _prepended(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    if first is not _NOTHING:
        yield first
        yield from rest


def _open(path: AnyPath, mode: str, **options: Any) -> Any:
    try:
        return path.open(mode, **options)
    except FileNotFoundError:
        raise BadInput(f"there is no file {path}") from None
    except _MISTAKES as error:
        raise BadInput(f"cannot read {path}: {_reason(error)}") from error


@contextmanager
def _lines(path: AnyPath, text: TextFormat) -> Iterator[Iterator[csv_reader.Line]]:
    with _open(path, "rb") as file:
        yield csv_reader.decoded(file, str(path), text.encoding)


def _within(rows: Iterator[Any], span: Span | None) -> Iterator[Any]:
    return islice(rows, span[0] - 1, span[1]) if span else rows


@contextmanager
def _csv(path: AnyPath, text: TextFormat, column: str | None = None) -> Iterator[csv_reader.Csv]:
    with _open(path, "rb") as file:
        yield csv_reader.read_csv(file, str(path), column, text)


def _csv_column(path: AnyPath, column: str, span: Span | None, text: TextFormat) -> Iterator[str]:
    with _csv(path, text, column) as table:
        place = _place(column, table.names, path)
        for _, row in _within(table.rows, span):
            yield row[place] if place < len(row) else ""


def _csv_dicts(path: AnyPath, column: str, span: Span | None, text: TextFormat) -> Iterator[dict[str, str]]:
    with _csv(path, text, column) as table:
        place = _place(column, table.names, path)
        # Nobody can say which cell a name means that stands twice: a template that uses it has no such column.
        named = [(column if place == at else name.strip(), at) for at, name in enumerate(table.names)]
        used = [(name, at) for name, at in named if at == place or name not in table.repeated]
        for _, row in _within(table.rows, span):
            yield {name: row[at] if at < len(row) else "" for name, at in used}


def _csv_count(path: AnyPath, text: TextFormat) -> int:
    with _csv(path, text) as table:
        return sum(1 for _ in table.rows)


def _place(column: str, names: Sequence[str], path: AnyPath) -> int:
    """Return the place of a column in a header.

    :raises BadInput: there is no such column, or there are several.
    """
    place = csv_reader.place_of(column, names)
    if place is None:
        if same := csv_reader.places_of(column, names):
            found = ", ".join(f"{names[at]!r} (column {at + 1})" for at in same)
            raise BadInput(f"column: {path} has {column!r} more than once: {found}; rename all but one")
        _must_have(column, names, path)
    assert place is not None
    return place


def _filled(lines: Iterator[csv_reader.Line]) -> Iterator[csv_reader.Line]:
    """Return the lines of JSON Lines that are not blank."""
    return ((number, line) for number, line in lines if not line.isspace())


def _json_dicts(path: AnyPath, column: str, span: Span | None, text: TextFormat) -> Iterator[dict[str, Any]]:
    with _lines(path, text) as stream:
        lines = _filled(stream)
        head = list(islice(lines, 1))
        for number, line in head:
            # The first row says what columns there are, whichever rows are asked for.
            _must_have(column, list(_json_object(line, number, path)), path)
        for number, line in _within(chain(head, lines), span):
            row = _json_object(line, number, path)
            if row.get(column) is None:
                row[column] = ""
            yield row


def _json_column(path: AnyPath, column: str, span: Span | None, text: TextFormat) -> Iterator[Any]:
    return (row[column] for row in _json_dicts(path, column, span, text))


def _json_object(line: str, number: int, path: AnyPath) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, dict):
        raise BadInput(f"{path}: line {number} is not a JSON object")
    return row


def _json_count(path: AnyPath, text: TextFormat) -> int:
    with _lines(path, text) as stream:
        return sum(1 for number, line in _filled(stream) if _json_object(line, number, path) is not None)


@contextmanager
def _parquet(path: AnyPath, column: str | None = None) -> Iterator[parquet.Table]:
    with _open(path, "rb") as file:
        table = parquet.Table(file, str(path))
        if column is not None:
            _must_have(column, table.names, path)
        yield table


def _parquet_column(path: AnyPath, column: str, span: Span | None, text: TextFormat) -> Iterator[Any]:
    with _parquet(path, column) as table:
        for value in table.column(column, span):
            yield "" if value is None else value


def _parquet_dicts(path: AnyPath, column: str, span: Span | None, text: TextFormat) -> Iterator[dict[str, Any]]:
    with _parquet(path, column) as table:
        for row in table.rows(span):
            yield {name: "" if value is None else value for name, value in row.items()}


def _parquet_count(path: AnyPath, text: TextFormat) -> int:
    with _parquet(path) as table:
        return table.count


@contextmanager
def _csv_writer(file: IO[bytes], columns: Sequence[str]) -> Iterator[Write]:
    with _encoded(file) as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)

        def write(row: Row) -> None:
            writer.writerow([_cell(row.get(name)) for name in columns])

        yield write


def _cell(value: Any) -> Any:
    return _to_json(value) if isinstance(value, (list, dict)) else value


@contextmanager
def _json_writer(file: IO[bytes], columns: Sequence[str]) -> Iterator[Write]:
    with _encoded(file) as stream:

        def write(row: Row) -> None:
            stream.write(_to_json({name: row.get(name) for name in columns}) + "\n")

        yield write


def _encoded(file: IO[bytes]) -> AbstractContextManager[IO[str]]:
    return io.TextIOWrapper(io.BufferedWriter(_Gathered(file), BYTES_AT_ONCE), encoding="utf-8", newline="")


class _Gathered(io.RawIOBase):
    """A file as Python's text layer is to see it, which asks with each row whether the file is closed.

    Airflow's wrapper around an object store's file takes longer for that answer than the row takes to be written.
    """

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._file.write(bytes(data))
        return len(data)


_COLUMNS = {".csv": _csv_column, ".jsonl": _json_column, ".parquet": _parquet_column}
_ROWS = {".csv": _csv_dicts, ".jsonl": _json_dicts, ".parquet": _parquet_dicts}
_COUNTS = {".csv": _csv_count, ".jsonl": _json_count, ".parquet": _parquet_count}
_WRITERS = {".csv": _csv_writer, ".jsonl": _json_writer, ".parquet": parquet.writer}


def _format(path: AnyPath, formats: Mapping[str, Any]) -> Any:
    found = formats.get(path.suffix.lower())
    if found is None:
        *some, last = formats
        raise BadInput(f"{path}: the name must end with {', '.join(some)} or {last}")
    return found


def _must_have(column: str, found: Sequence[str], path: AnyPath) -> None:
    if column not in found:
        raise BadInput(f"{path} has no column {column!r}; it has {', '.join(map(repr, found)) or 'none'}")


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
