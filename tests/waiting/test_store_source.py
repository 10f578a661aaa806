# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from helpers.virtual_time import VirtualLoop
from helpers.waiting import call_back, inline

from airflow_provider_wa.api.webhooks import EventKind
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.waiting import store_source as sources
from airflow_provider_wa.waiting.source import NotYet
from airflow_provider_wa.waiting.store_poller import StorePoller
from airflow_provider_wa.waiting.store_source import notified, watching

CHECKS = ("checkwa_default", EventKind.CHECK)


@pytest.fixture
def run(airflow_store: Store, monkeypatch: pytest.MonkeyPatch) -> Callable[[Coroutine[Any, Any, None]], None]:
    """Runs with virtual time, and so without threads."""
    poller = StorePoller(airflow_store)

    async def store_poller() -> StorePoller:
        return poller

    monkeypatch.setattr(sources, "store_poller", store_poller)
    monkeypatch.setattr(asyncio, "to_thread", inline)
    return VirtualLoop().run


def test_events_are_judged_as_they_come(airflow_store: Store, run: Callable[..., None]) -> None:
    async def main() -> None:
        async with watching(*CHECKS, ["a"], 5, lambda events: {"count": len(events)}) as source:
            assert await source.look() == {"count": 0}
            airflow_store.events.add([call_back("a"), call_back("b")])
            await source.pause(60)
            assert await source.look() == {"count": 1}

    run(main())


def test_a_look_is_repeated_only_when_there_is_news(airflow_store: Store, run: Callable[..., None]) -> None:
    looks = 0

    async def look(poller: StorePoller) -> NotYet:
        nonlocal looks
        looks += 1
        return NotYet(f"look {looks}")

    async def main() -> None:
        async with notified(*CHECKS, 5, look) as source:
            for _ in range(20):
                assert await source.look() == NotYet("look 1")
                await source.pause(5)
            airflow_store.events.add([call_back("a")])
            await source.pause(60)
            assert await source.look() == NotYet("look 2")

    run(main())


def test_a_look_that_failed_is_repeated(run: Callable[..., None]) -> None:
    outcomes = [ZeroDivisionError(), {"id": 7}]

    async def look(poller: StorePoller) -> dict[str, int]:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def main() -> None:
        async with notified(*CHECKS, 5, look) as source:
            with pytest.raises(ZeroDivisionError):
                await source.look()
            assert await source.look() == {"id": 7}

    run(main())


def test_news_that_come_during_a_look_make_another_one(airflow_store: Store, run: Callable[..., None]) -> None:
    counts: list[int] = []

    async def look(poller: StorePoller) -> NotYet:
        counts.append(airflow_store.events.last_id())
        if len(counts) == 1:
            airflow_store.events.add([call_back("a")])
            await asyncio.sleep(10)  # a tick finds it meanwhile
        return NotYet("")

    async def main() -> None:
        async with notified(*CHECKS, 5, look) as source:
            await source.look()
            await source.pause(60)
            await source.look()

    run(main())
    assert counts == [0, 1]
