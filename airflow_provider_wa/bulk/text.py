# SPDX-License-Identifier: Apache-2.0
"""Text files as lines with numbers, decoded without a loss or not at all."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import IO

from airflow_provider_wa.api.errors import BadInput

PAGE = 1 << 13
"""Characters that are decoded and looked through at once."""

Line = tuple[int, str]
"""A line's number, counted from 1, and its text."""

_MARKS: tuple[tuple[bytes, str], ...] = (
    # UTF-32's mark begins with UTF-16's.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OTHER_KINDS = {
    b"PK\x03\x04": "a zip archive or an Excel workbook; the name of a workbook must end with .xlsx",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls); save it as .xlsx or .csv",
    b"\x1f\x8b": "a file that gzip packed; its name must end with .gz",
    b"PAR1": "a Parquet file; its name must end with .parquet",
}
"""First bytes of files that are not text, and their kinds."""
_UNREADABLE = re.compile("[\0\udc80-\udcff]")
_BY_THE_PAGE = frozenset(codecs.lookup(name).name for name in ("ascii", "utf-8", "utf-8-sig", "cp1252", "latin-1"))
"""Encodings in which a byte that cannot be decoded becomes a character of ``_UNREADABLE``, and is found later."""


def encoding_of(head: bytes, named: str | None = None) -> str:
    """Return the encoding of a file: by its byte order mark, or else ``named``, or else UTF-8.

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
class TextFormat:
    """Format of a text file, as the DAG's author gives it; a field that is None is detected.

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


def numbered_lines(file: IO[bytes], name: str, encoding: str | None) -> Iterator[Line]:
    """Return the lines with their numbers and ends.

    :param name: the file's name, for errors.
    :raises BadInput: a character cannot be decoded, or is NUL; raised before a line of its page is returned.
    """
    return enumerate(chain.from_iterable(_pages(file, name, encoding)), 1)


class Lines:
    """The lines of a text as ``numbered_lines`` returns them, one by one or by the page."""

    def __init__(self, file: IO[bytes], name: str, encoding: str | None) -> None:
        self._pages = _pages(file, name, encoding)
        self._left: Iterator[str] = iter(())
        self._number = 0

    def __iter__(self) -> Iterator[Line]:
        return self

    def __next__(self) -> Line:
        while (text := next(self._left, None)) is None:
            self._left = iter(next(self._pages))
        self._number += 1
        return self._number, text

    def pages(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the lines of each page that are not taken yet, with the number of the first one."""
        while page := list(self._left) or next(self._pages, []):  # no page is empty
            first = self._number + 1
            self._number += len(page)
            yield first, page


def _pages(file: IO[bytes], name: str, encoding: str | None) -> Iterator[list[str]]:
    buffered = file if isinstance(file, io.BufferedReader) else io.BufferedReader(_Raw(file))  # type: ignore[type-var]
    head = buffered.peek(4)[:4]
    if kind := next((kind for start, kind in _OTHER_KINDS.items() if head.startswith(start)), None):
        raise BadInput(f"{name} is not text: its content is that of {kind}")
    found = encoding_of(head, encoding)
    advice = f"{name}: expected {found}; name the file's encoding with encoding='...' (Excel's is often 'cp1252')"
    before = 0
    with io.TextIOWrapper(buffered, encoding=found, errors="surrogateescape", newline="") as stream:
        by_page = iter(partial(stream.readlines, PAGE), [])
        try:
            for page in by_page if found in _BY_THE_PAGE else _before_error(stream):
                _refuse_unreadable(page, before, advice)
                before += len(page)
                yield page
        except UnicodeDecodeError as error:
            raise BadInput(f"after line {before}: {error.reason}; {advice}") from None


def _before_error(stream: Iterable[str]) -> Iterator[list[str]]:
    """Yield the lines by the page, also those before one that cannot be decoded: then the error is raised."""
    page: list[str] = []
    size = 0
    try:
        for line in stream:
            page.append(line)
            size += len(line)
            if size >= PAGE:
                yield page
                page, size = [], 0
    except UnicodeDecodeError:
        if page:
            yield page
        raise
    if page:
        yield page


def _refuse_unreadable(page: list[str], before: int, advice: str) -> None:
    text = "".join(page)
    if (text.isascii() and "\0" not in text) or not _UNREADABLE.search(text):
        return
    number, line = next((number, line) for number, line in enumerate(page, before + 1) if _UNREADABLE.search(line))
    place = _UNREADABLE.search(line)
    assert place is not None
    byte = ord(place[0])
    wrong = f"byte 0x{byte - 0xDC00:02x} cannot be decoded" if byte else "a NUL character"
    raise BadInput(f"line {number}, column {place.start() + 1}: {wrong}; {advice}")


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
