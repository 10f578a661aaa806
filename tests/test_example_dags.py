# SPDX-License-Identifier: Apache-2.0
"""Every example parses, and the small ones run: each is the first thing that somebody copies."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.numbers import parse

EXAMPLES = Path(__file__).parent.parent / "example_dags"
FILES = sorted(path.name for path in EXAMPLES.glob("*.py"))


@pytest.fixture(scope="module")
def dag_bag() -> Any:
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:  # Airflow 3.1
        from airflow.models.dagbag import DagBag
    return DagBag(EXAMPLES)


@pytest.mark.sockets
def test_all_examples_parse(dag_bag: Any) -> None:
    assert dag_bag.import_errors == {}
    assert sorted(f"{dag_id}.py" for dag_id in dag_bag.dags) == FILES


@pytest.mark.sockets
def test_every_connection_type_has_an_example(dag_bag: Any) -> None:
    used = {getattr(task, "wa_conn_id", "") for dag in dag_bag.dags.values() for task in dag.tasks}
    assert used >= {f"{name}_default" for name in ("wuzapi", "wa_portal", "green_api", "checkwa", "accuauth")}


@pytest.mark.sockets
def test_tasks_that_send_are_tried_again_and_mapped_ones_have_names(dag_bag: Any) -> None:
    tasks = [task for dag in dag_bag.dags.values() for task in dag.tasks]
    sends = [task for task in tasks if task.task_type in ("WaSendMessageOperator", "WaBulkSendOperator")]
    assert len(sends) > 5
    assert [task.task_id for task in sends if not task.retries] == []
    of_ours = ("WaSendMessageOperator", "WaBulkSendOperator", "WaBulkCheckOperator")
    mapped = [task for task in tasks if task.task_type in of_ours and hasattr(task, "expand_input")]
    assert mapped
    assert [task.task_id for task in mapped if not task.map_index_template] == []
    assert [dag_id for dag_id, dag in dag_bag.dags.items() if not dag.doc_md] == []


def test_the_list_of_the_outreach_example_is_as_lists_are() -> None:
    """200 rows of several countries, some invalid, some of them the same number again."""
    with (EXAMPLES / "data" / "outreach.csv").open() as rows:
        people = list(csv.DictReader(rows))
    numbers, invalid = Counter[str](), 0
    for person in people:
        try:
            numbers[parse(person["phone"]).digits] += 1
        except BadInput:
            invalid += 1
    assert len(people) == 200
    assert len({person["country"] for person in people}) > 5
    assert invalid == 10
    assert sum(count - 1 for count in numbers.values()) == 8
