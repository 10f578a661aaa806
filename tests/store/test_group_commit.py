# SPDX-License-Identifier: Apache-2.0
"""What ``receiver/test_writer.py`` does not show: a result for each item, the order, one that fails among others."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from airflow_provider_wa.store.group_commit import GroupCommit


class Refused(Exception):
    pass


@dataclass
class Commits:
    """Takes all but what is negative; ``groups`` are the transactions that were tried."""

    groups: list[list[int]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    def __call__(self, items: Sequence[int]) -> list[str]:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            self.groups.append(list(items))
            if any(item < 0 for item in items):
                raise Refused(f"{min(items)}")
            return [f"result of {item}" for item in items]
        finally:
            self.at_once -= 1


@pytest.fixture
def commits() -> Commits:
    return Commits()


async def test_each_gets_its_own_result_in_whatever_group(commits: Commits) -> None:
    group: GroupCommit[int, str] = GroupCommit(commits, most=7)
    results = await asyncio.gather(*(group.add(number) for number in range(50)))
    assert results == [f"result of {number}" for number in range(50)]
    assert [number for some in commits.groups for number in some] == list(range(50)), "in the order in which they came"
    assert max(map(len, commits.groups)) == 7
    assert commits.most_at_once == 1


async def test_one_that_fails_gets_its_own_error_and_its_neighbours_their_results(commits: Commits) -> None:
    group: GroupCommit[int, str] = GroupCommit(commits)
    outcomes = await asyncio.gather(*(group.add(number) for number in (1, -2, 3, -4)), return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["result of 1", "-2", "result of 3", "-4"]
    assert [type(outcome) for outcome in outcomes] == [str, Refused, str, Refused]
    assert commits.groups == [[1, -2, 3, -4], [1], [-2], [3], [-4]]


async def test_the_loop_goes_on_while_a_transaction_is_under_way() -> None:
    release = threading.Event()

    def slow(items: Sequence[int]) -> list[int]:
        assert release.wait(10)
        return list(items)

    group: GroupCommit[int, int] = GroupCommit(slow)
    waiting = asyncio.ensure_future(group.add(1))
    for _ in range(3):
        await asyncio.sleep(0)
    assert not waiting.done()
    release.set()
    assert await waiting == 1


async def test_what_somebody_gave_up_waiting_for_is_committed_all_the_same() -> None:
    begun, release, committed = threading.Event(), threading.Event(), []

    def slow(items: Sequence[int]) -> list[int]:
        begun.set()
        assert release.wait(10)
        committed.extend(items)
        return list(items)

    group: GroupCommit[int, int] = GroupCommit(slow)
    gone = asyncio.ensure_future(group.add(1))
    await asyncio.to_thread(begun.wait, 10)
    gone.cancel()
    await asyncio.wait([gone])
    release.set()
    assert await group.add(2) == 2
    assert committed == [1, 2]


async def test_transactions_keep_their_distance_and_what_comes_meanwhile_gathers(commits: Commits) -> None:
    now = 0.0
    group: GroupCommit[int, str] = GroupCommit(commits, gather=0.05, clock=lambda: now)
    await group.add(1)
    assert commits.groups == [[1]], "the first one need not wait"
    began = time.monotonic()
    await asyncio.gather(*map(group.add, (2, 3)))
    assert time.monotonic() - began >= 0.05
    now = 1.0
    await group.add(4)
    assert commits.groups == [[1], [2, 3], [4]]


def test_it_may_be_used_in_one_event_loop_after_another(commits: Commits) -> None:
    group: GroupCommit[int, str] = GroupCommit(commits, gather=0.05)

    async def use() -> None:
        await group.add(1)
        await asyncio.gather(group.add(2), group.add(3))

    asyncio.run(use())
    asyncio.run(use())
    assert commits.groups == [[1], [2, 3], [1], [2, 3]]


async def test_once_all_wait_there_is_nobody_to_wait_for(commits: Commits) -> None:
    group: GroupCommit[int, str] = GroupCommit(commits, gather=3600)
    group.crowd = 3
    await group.add(0)
    for _ in range(3):
        waiting = [asyncio.ensure_future(group.add(number)) for number in (1, 2)]
        await asyncio.sleep(0.02)
        assert not any(future.done() for future in waiting)
        await asyncio.wait_for(asyncio.gather(group.add(3), *waiting), 10)
    assert [sorted(some) for some in commits.groups] == [[0], *[[1, 2, 3]] * 3]
