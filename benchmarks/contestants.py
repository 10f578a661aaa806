# SPDX-License-Identifier: Apache-2.0
"""Clients that the benchmark compares: in a call, each checks one number or sends to it. As a command: measure one.

Each client is measured in a process of its own, without the modules and connections of the others. Green-API's SDK is
installed in a separate environment, so imports happen where they are needed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import ssl
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, NamedTuple

HEADERS = {"X-DF-API-ID": "bench", "X-DF-API-SECRET": "no-secret-here"}
TOKEN = "no-secret-here"
TEXT = "Hello, your order is on its way."


class Call(NamedTuple):
    """What a contestant asks for: a request for each number, and the test of its reply."""

    path: str
    headers: Mapping[str, str]
    json: Callable[[str], dict[str, str] | None]
    params: Callable[[str], dict[str, str] | None]
    good: Callable[[dict[str, Any]], bool]


CALLS = {
    # AccuAuth's check.
    "check": Call(
        "/check/whatsapp_advanced",
        HEADERS,
        json=lambda number: {"number": number},
        params=lambda number: None,
        good=lambda reply: bool(reply["result"]["whatsapp"] == "yes"),
    ),
    # The portal's message.
    "send": Call(
        "/api/sendText",
        {},
        json=lambda number: None,
        params=lambda number: {"token": TOKEN, "phone": f"51{number}", "message": TEXT},
        good=lambda reply: bool(reply["data"]["messageIDs"]),
    ),
}
LONG = 3600.0
"""Time-out in seconds, longer than any answer takes: a slow client must count as slow, not as failed."""

GRACE = 8.0
"""Seconds to wait for the last answers when the time is over; later answers do not count."""

AsyncCall = Callable[[str], Awaitable[bool]]
ThreadCall = Callable[[str], bool]


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


async def workers_over(numbers: Iterable[str], call: Callable[[str], Awaitable[None]], workers: int) -> None:
    """Call for all numbers with some workers that share one iterator: the usual good solution."""
    iterator = iter(numbers)

    async def worker() -> None:
        for number in iterator:
            await call(number)

    await asyncio.gather(*(worker() for _ in range(workers)))


class Server(NamedTuple):
    """The server to call, and the file with its certificate if it speaks TLS."""

    url: str
    certificate: str | None = None

    @property
    def tls(self) -> ssl.SSLContext | bool:
        return ssl.create_default_context(cafile=self.certificate) if self.certificate else True


@asynccontextmanager
async def engine(server: Server, workers: int, what: str) -> AsyncIterator[AsyncCall]:
    """Yield the package's engine: a vendor's flow over the asynchronous channel."""
    from airflow_provider_wa.transport.channel import AsyncChannel, Endpoint

    make, secrets = {"check": _checks, "send": _sends}[what], (TOKEN, *HEADERS.values())
    endpoint = Endpoint(server.url, secrets=secrets, concurrency=workers, verify=server.certificate or True)
    async with AsyncChannel(endpoint) as channel:
        yield make(server.url, channel)


def _checks(url: str, channel: Any) -> AsyncCall:
    from airflow_provider_wa.api.numbers import PhoneNumber
    from airflow_provider_wa.api.records import CheckStatus
    from airflow_provider_wa.transport.drive import adrive
    from airflow_provider_wa.vendors.accuauth.client import AccuAuth

    api_id, api_secret = HEADERS.values()
    vendor = AccuAuth(base_url=url, api_id=api_id, api_secret=api_secret)

    async def check(number: str) -> bool:
        (result,) = await adrive(vendor.check([PhoneNumber(f"51{number}", "51")]), channel)
        return result.status is CheckStatus.EXISTS

    return check


def _sends(url: str, channel: Any) -> AsyncCall:
    from airflow_provider_wa.api.messages import Text
    from airflow_provider_wa.transport.drive import adrive
    from airflow_provider_wa.vendors.wa_portal.client import WaPortal

    vendor = WaPortal(base_url=url, token=TOKEN)

    async def send(number: str) -> bool:
        sent = await adrive(vendor.send(f"51{number}", Text(TEXT)), channel)
        return bool(sent.message_id)

    return send


@asynccontextmanager
async def bare_aiohttp(server: Server, workers: int, what: str) -> AsyncIterator[AsyncCall]:
    """Yield the fastest client in Python: no rate limit, no error handling, no masking of secrets."""
    import aiohttp

    call, url = CALLS[what], server.url + CALLS[what].path

    async def ask(number: str) -> bool:
        given = {"json": call.json(number), "params": call.params(number), "headers": call.headers}
        async with session.post(url, **given) as response:
            return call.good(await response.json())

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=workers, ssl=server.tls)) as session:
        yield ask


@asynccontextmanager
async def bare_httpx(server: Server, workers: int, what: str) -> AsyncIterator[AsyncCall]:
    """Yield httpx's client with a pool of one connection for each worker."""
    import httpx

    call, url = CALLS[what], server.url + CALLS[what].path

    async def ask(number: str) -> bool:
        given = {"json": call.json(number), "params": call.params(number), "headers": call.headers}
        return call.good((await client.post(url, **given)).json())

    limits = httpx.Limits(max_connections=workers, max_keepalive_connections=workers)
    async with httpx.AsyncClient(limits=limits, timeout=LONG, verify=server.tls) as client:
        yield ask


def requests_session(server: Server, what: str) -> ThreadCall:
    """Return a call with requests, with a session for each thread."""
    import requests

    call, url, session = CALLS[what], server.url + CALLS[what].path, requests.Session()

    def ask(number: str) -> bool:
        given = {"json": call.json(number), "params": call.params(number), "headers": call.headers}
        return call.good(session.post(url, **given, timeout=LONG, verify=server.certificate or True).json())

    return ask


def green_sdk(server: Server, what: str) -> ThreadCall:
    """Return a call with Green-API's SDK, with an object for each thread."""
    from whatsapp_api_client_python.API import GreenApi

    if server.certificate:
        os.environ["REQUESTS_CA_BUNDLE"] = server.certificate
    api = GreenApi("1101000001", TOKEN, host=server.url)

    def check(number: str) -> bool:
        return bool(api.serviceMethods.checkWhatsapp(phoneNumber=int(f"51{number}")).data["existsWhatsapp"])

    def send(number: str) -> bool:
        return bool(api.sending.sendMessage(f"51{number}@c.us", TEXT).data["idMessage"])

    return {"check": check, "send": send}[what]


ASYNC: dict[str, Callable[[Server, int, str], AbstractAsyncContextManager[AsyncCall]]] = {
    "ours": engine,
    "aiohttp": bare_aiohttp,
    "httpx": bare_httpx,
}
THREADS: dict[str, Callable[[Server, str], ThreadCall]] = {
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


async def measure_async(name: str, server: Server, workers: int, seconds: float, what: str) -> dict[str, float]:
    """Measure a client of ``ASYNC`` for ``seconds``, with its connections open before.

    A client that has collapsed under its connections is stopped soon after; its unfinished calls do not count.
    """
    run: Callable[[Numbers, Callable[[str], Awaitable[None]], int], Awaitable[None]] = workers_over
    if name == "ours":
        from airflow_provider_wa.bulk.workers import for_each

        run = for_each
    watch = Watch()
    async with ASYNC[name](server, workers, what) as call:

        async def counted(number: str) -> None:
            watch.count(await call(number))

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


def measure_threads(name: str, server: Server, workers: int, seconds: float, what: str) -> dict[str, float]:
    """Measure a client of ``THREADS`` for ``seconds``, with its connections open before."""
    own = threading.local()

    def work(numbers: Numbers) -> int:
        if not hasattr(own, "call"):
            own.call = THREADS[name](server, what)
        return sum(1 if own.call(number) else sys.exit("unexpected answer from the stub") for number in numbers)

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
    parser.add_argument("--what", choices=list(CALLS), default="check")
    parser.add_argument("--certificate", help="file with the certificate of a server that speaks TLS")
    options = parser.parse_args()
    server = Server(options.url, options.certificate)
    given = (options.name, server, options.workers, options.seconds, options.what)
    result = asyncio.run(measure_async(*given)) if options.name in ASYNC else measure_threads(*given)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
