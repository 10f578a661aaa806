# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSkipException
from helpers.tasks import execute
from helpers.vendors import Vendors

from airflow_provider_wa.operators.directory import WaBalanceOperator, WaPullContactsOperator, WaPullGroupsOperator

pytestmark = pytest.mark.sockets


@pytest.mark.parametrize("conn_type", ["wuzapi", "wa_portal", "green_api"])
def test_contacts_come_as_items_or_in_a_file(vendors: Vendors, tmp_path: Path, conn_type: str) -> None:
    pulled = execute(WaPullContactsOperator, f"{conn_type}_default")
    assert pulled["count"] == len(pulled["items"]) > 0
    assert set(pulled["items"][0]) == {"vendor", "jid", "name"}
    assert pulled["cursor"] == pulled["items"][-1]["jid"]
    assert json.loads(json.dumps(pulled)) == pulled
    output = tmp_path / "contacts.csv"
    to_file = execute(WaPullContactsOperator, f"{conn_type}_default", output_path=str(output))
    assert (to_file["count"], to_file["items"], to_file["output"]) == (pulled["count"], None, str(output))
    with output.open() as rows:
        assert [row["jid"] for row in csv.DictReader(rows)] == [item["jid"] for item in pulled["items"]]


@pytest.mark.parametrize("conn_type", ["wuzapi", "wa_portal"])
def test_groups_come_with_their_members(vendors: Vendors, tmp_path: Path, conn_type: str) -> None:
    items = execute(WaPullGroupsOperator, f"{conn_type}_default")["items"]
    assert items
    assert all(item["name"] and item["participants"] for item in items)
    output = tmp_path / "groups.csv"
    execute(WaPullGroupsOperator, f"{conn_type}_default", output_path=str(output))
    with output.open() as rows:
        assert [json.loads(row["participants"]) for row in csv.DictReader(rows)] == [i["participants"] for i in items]


def test_the_balance_fails_or_skips_below_what_is_needed(vendors: Vendors) -> None:
    left = execute(WaBalanceOperator, "wa_portal_default")["left"]
    assert execute(WaBalanceOperator, "wa_portal_default", min_balance=left)["left"] == left
    assert execute(WaBalanceOperator, "wa_portal_default", min_balance=str(left))["left"] == left
    with pytest.raises(AirflowFailException, match=f"{left} left, {left + 1} needed"):
        execute(WaBalanceOperator, "wa_portal_default", min_balance=left + 1)
    with pytest.raises(AirflowSkipException):
        execute(WaBalanceOperator, "wa_portal_default", min_balance=left + 1, on_low="skip")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"min_balance": "much"}, "min_balance: not a number: 'much'"),
        ({"on_low": "shrug"}, "on_low: unknown value 'shrug'; expected fail or skip"),
    ],
)
def test_a_mistake_fails_for_good_before_any_call(vendors: Vendors, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(AirflowFailException, match=message):
        execute(WaBalanceOperator, "wa_portal_default", **arguments)
    assert not any(vendors.ledger()["requests"].values())


@pytest.mark.parametrize("operator", [WaPullContactsOperator, WaPullGroupsOperator, WaBalanceOperator])
def test_a_vendor_without_the_capability_names_those_that_have_it(vendors: Vendors, operator: type[Any]) -> None:
    with pytest.raises(AirflowFailException, match=r"connection types that can: .*wa_portal"):
        execute(operator, "checkwa_default")
