# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import csv
import json
import sys
from contextlib import suppress
from pathlib import Path

import fsspec
import pyarrow.parquet as arrow
import pytest
from airflow.sdk import ObjectStoragePath
from airflow.sdk.io import attach

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.bulk import parquet
from airflow_provider_wa.bulk.files import prove, read_column
from airflow_provider_wa.bulk.output_files import prove_writable, row_writer

LISTS = ["a.csv", "a.tsv", "a.jsonl", "a.ndjson", "a.parquet"]


def written(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_text(content)
    return path


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


def test_rows_are_written_as_parquet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROWS_AT_ONCE", 2)
    values = ["+34 600", None, 7, "2026-01-02T03:04:05+00:00", {"a": "ñ"}]
    with row_writer(tmp_path / "out.parquet", ("number", "detail")) as write:
        for value in values:
            write({"number": value, "secret": "x"})
    table = arrow.ParquetFile(tmp_path / "out.parquet")
    assert [(field.name, str(field.type)) for field in table.schema_arrow] == [
        ("number", "string"),
        ("detail", "string"),
    ]
    assert table.read().column("number").to_pylist() == ["+34 600", None, "7", values[3], '{"a": "ñ"}']
    assert [table.metadata.row_group(group).num_rows for group in range(table.num_row_groups)] == [2, 2, 1]


@pytest.mark.parametrize("name", LISTS)
def test_an_empty_result_is_a_file_that_can_be_read(tmp_path: Path, name: str) -> None:
    with row_writer(tmp_path / name, ("phone",)):
        pass
    assert list(read_column(tmp_path / name, "phone")) == []
    assert prove(tmp_path / name).count == 0


def test_an_earlier_file_is_replaced(tmp_path: Path) -> None:
    path = written(tmp_path, "out.csv", "old " * 1000)
    with row_writer(path, ("number",)):
        pass
    assert path.read_text().strip() == "number"


@pytest.mark.parametrize("name", LISTS)
def test_what_was_written_stays_after_an_error(tmp_path: Path, name: str) -> None:
    with suppress(ZeroDivisionError), row_writer(tmp_path / name, ("number",)) as write:
        write({"number": "1"})
        raise ZeroDivisionError
    assert list(read_column(tmp_path / name, "number")) == ["1"]


def test_an_output_that_cannot_be_written_is_found_at_once(tmp_path: Path) -> None:
    blocker = written(tmp_path, "file", "")
    with pytest.raises(BadInput, match="cannot write to"), row_writer(blocker / "out.csv", ("number",)):
        pytest.fail("the block was entered")
    with pytest.raises(BadInput, match="must end with"), row_writer(tmp_path / "out.xlsx", ("number",)):
        pytest.fail("the block was entered")


@pytest.mark.parametrize("scheme", ["file", "memory"])
def test_to_prove_that_a_file_can_be_written_changes_nothing(tmp_path: Path, scheme: str) -> None:
    attach("memory", fs=fsspec.filesystem("memory"))
    folder = ObjectStoragePath(f"{scheme}://{tmp_path}")
    path = folder / "deep" / "out.csv"
    prove_writable(path)
    assert not path.exists()
    with path.open("wb") as file:
        file.write(b"of an earlier run")
    prove_writable(path)
    assert path.read_bytes() == b"of an earlier run"
    assert [each.name for each in path.parent.iterdir()] == ["out.csv"]


def test_a_file_that_cannot_be_written_is_told_before_there_is_anything_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocker = written(tmp_path, "file", "")
    (tmp_path / "folder.csv").mkdir()
    for path in (blocker / "out.csv", tmp_path / "folder.csv"):
        with pytest.raises(BadInput, match="cannot write to"):
            prove_writable(path)
    with pytest.raises(BadInput, match="must end with"):
        prove_writable(tmp_path / "out.xlsx")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(BadInput, match="need pyarrow"):
        prove_writable(tmp_path / "out.parquet")


CELLS = ["=1+1", "+34666666666", "-5", "@sum", "\tx", "\rx", "plain", "a=b", "", "'quoted", 5, -5, None]
QUOTED = ["'=1+1", "'+34666666666", "'-5", "'@sum", "'\tx", "'\rx", "plain", "a=b", "", "'quoted", "5", "-5", ""]


@pytest.mark.parametrize(("suffix", "delimiter"), [("csv", ","), ("tsv", "\t")])
@pytest.mark.parametrize("safe", [False, True])
def test_cells_that_a_spreadsheet_would_run_are_quoted_on_request(
    tmp_path: Path, suffix: str, delimiter: str, safe: bool
) -> None:
    path = tmp_path / f"out.{suffix}"
    with row_writer(path, ["=name"], spreadsheet_safe=safe) as write:
        for cell in CELLS:
            write({"=name": cell})
    with path.open(newline="") as file:
        head, *rows = csv.reader(file, delimiter=delimiter)
    exact = ["" if cell is None else str(cell) for cell in CELLS]
    assert head == (["'=name"] if safe else ["=name"])
    assert [row[0] if row else "" for row in rows] == (QUOTED if safe else exact)


def test_other_files_are_exact_in_any_case(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    with row_writer(path, ["=name"], spreadsheet_safe=True) as write:
        write({"=name": "=1+1"})
    assert json.loads(path.read_text()) == {"=name": "=1+1"}
