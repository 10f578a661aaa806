# SPDX-License-Identifier: Apache-2.0
"""The wall clock jumps before, during or after a try: each recipient gets one message, and each number one answer."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any

import pytest
from helpers.numbers import digits, existing
from helpers.tasks import run_of
from helpers.vendors import Vendors
from sqlalchemy import update

from airflow_provider_wa.bulk import send_job, send_one, send_run
from airflow_provider_wa.bulk.reconciliation import Reconciler
from airflow_provider_wa.operators._run import bulk_send  # noqa: F401 - its clock and those of what it loads are replaced
from airflow_provider_wa.operators.check import WaBulkCheckOperator
from airflow_provider_wa.operators.send import WaBulkSendOperator
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.store.tables import sends
from airflow_provider_wa.vendors.green_api.client import GreenApi
from airflow_provider_wa.vendors.wa_portal.client import WaPortal

PEOPLE = existing(40)
JUMPS = {
    "back an hour": timedelta(hours=-1), "back three days": timedelta(days=-3),
    "on an hour": timedelta(hours=1), "on three days": timedelta(days=3),
}  # fmt: skip


class _OfMoments(type):
    """Lets the modules whose clock is replaced go on to tell moments from other values."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, datetime)


class Clock(datetime, metaclass=_OfMoments):
    """The wall clock, which has jumped ``by`` since it was asked ``after`` times."""

    by = timedelta(0)
    after = 0
    asked = 0

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Any:
        cls.asked += 1
        return datetime.now(tz) + (cls.by if cls.asked > cls.after else timedelta(0))


ROOMS = ("bulk", "store", "vendors", "operators._run", "waiting", "sensors")
"""Where the clock is replaced. The vendor's own, of the sandbox, goes on."""


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> type[Clock]:
    monkeypatch.setattr(Clock, "by", timedelta(0))
    monkeypatch.setattr(Clock, "asked", 0)
    monkeypatch.setattr(Clock, "after", 0)
    for name, module in list(sys.modules.items()):
        ours = name.startswith(tuple(f"airflow_provider_wa.{room}" for room in ROOMS))
        if ours and getattr(module, "datetime", None) is datetime:
            monkeypatch.setattr(module, "datetime", Clock)
    return Clock


@pytest.fixture(params=JUMPS)
def clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, wall: type[Clock]) -> type[Clock]:
    monkeypatch.setattr(wall, "by", JUMPS[request.param])
    monkeypatch.setattr(wall, "after", 60)  # in the middle of the list
    return wall


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


@pytest.mark.sockets
@pytest.mark.parametrize("conn_type", ["wuzapi", "green_api"])
def test_a_clock_that_jumps_has_each_number_answered_and_none_asked_for_again(
    airflow_store: Any, vendors: Vendors, conn_type: str, clock: type[Clock]
) -> None:
    def check(number: int) -> Any:
        task = WaBulkCheckOperator(
            task_id="check", wa_conn_id=f"{conn_type}_default", numbers=PEOPLE, concurrency=4, retries=5
        )
        return task.execute(run_of(task_id="check", max_tries=5, try_number=number))

    clock.after = 5
    first, again = check(1), check(2)
    assert clock.asked > clock.after
    assert first["exists"] == again["exists"] == len(PEOPLE)
    assert first["calls"] == again["calls"] > 0, "of all tries together"


REPORTERS = ("green_api", "wa_portal")
"""Vendors whose report decides whether a message in doubt is sent again."""


@pytest.fixture
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(send_run, "SECONDS_BETWEEN_PASSES", 0.0)
    monkeypatch.setattr(Reconciler, "_from_now", lambda self, row: timedelta(0))
    for vendor in (GreenApi, WaPortal):
        monkeypatch.setattr(vendor, "report_seconds", 0.0)


def _tried(conn_type: str, people: list[str], number: int) -> dict[str, int] | str:
    """Return the counts of a try, or its error."""
    task = WaBulkSendOperator(
        task_id="send", wa_conn_id=f"{conn_type}_default", recipients=people, message="Hello", concurrency=2, retries=5
    )
    try:
        summary = task.execute(run_of(task_id="send", max_tries=5, try_number=number))
    except Exception as error:  # noqa: BLE001 - which one it is does not matter here
        return str(error)
    return {name: summary[name] for name in ("total", "accepted", "unknown")}


@pytest.mark.sockets
@pytest.mark.usefixtures("airflow_store", "_hurry")
@pytest.mark.parametrize("conn_type", REPORTERS)
@pytest.mark.parametrize("hours", [-6, 6], ids=["back", "on"])
@pytest.mark.parametrize("when", ["wrong from the start", "set before the report", "set between two tries"])
@pytest.mark.parametrize("kind", ["lost_reply", "cut"])
def test_a_message_in_doubt_is_found_or_stays_in_doubt_but_is_never_sent_twice(
    vendors: Vendors,
    monkeypatch: pytest.MonkeyPatch,
    wall: type[Clock],
    conn_type: str,
    hours: int,
    when: str,
    kind: str,
) -> None:
    """There is one recipient: no other message shows that the vendor's clock is not ours.

    The vendor takes the message whose reply is lost, and not that of a request that is cut.
    """
    (to,) = PEOPLE[:1]
    jump = timedelta(hours=hours)
    monkeypatch.setattr(wall, "by", jump if when == "wrong from the start" else timedelta(0))
    if when == "set before the report":
        due = Reconciler.due

        async def set_clock(self: Reconciler) -> datetime:
            monkeypatch.setattr(wall, "by", jump)
            return await due(self)

        monkeypatch.setattr(Reconciler, "due", set_clock)
    if when == "set between two tries":
        monkeypatch.setattr(send_run, "PASSES", 1)
        monkeypatch.setattr(send_job.SendJob, "passes", 1)
    vendors.control("faults", vendor=conn_type, kind=kind, path="end", times=1)
    tries = [_tried(conn_type, [to], 1)]
    assert not vendors.state.faults, "the reply was lost"
    if when == "set between two tries":
        monkeypatch.setattr(wall, "by", jump)
        monkeypatch.setattr(send_job.SendJob, "passes", send_job.PASSES)
    tries += [_tried(conn_type, [to], number) for number in (2, 3)]
    got = [message["to"] for message in vendors.ledger(conn_type)["messages"]]
    assert got in ([], digits([to])), "once at most"
    if got == [] or tries[-1] != {"total": 1, "accepted": 1, "unknown": 0}:
        assert "may or may not have gone out" in str(tries[-1]), "the doubt is said"
    if kind == "lost_reply":
        assert got == digits([to])


@pytest.mark.sockets
@pytest.mark.usefixtures("_hurry")
@pytest.mark.parametrize("conn_type", REPORTERS)
def test_a_message_that_was_sent_while_the_clock_was_wrong_is_not_sent_again_long_after(
    vendors: Vendors, airflow_store: Store, monkeypatch: pytest.MonkeyPatch, conn_type: str
) -> None:
    """The clock was six hours ahead at its intent, and was right again eight hours before the retry."""
    (to,) = PEOPLE[:1]
    monkeypatch.setattr(send_job.SendJob, "passes", 1)
    clock, vendors.state.clock = vendors.state.clock, lambda: clock() - 8 * 3600
    vendors.control("faults", vendor=conn_type, kind="lost_reply", path="end", times=1)
    first = _tried(conn_type, [to], 1)
    vendors.state.clock = clock
    with airflow_store.database.writing() as connection:
        moments = dict.fromkeys(("intended_at", "settled_at"), datetime.now(timezone.utc) - timedelta(hours=2))
        connection.execute(update(sends).values(moments))
    monkeypatch.setattr(send_job.SendJob, "passes", send_job.PASSES)
    assert "may or may not have gone out" in str(_tried(conn_type, [to], 2)), first
    assert [message["to"] for message in vendors.ledger(conn_type)["messages"]] == digits([to])


@pytest.mark.sockets
@pytest.mark.usefixtures("airflow_store", "_hurry")
@pytest.mark.parametrize("conn_type", ["wuzapi", *REPORTERS])
def test_a_try_whose_machine_was_suspended_sends_nothing_more(
    vendors: Vendors, monkeypatch: pytest.MonkeyPatch, conn_type: str
) -> None:
    """Its intents are old: another try may have cleared them up, and have sent their messages."""
    taken = vendors.state.ledger.messages

    def asleep() -> float:
        return 0.0 if len(taken) < 10 else 8 * 3600.0

    monkeypatch.setattr(send_one, "suspended", asleep)
    said = _tried(conn_type, PEOPLE, 1)
    assert "the machine was suspended for 28,800 s" in str(said)
    assert 10 <= len(taken) <= 12, "those that were under way"
    assert _tried(conn_type, PEOPLE, 2) == {"total": 40, "accepted": 40, "unknown": 0}
    got = Counter(message["to"] for message in vendors.ledger(conn_type)["messages"])
    assert got == Counter(digits(PEOPLE))
