# SPDX-License-Identifier: Apache-2.0
"""CSV as spreadsheets and people write it: read strictly, and forgivingly where nothing can be misread."""

from __future__ import annotations

import csv
import re
import string
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import chain, repeat
from typing import IO

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.bulk.columns import is_like_a_number, place_of
from airflow_provider_wa.bulk.spans import Span, within
from airflow_provider_wa.bulk.text import AS_FOUND, Line, Lines, TextFormat

DELIMITERS = ",;\t|"
"""Separators that are tried where none is named."""

LONGEST_RECORD = 1 << 20
"""Longest row in characters: a quote that nobody closes would otherwise make one row of the rest of the file."""

_EASY = 1 << 16
"""Characters of a line below which no cell can be too long for Python's reader."""

_QUOTED = re.compile('"[^"]*"')
_SEPARATOR_LINE = re.compile(r"sep=(.)\s*\Z", re.IGNORECASE)


class Csv:
    """A CSV file that is open to be read, once.

    ``names`` are the columns as the first row has them, ``delimiter`` is the separator between cells.

    :param end: the end of the first row's line.
    :param begun: a line that was taken from ``lines`` already, and is to be read.
    """

    def __init__(
        self,
        name: str,
        lines: Lines,
        delimiter: str,
        names: list[str],
        end: str = "\n",
        begun: Line | None = None,
    ) -> None:
        self._name = name
        self._lines = lines
        self._pages = chain([(begun[0], [begun[1]])] if begun else [], lines.pages())
        self.delimiter = delimiter
        self.names = names
        self._wrong_end = "\n" if end == "\r" else "\r"

    def count(self) -> int:
        """Return the number of rows. Each of them is checked as ``rows`` checks it."""
        return sum(len(page) if self._is_plain(page) else self._count(first, page) for first, page in self._pages)

    def rows(self, span: Span | None = None) -> Iterator[list[str]]:
        """Yield the cells of the rows after the first one; rows without any content are left out.

        :param span: the numbers of the first and the last row to yield.
        :raises BadInput: a row is not CSV, or a line ends in a way that may be the middle of a row.
        """
        return within(chain.from_iterable(self._parts()), span)

    def column(self, place: int, span: Span | None = None) -> Iterator[str]:
        """Yield one cell of each row; the empty text where there is none."""
        return (cells[place] if place < len(cells) else "" for cells in self.rows(span))

    def _parts(self) -> Iterator[Iterable[list[str]]]:
        """Yield the rows of each page."""
        delimiter = self.delimiter
        for first, page in self._pages:
            is_plain = self._is_plain(page)
            yield [line.rstrip("\r\n").split(delimiter) for line in page] if is_plain else self._read(first, page)

    def _is_plain(self, page: Sequence[str]) -> bool:
        """Return True if each line is a row: no quotes, not too many cells, something in the first one.

        Most pages are. All lines are looked at together: each by itself would take three times as long.
        """
        return (
            '"' not in "".join(page)
            and self._wrong_end not in {line[-1] for line in page}
            and not any(char == self.delimiter or char.isspace() for char in {line[0] for line in page})
            and max(map(str.count, page, repeat(self.delimiter))) < len(self.names)
        )

    def _read(self, first: int, page: Sequence[str]) -> Iterator[list[str]]:
        """Yield the rows that begin on a page."""
        delimiter, columns, wrong_end = self.delimiter, len(self.names), self._wrong_end
        lines = enumerate(page, first)
        for line, text in lines:
            if text.endswith(wrong_end) and text.count('"') % 2 == 0:
                raise self._line_end_error(line)
            if '"' not in text:
                cells = text.rstrip("\r\n").split(delimiter)
                if cells[0].strip() and len(cells) <= columns:  # most rows
                    yield cells
                    continue
            if row := self._row(line, text, lines):
                yield row

    def _count(self, first: int, page: Sequence[str]) -> int:
        """Return the number of the rows that begin on a page."""
        count, delimiter, last, wrong_end = 0, self.delimiter, len(self.names) - 1, self._wrong_end
        blank, outside = f'{delimiter}"{string.whitespace}', _outside_quotes(delimiter)
        lines = enumerate(page, first)
        for line, text in lines:
            if text.endswith(wrong_end) and text.count('"') % 2 == 0:
                raise self._line_end_error(line)
            # Most rows need no more than a look: quotes where they belong, not too many cells, something in them.
            bare = text if '"' not in text else outside(text)
            if bare is not None and bare.count(delimiter) <= last:
                begin = text[0] if text[0] not in blank else text.lstrip(blank)[:1]
                if begin and not begin.isspace():
                    count += 1
                    continue
            count += 1 if self._row(line, text, lines) else 0
        return count

    def _line_end_error(self, line: int) -> BadInput:
        # Python's own writer leaves a cell with the other line end without quotes.
        found = "a carriage return" if self._wrong_end == "\r" else "a line feed"
        return BadInput(
            f"{self._name}: line {line}: ends with {found}, unlike the first line; "
            "put cells that contain line ends in quotes"
        )

    def _row(self, line: int, text: str, page: Iterator[Line]) -> list[str] | None:
        """Return the row that begins with a line, None if it has no content.

        :param page: the lines that follow on the same page.
        """
        name, delimiter, columns = self._name, self.delimiter, len(self.names)
        if '"' in text:
            line, text = _whole(line, text, chain(page, self._lines), name, delimiter)
        cells = _cells(line, text, name, delimiter)
        if len(cells) > columns:
            if any(cell.strip() for cell in cells[columns:]):
                raise BadInput(
                    f"{name}: line {line}: {len(cells)} cells under {columns} columns; "
                    f"put cells that contain {delimiter!r} in quotes"
                )
            cells = cells[:columns]
        return cells if any(cell.strip() for cell in cells) else None


def read_csv(
    file: IO[bytes], name: str, column: str | None = None, text: TextFormat = AS_FOUND, *, plain: bool = False
) -> Csv:
    """Open a CSV file and read its first row.

    The separator is, in this order: the one that is named; the one of a first line ``sep=;``, as Excel writes it; the
    one under which ``column`` is a name; the one that gives most columns.

    :param file: the file, opened for reading bytes.
    :param name: the file's name, for errors.
    :param column: a column that the file should have.
    :param plain: the file may be a list of numbers without a first row of names: they are values of ``column``.
    :raises BadInput: the text cannot be decoded, or is not CSV; the error names the line. The rows raise it as well,
        while they are read.
    """
    delimiter = text.delimiter
    lines = Lines(file, name, text.encoding)
    head = _first_filled(lines)
    if head and (found := _SEPARATOR_LINE.match(head[1])):
        delimiter = delimiter or found[1]
        head = _first_filled(lines)
    if head is None:
        return Csv(name, lines, delimiter or ",", [])
    head = _whole(*head, lines, name)
    delimiter = delimiter or _separator(*head, name, column)
    names = _cells(*head, name, delimiter)
    end = "\r" if head[1].endswith("\r") else "\n"
    if plain and len(names) == 1 and is_like_a_number(names[0]) and names != [column]:
        return Csv(name, lines, delimiter, [column or "phone"], end, begun=head)
    return Csv(name, lines, delimiter, names, end)


def _first_filled(lines: Iterator[Line]) -> Line | None:
    return next((line for line in lines if not line[1].isspace()), None)


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
                _refuse_stray_quote(begun, text, name, delimiter)  # if there is one, it is the mistake
            raise BadInput(
                f'{name}: line {begun}: a quote " is opened and not closed; close it, or write "" for a quote'
            )
    return begun, "".join(parts)


def _cells(line: int, text: str, name: str, delimiter: str) -> list[str]:
    """Return the cells of one row.

    :raises BadInput: a quote stands where CSV allows none, so that the end of the cell is not clear.
    """
    bare = text.rstrip("\r\n")
    if '"' not in bare:
        return bare.split(delimiter)
    if not _well_quoted(delimiter).fullmatch(bare):
        _refuse_stray_quote(line, bare, name, delimiter)
    try:
        return next(csv.reader([bare], delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise BadInput(f"{name}: line {line}: {error}") from None


@cache
def _well_quoted(delimiter: str) -> re.Pattern[str]:
    """Return what matches a row whose quotes begin and end cells, or are doubled within quotes."""
    cell = rf'(?:"[^"]*(?:""[^"]*)*"|[^"{re.escape(delimiter)}]*)'
    return re.compile(rf"{cell}(?:{re.escape(delimiter)}{cell})*")


def _outside_quotes(delimiter: str) -> Callable[[str], str | None]:
    """Return a function that maps a line to its text outside of quotes, or to None if it needs a full parse."""
    matches = _well_quoted(delimiter).fullmatch

    def outside(text: str) -> str | None:
        return _QUOTED.sub("", text) if len(text) < _EASY and matches(text.rstrip("\r\n")) else None

    return outside


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
