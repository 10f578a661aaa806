# SPDX-License-Identifier: Apache-2.0
"""A send to a check's results: only to rows of some statuses, with the list's columns in the text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from helpers.offline import Offline
from helpers.tasks import run_of

from airflow_provider_wa.operators.check import WaBulkCheckOperator
from airflow_provider_wa.operators.send import WaBulkSendOperator
from airflow_provider_wa.store.store import Store

PEOPLE = [
    {"phone": "+1 202 555 0100", "name": "Ben"},
    {"phone": "n/a", "name": "Bob"},
    {"phone": "+1 202 555 0110", "name": "Ana"},
    {"phone": "12025550110", "name": "Ana again"},
    {"phone": "+1 202 555 0210"},
]


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, airflow_store: Store) -> Offline:
    return Offline(monkeypatch)


def send(**arguments: Any) -> dict[str, Any]:
    known = {"task_id": "send", "wa_conn_id": "wuzapi_default", "column": "number", "only": "exists", **arguments}
    summary: dict[str, Any] = WaBulkSendOperator(message="Hello {{ name | default('you') }}", **known).execute(run_of())
    return summary


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "xcom"])
def test_a_send_follows_a_check_without_a_join(offline: Offline, tmp_path: Path, kind: str) -> None:
    output = None if kind == "xcom" else str(tmp_path / f"checked.{kind}")
    checked = WaBulkCheckOperator(
        task_id="check", wa_conn_id="wuzapi_default", numbers=PEOPLE, carry="*", output_path=output
    ).execute(run_of(task_id="check"))
    summary = send(recipients=checked)
    assert [(row["input"], row["to"], row["status"], row["detail"]) for row in summary["results"]] == [
        ("+12025550100", "12025550100", "skipped", "status is absent; only exists"),
        ("n/a", None, "skipped", "status is invalid; only exists"),
        ("+12025550110", "12025550110", "accepted", ""),
        ("+12025550210", "12025550210", "accepted", ""),
    ]
    assert (summary["total"], summary["accepted"], summary["skipped"], summary["failed"]) == (4, 2, 2, 0)
    texts = [message.content["text"] for message in offline.state.ledger.messages.values()]
    assert texts == ["Hello Ana", "Hello you"]


def test_a_row_that_is_left_out_does_not_stand_in_the_way_of_the_same_person(offline: Offline) -> None:
    rows = [{"number": "+12025550110", "status": status} for status in ("unknown", "exists", "exists")]
    statuses = [row["status"] for row in send(recipients=rows)["results"]]
    assert statuses == ["skipped", "accepted", "skipped"]


def test_who_was_sent_to_keeps_that_result_whatever_a_later_check_says(offline: Offline) -> None:
    rows = [{"number": "+12025550110", "status": "exists"}, {"number": "+12025550100", "status": "absent"}]
    for statuses in (("exists", "absent"), ("absent", "exists")):
        for row, status in zip(rows, statuses, strict=True):
            row["status"] = status
        results = send(recipients=rows)["results"]
    assert [row["input"] for row in results] == [row["number"] for row in rows], "one result a row"
    assert results[0]["status"] == "accepted"


def test_a_list_of_which_nobody_is_sent_to_is_no_mistake(offline: Offline) -> None:
    summary = send(recipients=[{"number": "+12025550100", "status": "absent"}])
    assert (summary["skipped"], offline.state.ledger.messages) == (1, {})


@pytest.mark.parametrize(
    ("rows", "only", "message"),
    [
        ([{"number": "+12025550110"}], "exists", "only: the list has no column 'status'; it has 'number'"),
        ({"total": 0, "results": None, "output": None}, "exists", "recipients: give exactly one of recipients"),
        ([{"number": "+12025550110", "status": "exists"}], "here", "only: unknown status 'here'"),
    ],
)
def test_a_mistake_is_found_before_any_request(offline: Offline, rows: Any, only: str, message: str) -> None:
    with pytest.raises(AirflowFailException, match=message):
        send(recipients=rows, only=only)
    assert offline.requests == 0


def test_a_dry_run_says_who_would_be_left_out(offline: Offline) -> None:
    rows = [{"number": "+12025550110", "status": "exists"}, {"number": "+12025550100", "status": "absent"}]
    summary = send(recipients=rows, dry_run=True)
    assert [row["status"] for row in summary["results"]] == ["would_send", "skipped"]
    assert offline.requests == 0


def test_rows_that_are_left_out_do_not_count_among_the_invalid(offline: Offline) -> None:
    rows = [{"number": "n/a", "status": "invalid"}] * 9 + [{"number": "+12025550110", "status": "exists"}]
    assert send(recipients=rows, max_invalid=0)["accepted"] == 1
    with pytest.raises(AirflowFailException, match="max_invalid: 9 of 10 numbers are invalid"):
        send(recipients=rows, only=None, max_invalid=0)
