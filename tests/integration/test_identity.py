# SPDX-License-Identifier: Apache-2.0
"""A number and its LID through a server: what its answers teach, and lists that have both."""

from __future__ import annotations

from typing import Any

import pytest
from helpers.tasks import run_of
from helpers.vendors import Vendors

from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.hooks.wuzapi import WuzApiHook
from airflow_provider_wa.operators.check import WaBulkCheckOperator
from airflow_provider_wa.operators.directory import WaPullGroupsOperator
from airflow_provider_wa.operators.send import WaBulkSendOperator, WaSendMessageOperator
from airflow_provider_wa.sandbox import directory
from airflow_provider_wa.store.store import Store

pytestmark = pytest.mark.sockets

HIDDEN = "51987654308"
LID = directory.lid_of(HIDDEN)
OTHER = "34666666610"


def send(recipients: list[str], conn_type: str = "wuzapi", **run: Any) -> dict[str, Any]:
    operator = WaBulkSendOperator(
        task_id="send", wa_conn_id=f"{conn_type}_default", recipients=recipients, message="hello", deferrable=False
    )
    summary: dict[str, Any] = operator.execute(run_of(task_id="send", max_tries=0, **run))
    return summary


def details(summary: dict[str, Any]) -> list[tuple[str, str]]:
    return [(row["status"], row["detail"]) for row in summary["results"]]


def sent(vendors: Vendors) -> int:
    return len(vendors.ledger()["messages"])


def known(store: Store, lid: str = LID) -> tuple[str, ...]:
    return tuple(store.identities.names([lid])[lid])


@pytest.mark.parametrize("conn_type", ["wuzapi", "green_api"])
@pytest.mark.parametrize("lid_first", [False, True])
def test_a_list_with_a_number_and_the_lid_of_its_check_sends_one_message(
    vendors: Vendors, airflow_store: Store, conn_type: str, lid_first: bool
) -> None:
    check = WaBulkCheckOperator(task_id="check", wa_conn_id=f"{conn_type}_default", numbers=[HIDDEN])
    (answer,) = check.execute(run_of(task_id="check"))["results"]
    assert answer["jid"] == LID
    people = [LID, f"+{HIDDEN}"] if lid_first else [f"+{HIDDEN}", LID]
    summary = send([f"+{OTHER}", *people], conn_type)
    assert details(summary) == [("accepted", ""), ("accepted", ""), ("skipped", "same recipient as row 2")]
    assert sent(vendors) == 2


def test_a_row_that_changes_from_the_lid_to_the_number_is_not_sent_again(
    vendors: Vendors, airflow_store: Store
) -> None:
    assert details(send([f"+{OTHER}", LID])) == [("accepted", "")] * 2
    assert known(airflow_store) == (LID,)
    assert WuzApiHook("wuzapi_default").lid(HIDDEN) == LID
    assert known(airflow_store) == (LID, HIDDEN)
    again = send([f"+{OTHER}", f"+{HIDDEN}"], try_number=2)
    assert (details(again), sent(vendors)) == ([("accepted", "")] * 2, 2)
    assert [row["to"] for row in again["results"]] == [OTHER, LID]


def test_one_message_whose_recipient_changes_is_not_sent_again(vendors: Vendors, airflow_store: Store) -> None:
    def one(to: str) -> str:
        operator = WaSendMessageOperator(task_id="send", wa_conn_id="wuzapi_default", to=to, message="hello")
        return str(operator.execute(run_of(task_id="send", max_tries=0))["message_id"])

    first = one(LID)
    airflow_store.identities.learn({LID: HIDDEN})
    assert one(f"+{HIDDEN}") == one(LID) == first
    assert sent(vendors) == 1


def test_groups_teach_the_numbers_of_their_members(vendors: Vendors, airflow_store: Store) -> None:
    group = vendors.state.groups[next(iter(vendors.state.groups))]
    WaPullGroupsOperator(task_id="groups", wa_conn_id="wuzapi_default").execute(run_of(task_id="groups"))
    for number in group.participants:
        assert known(airflow_store, directory.lid_of(number)) == (directory.lid_of(number), number)


@pytest.mark.parametrize("conn_type", ["wuzapi", "green_api"])
def test_a_check_by_the_hook_teaches_the_lid(vendors: Vendors, airflow_store: Store, conn_type: str) -> None:
    WaHook.for_connection(f"{conn_type}_default").check(HIDDEN)
    assert known(airflow_store) == (LID, HIDDEN)


def test_a_users_data_teach_the_lid(vendors: Vendors, airflow_store: Store) -> None:
    WuzApiHook("wuzapi_default").user_info([HIDDEN])
    assert known(airflow_store) == (LID, HIDDEN)
