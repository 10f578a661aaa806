# SPDX-License-Identifier: Apache-2.0
"""Lists in Excel workbooks, row by row. It needs openpyxl, which the extra ``xlsx`` brings."""

from __future__ import annotations

import importlib
import zipfile
from collections.abc import Iterator, Sequence
from typing import IO, Any

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.bulk.spans import Span, within
from airflow_provider_wa.bulk.values import given

Cells = tuple[Any, ...]


class Sheet:
    """The first worksheet of a workbook that is open to be read, once.

    Values are those that Excel has stored: a formula's last result, an error such as ``#N/A`` as text, a date as a
    date. Rows without any content do not count.

    :param file: the workbook; it must know how to seek.
    :param path: what to call it.
    :raises BadInput: openpyxl is missing, or the file is not a workbook.
    """

    def __init__(self, file: IO[bytes], path: str) -> None:
        self._rows = _filled(_first_sheet(file, path))
        self.names: list[str] = _header(next(self._rows, ()))

    def rows(self, span: Span | None = None) -> Iterator[Cells]:
        """Yield the cells of the rows, those from the first to the last number."""
        return within(self._rows, span)

    def column(self, place: int, span: Span | None = None) -> Iterator[Any]:
        """Yield one cell of each row, None where there is none."""
        return (cells[place] if place < len(cells) else None for cells in self.rows(span))

    def count(self) -> int:
        """Return the number of rows."""
        return sum(1 for _ in self._rows)


def _first_sheet(file: IO[bytes], path: str) -> Any:
    try:
        book = _openpyxl().load_workbook(file, read_only=True, data_only=True)
        sheet = book.worksheets[0]
    except (zipfile.BadZipFile, KeyError, IndexError, ValueError) as error:
        raise BadInput(
            f"{path} is not an Excel workbook: {error}; expected an .xlsx file without a password, with a worksheet"
        ) from None
    # Some programs write a size that is wrong; rows beyond it would be lost.
    sheet.reset_dimensions()
    return sheet


def _filled(sheet: Any) -> Iterator[Cells]:
    return (cells for cells in sheet.iter_rows(values_only=True) if any(given(cell) is not None for cell in cells))


def _header(cells: Sequence[Any]) -> list[str]:
    return ["" if cell is None else str(given(cell) or "") for cell in cells]


def _openpyxl() -> Any:
    try:
        return importlib.import_module("openpyxl")
    except ImportError:
        raise BadInput("Excel files need openpyxl: pip install 'airflow-provider-wa[xlsx]'") from None
