# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from airflow_provider_wa.bulk.dedupe import DiskIntSet

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
