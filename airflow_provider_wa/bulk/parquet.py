# SPDX-License-Identifier: Apache-2.0
"""Lists in Parquet files, some thousands of rows at a time. It needs pyarrow, which the extra ``parquet`` brings."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import IO, Any

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.bulk.spans import Span
from airflow_provider_wa.bulk.values import SHORT_FLOATS, full

ROWS_AT_ONCE = 5000
"""Rows in memory when reading, and in each row group that is written. A reader can skip whole groups."""


class Table:
    """A Parquet file that is open to be read. A row's number counts from 1.

    :param file: the file; it must know how to seek.
    :param path: what to call it.
    :raises BadInput: pyarrow is missing, or the file is not a Parquet file.
    """

    def __init__(self, file: IO[bytes], path: str) -> None:
        arrow, parquet = _pyarrow()
        try:
            self._file = parquet.ParquetFile(file)
        except arrow.ArrowException as error:
            raise BadInput(f"{path} is not a Parquet file: {error}") from None
        self.schema: Any = self._file.schema_arrow
        self.names: list[str] = self.schema.names

    def count(self) -> int:
        """Return the number of rows."""
        count: int = self._file.metadata.num_rows
        return count

    def column(self, place: int, span: Span | None = None) -> Iterator[Any]:
        """Yield the values of one column in a span of rows; None for a missing value."""
        for batch in self._batches([self.names[place]], span):
            yield from _values(batch.column(0))

    def rows(self, span: Span | None = None) -> Iterator[tuple[Any, ...]]:
        """Yield the values of all columns in a span of rows, in the order of the columns."""
        for batch in self._batches(None, span):
            yield from zip(*map(_values, batch.columns), strict=True)

    def groups(self) -> Iterator[Any]:
        """The row groups, each as a pyarrow table."""
        return (self._file.read_row_group(group) for group in range(self._file.metadata.num_row_groups))

    def _batches(self, columns: list[str] | None, span: Span | None) -> Iterator[Any]:
        first, last = span or (1, self.count())
        groups, before = [], 0
        row = 1
        for group in range(self._file.metadata.num_row_groups):
            following = row + self._file.metadata.row_group(group).num_rows
            if following <= first:
                before = following - 1
            elif row <= last:
                groups.append(group)
            row = following
        skip, left = first - 1 - before, last - first + 1
        for batch in self._file.iter_batches(ROWS_AT_ONCE, row_groups=groups, columns=columns):
            wanted = batch.slice(skip, left)
            skip -= min(skip, batch.num_rows)
            left -= wanted.num_rows
            if wanted.num_rows:
                yield wanted


@contextmanager
def writer(file: IO[bytes], columns: Sequence[str]) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """A function that takes a row; all columns are texts. Rows written before an error remain readable.

    :raises BadInput: pyarrow is missing.
    """
    arrow, parquet = _pyarrow()
    schema = arrow.schema([(name, arrow.string()) for name in columns])
    waiting: list[dict[str, str | None]] = []
    with parquet.ParquetWriter(file, schema) as out:

        def flush() -> None:
            if waiting:
                out.write_table(arrow.Table.from_pylist(waiting, schema=schema))
                waiting.clear()

        def write(row: Mapping[str, Any]) -> None:
            waiting.append({name: _text(row.get(name)) for name in columns})
            if len(waiting) == ROWS_AT_ONCE:
                flush()

        try:
            yield write
        finally:
            flush()


def join(paths: Sequence[Any], out: IO[bytes]) -> None:
    """Write the rows of several files into one, a row group at a time.

    :raises BadInput: pyarrow is missing, or the files have not the same columns.
    """
    _, parquet = _pyarrow()
    with ExitStack() as stack:
        target = None
        for path in paths:
            with path.open("rb") as file:
                table = Table(file, str(path))
                if target is None:
                    schema = table.schema
                    target = stack.enter_context(parquet.ParquetWriter(out, schema))
                elif not table.schema.equals(schema):
                    raise BadInput(f"merge: {path} has other columns than {paths[0]}")
                for group in table.groups():
                    target.write_table(group)


def _values(column: Any) -> list[Any]:
    kind, values = str(column.type), column.to_pylist()
    return [full(value, kind) for value in values] if kind in SHORT_FLOATS else values


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else str(value)


def _pyarrow() -> tuple[Any, Any]:
    try:
        return importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise BadInput("Parquet files need pyarrow: pip install 'airflow-provider-wa[parquet]'") from None
