# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from helpers.virtual_time import VirtualLoop

from airflow_provider_wa.api.errors import BadInput, SessionDown, WaError
from airflow_provider_wa.waiting import both_sources
from airflow_provider_wa.waiting.both_sources import both
from airflow_provider_wa.waiting.source import Found, NotYet, Source

INTERVAL = 10.0
Look = Found | NotYet | WaError


class Script:
    """A source that comes to what the script says, the last one over and over; ``looks`` counts."""

    def __init__(self, *script: Look, opens: WaError | None = None) -> None:
        self.script = list(script)
        self.opens = opens
        self.looks = 0

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Source]:
        if self.opens:
            raise self.opens
        yield Source(look=self._look, pause=asyncio.sleep)

    async def _look(self) -> Found | NotYet:
        self.looks += 1
        found = self.script[0] if len(self.script) == 1 else self.script.pop(0)
        if isinstance(found, WaError):
            raise found
        return found


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Looks some times, with pauses, and returns what each look came to; an error is one as well."""

    def looks(store: Script, vendor: Script, *pauses: float) -> list[Any]:
        loop = VirtualLoop()
        monkeypatch.setattr(both_sources, "time", SimpleNamespace(monotonic=loop.time))
        found: list[Any] = []

        async def main() -> None:
            async with both(store.opened(), vendor.opened(), INTERVAL) as source:
                for pause in (0.0, *pauses):
                    await source.pause(pause)
                    try:
                        found.append(await source.look())
                    except WaError as error:
                        found.append(error)

        loop.run(main())
        return found

    return looks


NOTHING = NotYet("nothing is stored")
SENT = NotYet("the message is sent")


def test_what_the_store_knows_ends_the_wait_though_the_vendor_is_behind(run: Callable[..., Any]) -> None:
    store, vendor = Script(NOTHING, {"id": 1}), Script(SENT)
    assert run(store, vendor, 1) == [SENT, {"id": 1}]
    assert vendor.looks == 1


def test_what_the_vendor_knows_ends_the_wait_though_nothing_is_stored(run: Callable[..., Any]) -> None:
    assert run(Script(NOTHING), Script(SENT, {"id": 1}), INTERVAL) == [SENT, {"id": 1}]


def test_news_in_the_store_does_not_ask_the_vendor_more_often(run: Callable[..., Any]) -> None:
    store, vendor = Script(NOTHING), Script(SENT)
    assert run(store, vendor, *[1.0] * 20) == [SENT] * 21
    assert (store.looks, vendor.looks) == (21, 3)


def test_a_store_out_of_reach_leaves_the_vendor_to_answer(run: Callable[..., Any]) -> None:
    away = SessionDown("the store is away")
    assert run(Script(away), Script(SENT, {"id": 1}), INTERVAL) == [SENT, {"id": 1}]
    assert run(Script(opens=BadInput("wa_store_default: of another type")), Script({"id": 1})) == [{"id": 1}]


def test_an_error_of_the_vendor_counts_unless_the_store_has_found_it(run: Callable[..., Any]) -> None:
    down = SessionDown("logged out")
    assert run(Script(NOTHING, {"id": 1}), Script(down), INTERVAL) == [down, {"id": 1}]


def test_what_there_is_to_fall_back_on_may_come_from_either(run: Callable[..., Any]) -> None:
    half = {"half": 1}
    assert run(Script(NotYet("x", otherwise=half)), Script(SENT), 1) == [NotYet(SENT.detail, half)] * 2
    assert run(Script(NOTHING), Script(NotYet("x", otherwise=half)), 1) == [NotYet("x", half)] * 2
