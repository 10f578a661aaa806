# SPDX-License-Identifier: Apache-2.0
"""Holds for the runners of both bulk operators."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from helpers.tasks import FakeTask

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.operators._run.bulk_send import SendRunner
from airflow_provider_wa.operators._run.check import CheckRunner
from airflow_provider_wa.operators._run.list_runner import ListRunner
from airflow_provider_wa.operators.check import WaBulkCheckOperator
from airflow_provider_wa.operators.list_operator import WaListOperator
from airflow_provider_wa.operators.send import WaBulkSendOperator

RUNNERS: dict[type[ListRunner], tuple[type[WaListOperator], dict[str, Any]]] = {
    CheckRunner: (
        WaBulkCheckOperator,
        {"max_age": None, "budget": None, "resume": True, "pending_timeout": 3600.0, "poll_interval": None},
    ),
    SendRunner: (
        WaBulkSendOperator,
        {
            "message": "Hello", "pace": None, "daily_limit": None, "quiet_hours": None, "timezone": "UTC",
            "on_hold": "wait", "on_unknown": "fail", "idempotency_key": None, "resend": False,
        },
    ),
}  # fmt: skip


@pytest.fixture(params=RUNNERS, ids=lambda cls: cls.__name__)
def cls(request: pytest.FixtureRequest) -> type[ListRunner]:
    return request.param  # type: ignore[no-any-return]


def runner(cls: type[ListRunner], rate: float | None = None, region: str | None = None, **arguments: Any) -> Any:
    endpoint, settings = SimpleNamespace(rate=rate), SimpleNamespace(default_region=region)
    task = FakeTask(SimpleNamespace(endpoint=endpoint, settings=settings))
    return cls(task=task, **{**RUNNERS[cls][1], **arguments})


def test_messages_call_the_list_by_the_operators_argument(cls: type[ListRunner]) -> None:
    assert cls.items_name == RUNNERS[cls][0].items


def test_as_many_rows_are_read_ahead_as_may_go_into_an_xcom(cls: type[ListRunner]) -> None:
    assert runner(cls, output_path="out.csv").beginning(iter(range(10**9)), 3) == [0, 1, 2]
    assert len(runner(cls).beginning(iter(range(1000)), 3)) == 1000
    with pytest.raises(BadInput, match=f"more than 1,000 {cls.items_name}"):
        runner(cls).beginning(iter(range(10**9)), 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"items": []}, "{name}: the list is empty; expected at least one row"),
        ({"input_path": "s3://b/list.csv"}, "input_path: there are no rows in s3://b/list.csv; expected at least one"),
        ({"sql": "SELECT 1", "sql_conn_id": "db"}, "sql: the query returned no rows; expected at least one"),
    ],
)
def test_an_empty_list_is_refused_by_the_argument_that_names_it(
    cls: type[ListRunner], arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadInput) as refused:
        runner(cls, **arguments).beginning(iter([]), 1)
    assert str(refused.value) == message.format(name=cls.items_name)


def test_to_prove_that_results_can_be_written_leaves_earlier_ones_alone(cls: type[ListRunner], tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    output.write_text("of an earlier run")
    runner(cls, output_path=str(output)).prove_output()
    assert output.read_text() == "of an earlier run"
    with pytest.raises(BadInput, match="must end with"):
        runner(cls, output_path=str(tmp_path / "out.xlsx")).prove_output()
    runner(cls).prove_output()


def test_the_call_rate_is_the_tasks_or_else_the_connections_and_parts_share_it(cls: type[ListRunner]) -> None:
    part = {"first": 1, "last": 5, "of": 4}
    assert runner(cls, items=["1"]).rate() is None
    assert runner(cls, items=["1"], rate=8.0).rate() == 8.0
    assert runner(cls, items=["1"], rate=8.0, rate_limit="2/s").rate() == 2.0
    assert runner(cls, input_path="a.csv", part=part, rate=8.0).rate() == 2.0
    with pytest.raises(BadInput, match="rate_limit: invalid rate 'fast'"):
        runner(cls, items=["1"], rate_limit="fast").rate()


def test_the_region_is_the_tasks_or_else_the_connections(cls: type[ListRunner]) -> None:
    assert runner(cls).region() is None
    assert runner(cls, region="PE").region() == "PE"
    assert runner(cls, region="PE", default_region="mx").region() == "MX"


def test_less_than_one_is_refused(cls: type[ListRunner]) -> None:
    runner(cls, concurrency=1).refuse_less_than_one("concurrency")
    runner(cls).refuse_less_than_one("concurrency")
    with pytest.raises(BadInput, match="concurrency: must be at least 1, got 0"):
        runner(cls, concurrency=0).refuse_less_than_one("concurrency")


def test_parts_share_the_pace() -> None:
    part = {"first": 1, "last": 5, "of": 4}
    interval = runner(SendRunner, input_path="list.csv", part=part, pace="3-8s").policy().interval
    assert (interval.shortest, interval.longest) == (12, 32)


ROWS = [{"phone": "3224323817", "land": "CO"}, {"phone": "666666611", "land": "ES"}, {"phone": "x"}]


def test_a_country_column_must_be_one_of_the_list(cls: type[ListRunner]) -> None:
    with pytest.raises(BadInput, match="country_column: the list has no column 'country'; it has 'phone', 'land'"):
        runner(cls, items=ROWS, country_column="country").beginning(iter(ROWS), 1)
    for name in ("land", " Land"):
        named = runner(cls, items=ROWS, country_column=name)
        assert named.beginning(iter(ROWS), 3) == ROWS
        assert named.numbers.country(ROWS[0]) == ROWS[0]["land"]
    with pytest.raises(BadInput, match="country_column: the list has 'LAND' more than once; rename all but one"):
        runner(cls, items=[{"phone": "1", "land": "PE", "Land": "ES"}], country_column="LAND").beginning(iter(ROWS), 1)


@pytest.mark.parametrize("limit", [0, "10%", "0.3"])
def test_too_many_invalid_numbers_fail_before_anything_else(cls: type[ListRunner], limit: Any) -> None:
    judged = runner(cls, items=ROWS, country_column="land", max_invalid=limit)
    with pytest.raises(BadInput, match=r"max_invalid: 1 of 3 numbers are invalid; .* row 3: number: 'x' is not"):
        judged.beginning(iter(ROWS), 1)


@pytest.mark.parametrize("limit", [1, "34%", None, ""])
def test_as_many_as_are_allowed_do_not(cls: type[ListRunner], limit: Any) -> None:
    judged = runner(cls, items=ROWS, country_column="land", max_invalid=limit)
    assert judged.beginning(iter(ROWS), 3) == ROWS


def test_a_mistake_in_how_to_read_numbers_is_found_at_the_beginning(cls: type[ListRunner]) -> None:
    for arguments, message in (
        ({"max_invalid": "many"}, "max_invalid: 'many' is not a limit"),
        ({"international_without_plus": "yes"}, "international_without_plus: got 'yes'; expected True or False"),
        ({"default_region": "XX"}, "default_region: 'XX' is not a country"),
    ):
        with pytest.raises(BadInput, match=message):
            runner(cls, items=ROWS, **arguments).beginning(iter(ROWS), 1)
