# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
from dataclasses import fields
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from helpers.tasks import execute
from helpers.vendors import Vendors

from airflow_provider_wa.api.records import Contact, DeliveryStatus, Group, InboxMessage
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.operators._run.pull import columns_of
from airflow_provider_wa.operators._run.received import ReceivedMessage
from airflow_provider_wa.operators.directory import WaPullContactsOperator, WaPullGroupsOperator
from airflow_provider_wa.operators.reports import (
    WaPullDeliveryReportOperator,
    WaPullInboxOperator,
    WaReadInboxOperator,
)
from airflow_provider_wa.store.store import Store

pytestmark = pytest.mark.sockets

BOTH = ("wa_portal", "green_api")
NOW = datetime.now(timezone.utc)
HOUR = timedelta(hours=1)


def pull(operator: type[Any], conn_type: str, context: dict[str, Any] | None = None, **arguments: Any) -> Any:
    return execute(operator, f"{conn_type}_default", context, **arguments)


@pytest.mark.parametrize("conn_type", BOTH)
def test_an_empty_inbox_and_an_empty_report_are_no_errors(vendors: Vendors, conn_type: str, tmp_path: Path) -> None:
    for operator in (WaPullInboxOperator, WaPullDeliveryReportOperator):
        assert pull(operator, conn_type) == {"count": 0, "cursor": None, "output": None, "items": []}
        output = str(tmp_path / f"{operator.__name__}.jsonl")
        assert pull(operator, conn_type, output_path=output)["output"] == output
        assert Path(output).read_text() == ""


@pytest.mark.parametrize("conn_type", BOTH)
def test_the_inbox_comes_oldest_first_and_goes_on_from_a_cursor(vendors: Vendors, conn_type: str) -> None:
    for text in ("one", "two", "three"):
        vendors.control("inbox", vendor=conn_type, **{"from": "12025550111"}, text=text)
    everything = pull(WaPullInboxOperator, conn_type)
    assert [item["text"] for item in everything["items"]] == ["one", "two", "three"]
    first = everything["items"][0]["message_id"]
    later = pull(WaPullInboxOperator, conn_type, after=first)
    assert [item["text"] for item in later["items"]] == ["two", "three"]
    assert pull(WaPullInboxOperator, conn_type, after=later["cursor"])["count"] == 0


@pytest.mark.parametrize("conn_type", BOTH)
def test_who_opts_out_is_suppressed_when_the_inbox_is_pulled(
    vendors: Vendors, conn_type: str, airflow_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {"12025550111": "please stop", "12025550112": " Stop! ", "12025550113": "Quit"}
    for sender, text in said.items():
        vendors.control("inbox", vendor=conn_type, **{"from": sender}, text=text)
    assert pull(WaPullInboxOperator, conn_type)["count"] == 3
    assert airflow_store.suppressions.among(said) == {"12025550112"}
    monkeypatch.setenv("AIRFLOW__WA__OPT_OUT_WORDS", "quit")
    pull(WaPullInboxOperator, conn_type)
    assert airflow_store.suppressions.among(said) == {"12025550112", "12025550113"}


def test_a_pull_needs_no_store_while_nobody_opts_out(vendors: Vendors, monkeypatch: pytest.MonkeyPatch) -> None:
    vendors.control("inbox", vendor="wa_portal", **{"from": "12025550111"}, text="hello")
    monkeypatch.setenv("AIRFLOW_CONN_WA_STORE_DEFAULT", "mysql://127.0.0.1:1/none")
    assert pull(WaPullInboxOperator, "wa_portal")["count"] == 1


@pytest.mark.parametrize("conn_type", BOTH)
def test_a_report_tells_the_state_of_each_message(vendors: Vendors, conn_type: str) -> None:
    hook = WaHook.for_connection(f"{conn_type}_default")
    ids = [hook.send(f"+1 202 555 01{ending}", "hello").message_id for ending in (10, 11)]
    items = pull(WaPullDeliveryReportOperator, conn_type)["items"]
    assert [item["message_id"] for item in items] == ids
    assert {item["state"] for item in items} <= {"sent", "delivered"}


@pytest.mark.parametrize("conn_type", BOTH)
def test_a_period_is_the_runs_data_interval_or_as_given(vendors: Vendors, conn_type: str) -> None:
    vendors.control("inbox", vendor=conn_type, **{"from": "12025550111"}, text="now")
    this_hour = {"data_interval_start": NOW - HOUR, "data_interval_end": NOW + HOUR}
    an_hour_ago = {"data_interval_start": NOW - 2 * HOUR, "data_interval_end": NOW - HOUR}
    by_hand = {"data_interval_start": NOW, "data_interval_end": NOW}
    assert pull(WaPullInboxOperator, conn_type, this_hour)["count"] == 1
    assert pull(WaPullInboxOperator, conn_type, by_hand)["count"] == 1, "a run by hand has no interval: all there is"
    assert pull(WaPullInboxOperator, conn_type, an_hour_ago)["count"] == 0
    assert pull(WaPullInboxOperator, conn_type, an_hour_ago, since=str(NOW - HOUR))["count"] == 1
    assert pull(WaPullInboxOperator, conn_type, since=(NOW - HOUR).isoformat(), until=NOW + HOUR)["count"] == 1
    assert pull(WaPullInboxOperator, conn_type, until=(NOW - HOUR).isoformat())["count"] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"since": "yesterday"}, "since: not a date or time: 'yesterday'"),
        ({"since": "2026-11-02", "until": "2026-11-01"}, "until: .* is not after since"),
        ({"since": "2026-11-02", "after": "A1"}, "either after, or since and until"),
        ({"output_path": "/tmp/x.xlsx"}, "must end with"),
    ],
)
def test_a_mistake_fails_for_good_before_any_call(vendors: Vendors, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(AirflowFailException, match=message):
        pull(WaPullInboxOperator, "wa_portal", **arguments)
    assert not any(vendors.ledger()["requests"].values())


def test_a_vendor_without_an_inbox_names_those_that_have_one(vendors: Vendors) -> None:
    with pytest.raises(AirflowFailException, match="connection types that can: green_api, wa_portal, wuzapi"):
        pull(WaPullInboxOperator, "accuauth")


def test_a_server_that_keeps_no_messages_says_what_to_do(vendors: Vendors) -> None:
    with pytest.raises(AirflowFailException, match="set a number per chat with keep_history first"):
        pull(WaPullInboxOperator, "wuzapi")


@pytest.mark.parametrize(
    ("operator", "record"),
    [
        (WaPullInboxOperator, InboxMessage),
        (WaReadInboxOperator, ReceivedMessage),
        (WaPullDeliveryReportOperator, DeliveryStatus),
        (WaPullContactsOperator, Contact),
        (WaPullGroupsOperator, Group),
    ],
)
def test_all_that_a_record_shows_is_written_and_documented(operator: Any, record: Any) -> None:
    columns = tuple(field.name for field in fields(record) if field.repr)
    assert columns_of(record) == columns
    documented = re.search(r"Rows are ``{(.*?)}``", operator.__doc__, re.DOTALL)
    assert documented
    assert tuple(re.findall(r'"(\w+)"', documented[1])) == columns
