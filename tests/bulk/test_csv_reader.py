# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import csv
import io
import re
import string
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.bulk import text as text_module
from airflow_provider_wa.bulk.csv_reader import Csv, read_csv
from airflow_provider_wa.bulk.text import PAGE, TextFormat


def read(content: str | bytes, column: str | None = "phone", **options: Any) -> Csv:
    file = io.BytesIO(content.encode() if isinstance(content, str) else content)
    return read_csv(file, "a.csv", column, TextFormat(**options))


def cells(content: str | bytes, column: str | None = "phone", **options: Any) -> list[list[str]]:
    return list(read(content, column, **options).rows())


# Cells hold separators, quotes, line ends and blanks; a row of blanks only is no row.
CELL = st.text(st.sampled_from(string.ascii_letters + string.digits + " ,;\t|\"'+\n\r=é€"), max_size=12)
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-32"]


@given(
    rows=st.lists(st.lists(CELL, min_size=3, max_size=3), max_size=12),
    delimiter=st.sampled_from(",;\t|"),
    # With other line ends Python's writer leaves a lone line end in a cell without quotes.
    style=st.sampled_from([("\r\n", csv.QUOTE_MINIMAL), *((end, csv.QUOTE_ALL) for end in ("\n", "\r\n", "\r"))]),
    encoding=st.sampled_from(ENCODINGS),
    separator_line=st.booleans(),
)
def test_every_row_that_python_writes_is_read_once_and_in_order(
    rows: list[list[str]], delimiter: str, style: tuple[str, Any], encoding: str, separator_line: bool
) -> None:
    names = ["phone", "name, or\nnick", "city"]
    stream = io.StringIO(newline="")
    line_end, quoting = style
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=line_end, quoting=quoting, strict=True)
    writer.writerow(names)
    writer.writerows(rows)
    text = f"sep={delimiter}{line_end}" * separator_line + stream.getvalue()
    table = read(text.encode(encoding))
    assert (table.names, table.delimiter) == (names, delimiter)
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    assert list(table.rows()) == filled
    assert read(text.encode(encoding)).count() == len(filled)


LINES = [
    "1,Ana\n",
    "2\n",
    ' 3,"b, c"\n',
    '"4",x\n',
    '5,"b\nc"\n',
    "6,x\r\n",
    ",7\n",
    "\n",
    "8,a,\n",
    "9,a,b\n",
    "0,x\r",
]


@given(text=st.text(st.sampled_from('ab,;"\n\r \t'), max_size=60) | st.lists(st.sampled_from(LINES)).map("".join))
def test_any_text_is_read_as_python_reads_it_or_refused(text: str) -> None:
    try:
        table = read("phone,x\n" + text)
        found = list(table.rows())
    except BadInput as error:
        with pytest.raises(BadInput, match=re.escape(str(error))):
            read("phone,x\n" + text).count()
        return
    assert read("phone,x\n" + text).count() == len(found)
    strict = csv.reader(io.StringIO("phone,x\n" + text, newline=""), delimiter=table.delimiter, strict=True)
    expected = [row[:2] for row in list(strict)[1:] if any(cell.strip() for cell in row)]
    assert found == expected


@given(
    lines=st.lists(st.sampled_from(LINES), min_size=3) | st.lists(st.sampled_from([*LINES[:6], *LINES[:2] * 20])),
    head=st.sampled_from(["phone,x\n", "phone,x,y\r\n", "1234567\n"]),
)
def test_the_pages_of_a_text_make_no_difference(lines: list[str], head: str) -> None:
    def result(page: int, look: Callable[[Csv], Any]) -> Any:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(text_module, "PAGE", page)
            file = io.BytesIO("".join([head, *lines]).encode())
            try:
                return look(read_csv(file, "a.txt", "phone", plain=True))
            except BadInput as error:
                return str(error)

    for look in (lambda table: list(table.rows()), Csv.count, lambda table: list(table.column(1, (2, 5)))):
        by_line, *by_page = (result(page, look) for page in (1, 12, 40, PAGE))
        assert by_page == [by_line] * 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('phone,name\n1,Ana\n2,"Pepe\n3,Eva\n', 'line 3: a quote " is opened and not closed'),
        ('phone,name\n1,Ana\n2,"Pepe\n3,"Eva"\n', 'line 3: a quote " is opened and not closed'),
        ('phone,name\n1,5" pipe\n', 'line 2: a quote " in the middle'),
        ('phone,name\n1,"Ana" B\n', 'line 2: a quote " in the middle'),
        ("phone,name\n1,An\ra\n2,Eva\n", "line 2: ends with a carriage return, unlike the first line"),
        ("phone,name\r\n1,Ana\r\n2,E\rva\r\n", "line 3: ends with a carriage return, unlike the first line"),
        ("phone,name\r1,Ana\r2,E\nva\r", "line 3: ends with a line feed, unlike the first line"),
        ("phone,name\n1,Garcia, Pepe\n", "line 2: 3 cells under 2 columns"),
        (b"phone,name\n1,Ana\n2,Andr\xe9\n", "line 3, column 7: byte 0xe9 cannot be decoded"),
        (b"phone,name\n1,Ana\0\n", "line 2, column 6: a NUL character"),
        ("phone,name\n1,Jos\u00e9\0\n", "line 2, column 7: a NUL character"),
        ("phone,name\n1,Ana\0\n".encode("utf-16"), "line 2, column 6: a NUL character"),
        (b"phone,name\n" + b"1,Ana\n" * 5000 + b"2,Andr\xe9\n", "line 5002, column 7: byte 0xe9 cannot be decoded"),
        ("phone,name\n1,Ana\n".encode("utf-16")[:-1], "after line 1: truncated data"),
        ('phone,name\n1,"' + "x" * (1 << 20), "line 2: a quote"),
        ('phone,name\n1,"' + "x\n" * (1 << 20), "line 2: a quote"),
        ('phone,name\n1,"' + "x" * 200_000 + '"\n', "line 2: field larger than field limit"),
    ],
)
def test_what_can_be_misread_is_refused_with_its_line(content: str | bytes, message: str) -> None:
    for look in (cells, lambda content: read(content).count()):
        with pytest.raises(BadInput) as caught:
            look(content)
        assert message in str(caught.value)


@pytest.mark.parametrize("page", [1, 7, PAGE])
def test_all_rows_before_one_that_cannot_be_decoded_are_read(monkeypatch: pytest.MonkeyPatch, page: int) -> None:
    monkeypatch.setattr(text_module, "PAGE", page)
    rows = read("phone\n".encode("utf-16") + "12345\n".encode("utf-16-le") * 50_000 + b"1").rows()
    found: list[list[str]] = []
    with pytest.raises(BadInput) as caught:
        found.extend(rows)  # keeps the rows before the error
    assert len(found) > 40_000
    assert f"after line {len(found) + 1}: truncated data" in str(caught.value)


@pytest.mark.parametrize(
    ("head", "column", "delimiter"),
    [
        ('phone;"Interests (news, sport, music)"', "phone", ";"),
        ("a,b,c;phone", "phone", ";"),
        ("a,b,c;d", "phone", ","),
        ("Phone|a,b,c", "phone", "|"),
        ("phone", "phone", ","),
        ("sep=;\na,b;c", "phone", ";"),
    ],
)
def test_the_separator_is_the_one_under_which_the_column_is_a_name(head: str, column: str, delimiter: str) -> None:
    assert read(head, column).delimiter == delimiter


def test_what_is_named_counts_more_than_what_is_found() -> None:
    assert read("phone;a,b", delimiter=",").names == ["phone;a", "b"]
    assert cells("phone,name\n1,Andr\u00e9\n".encode("cp1252"), encoding="cp1252") == [["1", "André"]]
    assert cells("phone,name\n1,Andr\u00e9\n".encode("utf-16"), encoding="cp1252") == [["1", "André"]]


@pytest.mark.parametrize(
    "options", [{"delimiter": ""}, {"delimiter": "ab"}, {"delimiter": '"'}, {"encoding": "utf-99"}]
)
def test_a_wrong_argument_is_named(options: dict[str, str]) -> None:
    with pytest.raises(BadInput, match=next(iter(options))):
        read("phone", **options)


def test_rows_of_separators_and_blanks_only_are_left_out_and_lines_are_counted_on() -> None:
    table = read("phone;name\n;;;\n \n1;Ana;;\n\n2\n")
    assert list(table.rows()) == [["1", "Ana"], ["2"]]
    with pytest.raises(BadInput, match="line 6: 3 cells"):
        cells("phone;name\n;;;\n \n1;Ana;;\n\n2;;Eva\n")


@pytest.mark.parametrize("head", ["\n", " \r\n\n", "sep=,\n\n", "\nsep=,\n"])
def test_blank_lines_before_the_header_are_no_header(head: str) -> None:
    assert read(head + "phone,name\n1,Ana\n").names == ["phone", "name"]


@pytest.mark.parametrize(
    "first", ["+34 666 666 611", "34666666611", "(034) 666-666.611", "346@s.whatsapp.net", "1-2@g.us"]
)
def test_a_plain_list_has_no_header(first: str) -> None:
    file = io.BytesIO(f"{first}\n\n+34 666 666 612\n".encode())
    table = read_csv(file, "a.txt", "to", plain=True)
    assert (table.names, list(table.rows())) == (["to"], [[first], ["+34 666 666 612"]])


@pytest.mark.parametrize(
    "head", ["to", "phone", "to,name", "12", "Ana", "+34 666 666 611,Ana", "Numbers of 2026-11-28"]
)
def test_a_list_that_may_be_plain_may_have_a_header(head: str) -> None:
    table = read_csv(io.BytesIO(f"{head}\n+34 666 666 612\n".encode()), "a.txt", "to", plain=True)
    assert table.names == head.split(",")


def test_a_name_that_looks_like_a_number_is_a_name_if_it_is_the_column() -> None:
    table = read_csv(io.BytesIO(b"2026-11-28\n+34 666 666 612\n"), "a.txt", "2026-11-28", plain=True)
    assert list(table.column(0)) == ["+34 666 666 612"]


def test_an_empty_file_has_no_columns() -> None:
    table = read("")
    assert (table.names, list(table.rows())) == ([], [])


@pytest.mark.parametrize("blank", ["\xa0", "\u2003", " ", ",", '"\xa0"', ",\xa0"])
def test_a_row_of_blanks_of_any_kind_is_not_counted(blank: str) -> None:
    data = f"a,b\n{blank}\n1,2\n".encode()
    assert read_csv(io.BytesIO(data), "list.csv").count() == 1
    assert len(list(read_csv(io.BytesIO(data), "list.csv").rows())) == 1
