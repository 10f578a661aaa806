# SPDX-License-Identifier: Apache-2.0
"""The wall clock jumps in the middle of a bulk send: each recipient gets one message, also after a retry."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import datetime, timedelta, tzinfo
from typing import Any

import pytest
from helpers.numbers import digits, existing
from helpers.tasks import run_of
from helpers.vendors import Vendors

from airflow_provider_wa.operators._run import bulk_send  # noqa: F401 - its clock and those of what it loads are replaced
from airflow_provider_wa.operators.send import WaBulkSendOperator

PEOPLE = existing(40)
JUMPS = {
    "back an hour": timedelta(hours=-1), "back three days": timedelta(days=-3),
    "on an hour": timedelta(hours=1), "on three days": timedelta(days=3),
}  # fmt: skip


class Clock(datetime):
    """The wall clock, which has jumped ``by`` since it was asked ``after`` times."""

    by = timedelta(0)
    after = 0
    asked = 0

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Any:
        cls.asked += 1
        return datetime.now(tz) + (cls.by if cls.asked > cls.after else timedelta(0))


@pytest.fixture(params=JUMPS)
def clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> type[Clock]:
    monkeypatch.setattr(Clock, "by", JUMPS[request.param])
    monkeypatch.setattr(Clock, "asked", 0)
    monkeypatch.setattr(Clock, "after", 60)  # in the middle of the list
    for name, module in list(sys.modules.items()):
        if (
            name.startswith(
                ("airflow_provider_wa.bulk", "airflow_provider_wa.store", "airflow_provider_wa.operators._run")
            )
            and getattr(module, "datetime", None) is datetime
        ):
            monkeypatch.setattr(module, "datetime", Clock)
    return Clock


@pytest.mark.sockets
@pytest.mark.parametrize("conn_type", ["wuzapi", "green_api"])
def test_a_clock_that_jumps_repeats_and_loses_no_message(
    airflow_store: Any, vendors: Vendors, conn_type: str, clock: type[Clock]
) -> None:
    def send(number: int) -> Any:
        task = WaBulkSendOperator(
            task_id="send", wa_conn_id=f"{conn_type}_default", recipients=PEOPLE, message="Hello", concurrency=4,
            daily_limit=1000, cap=(100, timedelta(days=1)), retries=5,
        )  # fmt: skip
        return task.execute(run_of(task_id="send", max_tries=5, try_number=number))

    first, again = send(1), send(2)
    assert clock.asked > clock.after
    assert first["accepted"] == again["accepted"] == len(PEOPLE)
    got = Counter(message["to"] for message in vendors.ledger(conn_type)["messages"])
    assert got == Counter(digits(PEOPLE))
