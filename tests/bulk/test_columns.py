# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.bulk.columns import Columns, Keys, place_of


@pytest.mark.parametrize(
    ("column", "names", "place"),
    [
        ("phone", ["name", "phone"], 1),
        ("phone", ["Phone", "phone"], 1),
        ("phone", ["name", " Phone "], 1),
        ("PHONE (mobile)", ["Phone\n(mobile)"], 0),
        ("phone", ["Phone", "PHONE"], None),
        ("phone", ["phone", "phone"], None),
        ("phone", ["name"], None),
    ],
)
def test_a_column_is_found_by_its_name_or_without_case_and_blanks(
    column: str, names: list[str], place: int | None
) -> None:
    assert place_of(column, names) == place


def test_a_row_has_what_is_there_by_the_names_of_the_columns() -> None:
    columns = Columns.of([" Name ", "PHONE", "city", "City", ""], "phone", "a.csv")
    assert columns.names == ["Name", "phone", "city", "City"]
    assert columns.row(["Ana", "+1", " ", None, "x"]) == {"Name": "Ana", "phone": "+1"}
    assert columns.row(["Ana"]) == {"Name": "Ana"}
    assert [columns.value(["Ana", 1.0]), columns.value(["Ana"]), columns.value(["Ana", None])] == [1, "", ""]


def test_names_that_stand_twice_are_known_and_rows_lack_them() -> None:
    columns = Columns.of(["phone", "name", " name", " Phone", "", ""], "phone", "a.csv")
    assert columns.repeated == {"name"}
    assert columns.row(list("123456")) == {"phone": "1", "Phone": "4"}


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["name"], "column: a.csv has no column 'phone'; it has 'name'"),
        ([], "it has none"),
        (["+34 666 666 611", "Ana"], "a phone number stands where names of columns are expected; write .* phone,name"),
        (["'+34666666612", "Ana"], "a phone number stands where names of columns are expected"),
        (["phone", "phone"], "a.csv has 'phone' more than once: 'phone' .column 1., 'phone' .column 2."),
    ],
)
def test_a_column_that_is_not_there_or_not_clear_is_refused(names: list[str], message: str) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        Columns.of(names, "phone", "a.csv")
    assert "666" not in str(caught.value)


def test_the_keys_of_all_rows_say_where_the_column_is() -> None:
    keys = Keys.of(iter([{"Phone": 1}, {"name": "Ana"}]), "phone", "recipients")
    assert keys.row({"Phone": 2.0, "name": None, "city": "Lima"}) == {"phone": 2, "city": "Lima"}
    assert [keys.value({"Phone": "1"}), keys.value({"name": "Ana"})] == ["1", ""]
    exact = Keys.of(iter([{"Phone": 1}, {"phone": 2}]), "phone", "recipients")
    assert exact.value({"Phone": 1}) == ""


def test_a_list_without_rows_has_no_wrong_keys() -> None:
    assert Keys.of(iter([]), "phone", "recipients").key == "phone"
