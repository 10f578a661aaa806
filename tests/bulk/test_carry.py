# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_wa.api.errors import BadInput, Retry
from airflow_provider_wa.bulk.carry import CarriedRows, Carry, ListChanged, plain
from airflow_provider_wa.bulk.check_results import COLUMNS

NAMES = ["phone", "Name", "city", "status"]


def carry(*wanted: str, names: list[str] = NAMES, repeated: set[str] | None = None) -> dict[str, str]:
    return dict(Carry.of(wanted, names, repeated or set(), "phone", COLUMNS).columns)


def test_columns_are_named_as_the_author_does() -> None:
    assert carry("city", "name") == {"city": "city", "name": "Name"}
    assert carry("phone") == {"phone": "phone"}, "only if it is asked for"
    assert carry() == {}


def test_a_column_with_the_name_of_a_results_own_is_renamed() -> None:
    assert carry("*") == {"Name": "Name", "city": "city", "list_status": "status"}
    assert carry("status") == {"list_status": "status"}
    assert carry("*", names=["phone", "Status"]) == {"list_Status": "Status"}, (
        "capitals make no difference to databases"
    )


def test_a_name_of_several_lines_goes_on_one() -> None:
    assert carry("*", names=["phone", "Notes\r\n(internal)"]) == {"Notes (internal)": "Notes\r\n(internal)"}


@pytest.mark.parametrize(
    ("wanted", "names", "repeated", "message"),
    [
        (["shoe"], NAMES, set(), "carry: the list has no column 'shoe'; it has 'phone', 'Name', 'city', 'status'"),
        ([""], NAMES, set(), "carry: the list has no column ''"),
        (["tag"], NAMES, {"tag"}, "carry: the list has 'tag' more than once; rename all but one"),
        (["*"], NAMES, {"tag"}, "carry: the list has 'tag' more than once"),
        (["name"], ["phone", "NAME", "Name"], set(), "carry: the list has 'name' more than once"),
        (["*"], [*NAMES, "list_status"], set(), "carry: the results would have several columns 'list_status'"),
    ],
)
def test_columns_that_are_not_clear_are_refused(
    wanted: list[str], names: list[str], repeated: set[str], message: str
) -> None:
    with pytest.raises(BadInput) as caught:
        carry(*wanted, names=names, repeated=repeated)
    assert str(caught.value).startswith(message)


LIST: list[Mapping[str, Any]] = [
    {"phone": "+1", "name": "Ana"},
    {"phone": "+2"},
    {"phone": "+3", "name": "Eva"},
    {"phone": 4.0, "name": 5},
    {"name": "Sue"},
]


def beside(rows: list[Mapping[str, Any]], *asked: tuple[int, str], first: int = 1) -> tuple[list[Any], CarriedRows]:
    carried = CarriedRows(Carry({"who": "name"}), lambda: iter(rows), "phone", first)
    return [carried.beside(place, given)["who"] for place, given in asked], carried


def test_rows_are_found_by_their_places() -> None:
    found, carried = beside(LIST, (1, "+1"), (2, "+2"), (4, "4"), (5, ""))
    assert (found, carried.failure) == (["Ana", None, 5, "Sue"], None)
    assert carried.columns == ("who",)
    assert beside(LIST, (11, "+1"), (13, "+3"), first=11)[0] == ["Ana", "Eva"], "a part begins where it begins"


@pytest.mark.parametrize("asked", [(2, "+9"), (6, "+6")])
def test_values_of_a_list_that_changed_are_left_out_and_the_error_is_kept(asked: tuple[int, str]) -> None:
    found, carried = beside(LIST, (1, "+1"), asked, (7, "+3"))
    assert found == ["Ana", None, None]
    assert isinstance(carried.failure, ListChanged)
    assert f"its row {asked[0]} is missing or another one" in str(carried.failure)
    assert carried.failure.retry is Retry.LATER
    assert "+" not in str(carried.failure), "numbers are people's"


def test_a_list_that_cannot_be_read_to_its_end_leaves_the_rest_out() -> None:
    def rows() -> Iterator[Mapping[str, Any]]:
        yield LIST[0]
        raise OSError("the disk is gone")

    carried = CarriedRows(Carry({"who": "name"}), rows, "phone", 1)
    assert [carried.beside(1, "+1"), carried.beside(2, "+2")] == [{"who": "Ana"}, {"who": None}]
    assert isinstance(carried.failure, OSError)


def test_nothing_is_read_where_nothing_is_carried() -> None:
    carried = CarriedRows(Carry(), lambda: pytest.fail("read"), "phone", 1)
    assert (carried.beside(1, "+1"), carried.failure, carried.columns) == ({}, None, ())


def test_what_the_store_cannot_hold_does_not_make_another_row_of_it() -> None:
    rows: list[Mapping[str, Any]] = [{"phone": "+1\0\ud800", "name": "A\0na \ud800"}]
    found, carried = beside(rows, (1, "+1?"))
    assert (found, carried.failure) == (["Ana ?"], None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("  Zoë ", "  Zoë "),
        (None, None),
        (True, True),
        (10**20, 10**20),
        (0.1, 0.1),
        (float("nan"), None),
        (Decimal("10.50"), "10.50"),
        (date(2026, 3, 1), "2026-03-01"),
        (datetime(2026, 3, 1, 8, tzinfo=timezone.utc), "2026-03-01T08:00:00+00:00"),
        ({"city": Decimal("1.5"), 1: [date(2026, 3, 1)]}, {"city": "1.5", "1": ["2026-03-01"]}),
        (b"\xff", "ff"),
    ],
)
def test_values_are_as_json_has_them(value: Any, expected: Any) -> None:
    assert plain(value) == expected
    assert type(plain(value)) is type(expected)
    assert json.loads(json.dumps(plain(value))) == expected
