# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.bulk.files import read_column, read_rows
from airflow_provider_wa.bulk.output_files import row_writer
from airflow_provider_wa.bulk.partition import Part, merge, partition

SUFFIXES = [".csv", ".tsv", ".jsonl", ".ndjson", ".parquet"]


def written(path: Path, *phones: str, columns: tuple[str, ...] = ("phone", "detail")) -> str:
    with row_writer(path, columns) as write:
        for phone in phones:
            write({"phone": phone, "detail": f"{phone},\n"})
    return str(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_parts_of_a_file_hold_each_row_once(tmp_path: Path, suffix: str) -> None:
    phones = [f"+{row}" for row in range(10)]
    path = tmp_path / f"list{suffix}"
    parts = partition(written(path, *phones), 4)
    assert parts == [
        {"first": 1, "last": 2, "of": 4},
        {"first": 3, "last": 5, "of": 4},
        {"first": 6, "last": 7, "of": 4},
        {"first": 8, "last": 10, "of": 4},
    ]
    assert [phone for part in parts for phone in read_column(path, "phone", Part.read(part).span)] == phones


def test_a_list_is_split_by_rows_and_not_by_lines(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text('note;phone\n"a\nb, c, d";1\n;;\n"x;\n\ny";2\n')
    parts = [Part.read(part).span for part in partition(path, 2)]
    assert [list(read_column(path, "phone", part)) for part in parts] == [["1"], ["2"]]


def test_a_plain_list_is_split(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("+34 666 666 611\n+34 666 666 612\n\n+34 666 666 613\n")
    assert [part["last"] for part in partition(path, 3)] == [1, 2, 3]


@given(rows=st.integers(1, 200), parts=st.integers(1, 250))
def test_parts_are_as_even_as_may_be(tmp_path_factory: pytest.TempPathFactory, rows: int, parts: int) -> None:
    path = tmp_path_factory.getbasetemp() / f"{rows}.jsonl"
    path.write_text("{}\n" * rows)
    made = [Part.read(part) for part in partition(path, parts)]
    assert len(made) == min(rows, parts)
    assert {part.of for part in made} == {len(made)}
    assert [row for part in made for row in range(part.first, part.last + 1)] == list(range(1, rows + 1))
    sizes = [part.last - part.first + 1 for part in made]
    assert max(sizes) - min(sizes) <= 1


def test_parts_go_through_an_xcom(tmp_path: Path) -> None:
    parts = partition(written(tmp_path / "list.csv", "1", "2", "3"), 2)
    assert json.loads(json.dumps(parts)) == parts


@pytest.mark.parametrize(
    ("name", "parts", "message"),
    [
        ("list.csv", 0, "parts: 0 is less than 1"),
        ("nobody.csv", 2, "there is no file"),
        ("empty.csv", 2, "there are no rows"),
        ("list.xls", 2, "must end with"),
        (
            "list.xlsx",
            2,
            "cannot be divided: an Excel workbook is unpacked .*; give it to one task, or write it as .csv",
        ),
        ("list.csv.gz", 2, "cannot be divided: a packed file is unpacked"),
    ],
)
def test_what_cannot_be_divided_is_refused(tmp_path: Path, name: str, parts: int, message: str) -> None:
    written(tmp_path / "list.csv", "1")
    written(tmp_path / "empty.csv")
    with pytest.raises(BadInput, match=message):
        partition(str(tmp_path / name), parts)


@pytest.mark.parametrize(
    "value",
    [
        None,
        3,
        "{}",
        {},
        {"first": 1, "last": 2},
        {"first": 0, "last": 2, "of": 1},
        {"first": 3, "last": 2, "of": 1},
        {"first": 1, "last": 2, "of": 0},
        {"first": "1", "last": 2, "of": 1},
        {"first": True, "last": 2, "of": 1},
        {"first": 1.0, "last": 2, "of": 1},
    ],
)
def test_what_is_no_part_is_refused(value: Any) -> None:
    with pytest.raises(BadInput, match="expected an item of what partition"):
        Part.read(value)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_results_of_all_parts_are_put_into_one_file(tmp_path: Path, suffix: str) -> None:
    summaries = [
        {
            "total": 2,
            "exists": count,
            "ok": True,
            "output": written(tmp_path / f"{count}{suffix}", *phones),
            "results": None,
            "batch": f"b{count}",
        }
        for count, phones in enumerate([("1", "2"), (), ("3",)])
    ]
    merged = tmp_path / "deep" / f"all{suffix}"
    assert merge(summaries, str(merged)) == {"total": 6, "exists": 3, "output": str(merged), "results": None}
    assert list(read_rows(merged, "phone")) == [{"phone": n, "detail": f"{n},\n"} for n in ("1", "2", "3")]


def test_a_count_that_is_zero_everywhere_is_kept(tmp_path: Path) -> None:
    summaries = [{"absent": 0, "output": written(tmp_path / f"{n}.csv", "1")} for n in range(2)]
    assert merge(summaries, tmp_path / "all.csv")["absent"] == 0


class Xcoms(Sequence[Any]):
    """What a mapped task's XComs are to the task that takes them: each item that is asked for costs a call."""

    def __init__(self, items: list[Any]) -> None:
        self._items = items

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, wanted: Any) -> Any:
        assert isinstance(wanted, slice)
        return self._items[wanted]


def test_the_xcoms_of_a_mapped_task_are_fetched_in_one_call(tmp_path: Path) -> None:
    xcoms = Xcoms([{"total": 1, "output": written(tmp_path / f"{n}.csv", str(n))} for n in range(3)])
    assert merge(xcoms, tmp_path / "all.csv")["total"] == 3


@pytest.mark.parametrize(
    ("outputs", "target", "message"),
    [
        ([], "all.csv", "must have an output"),
        ([None, "a.csv"], "all.csv", "must have an output"),
        (["a.csv", "b.jsonl"], "all.csv", r"b\.jsonl is of another kind"),
        (["a.csv", "nobody.csv"], "all.csv", r"there is no file .*nobody\.csv"),
        (["a.csv"], "a.csv", "is the file of a part"),
        (["a.csv"], "all.txt", "another kind"),
        (["a.csv", "other.csv"], "all.csv", r"other\.csv has other columns"),
        (["a.parquet", "other.parquet"], "all.parquet", r"other\.parquet has other columns"),
    ],
)
def test_what_cannot_be_merged_is_refused(tmp_path: Path, outputs: list[str | None], target: str, message: str) -> None:
    for name in ("a.csv", "b.jsonl", "a.parquet"):
        written(tmp_path / name, "1")
    for name in ("other.csv", "other.parquet"):
        written(tmp_path / name, "1", columns=("detail",))
    summaries = [{"output": name and str(tmp_path / name)} for name in outputs]
    with pytest.raises(BadInput, match=message):
        merge(summaries, str(tmp_path / target))
    assert list(read_column(tmp_path / "a.csv", "phone")) == ["1"]


def test_a_task_that_returned_nothing_cannot_be_merged(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="must have an output"):
        merge([None], tmp_path / "all.csv")  # type: ignore[list-item]
