# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowNotFoundException
from airflow.sdk.definitions.deadline import AsyncCallback
from helpers.tasks import run_of
from helpers.vendors import Vendors
from jinja2 import UndefinedError

from airflow_provider_wa.api.errors import BadInput, VendorUnavailable
from airflow_provider_wa.api.messages import Button, Buttons
from airflow_provider_wa.connections import secrets
from airflow_provider_wa.notifications.wa import WaNotifier
from airflow_provider_wa.store.store import Store

ON_CALL = {"wa_conn_id": "wa_portal_default", "to": "+1 202 555 0110"}
RUN = {"dag_run": {"dag_id": "d", "dag_run_id": "manual__1", "run_id": "manual__1"}, "deadline": {"id": "d1"}}


def failed(**fields: Any) -> Any:
    """The context of a callback of a failed task."""
    return {**run_of(state="failed", **fields), "exception": ValueError("it broke")}


def notice(**arguments: Any) -> WaNotifier:
    return WaNotifier(**{**ON_CALL, "message": "{{ ti.task_id }}: {{ exception }}", "on_error": "raise", **arguments})


def texts(vendors: Vendors) -> list[str]:
    return [message.get("text") or message["name"] for message in vendors.ledger()["messages"]]


def told(vendors: Vendors) -> list[str]:
    return [message["to"] for message in vendors.ledger()["messages"]]


pytestmark = pytest.mark.sockets


def test_a_failed_task_is_told_once_for_each_try(vendors: Vendors, airflow_store: Store) -> None:
    for _ in range(2):
        notice()(failed())
    notice()(failed(try_number=2))
    assert texts(vendors) == ["t: it broke"] * 2


@pytest.mark.parametrize(
    "other",
    [{"task_id": "another"}, {"run_id": "another"}, {"dag_id": "another"}, {"map_index": 7}, {"state": "up_for_retry"}],
    ids=lambda each: next(iter(each)),
)
def test_another_run_task_or_state_is_told_as_well(
    vendors: Vendors, airflow_store: Store, other: dict[str, Any]
) -> None:
    plain = notice(message="failed")
    for fields in ({}, other, {}, other):
        plain({**failed(), "ti": run_of(**{"state": "failed", **fields})["ti"]})
    assert len(texts(vendors)) == 2


def test_two_notices_of_one_task_are_both_sent(vendors: Vendors, airflow_store: Store) -> None:
    for message in ("first", "second"):
        notice(message=message)(failed())
    assert sorted(texts(vendors)) == ["first", "second"]


def test_one_notifier_serves_many_tasks(vendors: Vendors, airflow_store: Store) -> None:
    shared = notice(message="{{ ti.task_id }} failed")
    for task_id in ("a", "b"):
        shared(failed(task_id=task_id))
    assert texts(vendors) == ["a failed", "b failed"]


@pytest.mark.parametrize("to", ["+12025550110, +12025550111", ["+12025550110", "12025550111@s.whatsapp.net"]])
def test_each_of_several_gets_it(vendors: Vendors, airflow_store: Store, to: Any) -> None:
    notice(to=to)(failed())
    assert sorted(told(vendors)) == ["12025550110", "12025550111"]


def test_whoever_is_suppressed_gets_none_and_the_others_do(vendors: Vendors, airflow_store: Store) -> None:
    airflow_store.suppressions.add(["12025550110"], "wrote STOP")
    notice(to=["+12025550110", "+12025550111"])(failed())
    assert told(vendors) == ["12025550111"]


def test_a_wrong_number_is_named_and_the_others_get_it(vendors: Vendors, airflow_store: Store) -> None:
    with pytest.raises(BadInput, match=r"1 of 2 recipients did not get the notice: nobody: "):
        notice(to=["nobody", "+12025550111"])(failed())
    assert told(vendors) == ["12025550111"]


def test_a_named_notice_is_sent_once_whatever_it_is_about(vendors: Vendors, airflow_store: Store) -> None:
    for run_id in ("r1", "r2"):
        notice(idempotency_key="{{ dag.x | default('outage') }}", to="+12025550110,+12025550111")(
            {**failed(run_id=run_id), "dag": None}
        )
    assert sorted(told(vendors)) == ["12025550110", "12025550111"]


def test_a_message_of_any_kind_is_templated(vendors: Vendors, airflow_store: Store) -> None:
    buttons = Buttons("{{ ti.task_id }} failed", (Button("I'll look"),))
    notice(message=buttons, wa_conn_id="wuzapi_default")(failed())
    (message,) = vendors.ledger("wuzapi")["messages"]
    assert "t failed" in str(message)


def test_a_text_in_the_context_is_data(vendors: Vendors, airflow_store: Store) -> None:
    stranger = "{{ conn.other.password }} {% raw %}"
    notice(message="{{ exception }}")({**failed(), "exception": stranger})
    assert texts(vendors) == [stranger]


def test_a_secret_in_an_exception_is_masked(
    vendors: Vendors, airflow_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "redact", lambda text: text.replace("s3cret", "***"))
    notice()({**failed(), "exception": "postgres://me:s3cret@db"})
    assert texts(vendors) == ["t: postgres://me:***@db"]


def test_a_very_long_exception_is_cut(vendors: Vendors, airflow_store: Store) -> None:
    notice()({**failed(), "exception": "ñ" * 100_000})
    (text,) = texts(vendors)
    assert 1_998 <= len(text.encode()) <= 2_000
    assert text.endswith("ñ…")


def test_the_notice_stays_out_of_the_rows_of_the_task_that_it_is_about(vendors: Vendors, airflow_store: Store) -> None:
    from airflow_provider_wa.operators._run.message_keys import batch_name

    notice()(failed())
    assert list(airflow_store.sends.rows(batch_name(failed(), "wa_portal_default"))) == []


# What goes wrong.


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"wa_conn_id": "no_such_connection"}, AirflowNotFoundException),
        ({"to": ""}, BadInput),
        ({"message": "{{ ti.nothing.at_all }}"}, UndefinedError),
        ({"message": {"type": "nothing"}}, BadInput),
    ],
)
def test_what_goes_wrong_fails_nothing_unless_the_author_wants_it(
    vendors: Vendors,
    airflow_store: Store,
    arguments: dict[str, Any],
    error: type[Exception],
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(error):
        notice(**arguments)(failed())
    capsys.readouterr()
    notice(**arguments, on_error="log")(failed())
    assert f"The notice could not be sent: {error.__name__}: " in capsys.readouterr().out
    assert vendors.ledger()["messages"] == []


def test_a_vendor_out_of_reach_is_tried_again_with_the_next_callback(vendors: Vendors, airflow_store: Store) -> None:
    vendors.control("faults", vendor="wa_portal", kind="rate_limit", path="/api/send", times=1000)
    with pytest.raises((VendorUnavailable, BadInput)):
        notice()(failed())
    vendors.control("reset")
    notice()(failed())
    assert texts(vendors) == ["t: it broke"]


def test_an_unknown_choice_is_named_when_the_dag_is_parsed() -> None:
    with pytest.raises(BadInput, match="on_error: unknown value 'ignore'; expected log or raise"):
        notice(on_error="ignore")


# In the triggerer.


def test_a_deadline_alert_is_told_once(vendors: Vendors, airflow_store: Store) -> None:
    callback = AsyncCallback(WaNotifier, kwargs={**ON_CALL, "message": "{{ dag_run.dag_id }} is late"})
    assert callback.path == "airflow_provider_wa.notifications.wa.WaNotifier"

    async def twice() -> None:
        for _ in range(2):
            await WaNotifier(**callback.kwargs, context=dict(RUN))

    asyncio.run(twice())
    assert texts(vendors) == ["d is late"]


def test_the_event_loop_goes_on_while_a_notice_is_sent(vendors: Vendors, airflow_store: Store) -> None:
    async def run() -> int:
        ticks = 0
        sending = asyncio.ensure_future(_awaited(WaNotifier(**ON_CALL, message="late", context=dict(RUN))))
        while not sending.done():
            ticks += 1
            await asyncio.sleep(0)
        await sending
        return ticks

    assert asyncio.run(run()) > 10
    assert texts(vendors) == ["late"]


async def _awaited(notifier: WaNotifier) -> None:
    await notifier
