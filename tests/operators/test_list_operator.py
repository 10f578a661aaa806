# SPDX-License-Identifier: Apache-2.0
"""What holds for every operator that goes through a list; each one's own tests try it with the vendors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_wa.operators.check import WaBulkCheckOperator
from airflow_provider_wa.operators.list_operator import WaListOperator
from airflow_provider_wa.operators.send import WaBulkSendOperator

OPERATORS = {WaBulkCheckOperator: {}, WaBulkSendOperator: {"message": "Hello"}}

pytestmark = pytest.mark.parametrize("cls", OPERATORS, ids=lambda cls: cls.__name__)


def made(cls: type[WaListOperator], **arguments: Any) -> WaListOperator:
    return cls(task_id="t", wa_conn_id="wuzapi_default", **{**OPERATORS[cls], **arguments})


def test_all_that_names_the_list_may_be_a_template(cls: type[WaListOperator]) -> None:
    given = {
        "input_path": "i",
        "sql": "q",
        "sql_conn_id": "d",
        "column": "c",
        "output_path": "o",
        "default_region": "r",
        "country_column": "l",
        "max_invalid": "m",
    }
    operator = made(cls, **{name: f"{{{{ {value} }}}}" for name, value in given.items()}, **{cls.items: "{{ items }}"})
    operator.wa_conn_id = "{{ conn }}"
    rendered = {value: f"a {name}" for name, value in given.items()}
    operator.render_template_fields({**rendered, "conn": "my_wa", "items": "[1]"})  # type: ignore[typeddict-item]
    assert {name: getattr(operator, name) for name in given} == {name: f"a {name}" for name in given}
    assert (operator.wa_conn_id, getattr(operator, cls.items)) == ("my_wa", "[1]")


def test_the_configuration_says_whether_to_defer_unless_the_author_does(
    cls: type[WaListOperator], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not made(cls).deferrable
    monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", "True")
    assert made(cls).deferrable
    assert not made(cls, deferrable=False).deferrable


@pytest.mark.sockets
def test_a_mistake_leaves_the_results_of_an_earlier_run_alone(
    cls: type[WaListOperator], vendors: Any, tmp_path: Path
) -> None:
    output = tmp_path / "out.csv"
    output.write_text("of an earlier run")
    for mistake in ({cls.items: []}, {cls.items: ["12025550110"], "rate_limit": "fast"}):
        with pytest.raises(AirflowFailException):
            made(cls, output_path=str(output), **mistake).execute({})  # type: ignore[typeddict-item]
    assert output.read_text() == "of an earlier run"
