# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest
from receiver.kit import CHECKWA, SECRET

from airflow_provider_wa.receiver.answers import Refused
from airflow_provider_wa.receiver.authentication import Authenticator
from airflow_provider_wa.receiver.sources import AGAIN_SECONDS, TRUSTED_SECONDS, Connections, WebhookConnection


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


class TestRemembering:
    async def test_a_connection_is_looked_up_once_a_minute(
        self, authenticator: Authenticator, registry: Registry
    ) -> None:
        for _ in range(3):
            assert await status(authenticator, "ck", SECRET) == 200
        assert registry.asked == ["ck"]
        registry.now += TRUSTED_SECONDS
        assert await status(authenticator, "ck", SECRET) == 200
        assert registry.asked == ["ck", "ck"]

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
        registry.now += AGAIN_SECONDS
        assert await status(authenticator, "ck", SECRET) == 200

    async def test_a_new_secret_is_taken_soon_and_ends_the_old_one(
        self, authenticator: Authenticator, registry: Registry
    ) -> None:
        assert await status(authenticator, "ck", SECRET) == 200
        registry.rotate("new-secret")
        assert await status(authenticator, "ck", "new-secret") == 404
        registry.now += AGAIN_SECONDS
        assert await status(authenticator, "ck", "new-secret") == 200
        assert await status(authenticator, "ck", SECRET) == 404

    async def test_a_connection_that_is_gone_is_refused_after_a_minute(
        self, authenticator: Authenticator, registry: Registry
    ) -> None:
        assert await status(authenticator, "ck", SECRET) == 200
        registry.known.clear()
        registry.now += TRUSTED_SECONDS
        assert await status(authenticator, "ck", SECRET) == 404

    async def test_guesses_do_not_make_look_ups(self, authenticator: Authenticator, registry: Registry) -> None:
        for number in range(20):
            assert await status(authenticator, "ck", f"guess-{number}") == 404
        assert registry.asked == ["ck"]

    @pytest.mark.parametrize("conn_id", ["", ".", "..", ".hidden", "a/b", "a\\b", "a b", "ñ", "a\0", "x" * 251, "a:b"])
    async def test_what_is_no_name_is_not_looked_up(
        self, authenticator: Authenticator, registry: Registry, conn_id: str
    ) -> None:
        assert await status(authenticator, conn_id, SECRET) == 404
        assert registry.asked == []

    async def test_many_at_once_share_a_look_up_even_if_the_first_goes_away(self, registry: Registry) -> None:
        held = threading.Event()
        registry.before = lambda: held.wait(10)
        connections = Connections(registry.find, registry.clock)
        first, *others = [asyncio.ensure_future(connections.find("ck")) for _ in range(20)]
        await asyncio.wait([first], timeout=0)
        first.cancel()
        held.set()
        assert await asyncio.gather(*others) == [CHECKWA] * 19
        assert registry.asked == ["ck"]

    async def test_a_flood_of_unknown_names_is_forgotten_and_pushes_nobody_out(self, registry: Registry) -> None:
        connections = Connections(registry.find, registry.clock)
        await connections.find("ck")
        for number in range(1100):
            await connections.find(f"n{number}")
        assert len(connections._unknown) == 1024
        assert connections.trusted("ck") is CHECKWA

    async def test_a_failed_look_up_is_not_remembered(self, authenticator: Authenticator, registry: Registry) -> None:
        def fail() -> None:
            raise OSError("no route to the vault")

        registry.before = fail
        assert await status(authenticator, "ck", SECRET) == 503
        registry.before = lambda: None
        assert await status(authenticator, "ck", SECRET) == 200


class TestFlood:
    @pytest.fixture
    def authenticator(self, registry: Registry) -> Authenticator:
        return Authenticator(registry.find, refusal_seconds=30.0, most_refused=10, clock=registry.clock)

    async def test_more_than_so_many_are_turned_away_at_once_whatever_they_ask_for(
        self, authenticator: Authenticator, registry: Registry
    ) -> None:
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
        assert authenticator._waiting == 0


def test_a_connection_does_not_show_its_secret() -> None:
    assert SECRET not in repr(WebhookConnection("ck", CHECKWA.vendor, SECRET))
