# SPDX-License-Identifier: Apache-2.0
"""Lists as people keep them, from public bug reports of programs that send to lists; the numbers are made up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.numbers import parse
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


LOST = "its last digits are lost"
SEVERAL = "may be more than one number"

# Number, or the reason against it, of each row: the file, its column, and the default region.
NUMBERS: dict[tuple[str, str, str | None], list[str]] = {
    ("co.csv", "telefono", "CO"): [
        *("+573224323817", "+573105550111", "+573015550112", "+573205550113", "+573125550116", "+573505550114")
    ],
    ("co.csv", "telefono", "ES"): ["is not a number of ES"] * 6,
    ("co.csv", "telefono", None): ["+3224323817 read as +32 (BE)", *["set a default region"] * 5],
    ("excel.csv", "phone", "ES"): [
        *(f"+3466666661{last}" for last in (1, 2, 3)),
        SEVERAL,
        *(f"+3466666661{last}" for last in (6, 7, 8)),
        LOST,
        "is a spreadsheet's error",
        "+34666666619",
        "+34666666621",
        "has an extension",
        SEVERAL,
    ],
    ("sci.jsonl", "phone", "ES"): [LOST, "+34666666611", LOST, "+34666666612"],
    ("sci.jsonl", "phone", "CO"): [LOST, "is not a number of CO", LOST, "is not a number of CO"],
    ("dec.parquet", "phone", "ES"): ["+34666666611", "+34666666612"],
    ("nan.jsonl", "phone", None): ["+34666666611 read as +34 (ES)", "+34666666612 read as +34 (ES)"],
}


def as_read(value: Any, region: str | None) -> str:
    """Return the number that a value is, with the remark on it, or the reason why it is not one."""
    try:
        number = parse(value, region)
    except BadInput as error:
        return str(error)
    return f"{number} {number.remark}".strip()


@pytest.mark.parametrize(("name", "column", "region"), NUMBERS)
def test_the_numbers_of_the_list(name: str, column: str, region: str | None) -> None:
    found = [as_read(value, region) for value in read_column(LISTS / name, column)]
    for read, expected in zip(found, NUMBERS[name, column, region], strict=True):
        assert read == expected if expected.startswith("+") else expected in read
