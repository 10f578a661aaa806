# SPDX-License-Identifier: Apache-2.0
"""Clients that the benchmark compares: each checks one number in a call. Run as a command, this measures one of them.

Each client is measured in a process of its own, without the modules and connections of the others. Green-API's SDK is
installed in a separate environment, so imports happen where they are needed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager

PATH = "/check/whatsapp_advanced"
HEADERS = {"X-DF-API-ID": "bench", "X-DF-API-SECRET": "no-secret-here"}
LONG = 3600.0
"""Time-out in seconds, longer than any answer takes: a slow client must count as slow, not as failed."""

GRACE = 8.0
"""Seconds to wait for the last answers when the time is over; later answers do not count."""

AsyncCheck = Callable[[str], Awaitable[bool]]
Check = Callable[[str], bool]


class Numbers:
    """Iterator over national numbers, which ends by count or by time. Threads may share it."""

    def __init__(self, count: int, seconds: float = LONG) -> None:
        self._places = iter(range(count))
        self._ends = time.monotonic() + seconds

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if time.monotonic() >= self._ends:
            raise StopIteration
        return f"9{next(self._places):08d}"


async def workers_over(numbers: Iterable[str], check: Callable[[str], Awaitable[None]], workers: int) -> None:
    """Check all numbers with some workers that share one iterator: the usual good solution."""
    iterator = iter(numbers)

    async def worker() -> None:
        for number in iterator:
            await check(number)

    await asyncio.gather(*(worker() for _ in range(workers)))


@asynccontextmanager
async def engine(url: str, workers: int) -> AsyncIterator[AsyncCheck]:
    """Yield the package's engine: a vendor's flow over the asynchronous channel."""
    from airflow_provider_wa.api.numbers import PhoneNumber
    from airflow_provider_wa.api.records import CheckStatus
    from airflow_provider_wa.transport.channel import AsyncChannel, Endpoint
    from airflow_provider_wa.transport.drive import adrive
    from airflow_provider_wa.vendors.accuauth.client import AccuAuth

    api_id, api_secret = HEADERS.values()
    vendor = AccuAuth(base_url=url, api_id=api_id, api_secret=api_secret)

    async def check(number: str) -> bool:
        (result,) = await adrive(vendor.check([PhoneNumber(f"51{number}", "51")]), channel)
        return result.status is CheckStatus.EXISTS

    async with AsyncChannel(Endpoint(url, secrets=vendor.secrets, concurrency=workers)) as channel:
        yield check


@asynccontextmanager
async def bare_aiohttp(url: str, workers: int) -> AsyncIterator[AsyncCheck]:
    """Yield the fastest client in Python: no rate limit, no error handling, no masking of secrets."""
    import aiohttp

    async def check(number: str) -> bool:
        async with session.post(url + PATH, json={"number": number}, headers=HEADERS) as response:
            reply = await response.json()
        return bool(reply["result"]["whatsapp"] == "yes")

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=workers)) as session:
        yield check


@asynccontextmanager
async def bare_httpx(url: str, workers: int) -> AsyncIterator[AsyncCheck]:
    """Yield httpx's client with a pool of one connection for each worker."""
    import httpx

    async def check(number: str) -> bool:
        reply = (await client.post(url + PATH, json={"number": number}, headers=HEADERS)).json()
        return bool(reply["result"]["whatsapp"] == "yes")

    limits = httpx.Limits(max_connections=workers, max_keepalive_connections=workers)
    async with httpx.AsyncClient(limits=limits, timeout=LONG) as client:
        yield check


def requests_session(url: str) -> Check:
    """Return a check with requests, with a session for each thread."""
    import requests

    session = requests.Session()

    def check(number: str) -> bool:
        reply = session.post(url + PATH, json={"number": number}, headers=HEADERS, timeout=LONG).json()
        return bool(reply["result"]["whatsapp"] == "yes")

    return check


def green_sdk(url: str) -> Check:
    """Return a check with Green-API's SDK, with an object for each thread."""
    from whatsapp_api_client_python.API import GreenApi

    api = GreenApi("1101000001", "no-secret-here", host=url)

    def check(number: str) -> bool:
        return bool(api.serviceMethods.checkWhatsapp(phoneNumber=int(f"51{number}")).data["existsWhatsapp"])

    return check


ASYNC: dict[str, Callable[[str, int], AbstractAsyncContextManager[AsyncCheck]]] = {
    "ours": engine,
    "aiohttp": bare_aiohttp,
    "httpx": bare_httpx,
}
THREADS: dict[str, Callable[[str], Check]] = {
    "requests pool": requests_session,
    "Green-API SDK pool": green_sdk,
    "requests loop": requests_session,
}


class Watch:
    """Count of answers, seconds and CPU time."""

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.calls = 0
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def count(self, answer: bool, times: int = 1) -> None:
        if not answer:
            sys.exit("unexpected answer from the stub")
        self.calls += times

    def result(self) -> dict[str, float]:
        seconds, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        return {"calls": self.calls, "seconds": seconds, "cpu": cpu}


async def measure_async(name: str, url: str, workers: int, seconds: float) -> dict[str, float]:
    """Measure a client of ``ASYNC`` for ``seconds``, with its connections open before.

    A client that has collapsed under its connections is stopped soon after; its unfinished calls do not count.
    """
    run: Callable[[Numbers, Callable[[str], Awaitable[None]], int], Awaitable[None]] = workers_over
    if name == "ours":
        from airflow_provider_wa.bulk.workers import for_each

        run = for_each
    watch = Watch()
    async with ASYNC[name](url, workers) as check:

        async def counted(number: str) -> None:
            watch.count(await check(number))

        async def some(numbers: Numbers) -> dict[str, float]:
            watch.start()
            task = asyncio.ensure_future(run(numbers, counted, workers))
            await asyncio.wait([task], timeout=seconds + GRACE)
            result = watch.result()
            if not task.done():
                task.cancel()
            await asyncio.gather(task, return_exceptions=not task.done())
            return result

        await some(Numbers(workers))
        return await some(Numbers(10**9, seconds))


def measure_threads(name: str, url: str, workers: int, seconds: float) -> dict[str, float]:
    """Measure a client of ``THREADS`` for ``seconds``, with its connections open before."""
    own = threading.local()

    def work(numbers: Numbers) -> int:
        if not hasattr(own, "check"):
            own.check = THREADS[name](url)
        return sum(1 if own.check(number) else sys.exit("unexpected answer from the stub") for number in numbers)

    together = threading.Barrier(workers)

    def open_one(_: int) -> int:
        together.wait()  # each thread takes one number
        return work(Numbers(1))

    watch = Watch()
    with ThreadPoolExecutor(workers) as threads:
        list(threads.map(open_one, range(workers)))
        watch.start()
        numbers = Numbers(10**9, seconds)
        watch.count(True, sum(threads.map(work, [numbers] * workers)))
        return watch.result()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=[*ASYNC, *THREADS])
    parser.add_argument("url")
    parser.add_argument("--workers", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    given = (options.name, options.url, options.workers, options.seconds)
    result = asyncio.run(measure_async(*given)) if options.name in ASYNC else measure_threads(*given)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
