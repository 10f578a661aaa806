# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import csv
import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from helpers.numbers import existing
from helpers.tasks import execute, run_of
from helpers.vendors import Vendors

from airflow_provider_wa.api.errors import SessionDown, VendorUnavailable
from airflow_provider_wa.operators.check import WaBulkCheckOperator
from airflow_provider_wa.store.batches import BatchKind
from airflow_provider_wa.store.store import Store

pytestmark = pytest.mark.sockets


def check(**arguments: Any) -> dict[str, Any]:
    return WaBulkCheckOperator(**{"task_id": "check", "wa_conn_id": "wuzapi_default", **arguments}).execute({})


def test_results_come_in_the_order_of_the_numbers_with_counts(vendors: Vendors) -> None:
    summary = check(numbers=["+1 202 555 0110", "0046 70 174 06 00", "1-202-555-0104", "nobody", "12025550110"])
    results = summary.pop("results")
    assert summary.pop("batch"), "a name, for who waits for what is pending"
    assert summary == {
        "total": 5,
        "exists": 1,
        "absent": 1,
        "pending": 0,
        "unknown": 1,
        "invalid": 1,
        "reused": 0,
        "duplicates": 1,
        "calls": 1,
        "output": None,
    }
    assert [(row["number"], row["status"], row["jid"]) for row in results] == [
        ("+12025550110", "exists", "12025550110@s.whatsapp.net"),
        ("+46701740600", "absent", None),
        ("+12025550104", "unknown", None),
        ("nobody", "invalid", None),
    ]
    assert [set(row) for row in results] == [{"input", "number", "status", "jid", "checked_at", "detail"}] * 4
    assert json.loads(json.dumps(results)) == results


@pytest.mark.parametrize(
    ("conn_type", "number", "status"),
    [
        ("wuzapi", "+1 202 555 0110", "exists"),
        ("wuzapi", "+1 202 555 0100", "absent"),
        ("green_api", "+1 202 555 0110", "exists"),
        ("green_api", "+1 202 555 0100", "absent"),
        ("checkwa", "+34 666 666 610", "exists"),
        ("checkwa", "+34 666 666 600", "absent"),
        ("checkwa", "+34 666 666 604", "unknown"),
        ("accuauth", "+51 999 888 710", "exists"),
        ("accuauth", "+51 999 888 700", "absent"),
        ("accuauth", "+51 999 888 701", "pending"),
        ("accuauth", "+34 666 666 610", "unknown"),
    ],
)
def test_every_vendor_that_checks_numbers_does(vendors: Vendors, conn_type: str, number: str, status: str) -> None:
    assert check(wa_conn_id=f"{conn_type}_default", numbers=[number])["results"][0]["status"] == status


@pytest.mark.parametrize("number", ["+52 55 1234 5607", "+54 9 11 1234-5607", "+55 11 98765-4307"])
def test_the_other_form_is_tried_before_a_number_is_absent(vendors: Vendors, number: str) -> None:
    summary = check(numbers=[number])
    (row,) = summary["results"]
    assert row["status"] == "exists"
    assert row["jid"].partition("@")[0] != row["number"].removeprefix("+")
    assert summary["calls"] == 2


def test_numbers_come_from_a_file_and_results_go_to_one(vendors: Vendors, tmp_path: Path) -> None:
    source = tmp_path / "list.csv"
    source.write_text("id;mobile\n1;+1 202 555 0110\n2;+1 202 555 0100\n3;x\n")
    output = tmp_path / "new" / "out.csv"
    summary = check(input_path=str(source), column="mobile", output_path=f"file://{output}")
    assert (summary["exists"], summary["absent"], summary["invalid"]) == (1, 1, 1)
    assert (summary["results"], summary["output"]) == (None, f"file://{output}")
    with output.open() as rows:
        found = {row["input"]: row["status"] for row in csv.DictReader(rows)}
    assert found == {"+1 202 555 0110": "exists", "+1 202 555 0100": "absent", "x": "invalid"}


def test_a_file_without_output_path_gives_results(vendors: Vendors, tmp_path: Path) -> None:
    source = tmp_path / "list.jsonl"
    source.write_text('{"phone": 12025550110}\n{"phone": "12025550100"}\n')
    assert [row["status"] for row in check(input_path=str(source))["results"]] == ["exists", "absent"]


def test_a_list_that_a_template_has_made_text_of_is_a_list(vendors: Vendors) -> None:
    assert check(numbers="['12025550110', 12025550100]")["total"] == 2


BAD_ARGUMENTS: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, "numbers: give exactly one of numbers, input_path and sql"),
    "both": ({"numbers": ["1"], "input_path": "a.csv"}, "give exactly one of numbers, input_path and sql"),
    "empty list": ({"numbers": []}, "numbers: the list is empty"),
    "no list": ({"numbers": {"a": 1}}, "numbers: expected a list, got dict"),
    "broken list": ({"numbers": "[1, "}, "cannot be read as one"),
    "no file": ({"input_path": "/nowhere/list.csv"}, "there is no file"),
    "no workers": ({"numbers": ["12025550110"], "concurrency": 0}, "concurrency: must be at least 1, got 0"),
    "no rate": ({"numbers": ["12025550110"], "rate_limit": "fast"}, "rate_limit: invalid rate 'fast'"),
    "unknown output": ({"numbers": ["12025550110"], "output_path": "/tmp/out.xlsx"}, "must end with"),
    "unwritable output": ({"numbers": ["12025550110"], "output_path": "/proc/nowhere/out.csv"}, "cannot write to"),
    "too many for an XCom": ({"numbers": existing(1001)}, "more than 1,000 numbers"),
    "cannot check": ({"wa_conn_id": "wa_portal_default", "numbers": ["1"]}, "accuauth, checkwa, green_api, wuzapi"),
}


@pytest.mark.parametrize("case", BAD_ARGUMENTS)
def test_a_mistake_fails_for_good_before_any_call(vendors: Vendors, case: str) -> None:
    arguments, message = BAD_ARGUMENTS[case]
    with pytest.raises(AirflowFailException, match=message):
        check(**arguments)
    assert not any(vendors.ledger()["requests"].values())


def test_a_missing_column_names_those_found(vendors: Vendors, tmp_path: Path) -> None:
    source = tmp_path / "list.csv"
    source.write_text("id,mobile\n1,2\n")
    with pytest.raises(AirflowFailException, match="no column 'phone'; it has 'id', 'mobile'"):
        check(input_path=str(source), output_path=str(tmp_path / "out.csv"))


def test_a_thousand_results_fit_an_xcom(vendors: Vendors) -> None:
    assert len(check(numbers=existing(1000), concurrency=4)["results"]) == 1000


def test_wrong_credentials_fail_for_good_and_show_no_token(vendors: Vendors) -> None:
    conn_id = vendors.connect("wuzapi", "mistyped", password="very-wrong-token")
    with pytest.raises(AirflowFailException, match="Unauthorized: wuzapi") as caught:
        check(wa_conn_id=conn_id, numbers=["12025550110"])
    assert "very-wrong-token" not in str(caught.value)


def test_a_session_that_goes_down_ends_the_run_to_be_retried_and_keeps_what_was_written(
    vendors: Vendors, tmp_path: Path
) -> None:
    source, output = tmp_path / "list.csv", tmp_path / "out.csv"
    source.write_text("\n".join(["phone", *existing(400)]))
    vendors.control("faults", vendor="green_api", kind="latency", seconds=0.01)

    def go_down() -> None:
        while vendors.state.ledger.requests["green_api"] < 20:
            time.sleep(0.005)
        vendors.control("faults", vendor="green_api", kind="logged_out")

    log_out = threading.Thread(target=go_down, daemon=True)
    log_out.start()
    with pytest.raises(SessionDown):
        check(wa_conn_id="green_api_default", input_path=str(source), output_path=str(output), concurrency=4)
    log_out.join()
    with output.open() as rows:
        statuses = [row["status"] for row in csv.DictReader(rows)]
    assert 0 < len(statuses) < 400
    assert set(statuses) == {"exists"}


def test_a_vendor_out_of_reach_is_left_to_airflows_retries(vendors: Vendors) -> None:
    conn_id = vendors.connect("accuauth", "away", host="http://127.0.0.1:9")
    with pytest.raises(VendorUnavailable, match="Connect call failed"):
        check(wa_conn_id=conn_id, numbers=[f"+51 999 {n:06d}" for n in range(100, 160)], concurrency=30)


def test_passing_failures_cost_no_number(vendors: Vendors) -> None:
    vendors.control("faults", vendor="wuzapi", kind="server_error", status=502, times=1)
    vendors.control("faults", vendor="wuzapi", kind="lost_reply", times=1)
    vendors.control("faults", vendor="wuzapi", kind="rate_limit", retry_after=0.01, times=1)
    summary = check(numbers=existing(50))
    assert (summary["exists"], summary["calls"]) == (50, 4)


def test_html_in_place_of_json_is_unknown_and_never_absent(vendors: Vendors) -> None:
    vendors.control("faults", vendor="wuzapi", kind="html", status=200)
    summary = check(numbers=existing(3))
    assert (summary["unknown"], summary["absent"]) == (3, 0)
    assert all("UnexpectedReply" in row["detail"] for row in summary["results"])


def test_the_store_has_the_batch_with_its_run_and_counts(vendors: Vendors, airflow_store: Store) -> None:
    run = run_of(dag_id="d", run_id="r1", task_id="t", map_index=3)
    summary = execute(WaBulkCheckOperator, context=run, numbers=existing(2))
    batch = airflow_store.batches.get(summary["batch"])
    assert batch is not None
    assert (batch.kind, batch.dag_id, batch.run_id, batch.task_id, batch.map_index) == (
        BatchKind.CHECK, "d", "r1", "t", 3,
    )  # fmt: skip
    assert batch.counts is not None
    assert (batch.counts["total"], batch.counts["exists"]) == (2, 2)
    assert batch.calls == summary["calls"] > 0
    assert batch.ended_at is not None
