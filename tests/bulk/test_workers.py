# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from airflow_provider_wa.api.errors import BadInput, SessionDown
from airflow_provider_wa.bulk.workers import Interrupted, for_each, one_ahead


async def test_every_item_is_done_once_by_so_many_workers_at_most() -> None:
    done: list[int] = []
    running = most = 0

    async def work(item: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        done.append(item)
        running -= 1

    await for_each(iter(range(100)), work, workers=7)
    assert sorted(done) == list(range(100))
    assert most == 7


async def test_items_are_taken_as_they_are_needed() -> None:
    taken = 0
    gate = asyncio.Event()

    def items():  # type: ignore[no-untyped-def]
        nonlocal taken
        for item in range(1000):
            taken += 1
            yield item

    async def work(item: int) -> None:
        await gate.wait()

    run = asyncio.create_task(for_each(items(), work, workers=5))
    await asyncio.sleep(0.01)
    assert taken == 5
    gate.set()
    await run
    assert taken == 1000


async def test_an_error_stops_all_but_what_was_begun_is_finished() -> None:
    finished: list[int] = []

    async def work(item: int) -> None:
        if item == 3:
            raise SessionDown("logged out")
        await asyncio.sleep(0.01)
        finished.append(item)

    with pytest.raises(SessionDown):
        await for_each(range(100), work, workers=4)
    assert sorted(finished) == [0, 1, 2]


async def test_an_error_of_the_source_stops_all_in_the_same_way() -> None:
    finished: list[int] = []

    def items():  # type: ignore[no-untyped-def]
        yield from (1, 2)
        raise BadInput("line 3")

    async def work(item: int) -> None:
        await asyncio.sleep(0.01)
        finished.append(item)

    with pytest.raises(BadInput, match="line 3"):
        await for_each(items(), work, workers=3)
    assert finished == [1, 2]


async def test_a_bug_goes_through_at_once_and_leaves_no_worker_behind() -> None:
    async def work(item: int) -> None:
        if item == 1:
            raise ZeroDivisionError
        await asyncio.sleep(3600)

    with pytest.raises(ZeroDivisionError):
        await for_each(range(5), work, workers=3)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_run_that_is_to_end_finishes_what_was_begun_and_begins_no_more() -> None:
    begun: list[int] = []
    finished: list[int] = []
    gate = asyncio.Event()

    async def work(item: int) -> None:
        begun.append(item)
        if len(begun) == 3:
            gate.set()
        await gate.wait()
        await asyncio.sleep(0.01)
        finished.append(item)

    with pytest.raises(Interrupted, match="work under way is finished and stored, no more is begun"):
        await for_each(range(100), work, workers=3, interrupted=gate.is_set)
    assert sorted(finished) == sorted(begun) == [0, 1, 2]


class Source:
    """Numbers from 0, of which the last one fails; it notes how many were made, and whether it was closed."""

    def __init__(self, count: int, failure: Exception | None = None) -> None:
        self.count, self.failure = count, failure
        self.made = 0
        self.closed = False

    async def numbers(self) -> AsyncGenerator[int, None]:
        try:
            for number in range(self.count):
                await asyncio.sleep(0)
                self.made += 1
                yield number
            if self.failure:
                raise self.failure
        finally:
            self.closed = True


async def test_one_item_is_made_ahead_and_no_more() -> None:
    source, ahead = Source(5), []
    async for number in one_ahead(source.numbers()):
        for _ in range(10):
            await asyncio.sleep(0)
        ahead.append(source.made - number - 1)
    assert ahead == [1, 1, 1, 1, 0]
    assert source.closed


async def test_items_ahead_that_are_false_are_items_too() -> None:
    assert [number async for number in one_ahead(Source(1).numbers())] == [0]


async def test_an_error_in_the_item_ahead_comes_after_the_items_before_it() -> None:
    items = one_ahead(Source(2, SessionDown("logged out")).numbers())
    assert [await anext(items), await anext(items)] == [0, 1]
    with pytest.raises(SessionDown):
        await anext(items)


async def test_what_is_made_ahead_ends_with_its_reader() -> None:
    source = Source(5)
    async with aclosing(one_ahead(source.numbers())) as items:
        async for _ in items:
            break
    assert source.closed
    assert len(asyncio.all_tasks()) == 1, "nothing is being made"
