# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.operators._run.status_filter import StatusFilter

ROWS: list[dict[str, Any]] = [{"status": status} for status in ("exists", "absent", " exists ")] + [{}]


@pytest.mark.parametrize(
    ("only", "reasons"),
    [
        (None, ["", "", "", ""]),
        ("exists", ["", "status is absent; only exists", "", "status is missing; only exists"]),
        (["exists", "absent"], ["", "", "", "status is missing; only exists, absent"]),
        (
            "['absent']",
            ["status is exists; only absent", "", "status is exists; only absent", "status is missing; only absent"],
        ),
    ],
)
def test_rows_with_another_status_are_left_out_with_the_reason(only: Any, reasons: list[str]) -> None:
    found = StatusFilter.of(only).over(["number", "status"])
    assert [found.reason(row) for row in ROWS] == reasons


@pytest.mark.parametrize(
    ("only", "shown"), [("here", "'here'"), (["exists", ""], "''"), ([], "none"), ("Exists", "'Exists'")]
)
def test_an_unknown_status_is_refused(only: Any, shown: str) -> None:
    with pytest.raises(BadInput) as caught:
        StatusFilter.of(only)
    expected = f"only: unknown status {shown}; expected one or several of exists, absent, pending, unknown, invalid"
    assert str(caught.value) == expected


def test_a_list_without_statuses_is_refused() -> None:
    with pytest.raises(BadInput, match="only: the list has no column 'status'; it has 'phone', 'name'; give it"):
        StatusFilter.of("exists").over(["phone", "name"])
    assert StatusFilter.of(None).over(["phone"]).reason({}) == ""


def test_a_databases_capitals_make_no_difference() -> None:
    assert StatusFilter.of("exists").over(["NUMBER", "STATUS"]).reason({"STATUS": "exists"}) == ""
