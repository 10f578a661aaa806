# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest
from receiver.kit import CHECKWA, SECRET

from airflow_provider_wa.receiver import authentication
from airflow_provider_wa.receiver.answers import Refused
from airflow_provider_wa.receiver.authentication import MOST_QUEUED, TURNS, Authenticator
from airflow_provider_wa.receiver.sources import (
    FRESH_SECONDS,
    RENEWED_SECONDS,
    TRUSTED_SECONDS,
    KnownConnections,
    UnknownConnections,
    WebhookConnection,
)


class Registry:
    """Connections that are looked up, and a clock."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.known: dict[str, WebhookConnection] = {"ck": CHECKWA}
        self.now = 1000.0
        self.before: Callable[[], object] = lambda: None

    def find(self, conn_id: str) -> WebhookConnection | None:
        assert threading.current_thread() is not threading.main_thread()
        self.asked.append(conn_id)
        self.before()
        return self.known.get(conn_id)

    def clock(self) -> float:
        return self.now

    def rotate(self, secret: str) -> None:
        self.known["ck"] = WebhookConnection("ck", CHECKWA.vendor, secret)


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def authenticator(registry: Registry) -> Authenticator:
    return Authenticator(registry.find, refusal_seconds=0.0, most_refused=10, clock=registry.clock)


async def status(authenticator: Authenticator, conn_id: str, secret: str) -> int:
    try:
        await authenticator.admit(conn_id, secret, "127.0.0.1")
    except Refused as refused:
        return refused.status
    return 200


async def settled() -> None:
    """Wait for what goes on in the background."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*others, return_exceptions=True)


class TestRemembering:
    async def test_a_connection_is_looked_up_once_for_many_posts(
        self, authenticator: Authenticator, registry: Registry
    ) -> None:
        for _ in range(3):
            assert await status(authenticator, "ck", SECRET) == 200
        assert registry.asked == ["ck"]

    async def test_it_is_looked_up_again_in_the_background(
        self, authenticator: Authenticator, registry: Registry
    ) -> None:
        assert await status(authenticator, "ck", SECRET) == 200
        registry.now += RENEWED_SECONDS
        held = threading.Event()
        registry.before = lambda: held.wait(10)
        for _ in range(3):
            assert await status(authenticator, "ck", SECRET) == 200  # the look-up is held: nobody waits for it
        held.set()
        await settled()
        assert registry.asked == ["ck", "ck"]

    async def test_a_connection_that_is_gone_is_refused_after_seconds(
        self, authenticator: Authenticator, registry: Registry
    ) -> None:
        assert await status(authenticator, "ck", SECRET) == 200
        registry.known.clear()
        registry.now += FRESH_SECONDS
        assert await status(authenticator, "ck", SECRET) == 404
        assert FRESH_SECONDS <= 5

    async def test_one_under_steady_posts_is_refused_even_sooner(
        self, authenticator: Authenticator, registry: Registry
    ) -> None:
        assert await status(authenticator, "ck", SECRET) == 200
        registry.known.clear()
        registry.now += RENEWED_SECONDS
        assert await status(authenticator, "ck", SECRET) == 200
        await settled()
        assert await status(authenticator, "ck", SECRET) == 404

    async def test_an_unknown_one_is_remembered_as_well(self, authenticator: Authenticator, registry: Registry) -> None:
        for _ in range(3):
            assert await status(authenticator, "nobody", SECRET) == 404
        assert registry.asked == ["nobody"]

    async def test_a_connection_that_was_just_made_is_found_soon(
        self, authenticator: Authenticator, registry: Registry
    ) -> None:
        del registry.known["ck"]
        assert await status(authenticator, "ck", SECRET) == 404
        registry.known["ck"] = CHECKWA
        registry.now += FRESH_SECONDS
        assert await status(authenticator, "ck", SECRET) == 200

    async def test_a_new_secret_is_taken_soon_and_ends_the_old_one(
        self, authenticator: Authenticator, registry: Registry
    ) -> None:
        assert await status(authenticator, "ck", SECRET) == 200
        registry.rotate("new-secret")
        assert await status(authenticator, "ck", "new-secret") == 404 or registry.asked == ["ck", "ck"]
        registry.now += FRESH_SECONDS
        assert await status(authenticator, "ck", "new-secret") == 200
        assert await status(authenticator, "ck", SECRET) == 404

    @pytest.mark.parametrize("conn_id", ["ck", "nobody"])
    async def test_guesses_are_one_look_up_in_seconds(
        self, authenticator: Authenticator, registry: Registry, conn_id: str
    ) -> None:
        for number in range(20):
            assert await status(authenticator, conn_id, f"guess-{number}") == 404
        assert registry.asked == [conn_id]

    @pytest.mark.parametrize("conn_id", ["", ".", "..", ".hidden", "a/b", "a\\b", "a b", "ñ", "a\0", "x" * 251, "a:b"])
    async def test_what_is_no_name_is_not_looked_up(
        self, authenticator: Authenticator, registry: Registry, conn_id: str
    ) -> None:
        assert await status(authenticator, conn_id, SECRET) == 404
        assert registry.asked == []

    async def test_many_at_once_share_a_look_up_even_if_the_first_goes_away(self, registry: Registry) -> None:
        held = threading.Event()
        registry.before = lambda: held.wait(10)
        connections = KnownConnections(registry.find, registry.clock)
        first, *others = [asyncio.ensure_future(connections.renewed("ck")) for _ in range(20)]
        await asyncio.wait([first], timeout=0)
        first.cancel()
        held.set()
        assert await asyncio.gather(*others) == [CHECKWA] * 19
        assert registry.asked == ["ck"]

    async def test_a_flood_of_unknown_names_is_forgotten(self, registry: Registry) -> None:
        connections = UnknownConnections(registry.find, registry.clock)
        for number in range(1100):
            await connections.find(f"n{number}")
        assert len(connections._asked) == 1024


class TestBackendsThatFail:
    def fail(self) -> None:
        raise OSError("no route to the vault")

    async def test_a_failed_look_up_is_not_remembered(self, authenticator: Authenticator, registry: Registry) -> None:
        registry.before = self.fail
        assert await status(authenticator, "ck", SECRET) == 503
        registry.before = lambda: None
        assert await status(authenticator, "ck", SECRET) == 200

    async def test_a_known_connection_is_trusted_for_a_minute(
        self, authenticator: Authenticator, registry: Registry
    ) -> None:
        assert await status(authenticator, "ck", SECRET) == 200
        registry.before = self.fail
        registry.now += FRESH_SECONDS
        for _ in range(3):
            assert await status(authenticator, "ck", SECRET) == 200
        assert registry.asked == ["ck", "ck"]  # a backend that hangs is not waited for at each post
        registry.now += TRUSTED_SECONDS
        assert await status(authenticator, "ck", SECRET) == 503


class TestFlood:
    async def test_known_connections_do_not_wait_for_strangers(
        self, authenticator: Authenticator, registry: Registry
    ) -> None:
        assert await status(authenticator, "ck", SECRET) == 200
        held = threading.Event()
        registry.before = lambda: held.wait(10)
        flood = [asyncio.ensure_future(status(authenticator, f"n{number}", "guess")) for number in range(9)]
        await asyncio.wait(flood, timeout=0.01)
        assert len(registry.asked) == 1 + TURNS  # strangers have their threads in hand, and no others
        registry.before = lambda: None
        registry.now += TRUSTED_SECONDS
        assert await status(authenticator, "ck", SECRET) == 200  # a new look-up, in a thread of its own
        assert not any(task.done() for task in flood)
        held.set()
        assert await asyncio.gather(*flood) == [404] * 9

    async def test_a_wrong_secret_takes_the_same_way_as_an_unknown_id(self, registry: Registry) -> None:
        """Both wait for a turn behind the same strangers, and for the same look-up, however well one is known."""
        authenticator = Authenticator(registry.find, refusal_seconds=0.0, most_refused=1000, clock=registry.clock)
        assert await status(authenticator, "ck", SECRET) == 200
        order = [*(f"a{number}" for number in range(20)), "ck", "nobody", *(f"b{number}" for number in range(20))]
        turn = threading.Semaphore(0)
        registry.before = lambda: turn.acquire(timeout=10)
        asking = [asyncio.ensure_future(status(authenticator, conn_id, "guess")) for conn_id in order]
        for ended in range(len(order)):
            # One look-up ends at a time, so that the next one to begin is the next in the queue.
            while len(registry.asked) < min(1 + ended + TURNS, 1 + len(order)):  # noqa: ASYNC110 - look-ups begin in threads
                await asyncio.sleep(0.001)
            turn.release()
        assert await asyncio.gather(*asking) == [404] * len(order)
        assert sorted(registry.asked) == sorted(["ck", *order])
        asked = registry.asked[1:]
        assert abs(asked.index("ck") - asked.index("nobody")) <= TURNS

    async def test_the_refusal_waits_as_long_as_slow_look_ups_take(
        self, registry: Registry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An id that is remembered is not refused sooner than one that must be looked up."""
        authenticator = Authenticator(registry.find, refusal_seconds=0.0, most_refused=10, clock=registry.clock)
        slept: list[float] = []

        async def sleep(seconds: float) -> None:
            slept.append(seconds)

        monkeypatch.setattr(authentication.asyncio, "sleep", sleep)
        authenticator._slowest = 2.0
        for conn_id in ("ck", "ck", "nobody", "nobody"):
            await status(authenticator, conn_id, "guess")
        assert [round(seconds) for seconds in slept] == [2] * 4

    async def test_more_than_so_many_are_turned_away_at_once_whatever_they_ask_for(self, registry: Registry) -> None:
        authenticator = Authenticator(registry.find, refusal_seconds=30.0, most_refused=10, clock=registry.clock)
        assert await status(authenticator, "ck", SECRET) == 200
        refused = [asyncio.ensure_future(status(authenticator, f"n{number}", "guess")) for number in range(10)]
        await asyncio.wait(refused, timeout=0)
        before = list(registry.asked)

        assert await status(authenticator, "nobody", SECRET) == 503
        assert await status(authenticator, "ck", "guess") == 503
        assert await status(authenticator, "ck", SECRET) == 200
        assert registry.asked == before

        registry.now += TRUSTED_SECONDS
        assert await status(authenticator, "ck", SECRET) == 200

        for waiting in refused:
            waiting.cancel()
        await asyncio.gather(*refused, return_exceptions=True)
        assert (authenticator._waiting, authenticator._queued) == (0, 0)

    async def test_the_queue_has_an_end(self, registry: Registry) -> None:
        authenticator = Authenticator(registry.find, refusal_seconds=0.0, most_refused=1000, clock=registry.clock)
        held = threading.Event()
        registry.before = lambda: held.wait(10)
        total = TURNS + MOST_QUEUED
        asking = [asyncio.ensure_future(status(authenticator, f"n{number}", "guess")) for number in range(total + 5)]
        done, _ = await asyncio.wait(asking, timeout=0.01)
        assert [task.result() for task in done] == [503] * 5
        held.set()
        assert sorted(await asyncio.gather(*asking)) == [404] * total + [503] * 5


def test_a_connection_does_not_show_its_secret() -> None:
    assert SECRET not in repr(WebhookConnection("ck", CHECKWA.vendor, SECRET))
