# SPDX-License-Identifier: Apache-2.0
"""Formats of lists, by the end of a file's name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import IO, Any, Protocol

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.bulk import json_lines
from airflow_provider_wa.bulk.columns import Columns, Keys
from airflow_provider_wa.bulk.csv_reader import Csv, read_csv
from airflow_provider_wa.bulk.open_file import PACKED, AnyPath, is_packed, open_file
from airflow_provider_wa.bulk.parquet import Table as ParquetTable
from airflow_provider_wa.bulk.spans import Span
from airflow_provider_wa.bulk.text import TextFormat, numbered_lines
from airflow_provider_wa.bulk.values import given_or_empty
from airflow_provider_wa.bulk.xlsx import Sheet


@dataclass(frozen=True)
class Proof:
    """Contents of a file that was read to its end.

    :param count: the number of rows, with and without values.
    :param names: the columns that some row may have, as the file spells them.
    """

    count: int
    names: Sequence[str]


@dataclass(frozen=True)
class Names:
    """The columns of a list.

    :param names: those that some row may have.
    :param repeated: names of several columns each. Rows leave them out, since it is not clear which column is meant.
    """

    names: Sequence[str]
    repeated: frozenset[str] = frozenset()


class Format(Protocol):
    """A reader of one format. Rows lack missing values; missing values of one column are empty texts."""

    @property
    def is_text(self) -> bool:
        """Return True if gzip may pack such files."""
        ...

    def values(self, path: AnyPath, column: str, span: Span | None, text: TextFormat) -> Iterator[Any]:
        """Yield the values of one column."""
        ...

    def rows(self, path: AnyPath, column: str, span: Span | None, text: TextFormat) -> Iterator[dict[str, Any]]:
        """Yield the rows by the names of the columns."""
        ...

    def columns(self, path: AnyPath, column: str, text: TextFormat, proof: Proof | None) -> Names:
        """Return the names of the columns; a file that was proved is not read again."""
        ...

    def proof(self, path: AnyPath, column: str | None, text: TextFormat) -> Proof:
        """Read the file to its end."""
        ...


class Table(Protocol):
    """A file with a header that is open to be read, once."""

    names: list[str]

    def rows(self, span: Span | None = None) -> Iterator[Sequence[Any]]:
        """Yield the cells of the rows."""
        ...

    def column(self, place: int, span: Span | None = None) -> Iterator[Any]:
        """Yield one cell of each row."""
        ...

    def count(self) -> int:
        """Return the number of rows."""
        ...


OpenTable = Callable[[IO[bytes], str, str | None, TextFormat], Table]
"""Opens a table, given the file, its name, the column that it should have, and the author's ``TextFormat``."""


@dataclass(frozen=True)
class Tables:
    """A format whose files begin with a header."""

    open_table: OpenTable
    is_text: bool = False

    def values(self, path: AnyPath, column: str, span: Span | None, text: TextFormat) -> Iterator[Any]:
        with self._opened(path, column, text) as table:
            place = Columns.of(table.names, column, str(path)).place
            yield from map(given_or_empty, table.column(place, span))

    def rows(self, path: AnyPath, column: str, span: Span | None, text: TextFormat) -> Iterator[dict[str, Any]]:
        with self._opened(path, column, text) as table:
            columns = Columns.of(table.names, column, str(path))
            yield from map(columns.row, table.rows(span))

    def columns(self, path: AnyPath, column: str, text: TextFormat, proof: Proof | None) -> Names:
        if proof is None:
            with self._opened(path, column, text) as table:
                found: Sequence[str] = table.names
        else:
            found = proof.names
        columns = Columns.of(found, column, str(path))
        return Names(columns.names, columns.repeated)

    def proof(self, path: AnyPath, column: str | None, text: TextFormat) -> Proof:
        with self._opened(path, column, text) as table:
            return Proof(table.count(), table.names)

    @contextmanager
    def _opened(self, path: AnyPath, column: str | None, text: TextFormat) -> Iterator[Table]:
        with open_file(path) as file:
            yield self.open_table(file, str(path), column, text)


class JsonLines:
    """JSON Lines, where each row brings the names of its values."""

    is_text = True

    def values(self, path: AnyPath, column: str, span: Span | None, text: TextFormat) -> Iterator[Any]:
        keys = self._keys(path, column, text)
        with self._objects(path, text, span) as rows:
            for row in rows:
                yield keys.value(json_lines.exact(row, keys.key))

    def rows(self, path: AnyPath, column: str, span: Span | None, text: TextFormat) -> Iterator[dict[str, Any]]:
        keys = self._keys(path, column, text)
        with self._objects(path, text, span) as rows:
            for row in rows:
                yield keys.row(json_lines.exact(row, keys.key))

    def columns(self, path: AnyPath, column: str, text: TextFormat, proof: Proof | None) -> Names:
        found = (proof or self.proof(path, column, text)).names
        return Names(self._keys(path, column, text).named(found))

    def proof(self, path: AnyPath, column: str | None, text: TextFormat) -> Proof:
        count, names = 0, dict[str, None]()
        with self._objects(path, text) as rows:
            for row in rows:
                count += 1
                if not row.keys() <= names.keys():
                    names.update(dict.fromkeys(row))
        return Proof(count, list(names))

    def _keys(self, path: AnyPath, column: str, text: TextFormat) -> Keys:
        with self._objects(path, text) as rows:
            return Keys.of(rows, column, str(path))

    @contextmanager
    def _objects(self, path: AnyPath, text: TextFormat, span: Span | None = None) -> Iterator[Iterator[dict[str, Any]]]:
        with open_file(path) as file:
            yield json_lines.objects(numbered_lines(file, str(path), text.encoding), str(path), span)


def _tabs(file: IO[bytes], name: str, column: str | None, text: TextFormat) -> Csv:
    return read_csv(file, name, column, replace(text, delimiter=text.delimiter or "\t"))


def _parquet(file: IO[bytes], name: str, column: str | None, text: TextFormat) -> ParquetTable:
    return ParquetTable(file, name)


def _sheet(file: IO[bytes], name: str, column: str | None, text: TextFormat) -> Sheet:
    return Sheet(file, name)


FORMATS: Mapping[str, Format] = {
    ".csv": Tables(read_csv, is_text=True),
    ".tsv": Tables(_tabs, is_text=True),
    ".txt": Tables(partial(read_csv, plain=True), is_text=True),
    ".jsonl": JsonLines(),
    ".ndjson": JsonLines(),
    ".parquet": Tables(_parquet),
    ".xlsx": Tables(_sheet),
}


def format_of(path: AnyPath) -> Format:
    """Return the format of a file, by the end of its name: ``list.csv``, or ``list.csv.gz`` if its text is packed.

    :raises BadInput: there is no such format, or it is not one that can be packed.
    """
    name = path.name.lower()
    inner = name.removesuffix(PACKED)
    found = next((found for suffix, found in FORMATS.items() if inner.endswith(suffix)), None)
    if found is None:
        raise BadInput(f"{path}: the name must end with {either(FORMATS)}; text may be packed, as in list.csv.gz")
    if is_packed(path) and not found.is_text:
        raise BadInput(f"{path}: the format is packed already, and cannot be read from within .gz; unpack it")
    return found


def refuse_indivisible(path: AnyPath) -> None:
    """Raise ``BadInput`` if a file cannot be read from its middle."""
    if is_packed(path) or path.suffix.lower() == ".xlsx":
        what = "a packed file" if is_packed(path) else "an Excel workbook"
        raise BadInput(
            f"{path} cannot be divided: {what} is unpacked from its beginning by every part; give it to one task, or "
            "write it as .csv, .jsonl or .parquet first"
        )


def either(suffixes: Mapping[str, Any]) -> str:
    """Return suffixes as errors list them."""
    *some, last = suffixes
    return f"{', '.join(some)} or {last}"
