# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import csv
import json
from contextlib import suppress
from pathlib import Path

import pytest

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.bulk.files import read_column, row_writer


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


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
        ("a.jsonl", "[1]\n", "line 1 is no JSON object"),
        ("a.jsonl", '{"phone": 1\n', "line 1 is no JSON object"),
        ("a.xlsx", "PK", "must end with .csv or .jsonl"),
        ("a.csv", "phone\n1\n".encode("utf-16"), "no UTF-8 text"),
    ],
)
def test_a_mistake_is_found_before_the_first_value(
    tmp_path: Path, name: str, content: str | bytes, message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        read_column(written(tmp_path, name, content), "phone")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"there is no file .*nobody\.csv"):
        read_column(tmp_path / "nobody.csv", "phone")


def test_a_bad_line_is_found_where_it_is(tmp_path: Path) -> None:
    values = read_column(written(tmp_path, "a.jsonl", '{"phone": 1}\n{"phone": 2}\noops\n'), "phone")
    assert [next(values), next(values)] == [1, 2]
    with pytest.raises(BadInput, match="line 3"):
        next(values)


def test_reading_is_lazy(tmp_path: Path) -> None:
    class Counting:
        suffix = ".csv"
        lines = 0

        def open(self, *args: object, **options: object) -> Counting:
            return self

        def __enter__(self) -> Counting:
            return self

        def __exit__(self, *args: object) -> None:
            pass

        def readline(self) -> str:
            return "phone\n"

        def __iter__(self) -> Counting:
            return self

        def __next__(self) -> str:
            self.lines += 1
            return f"{self.lines}\n"

    endless = Counting()
    values = read_column(endless, "phone")  # type: ignore[arg-type]
    assert [next(values) for _ in range(3)] == ["1", "2", "3"]
    assert endless.lines == 3


ROWS = [{"number": "+34 600", "detail": 'a, "b"\nc'}, {"number": "007", "detail": None, "secret": "x"}]


def test_rows_are_written_as_csv(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "out.csv"
    with row_writer(path, ("number", "detail")) as write:
        for row in ROWS:
            write(row)
    with path.open(newline="") as rows:
        assert list(csv.reader(rows)) == [["number", "detail"], ["+34 600", 'a, "b"\nc'], ["007", ""]]


def test_rows_are_written_as_json_lines(tmp_path: Path) -> None:
    with row_writer(tmp_path / "out.jsonl", ("number", "detail")) as write:
        for row in ROWS:
            write(row)
    lines = (tmp_path / "out.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [{n: row[n] for n in ("number", "detail")} for row in ROWS]


def test_an_earlier_file_is_replaced(tmp_path: Path) -> None:
    path = written(tmp_path, "out.csv", "old " * 1000)
    with row_writer(path, ("number",)):
        pass
    assert path.read_text().strip() == "number"


def test_what_was_written_stays_after_an_error(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    with suppress(ZeroDivisionError), row_writer(path, ("number",)) as write:
        write({"number": "1"})
        raise ZeroDivisionError
    assert path.read_text().split() == ["number", "1"]


def test_an_output_that_cannot_be_written_is_found_at_once(tmp_path: Path) -> None:
    blocker = written(tmp_path, "file", "")
    with pytest.raises(BadInput, match="cannot write to"), row_writer(blocker / "out.csv", ("number",)):
        pytest.fail("the block was entered")
    with pytest.raises(BadInput, match="must end with"), row_writer(tmp_path / "out.xlsx", ("number",)):
        pytest.fail("the block was entered")
