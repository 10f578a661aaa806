# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.common.compat.sdk import Stats
from helpers.numbers import existing
from helpers.tasks import execute, run_of
from helpers.vendors import Vendors

from airflow_provider_wa.operators.check import WaBulkCheckOperator
from airflow_provider_wa.operators.send import WaBulkSendOperator, WaSendMessageOperator
from airflow_provider_wa.store.store import Store

pytestmark = pytest.mark.sockets

Counted = dict[tuple[str, ...], int]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    """What Airflow was told, by name and the values of the tags."""
    found: Counted = {}

    def incr(name: str, count: int = 1, *, tags: dict[str, str], **_: Any) -> None:
        key = (name, *tags.values())
        found[key] = found.get(key, 0) + count

    monkeypatch.setattr(Stats, "incr", incr, raising=False)
    return found


def test_sends_are_counted_by_outcome_and_once_over_all_tries(
    vendors: Vendors, airflow_store: Store, counted: Counted
) -> None:
    vendors.control("faults", vendor="wa_portal", kind="refuse", code="12", path="/api/send", times=1)
    for _ in range(2):
        execute(WaBulkSendOperator, "wa_portal_default", run_of(), recipients=existing(3), message="hello")
    sends = {key[3]: count for key, count in counted.items() if key[0] == "wa.sends"}
    assert sends == {"accepted": 3, "failed": 1}
    assert counted["wa.calls", "wa_portal_default", "wa_portal"] >= 4


def test_a_single_send_is_counted(vendors: Vendors, airflow_store: Store, counted: Counted) -> None:
    execute(WaSendMessageOperator, "wa_portal_default", run_of(), to="+12025550110", message="hello")
    assert counted["wa.sends", "wa_portal_default", "wa_portal", "accepted"] == 1


def test_answers_are_counted_and_known_ones_are_not(vendors: Vendors, airflow_store: Store, counted: Counted) -> None:
    for _ in range(2):
        execute(WaBulkCheckOperator, "wuzapi_default", run_of(), numbers=[*existing(2), "not a number"])
    assert {key[3]: count for key, count in counted.items() if key[0] == "wa.checks"} == {"exists": 2}


def test_no_tag_is_a_number_or_a_text(vendors: Vendors, airflow_store: Store, counted: Counted) -> None:
    execute(WaSendMessageOperator, "wa_portal_default", run_of(), to="+12025550110", message="what Ana reads")
    assert counted
    assert not any("12025550110" in value or "Ana" in value for key in counted for value in key)


def test_metrics_that_cannot_be_passed_on_fail_no_task(
    vendors: Vendors, airflow_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("no route")

    monkeypatch.setattr(Stats, "incr", refuse, raising=False)
    sent = execute(WaSendMessageOperator, "wa_portal_default", run_of(), to="+12025550110", message="hello")
    assert sent["accepted"] is True
