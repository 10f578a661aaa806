# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.cell.cell import Cell

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.bulk.files import columns_of, prove, read_column, read_rows


def book(folder: Path, *rows: Sequence[Any], sheets: int = 1) -> Path:
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(list(row))
    for number in range(1, sheets):
        made.create_sheet(f"other {number}").append(["phone", "x"])
    made.save(folder / "list.xlsx")
    return folder / "list.xlsx"


def test_cells_are_read_as_excel_has_them(tmp_path: Path) -> None:
    path = book(
        tmp_path,
        (" Phone ", "name", "since", "order", "note"),
        (34666666611, "Ana", dt.datetime(2026, 1, 2), 1234.0, "'quoted"),
        ("+34 666 666 612", " ", None, 1.5, "#N/A"),
        (34666666613.0, None, None, True),
        sheets=2,
    )
    assert list(read_rows(path, "phone")) == [
        {"phone": 34666666611, "name": "Ana", "since": dt.datetime(2026, 1, 2), "order": 1234, "note": "'quoted"},
        {"phone": "+34 666 666 612", "order": 1.5, "note": "#N/A"},
        {"phone": 34666666613, "order": True},
    ]
    assert list(read_column(path, "phone")) == [34666666611, "+34 666 666 612", 34666666613]


def test_blank_rows_do_not_count_and_a_span_is_read(tmp_path: Path) -> None:
    path = book(tmp_path, (), ("name", "phone", None), (None, None), ("Ana", 1), (" ", ""), ("Ben",), ("Eva", 3), ())
    assert prove(path, "phone").count == 3
    assert list(read_column(path, "phone")) == [1, "", 3]
    assert list(read_column(path, "phone", (2, 3))) == ["", 3]
    assert list(read_rows(path, "phone", (2, 2))) == [{"name": "Ben"}]
    assert columns_of(path, "phone").names == ["name", "phone"]


def test_rows_beyond_a_wrong_size_are_read(tmp_path: Path) -> None:
    made = openpyxl.Workbook(write_only=True)
    sheet = made.create_sheet()
    for row in [("phone",), *((number,) for number in range(1, 6))]:
        sheet.append(row)
    made.save(tmp_path / "list.xlsx")
    narrowed = rewritten(tmp_path / "list.xlsx", b"<sheetData>", b'<dimension ref="A1:A2"/><sheetData>')
    assert list(read_column(narrowed, "phone")) == [1, 2, 3, 4, 5]


def rewritten(path: Path, old: bytes, new: bytes) -> Path:
    """Replace bytes of the first sheet."""
    import zipfile

    with zipfile.ZipFile(path) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    assert old in parts[sheet]
    parts[sheet] = parts[sheet].replace(old, new)
    with zipfile.ZipFile(path, "w") as target:
        for name, content in parts.items():
            target.writestr(name, content)
    return path


def test_a_formula_has_its_last_result_and_none_if_it_was_never_worked_out(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    for row in [("phone", "name"), ("=34666666600+11", "Ana"), ("=1+1", "Ben")]:
        made.active.append(row)
    made.save(tmp_path / "list.xlsx")
    path = rewritten(tmp_path / "list.xlsx", b"<f>34666666600+11</f><v />", b"<f>34666666600+11</f><v>34666666611</v>")
    assert list(read_column(path, "phone")) == [34666666611, ""]


def test_an_error_in_a_cell_is_its_text(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    made.active.append(["phone"])
    cell = Cell(made.active, row=2, column=1)
    cell.value, cell.data_type = "#NAME?", "e"
    made.active.append([cell])
    made.save(tmp_path / "list.xlsx")
    assert list(read_column(tmp_path / "list.xlsx", "phone")) == ["#NAME?"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("name", "mobile"), ("Ana", 1)], "no column 'phone'; it has 'name', 'mobile'"),
        ([(34666666611,), (34666666612,)], "a phone number stands where names of columns are expected"),
        ([("phone", "name", "Phone ", "phone"), (1, 2, 3, 4)], "has 'phone' more than once"),
        ([], "no column 'phone'; it has none"),
    ],
)
def test_a_sheet_without_the_column_is_refused(tmp_path: Path, rows: list[Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        read_column(book(tmp_path, *rows), "phone")


def test_without_openpyxl_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = book(tmp_path, ("phone",))
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(BadInput, match=r"pip install 'airflow-provider-wa\[xlsx\]'"):
        read_column(path, "phone")
