# SPDX-License-Identifier: Apache-2.0
"""CSV as spreadsheets and people write it: read strictly, and forgivingly where nothing can be misread."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.bulk.columns import place_of

DELIMITERS = ",;\t|"
"""Separators that are tried where none is named."""

LONGEST_RECORD = 1 << 20
"""Longest row in characters: a quote that nobody closes would otherwise make one row of the rest of the file."""

Line = tuple[int, str]
"""A line's number, counted from 1, and its text."""

Record = tuple[int, list[str]]
"""The line on which a row begins, counted from 1, and its cells."""

_MARKS: tuple[tuple[bytes, str], ...] = (
    # UTF-32's mark begins with UTF-16's.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SEPARATOR_LINE = re.compile(r"sep=(.)\s*\Z", re.IGNORECASE)
_UNDECODED = re.compile("[\udc80-\udcff]")


def encoding_of(head: bytes, named: str | None = None) -> str:
    """Return the encoding of a file: that of its byte order mark, or the one that is named, or UTF-8.

    :param head: the first four bytes.
    :raises BadInput: there is no encoding of that name.
    """
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    try:
        return codecs.lookup(named or "utf-8").name
    except LookupError:
        raise BadInput(f"encoding: unknown name {named!r}; expected for example utf-8, utf-16 or cp1252") from None


@dataclass(frozen=True)
class Csv:
    """An opened CSV file.

    :param names: the columns, as the first row has them.
    :param delimiter: the separator between cells.
    :param rows: the rows after the first one; rows without any content are left out.
    """

    names: list[str]
    delimiter: str
    rows: Iterator[Record]


@dataclass(frozen=True)
class TextFormat:
    """The author's word on how a text file is written; None: found by itself.

    :param delimiter: the separator of a CSV file, one character.
    :param encoding: the encoding of a file without a byte order mark; UTF-8 if not named.
    """

    delimiter: str | None = None
    encoding: str | None = None

    def __post_init__(self) -> None:
        if self.delimiter is not None and (len(self.delimiter) != 1 or self.delimiter in '"\r\n'):
            raise BadInput(f"delimiter: {self.delimiter!r} is not a separator; expected one character such as ; or \\t")
        encoding_of(b"", self.encoding)


AS_FOUND = TextFormat()


def read_csv(file: IO[bytes], name: str, column: str | None = None, text: TextFormat = AS_FOUND) -> Csv:
    """Open a CSV file and read its first row.

    The separator is, in this order: the one that is named; the one of a first line ``sep=;``, as Excel writes it; the
    one under which ``column`` is a name; the one that gives most columns.

    :param file: the file, opened for reading bytes.
    :param name: the file's name, for errors.
    :param column: a column that the file should have.
    :raises BadInput: the text cannot be decoded, or is not CSV; the error names the line. The rows raise it as well,
        while they are read.
    """
    delimiter = text.delimiter
    lines = decoded(file, name, text.encoding)
    head = next(lines, None)
    if head and (found := _SEPARATOR_LINE.match(head[1])):
        delimiter = delimiter or found[1]
        head = next(lines, None)
    if head is None:
        return Csv([], delimiter or ",", iter(()))
    head = _whole(*head, lines, name)
    delimiter = delimiter or _separator(*head, name, column)
    names = _cells(*head, name, delimiter)
    return Csv(names, delimiter, _rows(lines, name, delimiter, len(names)))


def decoded(file: IO[bytes], name: str, encoding: str | None) -> Iterator[Line]:
    """Yield the lines with their numbers and ends; the first one that cannot be decoded raises."""
    buffered = file if isinstance(file, io.BufferedReader) else io.BufferedReader(_Raw(file))  # type: ignore[type-var]
    found = encoding_of(buffered.peek(4)[:4], encoding)
    number = 0
    stream = io.TextIOWrapper(buffered, encoding=found, errors="surrogateescape", newline="")
    advice = f"{name}: expected {found}; name the file's encoding with encoding='...' (Excel's is often 'cp1252')"
    try:
        for number, line in enumerate(stream, 1):
            if not line.isascii():
                if bad := _UNDECODED.search(line):
                    byte = ord(bad[0]) - 0xDC00
                    raise BadInput(
                        f"line {number}, column {bad.start() + 1}: byte 0x{byte:02x} cannot be decoded; {advice}"
                    )
            elif "\0" in line:
                raise BadInput(f"line {number}, column {line.index(chr(0)) + 1}: a NUL character; {advice}")
            yield number, line
    except UnicodeDecodeError as error:
        raise BadInput(f"after line {number}: {error.reason}; {advice}") from None


class _Raw(io.RawIOBase):
    """A file of an object store as Python's text layer needs it."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _whole(begun: int, text: str, lines: Iterator[Line], name: str, delimiter: str = "") -> Line:
    """Return the line with the ones that follow, as long as a quote is open: a quoted cell may hold line ends."""
    parts, size = [text], len(text)
    is_open = text.count('"') % 2 == 1
    while is_open:
        _, line = next(lines, (0, ""))
        parts.append(line)
        size += len(line)
        is_open ^= line.count('"') % 2 == 1
        if is_open and (not line or size > LONGEST_RECORD):
            if delimiter:
                _refuse_stray_quote(begun, text, name, delimiter)  # then that is the mistake
            raise BadInput(
                f'{name}: line {begun}: a quote " is opened and not closed; close it, or write "" for a quote'
            )
    return begun, "".join(parts)


def _cells(line: int, text: str, name: str, delimiter: str) -> list[str]:
    """Return the cells of one row.

    :raises BadInput: a quote stands where CSV has none, so that nobody can say where a cell ends.
    """
    bare = text.rstrip("\r\n")
    if '"' not in bare:
        return bare.split(delimiter)
    _refuse_stray_quote(line, bare, name, delimiter)
    try:
        return next(csv.reader([bare], delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise BadInput(f"{name}: line {line}: {error}") from None


def _refuse_stray_quote(line: int, text: str, name: str, delimiter: str) -> None:
    if stray := _stray_quote(text, delimiter):
        line += len(re.findall(r"\r\n|\n|\r", text[: stray - 1]))
        raise BadInput(
            f'{name}: line {line}: a quote " in the middle of a cell; '
            'put the whole cell in quotes and double the quotes in it: "5"" pipe"'
        )


def _stray_quote(text: str, delimiter: str) -> int:
    """Return the column, from 1, of the first quote that neither begins nor ends a cell nor is doubled; 0 if none."""
    place = 0
    while True:
        if text.startswith('"', place):
            end = _closing(text, place + 1)
            if end < len(text) and text[end] != delimiter:
                return end
            place = end + 1
        else:
            end = text.find(delimiter, place)
            end = len(text) if end < 0 else end
            if (quote := text.find('"', place, end)) >= 0:
                return quote + 1
            place = end + 1
        if place > len(text):
            return 0


def _closing(text: str, place: int) -> int:
    """Return the place after the quote that closes a cell whose content begins at ``place``."""
    while (place := text.find('"', place)) >= 0:
        if not text.startswith('""', place):
            return place + 1
        place += 2
    return len(text)


def _separator(line: int, text: str, name: str, column: str | None) -> str:
    """Return the separator under which the first row has ``column``, or most columns."""
    read: dict[str, list[str]] = {}
    for candidate in DELIMITERS:
        try:
            read[candidate] = _cells(line, text, name, candidate)
        except BadInput:
            continue
    if not read:
        return DELIMITERS[0]
    named = [found for found, names in read.items() if column is not None and place_of(column, names) is not None]
    return max(named or read, key=lambda found: len(read[found]))


def _rows(lines: Iterator[Line], name: str, delimiter: str, columns: int) -> Iterator[Record]:
    for line, text in lines:
        if '"' in text:
            line, text = _whole(line, text, lines, name, delimiter)  # noqa: PLW2901 - the row that begins here
        cells = _cells(line, text, name, delimiter)
        if len(cells) > columns:
            if any(cell.strip() for cell in cells[columns:]):
                raise BadInput(
                    f"{name}: line {line}: {len(cells)} cells under {columns} columns; "
                    f"put cells that contain {delimiter!r} in quotes"
                )
            cells = cells[:columns]
        if cells[0].strip() or any(cell.strip() for cell in cells):
            yield line, cells
