# SPDX-License-Identifier: Apache-2.0
"""Posts under way hold a bounded number of bytes, and come in within a bounded time."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable

import pytest
from receiver.kit import MAX_BODY, SECRET, Hold, Kit, callback, wuzapi_message

from airflow_provider_wa.receiver import bodies
from airflow_provider_wa.receiver.app import Limits
from airflow_provider_wa.receiver.seldom import Seldom
from airflow_provider_wa.store.store import Store

KILOBYTE = 1024


@pytest.fixture
def kit(store: Store) -> Kit:
    return Kit(store, limits=Limits(MAX_BODY, max_in_flight=100 * KILOBYTE, refusal_seconds=0.0))


def long(size: int, token: str = "t1") -> bytes:
    """A callback of this many bytes."""
    body = json.dumps({**callback(token=token), "padding": ""}).encode()
    return body.replace(b'"padding": ""', b'"padding": "' + b"x" * (size - len(body)) + b'"')


async def until(holds: Callable[[], bool]) -> None:
    """Let the others go on until it holds."""
    for _ in range(100_000):
        if holds():
            return
        await asyncio.sleep(0)
    raise AssertionError


async def test_posts_past_the_budget_are_refused_and_can_be_repeated(kit: Kit) -> None:
    kit.events.before = hold = Hold()
    posting = [asyncio.ensure_future(kit.post(content=long(30 * KILOBYTE, f"t{number}"))) for number in range(3)]
    await hold.begun()
    await until(lambda: kit.app._budget.held >= 90 * KILOBYTE)
    refused = await kit.post(content=long(30 * KILOBYTE, "t9"))
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
    hold.release()
    assert [reply.status_code for reply in await asyncio.gather(*posting)] == [200] * 3
    assert kit.app._budget.held == 0
    assert (await kit.post(content=long(30 * KILOBYTE, "t9"))).status_code == 200


async def test_what_is_refused_gives_its_bytes_back(kit: Kit) -> None:
    body = wuzapi_message(padding="x" * 50 * KILOBYTE)
    for path in (f"/hooks/wuz/{SECRET}", f"/hooks/ck/{SECRET}"):
        assert (await kit.post(path, content=body)).status_code in (400, 401)
    assert kit.app._budget.held == 0


async def test_a_post_that_is_alone_may_be_larger(kit: Kit) -> None:
    assert (await kit.post(content=long(300 * KILOBYTE))).status_code == 200
    assert kit.app._budget.held == 0


@pytest.mark.parametrize("declared", [True, False])
async def test_a_post_is_refused_as_soon_as_it_is_too_much(kit: Kit, declared: bool) -> None:
    """What is refused is not read to its end."""
    kit.app._budget.held = 90 * KILOBYTE
    read: list[bytes] = []

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(1000):
            read.append(b"x" * KILOBYTE)
            yield read[-1]

    headers = {"content-length": str(1000 * KILOBYTE)} if declared else {}
    assert (await kit.post(content=parts(), headers=headers)).status_code == 503
    assert len(read) <= (1 if declared else 12)
    assert kit.app._budget.held == 90 * KILOBYTE


async def test_a_body_that_does_not_come_in_is_refused(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.01)

    async def endless() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    reply = await kit.post(content=endless())
    assert (reply.status_code, reply.headers["connection"]) == (408, "close")
    assert kit.app._budget.held == 0


async def test_a_server_that_ends_a_request_is_not_taken_for_a_slow_body(kit: Kit) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"{"
        asking.cancel()
        await asyncio.Event().wait()

    asking = asyncio.ensure_future(kit.post(content=endless()))
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert kit.app._budget.held == 0


async def test_a_long_body_has_more_time(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.05)
    monkeypatch.setattr(bodies, "SLOWEST", 1)  # a byte a second: each part of this body brings minutes
    body = long(5 * KILOBYTE)

    async def slow() -> AsyncIterator[bytes]:
        for start in range(0, len(body), KILOBYTE):
            yield body[start : start + KILOBYTE]
            await asyncio.sleep(0.03)

    assert (await kit.post(content=slow())).status_code == 200


def test_lines_that_strangers_cause_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    say = Seldom(logging.getLogger("airflow_provider_wa.test"), logging.WARNING, 60, clock=lambda: now[0])
    for _ in range(1000):
        say("from %s", "here")
    now[0] = 60
    say("from %s", "there")
    lines = [record.getMessage() for record in caplog.records]
    assert lines == ["from here", "from there (999 more since the last line)"]
