# SPDX-License-Identifier: Apache-2.0
"""Nothing in a trigger blocks the event loop: one of a triggerer's thousand would hold up all others."""

from __future__ import annotations

import ast
import asyncio
import logging
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from airflow.triggers.base import BaseTrigger
from helpers.vendors import Vendors
from helpers.waiting import all_triggers, call_back, round_trip
from store.samples import came_in, checked, delivered, pending

from airflow_provider_wa.provider_info import FORMS
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.triggers.callback import WaCallbackTrigger
from airflow_provider_wa.triggers.check import WaBatchCheckTrigger, WaPendingCheckTrigger
from airflow_provider_wa.triggers.delivery import WaDeliveryTrigger
from airflow_provider_wa.triggers.inbox import WaInboxTrigger
from airflow_provider_wa.triggers.reply import WaReplyTrigger
from airflow_provider_wa.triggers.session import WaSessionTrigger

pytestmark = pytest.mark.system

LONGEST = 0.1
"""Seconds that a step may take; Airflow warns from 0.2 on."""

TRIES = 3
"""A machine that is busy may hold up anything once."""


def soon() -> float:
    return time.time() + 0.5


def messages() -> list[list[str | None]]:
    return [[f"m{number}", None] for number in range(1000)]


# Each waits in vain, or looks through much.
SCENES: dict[type[BaseTrigger], list[Callable[[], BaseTrigger]]] = {
    WaSessionTrigger: [lambda: WaSessionTrigger("wa_portal_default", 0.05, soon())],
    WaPendingCheckTrigger: [
        lambda: WaPendingCheckTrigger("accuauth_default", 0.05, soon(), number="+51999888704"),
    ],
    WaBatchCheckTrigger: [
        lambda: WaBatchCheckTrigger("accuauth_default", 0.05, soon(), batch="asked"),
        lambda: WaBatchCheckTrigger("checkwa_default", 0.05, soon(), batch="called back"),
    ],
    WaCallbackTrigger: [lambda: WaCallbackTrigger("checkwa_default", 0.05, soon(), reference="r")],
    WaDeliveryTrigger: [
        lambda: WaDeliveryTrigger("my_wa", 0.05, soon(), messages=messages(), wait_for="read", from_store=True),
        lambda: WaDeliveryTrigger(
            "green_api_default", 0.05, soon(), messages=[["m1", "34666666610"]], wait_for="read", from_store=False
        ),
    ],
    WaReplyTrigger: [
        lambda: WaReplyTrigger(
            "my_wa", 0.05, soon(), senders=["51987654321"], after=0.0, pattern="(?i)never", from_store=True
        ),
        lambda: WaReplyTrigger(
            "wa_portal_default",
            0.05,
            soon(),
            senders=["51987654321"],
            after=time.time(),
            pattern=None,
            from_store=False,
        ),
    ],
    WaInboxTrigger: [
        lambda: WaInboxTrigger("wuzapi_default", 0.05),
        lambda: WaInboxTrigger("wa_portal_default", 0.05),
        lambda: WaInboxTrigger("green_api_default", 0.05),
    ],
}

CASES = [(cls, place) for cls, scenes in SCENES.items() for place in range(len(scenes))]


def test_every_trigger_is_looked_at() -> None:
    assert set(SCENES) == set(all_triggers())


@pytest.fixture
def much(vendors: Vendors, airflow_store: Store) -> Store:
    """A vendor that is logged out, and a store with much in it."""
    vendors.state.log_out("wa_portal")
    airflow_store.checks.put("asked", "accuauth_default", [checked(1, "pending", number="+51999888704")])
    airflow_store.checks.put("called back", "checkwa_default", [pending(row) for row in range(1, 1000)])
    news = [delivered(f"m{number}", "sent") for number in range(1000)]
    news += [came_in("51987654321", f"text {number}") for number in range(1000)]
    news += [came_in("51987654321", f"text {number}", conn_id="wuzapi_default") for number in range(1000)]
    airflow_store.events.add([*news, *(call_back(f"other-{number}") for number in range(1000))])
    return airflow_store


async def live(trigger: BaseTrigger) -> None:
    """A trigger's life, of a second at most."""

    async def run() -> None:
        async for _ in round_trip(trigger).run():
            pass

    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(run(), 1.0)


def blocks(trigger: BaseTrigger, caplog: pytest.LogCaptureFixture) -> list[str]:
    """What asyncio says of the steps of a trigger that took too long."""

    async def main() -> None:
        asyncio.get_running_loop().slow_callback_duration = LONGEST
        await live(trigger)

    caplog.clear()
    with caplog.at_level(logging.WARNING, logger="asyncio"):
        asyncio.run(main(), debug=True)
    return [record.getMessage() for record in caplog.records if "took" in record.getMessage()]


@pytest.mark.parametrize(("cls", "place"), CASES, ids=lambda value: getattr(value, "__name__", str(value)))
def test_no_step_of_a_trigger_takes_long(
    much: Store, caplog: pytest.LogCaptureFixture, cls: type[Any], place: int
) -> None:
    make = SCENES[cls][place]
    asyncio.run(live(make()))  # the modules are loaded then, as in a triggerer that runs
    slow = blocks(make(), caplog)
    for _ in range(1, TRIES):
        slow = slow and blocks(make(), caplog)
    assert slow == []


def test_a_step_that_takes_long_is_seen(caplog: pytest.LogCaptureFixture) -> None:
    class Blocking(WaSessionTrigger):
        async def run(self) -> Any:
            time.sleep(1.5 * LONGEST)  # noqa: ASYNC251 - what nobody should do
            yield None

    trigger = Blocking("wa_portal_default", 1, 0)
    trigger.serialize = lambda: (f"{__name__}.made", {})  # type: ignore[method-assign, assignment]
    globals()["made"] = lambda: trigger
    assert blocks(trigger, caplog)


def test_airflow_loads_little_on_the_event_loop_when_it_loads_a_trigger() -> None:
    names = sorted({trigger.__module__ for trigger in SCENES})
    code = f"""
import importlib, sys
for name in {names}:
    importlib.import_module(name)
print([name for name in sys.modules if name.startswith("airflow_provider_wa.")])
"""
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    loaded = set(ast.literal_eval(run.stdout.splitlines()[-1]))
    known = {
        f"airflow_provider_wa.{name}"
        for name in (
            "api",
            "api.errors",
            "api.kinds",
            "transport",
            "transport.steady",
            "triggers",
            "waiting",
            "waiting.delivery_progress",
            "waiting.patience",
            "waiting.preload",
            "waiting.reply_search",
            "waiting.source",
            "waiting.trigger",
        )
    }
    # These are loaded by Airflow as it lists its providers.
    listed = {
        f"airflow_provider_wa.{name}"
        for name in ("provider_info", "vendors", "vendors.forms", *(f"vendors.{conn_type}" for conn_type in FORMS))
    }
    assert loaded - listed == known | set(names)
