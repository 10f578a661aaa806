# SPDX-License-Identifier: Apache-2.0
"""Results in files, written row by row as they come."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from typing import IO, Any

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.bulk import parquet
from airflow_provider_wa.bulk.formats import either
from airflow_provider_wa.bulk.open_file import AnyPath, reason, remedy

Row = Mapping[str, Any]
Write = Callable[[Row], None]
Writer = Callable[[IO[bytes], Sequence[str]], AbstractContextManager[Write]]

BYTES_AT_ONCE = 1 << 16
"""Bytes that are gathered before they are written."""

_to_json = json.JSONEncoder(ensure_ascii=False).encode


@contextmanager
def row_writer(path: AnyPath, columns: Sequence[str], spreadsheet_safe: bool = False) -> Iterator[Write]:
    """A function that writes each row immediately, in the format of the path's suffix. An existing file is replaced.

    A Parquet file has texts in all columns, and can be read only after the writer is closed.

    :param spreadsheet_safe: in ``.csv`` and ``.tsv``, put an apostrophe before texts that a spreadsheet would run as
        formulas.
    :raises BadInput: the format is unknown or the path cannot be written to; raised before the first row.
    """
    make = _writer(path)
    if not (spreadsheet_safe and path.suffix.lower() in _TABLES):
        with opened_to_write(path) as file, make(file, columns) as write:
            yield write
        return
    names = [(_quoted(name), name) for name in columns]
    with opened_to_write(path) as file, make(file, [shown for shown, _ in names]) as write:
        yield lambda row: write({shown: _quoted(row.get(name)) for shown, name in names})


@contextmanager
def opened_to_write(path: AnyPath) -> Iterator[IO[bytes]]:
    """Open a new file that replaces an existing one, and make its folder if it is missing.

    :raises BadInput: the format is unknown or the path cannot be written to.
    """
    _writer(path)
    with _writing(path):
        file = _created(path)
    with file:
        yield file


_TABLES = (".csv", ".tsv")
"""Suffixes of files whose cells a spreadsheet may run as formulas."""

_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def _quoted(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULAS) else value


def prove_writable(path: AnyPath) -> None:
    """Check that a file can be written. An existing file is left as it is, and no new file is left behind.

    :raises BadInput: the format is unknown, or what it needs is not installed, or the path cannot be written to.
    """
    with _writer(path)(io.BytesIO(), ("proof",)):
        pass
    with _writing(path):
        getattr(path, "fs", None)  # ``exists`` does not raise if Airflow cannot open such paths
        is_there = path.exists()
        if is_there and getattr(path, "protocol", "") in ("", "file"):
            path.open("ab").close()
            return
        # In an object store a file can only be opened to replace it: another file in its folder is tried instead.
        proof = path.parent / f".{path.name}.proof" if is_there else path
        _created(proof).close()
        with suppress(Exception):  # a user who may write may lack the right to remove
            proof.unlink()


def _created(path: AnyPath) -> Any:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("wb")


@contextmanager
def _writing(path: AnyPath) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise BadInput(f"cannot write to {path}: {reason(error)}{remedy(path, error)}") from error


@contextmanager
def _csv_writer(file: IO[bytes], columns: Sequence[str], delimiter: str = ",") -> Iterator[Write]:
    with _encoded(file) as stream:
        writer = csv.writer(stream, delimiter=delimiter)
        writer.writerow(columns)

        def write(row: Row) -> None:
            cells = map(row.get, columns)
            writer.writerow([_to_json(cell) if isinstance(cell, (list, dict)) else cell for cell in cells])

        yield write


@contextmanager
def _json_writer(file: IO[bytes], columns: Sequence[str]) -> Iterator[Write]:
    with _encoded(file) as stream:

        def write(row: Row) -> None:
            stream.write(_to_json({name: row.get(name) for name in columns}) + "\n")

        yield write


def _encoded(file: IO[bytes]) -> AbstractContextManager[IO[str]]:
    return io.TextIOWrapper(io.BufferedWriter(_Gathered(file), BYTES_AT_ONCE), encoding="utf-8", newline="")


class _Gathered(io.RawIOBase):
    """Wrapper of a file for Python's text layer, which asks at each row whether the file is closed.

    Airflow's wrapper of an object store's file takes longer for that answer than for writing the row.
    """

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._file.write(bytes(data))
        return len(data)


_WRITERS: Mapping[str, Writer] = {
    ".csv": _csv_writer,
    ".tsv": partial(_csv_writer, delimiter="\t"),
    ".jsonl": _json_writer,
    ".ndjson": _json_writer,
    ".parquet": parquet.writer,
}


def _writer(path: AnyPath) -> Writer:
    found = _WRITERS.get(path.suffix.lower())
    if found is None:
        raise BadInput(f"{path}: the name must end with {either(_WRITERS)}")
    return found
