# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import gzip
import io
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import fsspec
import openpyxl
import pyarrow
import pyarrow.parquet as arrow
import pytest
from airflow.sdk import ObjectStoragePath
from airflow.sdk.io import attach

from airflow_provider_wa.api.errors import BadInput, Retry
from airflow_provider_wa.bulk import parquet
from airflow_provider_wa.bulk.files import columns_of, prove, read_column, read_rows
from airflow_provider_wa.bulk.open_file import FileFailed
from airflow_provider_wa.bulk.output_files import row_writer
from airflow_provider_wa.bulk.text import PAGE


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def packed(content: bytes) -> bytes:
    # A test's name has its parameters, so that they must be the same in all processes.
    return gzip.compress(content, mtime=0)


def workbook() -> bytes:
    book, file = openpyxl.Workbook(), io.BytesIO()
    for cell in ("phone", 34666666611, 34666666612):
        book.active.append([cell])
    book.save(file)
    return file.getvalue()


def parquet_file() -> bytes:
    file = io.BytesIO()
    arrow.write_table(pyarrow.table({"phone": [34666666611, 34666666612]}), file)
    return file.getvalue()


STORED: dict[str, Callable[[], bytes]] = {
    "list.csv.gz": lambda: packed(b"phone\n34666666611\n34666666612\n"),
    "list.txt": lambda: b"34666666611\n34666666612\n",
    "list.xlsx": workbook,
    "list.parquet": parquet_file,
}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plain.csv", "name,phone\nAna,+34 600\nBen,007\n"),
        ("crlf.csv", "name,phone\r\nAna,+34 600\r\nBen,007\r\n"),
        ("byte-order-mark.csv", b"\xef\xbb\xbfphone,name\n+34 600,Ana\n007,Ben\n"),
        ("semicolons.csv", "name;phone\nAna;+34 600\nBen;007\n"),
        ("tabs.CSV", "name\tphone\nAna\t+34 600\nBen\t007\n"),
        ("quoted.csv", 'name,phone\n"Silva, Ana","+34 600"\n"Ben\nJones",007\n'),
        ("blank-lines.csv", "phone\n+34 600\n\n007\n"),
        ("utf-16.csv", "phone\n+34 600\n007\n".encode("utf-16")),
        ("utf-16.jsonl", '{"phone": "+34 600"}\n{"phone": "007"}\n'.encode("utf-16")),
        ("blank-rows.csv", "phone;name\n+34 600;Ana\n;;\n007;\n;;\n"),
        ("case.csv", "Name, Phone \nAna,+34 600\nBen,007\n"),
        ("excel.csv", "sep=;\r\nname;phone\r\nAna;+34 600\r\nBen;007\r\n"),
        ("head.csv", 'name,"Phone"\n"Silva, Ana",+34 600\nBen,007\n'),
        ("tabs.tsv", "name\tphone\nAna, Eva; Ben\t+34 600\nBen\t007\n"),
        ("semicolons.txt", "name;phone\nAna;+34 600\nBen;007\n"),
        ("plain.txt", "phone\n+34 600\n007\n"),
        ("rows.ndjson", '{"phone": "+34 600"}\n{"phone": "007"}\n'),
        ("key.jsonl", '{" Phone ": "+34 600"}\n{"name": "Ben", " Phone ": "007"}\n'),
        ("rows.csv.gz", packed(b"name,phone\nAna,+34 600\nBen,007\n")),
        ("rows.CSV.GZ", packed("\ufeffname,phone\nAna,+34 600\nBen,007\n".encode("utf-16"))),
        ("rows.tsv.gz", packed(b"name\tphone\nAna\t+34 600\nBen\t007\n")),
        ("rows.ndjson.gz", packed(b'{"phone": "+34 600"}\n{"phone": "007"}\n')),
        ("lists.jsonl", '{"phone": "+34 600", "of": {"n": 1e3, "m": "a:b"}}\n{"phone": "007", "of": [1]}\n'),
        ("rows.jsonl", '{"name": "Ana", "phone": "+34 600"}\n\n{"phone": "007"}\n'),
    ],
)
def test_a_column_is_read_as_text(tmp_path: Path, name: str, content: str | bytes) -> None:
    assert list(read_column(written(tmp_path, name, content), "phone")) == ["+34 600", "007"]


def test_a_missing_value_is_empty_and_keeps_its_row(tmp_path: Path) -> None:
    rows = written(tmp_path, "a.csv", "name,phone\nAna,1\nBen\nEva,3\n")
    assert list(read_column(rows, "phone")) == ["1", "", "3"]
    lines = written(tmp_path, "a.jsonl", '{"phone": 1}\n{"name": "Ben"}\n{"phone": null}\n')
    assert list(read_column(lines, "phone")) == [1, "", ""]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_an_empty_list_has_no_values(tmp_path: Path, name: str) -> None:
    head = "phone\n" if name.endswith("csv") else ""
    assert list(read_column(written(tmp_path, name, head), "phone")) == []


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "name,mobile\nAna,1\n", "no column 'phone'; it has 'name', 'mobile'"),
        ("a.csv", "", "no column 'phone'; it has none"),
        ("a.jsonl", '{"mobile": 1}\n', "no column 'phone'; it has 'mobile'"),
        ("a.jsonl", '{"mobile": 1}\n{"tel": 2}\n{"mobile": 3}\n', "no column 'phone'; it has 'mobile', 'tel'"),
        ("a.jsonl", '{"Phone": 1}\n{"PHONE": 2}\n', "has 'phone' more than once: 'Phone' .*, 'PHONE'"),
        ("a.jsonl", '{"phone": 1, "phone": 2}\n', "line 1: the name 'phone' stands twice"),
        ("a.jsonl", "{}\n", "no column 'phone'; it has none"),
        ("a.jsonl", "[1]\n", "line 1 is not a JSON object"),
        ("a.jsonl", '{"phone": 1\n', "line 1 is not a JSON object"),
        ("a.xls", "PK", r"must end with .csv, .tsv, .txt, .jsonl, .ndjson, .parquet or .xlsx; text may be packed"),
        ("a.gz", "PK", "must end with"),
        (
            "a.csv",
            b"PK\x03\x04\x14\0",
            "is not text: its content is that of a zip archive or an Excel workbook; .* .xlsx",
        ),
        ("a.txt", b"\xd0\xcf\x11\xe0\xa1", "old Excel workbook"),
        ("a.jsonl", packed(b"{}"), "a file that gzip packed; its name must end with .gz"),
        ("a.csv", b"PAR1\x15", "a Parquet file"),
        ("acsv", "phone", "must end with"),
        ("a.xlsx", "PK", "is not an Excel workbook: .*; expected an .xlsx file without a password"),
        ("a.csv.gz", "phone\n1\n", "a.csv.gz cannot be unpacked: .*; expected a file that gzip made"),
        ("a.parquet.gz", "PK", "the format is packed already"),
        ("a.xlsx.gz", "PK", "the format is packed already"),
        ("a.csv", b"phone\n\xff1\n", "line 2, column 1: byte 0xff cannot be decoded"),
        ("a.csv", "Phone;PHONE\n1;2\n", "has 'phone' more than once: 'Phone' .column 1., 'PHONE' .column 2."),
        ("a.csv", "phone,name,phone\n1,Ana,2\n", "has 'phone' more than once"),
        ("a.jsonl", b'{"phone": "\xff"}\n', "line 1, column 12: byte 0xff cannot be decoded"),
        ("a.parquet", "phone\n1\n", "not a Parquet file"),
    ],
)
def test_a_mistake_is_found_before_the_first_value(
    tmp_path: Path, name: str, content: str | bytes, message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        read_column(written(tmp_path, name, content), "phone")
    with pytest.raises(BadInput, match=message):
        read_rows(written(tmp_path, name, content), "phone")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"there is no file .*nobody\.csv"):
        read_column(tmp_path / "nobody.csv", "phone")


@pytest.mark.parametrize("name", ["list.csv.gz", "list.xlsx", "list.txt", "list.parquet"])
def test_lists_in_an_object_store_are_read(name: str) -> None:
    attach("memory", fs=fsspec.filesystem("memory"))
    path = ObjectStoragePath(f"memory://lists/{name}")
    with path.open("wb") as file:
        file.write(STORED[name]())
    assert [str(value) for value in read_column(path, "phone")] == ["34666666611", "34666666612"]
    assert [row["phone"] for row in read_rows(path, "phone", (2, 2))] in ([34666666612], ["34666666612"])
    assert prove(path, "phone").count == 2


def test_a_packed_file_that_is_cut_is_to_be_tried_again(tmp_path: Path) -> None:
    packed = gzip.compress(b"phone\n" + b"".join(b"%d\n" % (row * 7919 % 99991) for row in range(20_000)))
    path = written(tmp_path, "a.csv.gz", packed[:-100])
    with pytest.raises(FileFailed, match=r"cannot read .*a\.csv\.gz to its end"):
        prove(path, "phone")
    with pytest.raises(FileFailed, match="to its end"):
        list(read_column(path, "phone"))


LISTS = ["a.csv", "a.jsonl", "a.parquet"]
PEOPLE = [{"name": f"Ana {row}", "phone": f"+{row}"} for row in range(1, 8)]


def listed(folder: Path, name: str) -> Path:
    """A file with ``PEOPLE``; in Parquet three rows to a group."""
    if name.endswith("parquet"):
        arrow.write_table(pyarrow.Table.from_pylist(PEOPLE), folder / name, row_group_size=3)
    else:
        with row_writer(folder / name, ("name", "phone")) as write:
            for row in PEOPLE:
                write(row)
    return folder / name


@pytest.mark.parametrize("name", LISTS)
def test_a_row_has_all_columns(tmp_path: Path, name: str) -> None:
    path = listed(tmp_path, name)
    assert list(read_rows(path, "phone")) == PEOPLE
    assert prove(path).count == len(PEOPLE)


@pytest.mark.parametrize(("name", "rows_at_once"), [*((name, 5000) for name in LISTS), ("a.parquet", 1)])
@pytest.mark.parametrize("span", [(1, 1), (1, 2), (2, 3), (3, 4), (4, 7), (7, 7), (1, 7), (6, 99), (8, 9)])
def test_a_span_of_rows_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, rows_at_once: int, span: tuple[int, int]
) -> None:
    path = listed(tmp_path, name)
    monkeypatch.setattr(parquet, "ROWS_AT_ONCE", rows_at_once)
    expected = PEOPLE[span[0] - 1 : span[1]]
    assert list(read_rows(path, "phone", span)) == expected
    assert list(read_column(path, "phone", span)) == [row["phone"] for row in expected]


def test_blank_lines_are_no_rows_of_a_span(tmp_path: Path) -> None:
    table = written(tmp_path, "a.csv", 'phone\n\n1\n\n"2\n2"\n\n3\n')
    assert list(read_column(table, "phone", (2, 3))) == ["2\n2", "3"]
    assert prove(table).count == 3
    lines = written(tmp_path, "a.jsonl", '\n{"phone": 1}\n\n{"phone": 2}\n{"phone": 3}\n')
    assert list(read_column(lines, "phone", (2, 3))) == [2, 3]
    assert prove(lines).count == 3


@pytest.mark.parametrize("place", [1, 2, 3])
def test_all_lines_tell_the_columns_of_a_span(tmp_path: Path, place: int) -> None:
    rows = ['{"name": "Ben"}', '{"name": "Eva", "phone": null}']
    rows.insert(place - 1, '{"phone": 1}')
    lines = written(tmp_path, "a.jsonl", "\n".join(rows))
    assert list(read_column(lines, "phone", (2, 3))) == (["", ""] if place == 1 else ["", 1] if place == 3 else [1, ""])
    assert list(read_rows(lines, "phone")) == [
        {"phone": 1} if row == place else {"name": "Ben" if row == 1 or (row, place) == (2, 1) else "Eva"}
        for row in (1, 2, 3)
    ]
    assert set(prove(lines).names) == {"phone", "name"}


@pytest.mark.parametrize(
    ("name", "content", "names", "repeated"),
    [
        ("a.csv", "name, city ,Phone,x,x\n", ["name", "city", "phone"], {"x"}),
        ("a.jsonl", '{" name ": 1}\n{"Phone": 2}\n{"x": 3, "city": null}\n', [" name ", "phone", "x", "city"], set()),
        ("a.jsonl", "", [], set()),
    ],
)
def test_the_columns_are_known_from_all_rows(
    tmp_path: Path, name: str, content: str, names: list[str], repeated: set[str]
) -> None:
    path = written(tmp_path, name, content)
    for proof in (None, prove(path, "phone")):
        found = columns_of(path, "phone", proof=proof)
        assert (found.names, found.repeated) == (names, repeated)


def test_cells_that_a_row_lacks_are_missing_and_empty_ones_beyond_the_columns_are_left_out(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "name,phone,city\nAna\nBen,2,Lima,,\n")
    assert list(read_rows(path, "phone")) == [
        {"name": "Ana"},
        {"name": "Ben", "phone": "2", "city": "Lima"},
    ]


def test_a_row_with_more_cells_than_columns_is_refused_since_its_values_may_stand_under_other_names(
    tmp_path: Path,
) -> None:
    path = written(tmp_path, "a.csv", "name,phone,city\nAna,1,Lima\nBen, Jr.,2,Lima\n")
    with pytest.raises(BadInput, match="line 3: 4 cells under 3 columns"):
        prove(path)


def test_parquet_gives_values_as_they_are_and_missing_ones_as_empty_text(tmp_path: Path) -> None:
    day = date(2026, 1, 2)
    rows = [{"phone": 12025550110, "since": day}, {"phone": None, "since": None}]
    arrow.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "a.parquet")
    assert list(read_column(tmp_path / "a.parquet", "phone")) == [12025550110, ""]
    assert next(read_rows(tmp_path / "a.parquet", "phone")) == {"phone": 12025550110, "since": day}
    with pytest.raises(BadInput, match="no column 'mobile'; it has 'phone', 'since'"):
        read_column(tmp_path / "a.parquet", "mobile")


@pytest.mark.parametrize(("broken", "readable", "unreadable"), [(0, (4, 7), (3, 7)), (2, (1, 6), (1, 7))])
def test_parquet_reads_only_the_groups_of_the_span(
    tmp_path: Path, broken: int, readable: tuple[int, int], unreadable: tuple[int, int]
) -> None:
    path = listed(tmp_path, "a.parquet")
    phones = arrow.ParquetFile(path).metadata.row_group(broken).column(1)
    start = phones.dictionary_page_offset or phones.data_page_offset
    content = bytearray(path.read_bytes())
    content[start : start + phones.total_compressed_size] = bytes(phones.total_compressed_size)
    path.write_bytes(content)
    assert list(read_column(path, "phone", readable)) == [row["phone"] for row in PEOPLE[readable[0] - 1 : readable[1]]]
    with pytest.raises(FileFailed, match="page header"):
        list(read_column(path, "phone", unreadable))


@pytest.mark.parametrize(("kind", "exact"), [("float64", True), ("float32", False), ("float16", False)])
def test_parquet_never_makes_another_number_of_a_short_float(tmp_path: Path, kind: str, exact: bool) -> None:
    phone = 34666666611.0 if kind != "float16" else 60000.0
    try:
        column = pyarrow.array([phone, None, 7.0], pyarrow.float64()).cast(kind)
    except pyarrow.ArrowNotImplementedError:
        pytest.skip(f"pyarrow {pyarrow.__version__} makes no {kind}")
    arrow.write_table(pyarrow.table({"phone": column}), tmp_path / "a.parquet")
    first, missing, small = read_column(tmp_path / "a.parquet", "phone")
    assert (first == 34666666611) if exact else ("e+" in first)
    assert (missing, small) == ("", 7)


def test_parquet_columns_may_have_other_capitals_and_stand_twice(tmp_path: Path) -> None:
    table = pyarrow.Table.from_arrays([pyarrow.array([n]) for n in (1, 2, 3, b"Ana")], ["PHONE", "x", "x", "name"])
    arrow.write_table(table, tmp_path / "a.parquet")
    assert list(read_rows(tmp_path / "a.parquet", "phone")) == [{"phone": 1, "name": "Ana"}]
    assert list(read_column(tmp_path / "a.parquet", "phone")) == [1]


def test_parquet_without_pyarrow_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = listed(tmp_path, "a.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(BadInput, match=r"airflow-provider-wa\[parquet\]"):
        read_column(path, "phone")
    with pytest.raises(BadInput, match=r"airflow-provider-wa\[parquet\]"), row_writer(path, ("phone",)):
        pytest.fail("the block was entered")


def test_a_bad_line_is_found_where_it_is(tmp_path: Path) -> None:
    values = read_column(written(tmp_path, "a.jsonl", '{"phone": 1}\n{"phone": 2}\noops\n'), "phone")
    assert [next(values), next(values)] == [1, 2]
    with pytest.raises(BadInput, match="line 3"):
        next(values)


def test_reading_is_lazy(tmp_path: Path) -> None:
    class Counting:
        name, suffix = "list.csv", ".csv"
        lines = 0

        def open(self, *args: object, **options: object) -> Counting:
            return self

        def __enter__(self) -> Counting:
            return self

        def __exit__(self, *args: object) -> None:
            pass

        def read(self, size: int) -> bytes:
            self.lines += 1
            return f"{self.lines - 1}\n".encode() if self.lines > 1 else b"phone\n"

    endless = Counting()
    values = read_column(endless, "phone")  # type: ignore[arg-type]
    assert [next(values) for _ in range(3)] == ["1", "2", "3"]
    assert endless.lines < PAGE


class Failing:
    """A file whose network breaks, at once or after a line."""

    name, suffix = "list.csv", ".csv"

    def __init__(self, error: Exception, lines: int) -> None:
        self.error, self.left = error, lines

    def open(self, mode: str, **options: object) -> Failing:
        if not self.left:
            raise self.error
        return self

    def __enter__(self) -> Failing:
        return self

    def __exit__(self, *exc_info: object) -> None: ...

    def read(self, size: int) -> bytes:
        self.left -= 1
        if self.left < 0:
            raise self.error
        return b"phone\n12025550110\n"

    def __str__(self) -> str:
        return "s3://bucket/list.csv"


@pytest.mark.parametrize("lines", [0, 1])
@pytest.mark.parametrize("error", [ConnectionResetError(104, "reset by peer"), RuntimeError("SlowDown")])
def test_a_file_that_cannot_be_read_for_the_time_being_is_to_be_tried_again(error: Exception, lines: int) -> None:
    path: Any = Failing(error, lines)
    with pytest.raises(FileFailed, match=r"cannot read s3://bucket/list\.csv: (reset by peer|SlowDown)") as failed:
        list(read_column(path, "phone"))
    assert failed.value.retry is Retry.LATER
    with pytest.raises(FileFailed):
        prove(Failing(error, lines))  # type: ignore[arg-type]


@pytest.mark.parametrize("error", [PermissionError(13, "denied"), ValueError("no such scheme"), ImportError("s3fs")])
def test_a_file_that_can_never_be_opened_is_a_mistake(error: Exception) -> None:
    path: Any = Failing(error, 0)
    with pytest.raises(BadInput, match=r"cannot read s3://bucket/list\.csv"):
        read_column(path, "phone")


@pytest.mark.parametrize("name", LISTS)
def test_what_airflow_opens_is_read_and_written_as_well(tmp_path: Path, name: str) -> None:
    path = listed(tmp_path, name)
    with row_writer(ObjectStoragePath(f"file://{tmp_path}/new/{name}"), ("name", "phone")) as write:
        for row in read_rows(ObjectStoragePath(f"file://{path}"), "phone"):
            write(row)
    assert list(read_rows(tmp_path / "new" / name, "phone")) == PEOPLE
