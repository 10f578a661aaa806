# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from helpers.vendors import Vendors
from helpers.waiting import event_of

from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.triggers.session import WaSessionTrigger
from airflow_provider_wa.waiting import vendor_source
from airflow_provider_wa.waiting.vendor_source import look_up, shared_channel

pytestmark = pytest.mark.sockets


def session(conn_id: str, seconds: float = 10.0, interval: float = 60.0) -> WaSessionTrigger:
    return WaSessionTrigger(conn_id, interval, time.time() + seconds)


async def test_triggers_of_a_connection_share_its_rate(vendors: Vendors) -> None:
    conn_id = vendors.connect("wuzapi", "slow", extra={"rate_limit": "20/s"})
    began = time.monotonic()
    told = await asyncio.gather(*(event_of(session(conn_id)) for _ in range(21)))
    assert {event["status"] for event in told} == {"success"}
    assert time.monotonic() - began >= 1.0


async def test_no_more_calls_are_under_way_at_once_than_the_connection_has(vendors: Vendors) -> None:
    vendors.control("faults", vendor="wuzapi", kind="latency", seconds=0.2)
    conn_id = vendors.connect("wuzapi", "narrow", extra={"concurrency": 5, "timeout": 1})
    began = time.monotonic()
    told = await asyncio.gather(*(event_of(session(conn_id)) for _ in range(20)))
    assert {event["status"] for event in told} == {"success"}
    assert vendors.state.ledger.requests["wuzapi"] == 20, "none ran into its time-out behind the others"
    assert time.monotonic() - began >= 4 * 0.2


async def test_two_connections_have_channels_of_their_own(vendors: Vendors) -> None:
    one = await look_up("wuzapi_default")
    other = await look_up(vendors.connect("wuzapi", "other", extra={"rate_limit": "1/h"}))
    async with (
        shared_channel(one.endpoint) as a,
        shared_channel(one.endpoint) as b,
        shared_channel(other.endpoint) as c,
    ):
        assert a == b
        assert a != c


async def test_a_way_is_closed_by_the_last_who_leaves_it(vendors: Vendors, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = 0

    class Counted(vendor_source.AsyncChannel):
        async def __aexit__(self, *exc_info: object) -> None:
            nonlocal closed
            closed += 1
            await super().__aexit__(*exc_info)

    monkeypatch.setattr(vendor_source, "AsyncChannel", Counted)
    vendors.state.log_out("wa_portal")
    waiting = [asyncio.create_task(event_of(session("wa_portal_default"))) for _ in range(3)]
    # Each has asked once, over the channel that they share.
    for _ in range(1500):
        if vendors.state.ledger.requests["wa_portal"] >= 3:
            break
        await asyncio.sleep(0.02)
    waiting[0].cancel()
    await asyncio.wait(waiting[:1])
    assert closed == 0
    vendors.state.scan("wa_portal")
    for task in waiting[1:]:
        task.cancel()
    await asyncio.wait(waiting)
    assert closed == 1
    assert vendor_source._CHANNELS[asyncio.get_running_loop()] == {}
    assert (await event_of(session("wa_portal_default")))["status"] == "success"
    assert closed == 2


@asynccontextmanager
async def slow_look_ups(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[str]]:
    """The connections that are looked up, each for a while."""
    looked_up: list[str] = []
    real = WaHook.afor_connection

    async def slowly(conn_id: str) -> WaHook:
        looked_up.append(conn_id)
        await asyncio.sleep(0.05)
        return await real(conn_id)

    monkeypatch.setattr(WaHook, "afor_connection", slowly)
    yield looked_up


async def test_a_thousand_that_start_together_look_a_connection_up_once(
    vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with slow_look_ups(monkeypatch) as looked_up:
        hooks = await asyncio.gather(*(look_up("wuzapi_default") for _ in range(1000)), look_up("accuauth_default"))
        assert looked_up == ["wuzapi_default", "accuauth_default"]
        assert {hook.conn_type for hook in hooks[:1000]} == {"wuzapi"}
        await look_up("wuzapi_default")
        assert len(looked_up) == 3, "what was looked up before may have changed"


async def test_one_who_goes_does_not_take_the_answer_from_the_others(
    vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with slow_look_ups(monkeypatch):
        gone, stays = (asyncio.create_task(look_up("wuzapi_default")) for _ in range(2))
        await asyncio.sleep(0.01)
        gone.cancel()
        assert (await stays).conn_type == "wuzapi"


async def test_a_connection_that_is_not_there_is_told_to_all(vendors: Vendors) -> None:
    told: list[Any] = await asyncio.gather(*(event_of(session("nowhere")) for _ in range(3)))
    assert [event["status"] for event in told] == ["error"] * 3
    assert all("nowhere" in event["message"] for event in told)
