# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from receiver.kit import Hold, Kit

from airflow_provider_wa.api.webhooks import Event, EventKind
from airflow_provider_wa.receiver.writer import MOST_EVENTS, Writer
from airflow_provider_wa.store.database import StoreUnavailable
from airflow_provider_wa.store.event_rows import NewEvent


def news(*names: str, conn_id: str = "c") -> list[NewEvent]:
    return [
        NewEvent(conn_id=conn_id, vendor="v", event=Event(kind=EventKind.OTHER, raw={"name": name})) for name in names
    ]


def names(events: Sequence[NewEvent]) -> list[Any]:
    return [event.event.raw["name"] for event in events]


@pytest.fixture
def writer(kit: Kit) -> Writer:
    return Writer(lambda: kit)  # type: ignore[arg-type, return-value]


async def gathered(writer: Writer, *posts: list[NewEvent]) -> list[int | BaseException]:
    return list(await asyncio.gather(*(writer.add(post) for post in posts), return_exceptions=True))


async def test_a_post_is_stored_alone_if_nobody_else_comes(writer: Writer, kit: Kit) -> None:
    assert await writer.add(news("a", "b")) == 2
    assert await writer.add(news("b", "c")) == 1
    assert kit.events.transactions == [2, 2]


async def test_those_who_come_during_a_transaction_share_the_next(writer: Writer, kit: Kit) -> None:
    kit.events.before = hold = Hold()
    first = asyncio.ensure_future(writer.add(news("first")))
    await hold.begun()
    others = [asyncio.ensure_future(writer.add(news(f"n{number}"))) for number in range(50)]
    await asyncio.wait(others, timeout=0)
    hold.release()
    await asyncio.gather(first, *others)
    assert kit.events.transactions == [1, 50]
    assert len(kit.stored()) == 51


async def test_a_transaction_takes_only_so_many_events_and_never_parts_a_post(writer: Writer, kit: Kit) -> None:
    posts = [news(*(f"{post}-{number}" for number in range(200))) for post in range(4)]
    large = news(*(f"large-{number}" for number in range(MOST_EVENTS + 1)))
    await gathered(writer, *posts, large)
    assert kit.events.transactions == [400, 400, MOST_EVENTS + 1]
    assert len(kit.stored()) == 800 + MOST_EVENTS + 1


async def test_one_bad_post_does_not_refuse_its_neighbours(writer: Writer, kit: Kit) -> None:
    def refuse_bad(events: Sequence[NewEvent]) -> None:
        if "bad" in names(events):
            raise StoreUnavailable("a bad row")

    kit.events.before = refuse_bad
    outcomes = await gathered(writer, news("a"), news("bad", "good half"), news("b"))
    assert [type(outcome) for outcome in outcomes] == [int, StoreUnavailable, int]
    assert len(kit.stored()) == 2
    assert kit.events.transactions == [4, 1, 2, 1]


async def test_a_store_that_keeps_them_waiting_is_not_asked_for_each(kit: Kit) -> None:
    moments = iter(range(0, 10_000, 30))
    writer = Writer(lambda: kit, lambda: next(moments))  # type: ignore[arg-type, return-value]

    def away(events: Sequence[NewEvent]) -> None:
        raise StoreUnavailable("locked for 30 s")

    kit.events.before = away
    outcomes = await gathered(writer, *(news(str(number)) for number in range(64)))
    assert {type(outcome) for outcome in outcomes} == {StoreUnavailable}
    assert kit.events.transactions == [64]


async def test_it_goes_on_after_a_failure(writer: Writer, kit: Kit) -> None:
    def away(events: Sequence[NewEvent]) -> None:
        raise ValueError("not even an error of the store")

    kit.events.before = away
    with pytest.raises(ValueError, match="not even"):
        await writer.add(news("a"))
    kit.events.before = lambda events: None
    assert await writer.add(news("a")) == 1


async def test_who_gives_up_neither_loses_the_event_nor_stops_the_others(writer: Writer, kit: Kit) -> None:
    kit.events.before = hold = Hold()
    first = asyncio.ensure_future(writer.add(news("first")))
    await hold.begun()
    gone = asyncio.ensure_future(writer.add(news("gone")))
    patient = asyncio.ensure_future(writer.add(news("patient")))
    await asyncio.wait([gone, patient], timeout=0)
    gone.cancel()
    hold.release()
    await asyncio.gather(first, patient)
    assert len(kit.stored()) == 3


def test_it_needs_no_start_and_outlives_an_event_loop(writer: Writer, kit: Kit) -> None:
    for name in ("a", "b"):
        assert asyncio.run(writer.add(news(name))) == 1
    assert len(kit.stored()) == 2
