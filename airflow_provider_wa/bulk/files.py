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
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any, Protocol

from airflow_provider_wa.api.errors import BadInput, Retry, WaError
from airflow_provider_wa.bulk import csv_reader, json_lines, parquet
from airflow_provider_wa.bulk.columns import Columns, Keys
from airflow_provider_wa.bulk.csv_reader import AS_FOUND, TextFormat
from airflow_provider_wa.bulk.values import given_or_empty

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
    """The same with all of each row, by the names of the columns. A row has only the values that are not missing.

    ``column`` must be a column of the list; its values have that name, also where the file spells it with other
    capitals or blanks.
    """
    return _begun(path, _format(path, _ROWS)(path, column, span, text))


@dataclass(frozen=True)
class Proof:
    """Contents of a file that was read to its end.

    :param count: the number of rows, whatever they hold.
    :param names: the columns that some row may have, as the file spells them.
    """

    count: int
    names: Sequence[str]


def prove(path: AnyPath, column: str | None = None, text: TextFormat = AS_FOUND) -> Proof:
    """Read a file to its end: all that is wrong with it is found.

    :param column: the column by which a CSV file's separator is found.
    :raises BadInput: no such file, no such format, or the file is not of that format.
    :raises FileFailed: it cannot be read.
    """
    with _read_errors(path):
        proof: Proof = _format(path, _PROOFS)(path, column, text)
    return proof


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


def _within(rows: Iterator[Any], span: Span | None) -> Iterator[Any]:
    return islice(rows, span[0] - 1, span[1]) if span else rows


@contextmanager
def _csv(path: AnyPath, text: TextFormat, column: str | None = None) -> Iterator[csv_reader.Csv]:
    with _open(path, "rb") as file:
        yield csv_reader.read_csv(file, str(path), column, text)


def _csv_column(path: AnyPath, column: str, span: Span | None, text: TextFormat) -> Iterator[str]:
    with _csv(path, text, column) as table:
        place = Columns.of(table.names, column, str(path)).place
        for _, row in _within(table.rows, span):
            yield row[place] if place < len(row) and not row[place].isspace() else ""


def _csv_dicts(path: AnyPath, column: str, span: Span | None, text: TextFormat) -> Iterator[dict[str, str]]:
    with _csv(path, text, column) as table:
        columns = Columns.of(table.names, column, str(path))
        for _, row in _within(table.rows, span):
            yield columns.row(row)


def _csv_proof(path: AnyPath, column: str | None, text: TextFormat) -> Proof:
    with _csv(path, text, column) as table:
        return Proof(sum(1 for _ in table.rows), table.names)


@contextmanager
def _json(path: AnyPath, text: TextFormat) -> Iterator[Iterator[dict[str, Any]]]:
    with _open(path, "rb") as file:
        yield json_lines.objects(csv_reader.decoded(file, str(path), text.encoding), str(path))


def _json_keys(path: AnyPath, column: str, text: TextFormat) -> Keys:
    with _json(path, text) as rows:
        return Keys.of(rows, column, str(path))


def _json_dicts(path: AnyPath, column: str, span: Span | None, text: TextFormat) -> Iterator[dict[str, Any]]:
    keys = _json_keys(path, column, text)
    with _json(path, text) as rows:
        for row in _within(rows, span):
            yield keys.row(json_lines.exact(row, keys))


def _json_column(path: AnyPath, column: str, span: Span | None, text: TextFormat) -> Iterator[Any]:
    keys = _json_keys(path, column, text)
    with _json(path, text) as rows:
        for row in _within(rows, span):
            yield keys.value(json_lines.exact(row, keys))


def _json_proof(path: AnyPath, column: str | None, text: TextFormat) -> Proof:
    count, names = 0, dict[str, None]()
    with _json(path, text) as rows:
        for row in rows:
            count += 1
            if not row.keys() <= names.keys():
                names.update(dict.fromkeys(row))
    return Proof(count, list(names))


@contextmanager
def _parquet(path: AnyPath) -> Iterator[parquet.Table]:
    with _open(path, "rb") as file:
        yield parquet.Table(file, str(path))


def _parquet_column(path: AnyPath, column: str, span: Span | None, text: TextFormat) -> Iterator[Any]:
    with _parquet(path) as table:
        place = Columns.of(table.names, column, str(path)).place
        yield from map(given_or_empty, table.column(place, span))


def _parquet_dicts(path: AnyPath, column: str, span: Span | None, text: TextFormat) -> Iterator[dict[str, Any]]:
    with _parquet(path) as table:
        columns = Columns.of(table.names, column, str(path))
        yield from map(columns.row, table.rows(span))


def _parquet_proof(path: AnyPath, column: str | None, text: TextFormat) -> Proof:
    with _parquet(path) as table:
        return Proof(table.count, table.names)


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
_PROOFS = {".csv": _csv_proof, ".jsonl": _json_proof, ".parquet": _parquet_proof}
_WRITERS = {".csv": _csv_writer, ".jsonl": _json_writer, ".parquet": parquet.writer}


def _format(path: AnyPath, formats: Mapping[str, Any]) -> Any:
    found = formats.get(path.suffix.lower())
    if found is None:
        *some, last = formats
        raise BadInput(f"{path}: the name must end with {', '.join(some)} or {last}")
    return found


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
