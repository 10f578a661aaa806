# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import logging
from typing import Any

import pytest

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.numbers import NumberRules
from airflow_provider_wa.operators._run.list_numbers import InvalidLimit, ListNumbers

LOG = logging.getLogger(__name__)


def numbers(region: str | None = None, without_plus: bool | None = None, *, jids: bool = True) -> ListNumbers:
    return ListNumbers("phone", "country", NumberRules(region, without_plus), jids)


@pytest.mark.parametrize(
    ("row", "digits"),
    [
        ({"phone": "3224323817", "country": "co"}, "573224323817"),
        ({"phone": 3224323817, "country": "CO", "name": "Ana"}, "573224323817"),
        ({"phone": "666666611"}, "34666666611"),
        ({"phone": "+573224323817", "country": "ES"}, "573224323817"),
        ({"phone": "1203630211@g.us", "country": "ES"}, "1203630211@g.us"),
    ],
)
def test_a_row_is_read_by_its_country_and_else_by_the_region(row: dict[str, Any], digits: str) -> None:
    assert numbers("ES").read(row) == digits


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"phone": "3224323817", "country": "Colombia"}, "country_column: 'COLOMBIA' is not a country"),
        ({"phone": "3224323817", "country": 57}, "country_column: '57' is not a country"),
        ({"phone": "3224323817"}, "is not a number of ES"),
        ({"country": "CO"}, "number: the text is empty"),
        ({"phone": "nobody@example.com"}, "recipient: "),
    ],
)
def test_a_row_without_a_number_of_its_country_is_refused(row: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        numbers("ES").read(row)


def test_a_check_takes_numbers_only() -> None:
    with pytest.raises(BadInput, match="not a phone number"):
        numbers(jids=False).read({"phone": "1203630211@g.us"})


@pytest.mark.parametrize(
    ("given", "invalid", "exceeded"),
    [
        (2, 2, False), (2, 3, True), ("2", 3, True), (0, 0, False), (0, 1, True), (1, 1, False),
        (0.1, 1, False), (0.1, 2, True), ("0.1", 2, True), ("10%", 1, False), (" 10% ", 2, True), ("12.5%", 2, True),
        (1.0, 10, False), ("100%", 10, False), (0.0, 1, True), ("0%", 1, True),
    ],
)  # fmt: skip
def test_a_limit_is_a_number_of_rows_or_a_share_of_ten(given: Any, invalid: int, exceeded: bool) -> None:
    assert InvalidLimit.of(given).exceeded(invalid, 10) is exceeded


@pytest.mark.parametrize("wrong", [-1, "-1", 1.5, "101%", "many", "", True, [], float("nan"), "nan%", "%"])
def test_what_is_no_limit_is_refused(wrong: Any) -> None:
    with pytest.raises(BadInput, match=r"max_invalid: .* is not a limit; expected a number of rows, or a share"):
        InvalidLimit.of(wrong)


def test_the_error_counts_all_and_names_the_first() -> None:
    rows = [{"phone": "+34666666611"}, *({"phone": f"no {place}"} for place in range(9))]
    numbers().refuse_over(InvalidLimit.of("90%"), iter(rows), 1)
    with pytest.raises(BadInput) as caught:
        numbers().refuse_over(InvalidLimit.of(8), iter(rows), 101)
    message = str(caught.value)
    assert message.startswith("max_invalid: 9 of 10 numbers are invalid; at most 8 may be.")
    assert [f"row {place}:" in message for place in (101, 102, 103, 104, 105)] == [False, True, True, True, False]


def test_rows_that_are_left_out_do_not_count_and_keep_their_places() -> None:
    rows = [{"phone": "no", "status": "invalid"}, {"phone": "+34666666611"}, {"phone": "no, too"}]
    limit = InvalidLimit.of("50%")
    numbers().refuse_over(limit, iter(rows), 1, lambda row: "status" in row)
    with pytest.raises(BadInput, match=r"max_invalid: 1 of 2 numbers .* row 3: number: 'no, too'"):
        numbers().refuse_over(InvalidLimit.of(0), iter(rows), 1, lambda row: "status" in row)
    with pytest.raises(BadInput, match=r"max_invalid: 2 of 3 numbers"):
        numbers().refuse_over(limit, iter(rows), 1)


def result(given: str, number: str, detail: str = "", status: str = "exists") -> dict[str, Any]:
    return {"input": given, "number": number, "status": status, "detail": detail}


def test_a_result_names_the_country_that_was_assumed(caplog: pytest.LogCaptureFixture) -> None:
    read = numbers()
    assert read.noted(result("3224323817", "+3224323817"), "number")["detail"] == "read as +32 (BE)"
    assert read.noted(result("3224323817", "3224323817", "slow"), "number")["detail"] == "read as +32 (BE); slow"
    for given, number in (("+3224323817", "+3224323817"), ("3224323817", "+573224323817"), ("1@g.us", "1@g.us")):
        assert read.noted(result(given, number), "number")["detail"] == ""
    for status in ("skipped", "failed"):
        assert read.noted(result("3224323817", "3224323817", "why", status), "number")["detail"] == "why"
    read.warn(LOG, 5)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "numbers with neither + nor a country: 2 (2 read as +32 (BE)); set default_region" in caplog.text


@pytest.mark.parametrize(("region", "without_plus"), [("BE", None), (None, True)])
def test_nothing_is_remarked_where_the_author_has_said_it(region: str | None, without_plus: bool | None) -> None:
    assert numbers(region, without_plus).noted(result("3224323817", "+3224323817"), "number")["detail"] == ""


@pytest.mark.parametrize(("invalid", "total", "warned"), [(0, 0, False), (1, 3, False), (1, 2, True), (3, 3, True)])
def test_half_of_a_list_invalid_is_warned_of(
    invalid: int, total: int, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    read = numbers()
    for _ in range(invalid):
        read.noted(result("x", "x", "number: 'x' is not a phone number", "invalid"), "number")
    read.warn(LOG, total)
    assert (f"{invalid} of {total} numbers are invalid: is 'phone' the column" in caplog.text) is warned
    caplog.clear()
    read.warn(LOG, 1)
    assert caplog.text == "", "the next results are counted from 0"
