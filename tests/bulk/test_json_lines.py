# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.bulk.json_lines import exact, objects


def read(*lines: str) -> list[dict[str, Any]]:
    return list(objects(enumerate(lines, 1), "a.jsonl"))


@pytest.mark.parametrize("text", ["3.46667E+10", "3e10", "-1e-3", "1.0E2"])
def test_a_number_with_an_exponent_is_kept_as_written_where_a_phone_number_is_expected(text: str) -> None:
    (row,) = read(f'{{"phone": {text}, "order": {text}}}')
    assert exact(row, "phone") == {"phone": text, "order": float(text)}
    assert exact(row, "name") == {"phone": float(text), "order": float(text)}


def test_a_number_without_an_exponent_is_a_number() -> None:
    (row,) = read('{"phone": 34666666612.0, "order": 12}')
    assert exact(row, "phone") == {"phone": 34666666612.0, "order": 12}


NAMES = st.lists(st.sampled_from(["a", "b", "c:d", "e"]), max_size=4)
VALUES = st.sampled_from(["1", '"x:y"', "null", "[1, 2]", '{"n": 1}', '{"n": {"n": 2}}'])


@given(names=NAMES, values=st.lists(VALUES, min_size=4, max_size=4))
def test_a_name_that_stands_twice_is_refused_and_no_other_row_is(names: list[str], values: list[str]) -> None:
    line = ", ".join(f'"{name}" : {value}' for name, value in zip(names, values, strict=False))
    if len(set(names)) == len(names):
        assert list(read("{" + line + "}")[0]) == names
    else:
        with pytest.raises(BadInput, match=r"a.jsonl: line 1: the name '.*' stands twice"):
            read("{" + line + "}")


@pytest.mark.parametrize(
    "line", ["[]", "1", '"phone"', "null", "{", '{"phone": 0123}', "{'phone': 1}", "[" * 100_000, '{"a": ' * 100_000]
)
def test_what_is_not_an_object_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(BadInput, match=r"a.jsonl: line 3 is not a JSON object; expected for example"):
        read("{}", "\n", line)


def test_a_name_that_stands_twice_within_a_value_is_refused() -> None:
    with pytest.raises(BadInput, match="line 1: the name 'city' stands twice"):
        read('{"phone": 1, "address": {"city": "Lima", "city": "Cusco"}}')
