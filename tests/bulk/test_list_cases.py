# SPDX-License-Identifier: Apache-2.0
"""Lists as people keep them, from public bug reports of programs that send to lists; the numbers are made up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.bulk.files import prove, read_column, read_rows

LISTS = Path(__file__).parent / "lists"

# What the file holds that is hard, its column, and the values in it.
READ: dict[str, tuple[str, str, list[Any]]] = {
    "blank.csv": (
        "rows of separators, a second header, a byte order mark in the middle, a sum",
        "phone",
        ["+34 666 666 611", "phone", "\ufeff+34 666 666 612", "Total"],
    ),
    "delim.csv": ("a header with more commas than separators", "phone", ["+34 666 666 605"]),
    "head.csv": ("a header with a line end in quotes", "Phone\n(mobile)", ["+34 666 666 605", "+34 666 666 606"]),
    "headpart.csv": ("another column's name with a line end", "phone", ["+34 666 666 605", "+34 666 666 606"]),
    "sep.csv": ("Excel's line sep=;", "Telefono", ["+34 666 666 605"]),
    "tail2.csv": ("rows of separators at the end", "phone", [f"+34 666 666 61{place}" for place in (1, 2, 3)]),
    "dec.parquet": ("a DECIMAL column", "phone", [34666666611, 34666666612]),
    "miss.csv": ("an empty cell", "name", ["Ana", ""]),
    "miss.jsonl": ("null", "name", ["Ana", ""]),
    "miss.parquet": ("NULL", "name", ["Ana", ""]),
    "nan.jsonl": ("NaN, and floats of whole numbers", "order", [1234, ""]),
    "sci.jsonl": (
        "numbers with an exponent",
        "phone",
        ["3.46667E+10", 34666666611, "3.46667E+10", 34666666612],
    ),
    "sparse.jsonl": ("a field that the first rows lack", "name", ["", "Eva"]),
    "ws.csv": ("a name in another case and with blanks", "phone", ["+34 666 666 605"]),
}

REFUSED: dict[str, tuple[str, str, str]] = {
    "cp.csv": ("Windows-1252 after 1,400 rows", "phone", "line 1421, column 20: byte 0xe9 cannot be decoded"),
    "dup.csv": ("the column stands twice", "phone", "has 'phone' more than once"),
    "nul.csv": ("NUL characters", "phone", "a NUL character"),
    "quote.csv": ("a quote that nobody closes", "phone", 'line 3: a quote " is opened and not closed'),
}


@pytest.mark.parametrize("name", READ)
def test_the_list_is_read(name: str) -> None:
    _, column, values = READ[name]
    assert list(read_column(LISTS / name, column)) == values
    assert [row.get(column, "") for row in read_rows(LISTS / name, column)] == values
    assert prove(LISTS / name, column).count == len(values)


@pytest.mark.parametrize("name", REFUSED)
def test_the_list_is_refused_with_its_line(name: str) -> None:
    _, column, message = REFUSED[name]

    def read() -> None:
        next(read_column(LISTS / name, column))
        prove(LISTS / name, column)

    with pytest.raises(BadInput) as caught:
        read()
    assert message in str(caught.value)
