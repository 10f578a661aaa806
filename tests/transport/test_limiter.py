# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
import sys
import threading
from itertools import pairwise
from types import SimpleNamespace

import httpx
import pytest
from helpers.driving import Tiny
from helpers.virtual_time import VirtualLoop
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.flow import Effect, MethodRate, Request, Sleep
from airflow_provider_wa.transport import channel as channel_module
from airflow_provider_wa.transport.channel import AsyncChannel, Channel, Endpoint
from airflow_provider_wa.transport.drive import adrive
from airflow_provider_wa.transport.limiter import RateLimiter, calls_per_second

READ = Request("GET", "/x")


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (None, None),
        ("", None),
        ("  ", None),
        ("10/s", 10.0),
        ("2.5/s", 2.5),
        ("20/m", 20 / 60),
        ("1000/h", 1000 / 3600),
        ("5000/d", 5000 / 86400),
        (" 10 / s ", 10.0),
        ("10/S", 10.0),
        ("10/sec", 10.0),
        ("60/minute", 1.0),
        ("60/min", 1.0),
    ],
)
def test_a_rate_is_read(rate: str | None, expected: float | None) -> None:
    assert calls_per_second(rate) == (expected if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    "rate", ["10", "/s", "s", "0/s", "0.0/m", "-1/s", "10/x", "10/s/m", "1e3/s", ".5/s", "10 per s", "ten/s"]
)
def test_what_is_no_rate_is_refused(rate: str) -> None:
    with pytest.raises(BadInput, match=r"rate_limit: invalid rate .*; expected for example 10/s"):
        calls_per_second(rate)


def test_calls_are_spaced_evenly() -> None:
    limiter = RateLimiter(4)
    assert [limiter.reserve(100.0) for _ in range(4)] == pytest.approx([0, 0.25, 0.5, 0.75])


def test_time_that_has_passed_is_not_saved_up() -> None:
    limiter = RateLimiter(4)
    limiter.reserve(100.0)
    assert [limiter.reserve(200.0) for _ in range(3)] == pytest.approx([0, 0.25, 0.5])


def test_without_a_rate_nobody_waits_unless_paused() -> None:
    limiter = RateLimiter()
    assert [limiter.reserve(100.0) for _ in range(3)] == [0, 0, 0]
    limiter.pause(100.0, 5)
    assert [limiter.reserve(102.0) for _ in range(2)] == [3, 3]
    assert limiter.reserve(105.0) == 0


def test_a_pause_moves_the_places_behind_it() -> None:
    limiter = RateLimiter(2)
    limiter.pause(100.0, 10)
    assert [limiter.reserve(101.0) for _ in range(3)] == pytest.approx([9, 9.5, 10])
    assert limiter.paused_for(104.0) == pytest.approx(6)
    assert limiter.paused_for(111.0) <= 0


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    limiter = RateLimiter()
    limiter.pause(100.0, 10)
    limiter.pause(101.0, 2)
    assert limiter.paused_for(101.0) == pytest.approx(9)
    limiter.pause(102.0, 20)
    assert limiter.paused_for(102.0) == pytest.approx(20)


SLOW, FAST = MethodRate("contacts", 1), MethodRate("send", 50)


def test_each_kind_of_call_is_spaced_by_its_own_rate() -> None:
    limiter = RateLimiter()
    waits = [limiter.reserve(100.0, method_rate) for method_rate in (SLOW, FAST, None, SLOW, FAST, None)]
    assert waits == pytest.approx([0, 0, 0, 1, 0.02, 0])


def test_the_slower_of_a_methods_rate_and_the_rate_counts() -> None:
    limiter = RateLimiter(10)
    assert [limiter.reserve(100.0, FAST) for _ in range(3)] == pytest.approx([0, 0.1, 0.2])
    limiter = RateLimiter(10)
    assert [limiter.reserve(100.0, SLOW) for _ in range(3)] == pytest.approx([0, 1, 2])


def test_a_methods_rate_does_not_save_up_time_either() -> None:
    limiter = RateLimiter()
    limiter.reserve(100.0, SLOW)
    assert [limiter.reserve(200.0, SLOW) for _ in range(2)] == pytest.approx([0, 1])


def test_after_a_pause_a_methods_rate_is_kept() -> None:
    limiter = RateLimiter()
    limiter.reserve(100.0, SLOW)
    limiter.pause(100.0, 10)
    assert [limiter.rest(101.0, SLOW) for _ in range(3)] == pytest.approx([9, 10, 11])
    assert limiter.rest(101.0) == pytest.approx(9)


@given(
    st.none() | st.floats(0.1, 1000),
    st.lists(st.tuples(st.floats(0, 10), st.sampled_from([SLOW, FAST, None])), min_size=2, max_size=50),
)
def test_no_two_calls_are_closer_than_both_rates_allow(
    rate: float | None, calls: list[tuple[float, MethodRate | None]]
) -> None:
    limiter, now = RateLimiter(rate), 1000.0
    places: dict[MethodRate | None, list[float]] = {SLOW: [], FAST: [], None: []}
    for gap, method_rate in calls:
        now += gap
        places[method_rate].append(now + limiter.reserve(now, method_rate))
    for method_rate in (SLOW, FAST):
        assert all(later - earlier >= 1 / method_rate.rate - 1e-6 for earlier, later in pairwise(places[method_rate]))
    if rate:
        every = sorted(place for kind in places.values() for place in kind)
        assert all(later - earlier >= 1 / rate - 1e-6 for earlier, later in pairwise(every))


@given(st.floats(0.1, 1000), st.lists(st.floats(0, 10), min_size=2, max_size=50))
def test_no_two_calls_are_closer_than_the_rate_allows(rate: float, gaps: list[float]) -> None:
    limiter, now, places = RateLimiter(rate), 1000.0, []
    for gap in gaps:
        now += gap
        places.append(now + limiter.reserve(now))
    assert all(later - earlier >= 1 / rate - 1e-6 for earlier, later in pairwise(places))


def test_threads_never_share_a_place() -> None:
    limiter, waits, started = RateLimiter(1), [], threading.Barrier(8)

    def worker() -> None:
        started.wait()
        waits.extend([limiter.reserve(0.0) for _ in range(500)])

    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=worker) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(switch)
    assert sorted(waits) == pytest.approx(list(range(4000)))


# With the channels that sleep by it, in virtual time.


class Calls:
    """Notes when requests arrive; the ``refuse``-th is refused with a Retry-After."""

    def __init__(self, loop: VirtualLoop, refuse: int = 0, retry_after: float = 0) -> None:
        self.loop, self.refuse, self.retry_after = loop, refuse, retry_after
        self.at: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.at.append(self.loop.time())
        if len(self.at) == self.refuse:
            return httpx.Response(429, headers={"retry-after": str(self.retry_after)})
        return httpx.Response(200, json={})

    @property
    def gaps(self) -> list[float]:
        return [later - earlier for earlier, later in pairwise(self.at)]


def _work(
    monkeypatch: pytest.MonkeyPatch,
    loop: VirtualLoop,
    calls: Calls,
    rate: float | None,
    workers: int,
    method_rate: MethodRate | None = None,
) -> None:
    """Forty checks by so many workers over one channel."""
    monkeypatch.setattr(channel_module, "time", SimpleNamespace(monotonic=loop.time))

    async def main() -> None:
        jobs = iter(range(40))
        endpoint = Endpoint("http://vendor", rate=rate)
        async with AsyncChannel(endpoint, transport=httpx.MockTransport(calls)) as channel:

            async def worker() -> None:
                for _ in jobs:
                    await adrive(Tiny().call(Effect.READ, method_rate=method_rate), channel)

            await asyncio.gather(*(worker() for _ in range(workers)))

    loop.run(main())


@pytest.mark.parametrize("workers", [1, 7])
def test_workers_over_one_limiter_keep_the_rate(monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    loop = VirtualLoop()
    calls = Calls(loop)
    _work(monkeypatch, loop, calls, 10, workers)
    assert len(calls.at) == 40
    assert calls.gaps == pytest.approx([0.1] * 39)


def test_workers_keep_the_rate_of_their_kind_of_call(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = VirtualLoop()
    calls = Calls(loop)
    _work(monkeypatch, loop, calls, None, 7, MethodRate("call", 10))
    assert len(calls.at) == 40
    assert calls.gaps == pytest.approx([0.1] * 39)


def test_a_429_pauses_those_who_have_a_place_already(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = VirtualLoop()
    calls = Calls(loop, refuse=3, retry_after=30)
    _work(monkeypatch, loop, calls, 10, workers=7)
    assert len(calls.at) == 41
    assert calls.gaps[2] == pytest.approx(30)


def test_after_a_pause_the_rate_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who waited must not all call at once: the vendor has just said that it is too much."""
    loop = VirtualLoop()
    calls = Calls(loop, refuse=3, retry_after=30)
    _work(monkeypatch, loop, calls, 10, workers=7)
    assert min(calls.gaps) >= 0.1 - 1e-6


def test_a_pause_without_a_rate_ends_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = VirtualLoop()
    calls = Calls(loop, refuse=3, retry_after=30)
    _work(monkeypatch, loop, calls, None, workers=7)
    assert len(calls.at) == 41
    assert loop.time() - calls.at[0] == pytest.approx(30)


class Clock:
    """A clock that sleeping moves on."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_the_sync_channel_waits_for_its_place_and_for_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(channel_module, "time", clock)
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json={}))
    with Channel(Endpoint("http://vendor", rate=2), transport=transport) as channel:
        for _ in range(3):
            channel.carry_out(READ)
        assert clock.slept == pytest.approx([0.5, 0.5])
        channel.carry_out(Sleep(7, everyone=True))
        assert clock.now == 1001, "a pause for everyone is waited for at the next call, not slept"
        channel.carry_out(READ)
        assert clock.now == 1008
        channel.carry_out(Sleep(3))
        assert clock.now == 1011


def test_the_sync_channel_heeds_a_pause_that_begins_while_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, limiter = Clock(), RateLimiter(2)
    monkeypatch.setattr(channel_module, "time", clock)
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json={}))
    sleep = clock.sleep

    def interrupted(seconds: float) -> None:
        if not clock.slept:
            limiter.pause(clock.now, 20)
        sleep(seconds)

    monkeypatch.setattr(clock, "sleep", interrupted)
    limiter.reserve(clock.now)
    with Channel(Endpoint("http://vendor"), limiter, transport) as channel:
        channel.carry_out(READ)
    assert clock.slept == pytest.approx([0.5, 19.5])


def test_the_sync_channel_keeps_a_requests_method_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(channel_module, "time", clock)
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json={}))
    with Channel(Endpoint("http://vendor"), transport=transport) as channel:
        for method_rate in (SLOW, FAST, SLOW, None):
            channel.carry_out(Request("GET", "/x", method_rate=method_rate))
    assert clock.slept == pytest.approx([1])
