# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from airflow_provider_wa.bulk.dedupe import DiskCounter, DiskFirstRows, DiskIntSet, FirstRow

LARGEST = 16**15 - 1
"""Of a key's digits that a bulk send keeps."""


def test_a_number_is_new_once() -> None:
    with DiskIntSet() as seen:
        assert [seen.add(number) for number in (7, 8, 7, 0, LARGEST, LARGEST)] == [True, True, False, True, True, False]


def test_numbers_of_18_digits_are_told_apart() -> None:
    with DiskIntSet() as seen:
        assert seen.add(10**18 - 1)
        assert seen.add(10**18 - 2)


def test_many_may_be_added_whether_they_were_there_or_not() -> None:
    with DiskIntSet() as seen:
        seen.add(1)
        seen.add_all(iter(["1", "2", "2", "3"]))
        assert [seen.add(number) for number in (1, 2, 3, 4)] == [False, False, False, True]


def test_two_of_them_share_nothing() -> None:
    with DiskIntSet() as one, DiskIntSet() as other:
        assert one.add(1)
        assert other.add(1)


def test_more_than_fit_the_memory_are_kept_and_no_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path))
    monkeypatch.setattr("airflow_provider_wa.bulk.dedupe.MEMORY", 64)
    numbers = [place * 7919 for place in range(30_000)]
    with DiskIntSet() as seen:
        seen.add_all(map(str, numbers))
        assert not any(seen.add(number) for number in numbers)
    assert os.listdir(tmp_path) == []


def test_after_it_is_closed_nothing_is_told_that_would_be_wrong() -> None:
    with DiskIntSet() as seen:
        seen.add(1)
    with pytest.raises(sqlite3.Error):
        seen.add(1)


def test_the_first_row_of_a_number_is_kept_with_its_owner() -> None:
    with DiskFirstRows() as seen:
        assert seen.add(LARGEST, 3, 7) is None
        assert seen.add(LARGEST, 5, 8) == seen.add(LARGEST, 9, 7) == FirstRow(3, 7)
        assert seen.add(1, 10**9, LARGEST) is None
        assert seen.add(1, 2, 2) == FirstRow(10**9, LARGEST)


def test_numbers_are_counted() -> None:
    with DiskCounter() as counter:
        for number in (LARGEST, 1, LARGEST):
            counter.add(number)
        assert [counter.count(number) for number in (LARGEST, 1, 2)] == [2, 1, 0]
