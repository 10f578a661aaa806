# SPDX-License-Identifier: Apache-2.0
"""Lists in files: values of one column, or all of each row, read lazily.

A path is anything with ``open``, ``exists`` and ``parent`` as ``pathlib.Path`` has them; operators pass Airflow's
``ObjectStoragePath``. A row's number counts from 1; a header and blank lines do not count.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from airflow_provider_wa.bulk.formats import Names, Proof, format_of
from airflow_provider_wa.bulk.open_file import AnyPath, read_errors
from airflow_provider_wa.bulk.spans import Span
from airflow_provider_wa.bulk.text import AS_FOUND, TextFormat


def read_column(path: AnyPath, column: str, span: Span | None = None, text: TextFormat = AS_FOUND) -> Iterator[Any]:
    """Return the values of one column, row by row; a missing value is the empty text.

    :param span: these rows only; fewer if the file has fewer.
    :raises BadInput: no such file, no such format or no such column (the message names those found), found before
        the first value is returned; or a line that is not a JSON object.
    :raises FileFailed: it cannot be read, or not to its end.
    """
    return _begun(path, format_of(path).values(path, column, span, text))


def read_rows(
    path: AnyPath, column: str, span: Span | None = None, text: TextFormat = AS_FOUND
) -> Iterator[dict[str, Any]]:
    """Return the values of each row by column, without missing ones; otherwise as ``read_column``.

    ``column`` must be a column of the list; its values have that name, also where the file spells it with other
    capitals or blanks.
    """
    return _begun(path, format_of(path).rows(path, column, span, text))


def prove(path: AnyPath, column: str | None = None, text: TextFormat = AS_FOUND) -> Proof:
    """Read a file to its end, to find every mistake in it.

    :param column: the column by which a CSV file's separator is found.
    :raises BadInput: no such file, no such format, or the file is not of that format.
    :raises FileFailed: it cannot be read.
    """
    with read_errors(path):
        return format_of(path).proof(path, column, text)


def columns_of(path: AnyPath, column: str, text: TextFormat = AS_FOUND, proof: Proof | None = None) -> Names:
    """Return the names of the columns that some row may have. JSON Lines are read to their end for it.

    :param proof: the result of ``prove``; with it at most a header is read.
    :raises BadInput: as for ``read_rows``.
    :raises FileFailed: it cannot be read.
    """
    with read_errors(path):
        return format_of(path).columns(path, column, text, proof)


def _begun(path: AnyPath, rows: Iterator[Any]) -> Iterator[Any]:
    # The first row proves the file and the column: the caller learns of a mistake before it does anything.
    read = _read(path, rows)
    return chain(list(islice(read, 1)), read)


def _read(path: AnyPath, rows: Iterator[Any]) -> Iterator[Any]:
    with read_errors(path):
        yield from rows
