# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from itertools import pairwise
from typing import Any, TypeVar

import pytest
from helpers.virtual_time import VirtualLoop
from helpers.waiting import call_back, inline, queries
from store.samples import pending

from airflow_provider_wa.api.records import InboxMessage
from airflow_provider_wa.api.webhooks import Event, EventKind
from airflow_provider_wa.store.database import StoreUnavailable
from airflow_provider_wa.store.event_rows import NewEvent
from airflow_provider_wa.store.events import StoredEvent, Subject
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.waiting import store_poller as pollers
from airflow_provider_wa.waiting.patience import SHORTEST_PAUSE
from airflow_provider_wa.waiting.store_poller import GATHERING, StorePoller, store_poller

T = TypeVar("T")

CONN = "checkwa_default"


def about(reference: str = "", conn_id: str = CONN) -> Subject:
    return Subject(conn_id, EventKind.CHECK, reference)


def references(events: list[StoredEvent]) -> list[str | None]:
    return [event.reference for event in events]


def run(monkeypatch: pytest.MonkeyPatch, main: Coroutine[Any, Any, T], to_thread: Any = inline) -> T:
    """Run with virtual time, and so without threads."""
    monkeypatch.setattr(asyncio, "to_thread", to_thread)
    return VirtualLoop().run(main)


@pytest.fixture
def poller(airflow_store: Store) -> StorePoller:
    return StorePoller(airflow_store)


def test_a_watch_sees_what_came_before_it_and_what_comes_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, poller: StorePoller
) -> None:
    events = poller.store.events
    events.add([call_back("a"), call_back("b"), call_back("a", conn_id="another")])

    async def main() -> None:
        async with poller.watch([about("a"), about("c")], 5) as watch:
            assert references(await watch.seen()) == ["a"]
            events.add([call_back("c"), call_back("b", "absent")])
            await watch.changed(6)
            assert references(await watch.seen()) == ["a", "c"]

    run(monkeypatch, main())


def test_news_wake_who_waits_and_the_lack_of_it_does_not_for_longer_than_was_asked(
    monkeypatch: pytest.MonkeyPatch, poller: StorePoller
) -> None:
    async def main() -> None:
        clock = asyncio.get_running_loop().time
        async with poller.watch([about("a")], 5) as watch:
            await watch.seen()
            began = clock()
            await watch.changed(60)
            assert clock() - began == pytest.approx(60)
            poller.store.events.add([call_back("a")])
            began = clock()
            await watch.changed(60)
            assert clock() - began <= 5

    run(monkeypatch, main())


def test_all_watches_share_one_query_a_tick(monkeypatch: pytest.MonkeyPatch, poller: StorePoller) -> None:
    async def main() -> list[str]:
        async with AsyncExitStack() as stack:
            for number in range(1000):
                watch = await stack.enter_async_context(poller.watch([about(f"r{number}")], 5))
            await watch.seen()
            with queries(poller.store) as asked:
                await asyncio.sleep(50.5)
        return asked

    asked = run(monkeypatch, main())
    assert 9 <= len(asked) <= 11
    assert len(set(asked)) == 1


def test_those_who_come_together_ask_together_for_what_was_before(
    monkeypatch: pytest.MonkeyPatch, poller: StorePoller
) -> None:
    poller.store.events.add([call_back(f"r{number}") for number in range(1000)])

    async def wait(number: int) -> list[str | None]:
        async with poller.watch([about(f"r{number}")], 5) as watch:
            return references(await watch.seen())

    async def main() -> list[str]:
        async with poller.watch([about("other")], 5) as watch:
            await watch.seen()
            with queries(poller.store) as asked:
                seen = await asyncio.gather(*map(wait, range(1000)))
        assert seen == [[f"r{number}"] for number in range(1000)]
        return asked

    # Two for 500 references each, and the tick's own.
    assert len(run(monkeypatch, main())) == 3


def test_who_comes_during_a_tick_sees_each_event_once_and_in_order(
    monkeypatch: pytest.MonkeyPatch, poller: StorePoller
) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()
    slow: list[bool] = []

    async def to_thread(function: Callable[..., T], *arguments: Any) -> T:
        result = function(*arguments)
        if slow:
            asked.set()
            await go_on.wait()
        return result

    async def main() -> list[tuple[str | None, str]]:
        events = poller.store.events
        events.add([call_back("a", "unknown")])
        async with poller.watch([about("b")], 5) as first:
            await first.seen()
            slow.append(True)
            events.add([call_back("a", "exists")])
            await asked.wait()  # the query that finds it is done, its answer is not handed out yet
            async with poller.watch([about("a")], 5) as second:
                slow.clear()
                go_on.set()
                return [(event.reference, event.status) for event in await second.seen()]

    assert run(monkeypatch, main(), to_thread) == [("a", "unknown"), ("a", "exists")]


def test_more_events_than_a_query_takes_are_asked_for_at_once(
    monkeypatch: pytest.MonkeyPatch, poller: StorePoller
) -> None:
    monkeypatch.setattr(pollers, "EVENTS_AT_ONCE", 10)

    async def main() -> list[str | None]:
        async with poller.watch([about()], 5) as watch:
            await watch.seen()
            poller.store.events.add([call_back(f"r{number}") for number in range(35)])
            await asyncio.sleep(5.5)
            return references(await watch.seen())

    assert run(monkeypatch, main()) == [f"r{number}" for number in range(35)]


def test_the_shortest_interval_counts_and_is_never_a_hot_loop(
    monkeypatch: pytest.MonkeyPatch, poller: StorePoller
) -> None:
    async def ticks(*intervals: float) -> int:
        async with AsyncExitStack() as stack:
            for interval in intervals:
                watch = await stack.enter_async_context(poller.watch([about("a")], interval))
            await watch.seen()
            await asyncio.sleep(GATHERING)
            with queries(poller.store) as asked:
                await asyncio.sleep(10)
            return len(asked)

    async def main() -> None:
        assert await ticks(60, 2) == pytest.approx(5, abs=1)
        assert await ticks(60) <= 1
        assert await ticks(0) <= 10 / SHORTEST_PAUSE + 1

    run(monkeypatch, main())


def test_a_failing_store_is_told_to_all_once_at_their_own_pace_and_nothing_is_missed(
    monkeypatch: pytest.MonkeyPatch, poller: StorePoller
) -> None:
    down: list[Exception] = []

    async def to_thread(function: Callable[..., T], *arguments: Any) -> T:
        if down:
            raise down[0]
        return function(*arguments)

    async def main() -> None:
        clock = asyncio.get_running_loop().time
        poller.store.events.add([call_back("a")])
        down.append(StoreUnavailable("the disk is full"))
        async with poller.watch([about("a")], 60) as patient, poller.watch([about("b")], 1) as hasty:
            for watch in (patient, hasty):
                with pytest.raises(StoreUnavailable):
                    await watch.seen()
            began = clock()
            await patient.changed(60)
            assert clock() - began == pytest.approx(60), "another's ticks must not use up its patience"
            with pytest.raises(StoreUnavailable):
                await patient.seen()
            down.clear()
            poller.store.events.add([call_back("b")])
            await asyncio.sleep(1.5)
            assert references(await patient.seen()) == ["a"]
            assert references(await hasty.seen()) == ["b"]

    run(monkeypatch, main(), to_thread)


def test_a_bug_is_told_to_those_who_wait_and_keeps_nobody_waiting_for_ever(
    monkeypatch: pytest.MonkeyPatch, poller: StorePoller
) -> None:
    async def to_thread(*_: Any) -> Any:
        raise ZeroDivisionError

    async def main() -> None:
        async with poller.watch([about("a")], 5) as watch:
            with pytest.raises(ZeroDivisionError):
                await watch.seen()

    run(monkeypatch, main(), to_thread)


def test_nobody_asks_when_nobody_waits_and_who_comes_later_starts_from_the_beginning(
    monkeypatch: pytest.MonkeyPatch, poller: StorePoller
) -> None:
    async def main() -> None:
        async with poller.watch([about("a")], 1) as watch:
            await watch.seen()
        with queries(poller.store) as asked:
            await asyncio.sleep(60)
        assert asked == []
        poller.store.events.add([call_back("a")])
        async with poller.watch([about("a")], 1) as watch:
            assert references(await watch.seen()) == ["a"]
        assert poller._by_subject == {}

    run(monkeypatch, main())


def test_a_watch_that_keeps_nothing_is_told_of_news_only(monkeypatch: pytest.MonkeyPatch, poller: StorePoller) -> None:
    poller.store.events.add([call_back("a")])

    async def main() -> None:
        async with poller.watch([about()], 1, keep=False) as watch:
            assert await watch.seen() == []
            news = watch.news
            poller.store.events.add([call_back("b")])
            await watch.changed(5)
            assert (await watch.seen(), watch.news) == ([], news + 1)

    run(monkeypatch, main())


def test_the_rows_of_many_batches_are_counted_by_one_query(
    monkeypatch: pytest.MonkeyPatch, poller: StorePoller
) -> None:
    for number in range(300):
        poller.store.checks.put(f"b{number}", CONN, [pending(row, f"{number}-{row}") for row in range(1, 3)])

    async def main() -> list[str]:
        with queries(poller.store) as asked:
            counts = await asyncio.gather(*(poller.counts(f"b{number}") for number in range(301)))
        assert [dict(count) for count in counts] == [{"pending": 2}] * 300 + [{}]
        return asked

    assert len(run(monkeypatch, main())) == 1


def test_counting_goes_on_when_one_who_asked_goes(monkeypatch: pytest.MonkeyPatch, poller: StorePoller) -> None:
    poller.store.checks.put("b", CONN, [pending(1)])

    async def main() -> None:
        gone, stays = (asyncio.create_task(poller.counts("b")) for _ in range(2))
        await asyncio.sleep(0)
        gone.cancel()
        assert await stays == {"pending": 1}
        with queries(poller.store) as asked:
            assert await poller.counts("b") == {"pending": 1}
        assert len(asked) == 1, "an answer is not kept for who asks later"

    run(monkeypatch, main())


def test_a_loop_and_a_store_have_one_poller(airflow_store: Store) -> None:
    async def two() -> list[StorePoller]:
        return [await store_poller(), await store_poller()]

    one, other = asyncio.run(two())
    assert one is other
    assert asyncio.run(two())[0] is not one


def test_an_event_loop_that_is_over_is_forgotten(airflow_store: Store) -> None:
    """A sensor that pokes for days has a new one for each poke."""

    async def poke() -> weakref.ref[asyncio.AbstractEventLoop]:
        poller = await store_poller()
        async with poller.watch([about("a")], 5) as watch:
            await watch.seen()
            await watch.changed(0.01)
        return weakref.ref(asyncio.get_running_loop())

    loop = asyncio.run(poke())
    asyncio.run(poke())  # asgiref remembers the last one
    gc.collect()
    assert loop() is None


def test_ticks_are_as_far_apart_as_the_interval(monkeypatch: pytest.MonkeyPatch, poller: StorePoller) -> None:
    moments: list[float] = []

    async def to_thread(function: Callable[..., T], *arguments: Any) -> T:
        moments.append(asyncio.get_running_loop().time())
        return function(*arguments)

    async def main() -> None:
        async with poller.watch([about("a")], 5):
            await asyncio.sleep(21)

    run(monkeypatch, main(), to_thread)
    assert [after - before for before, after in pairwise(moments)] == pytest.approx([5] * 4)


# People whose LID becomes known while a wait is on.

ANA, LID = "51987654321", "100000000000001@lid"


def from_sender(sender: str) -> Subject:
    return Subject("my_wa", EventKind.INBOX, sender)


def said(message_id: str, sender: str) -> NewEvent:
    record = InboxMessage(message_id=message_id, sender=sender, lid=sender if "@" in sender else None, text="yes")
    return NewEvent(conn_id="my_wa", vendor="wuzapi", event=Event(kind=EventKind.INBOX, record=record))


@pytest.mark.parametrize("waits_for", [ANA, LID])
def test_what_came_under_the_other_name_is_seen_once_the_two_are_known_as_one(
    monkeypatch: pytest.MonkeyPatch, poller: StorePoller, waits_for: str
) -> None:
    other = LID if waits_for == ANA else ANA

    async def main() -> None:
        async with poller.watch([from_sender(waits_for)], 5) as watch:
            poller.store.events.add([said("m0", waits_for)])
            await asyncio.sleep(6)
            assert references(await watch.seen()) == ["m0"]
            poller.store.events.add([said("m1", other), said("m2", "2222@lid")])
            await asyncio.sleep(6)
            assert references(await watch.seen()) == ["m0"]
            poller.store.identities.learn({LID: ANA})
            await watch.changed(20)
            assert references(await watch.seen()) == ["m0", "m1"]
            poller.store.events.add([said("m3", LID), said("m4", ANA)])
            await asyncio.sleep(6)
            assert references(await watch.seen()) == ["m0", "m1", "m3", "m4"]
        assert poller._by_subject == {}

    run(monkeypatch, main())


def test_the_names_of_all_people_are_asked_for_together(monkeypatch: pytest.MonkeyPatch, poller: StorePoller) -> None:
    async def main() -> None:
        async with AsyncExitStack() as stack:
            for number in range(30):
                await stack.enter_async_context(poller.watch([from_sender(f"519876543{number:02d}")], 5))
            await asyncio.sleep(1)
            with queries(poller.store) as asked:
                await asyncio.sleep(5)
            assert len([each for each in asked if "wa_identities" in each]) == 1

    run(monkeypatch, main())
