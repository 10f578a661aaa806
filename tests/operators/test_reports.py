# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import csv
import json
import time
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from helpers.vendors import Vendors

from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.operators.reports import WaMessageStatusOperator

pytestmark = pytest.mark.integration


def status(message_id: Any, **arguments: Any) -> dict[str, Any]:
    defaults = {"task_id": "status", "wa_conn_id": "wa_portal_default"}
    return WaMessageStatusOperator(**{**defaults, **arguments}, message_id=message_id).execute({})


@pytest.fixture
def sent(vendors: Vendors) -> list[dict[str, Any]]:
    """Three messages: one is delivered, one read, one never arrives."""
    hook = WaHook.for_connection("wa_portal_default")
    messages = [hook.send(f"+1 202 555 01{ending}", "hello").to_dict() for ending in ("10", "05", "06")]
    time.sleep(2 * vendors.state.settings.delivery_seconds + 0.05)
    return messages


def test_one_message(sent: list[dict[str, Any]]) -> None:
    found = status(sent[0]["message_id"])
    assert (found["message_id"], found["state"], found["to"]) == (sent[0]["message_id"], "delivered", "12025550110")
    assert found["delivered_at"] > found["sent_at"]
    assert json.loads(json.dumps(found)) == found
    assert status(sent[0]) == found


def test_many_messages_by_id_or_as_the_send_returned_them(sent: list[dict[str, Any]]) -> None:
    found = status([sent[0], sent[1]["message_id"], sent[2], sent[0]])
    results = {row["message_id"]: row["state"] for row in found.pop("results")}
    assert found == {
        "total": 3,
        "accepted": 0,
        "sent": 1,
        "delivered": 1,
        "read": 1,
        "failed": 0,
        "unknown": 0,
        "output": None,
    }
    ids = [message["message_id"] for message in sent]
    assert results == dict(zip(ids, ["delivered", "read", "sent"], strict=True))


def test_green_api_finds_messages_by_whom_they_went_to(vendors: Vendors) -> None:
    hook = WaHook.for_connection("green_api_default")
    messages = [hook.send(f"+1 202 555 01{ending}", "hello").to_dict() for ending in ("10", "11")]
    time.sleep(vendors.state.settings.delivery_seconds + 0.05)
    assert status(messages[0]["message_id"], wa_conn_id="green_api_default")["state"] == "delivered"
    # The journal, where an id alone is looked for, takes one question a second.
    vendors.control("faults", vendor="green_api", path="lastOutgoingMessages", kind="html")
    found = status(messages, wa_conn_id="green_api_default")
    assert found["delivered"] == 2
    assert sorted(row["to"] for row in found["results"]) == ["12025550110", "12025550111"]
    assert status(messages[0], wa_conn_id="green_api_default")["state"] == "delivered"


def test_many_messages_to_a_file(sent: list[dict[str, Any]], tmp_path: Path) -> None:
    output = tmp_path / "statuses.csv"
    assert status(sent, output_path=str(output))["results"] is None
    with output.open() as rows:
        assert sorted(row["state"] for row in csv.DictReader(rows)) == ["delivered", "read", "sent"]


def test_a_message_that_the_vendor_does_not_know_is_unknown_among_many(sent: list[dict[str, Any]]) -> None:
    found = status([sent[0], "nobody-sent-this"])
    assert (found["delivered"], found["unknown"]) == (1, 1)
    assert "knows no message" in next(row["detail"] for row in found["results"] if row["state"] == "unknown")


def test_no_messages_are_no_error(vendors: Vendors) -> None:
    assert (status([])["total"], status([])["results"]) == (0, [])


@pytest.mark.parametrize(
    ("message_id", "arguments", "message"),
    [
        ("nobody-sent-this", {}, "knows no message 'nobody-sent-this'"),
        ("  ", {}, "is no message id"),
        ([{"to": "1"}], {}, "is no message id"),
        (5, {}, "expected an id or a list of ids"),
        ([str(number) for number in range(1001)], {}, "more than 1,000 messages"),
        ("x", {"wa_conn_id": "wuzapi_default"}, "connection types that can: green_api, wa_portal"),
    ],
)
def test_bad_input_fails_for_good(vendors: Vendors, message_id: Any, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(AirflowFailException, match=message):
        status(message_id, **arguments)
