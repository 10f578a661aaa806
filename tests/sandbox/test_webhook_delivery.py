# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from sandbox.conftest import Clock

from airflow_provider_wa.sandbox import vendors
from airflow_provider_wa.sandbox.ledger import Callback, Ledger
from airflow_provider_wa.sandbox.state import Sandbox
from airflow_provider_wa.sandbox.webhook_delivery import MAX_CONCURRENT, WebhookDelivery
from airflow_provider_wa.sandbox.webhook_request import WebhookRequest, as_json

GAP = 0.01
VENDORS = ("wuzapi", "wa_portal", "green_api", "checkwa")
DEMANDS = ("access-control-allow-origin",)
PATIENCE = 5.0


class Receiver:
    """Answers with `statuses` one after the other, then with 200, and not before `open` is set."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, bytes]] = []
        self.raw: list[bytes] = []
        self.statuses: list[int] = []
        self.allows = ""
        self.open = asyncio.Event()
        self.open.set()
        self.came = asyncio.Condition()
        self.now = self.peak = 0
        self.url = ""

    @property
    def bodies(self) -> list[bytes]:
        return [body for method, body in self.requests if method == "POST"]

    async def until(self, count: int) -> None:
        """Wait until so many requests came."""
        async with self.came:
            await asyncio.wait_for(self.came.wait_for(lambda: len(self.requests) >= count), PATIENCE)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.now += 1
        self.peak = max(self.peak, self.now)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            (length,) = [line for line in head.split(b"\r\n") if line.startswith(b"Content-Length: ")]
            body = await reader.readexactly(int(length.split()[1]))
            method = head.split()[0].decode()
            async with self.came:
                self.raw.append(head + body)
                self.requests.append((method, body))
                self.came.notify_all()
            await self.open.wait()
            status = self.statuses.pop(0) if self.statuses and method == "POST" else 200
            writer.write(f"HTTP/1.1 {status} x\r\n{self.allows}Content-Length: 0\r\n\r\n".encode())
            await writer.drain()
        finally:
            self.now -= 1
            writer.close()


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, backlog=256)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    yield receiver
    receiver.open.set()
    server.close()


@pytest.fixture
def away() -> Iterator[str]:
    """An address where nobody listens, and nobody else will."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/"


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def delivery(ledger: Ledger, clock: Clock) -> WebhookDelivery:
    policies = {vendor.name: vendor.retry for vendor in vendors.VENDORS if vendor.retry is not None}
    delivery = WebhookDelivery(policies, ledger, clock)
    delivery.reset(GAP)
    return delivery


def change(delivery: WebhookDelivery, vendor: str, **options: Any) -> None:
    delivery.policies[vendor] = replace(delivery.policies[vendor], **options)


def outcomes(entry: Callback) -> list[str]:
    return [attempt.outcome for attempt in entry.attempts]


def posts(*names: str) -> list[WebhookRequest]:
    return [as_json({"name": name}) for name in names]


def names(receiver: Receiver) -> list[str]:
    return [body.decode().split('"')[3] for body in receiver.bodies]


async def finish(*tasks: asyncio.Task[None]) -> None:
    await asyncio.wait_for(asyncio.gather(*tasks), PATIENCE)


class TestAttempts:
    @pytest.mark.parametrize("vendor", VENDORS)
    async def test_what_is_taken_is_posted_once(
        self, delivery: WebhookDelivery, ledger: Ledger, receiver: Receiver, vendor: str
    ) -> None:
        await finish(delivery.send(vendor, receiver.url, as_json({"a": 1})))
        (entry,) = ledger.callbacks
        assert (entry.vendor, entry.url, entry.body) == (vendor, receiver.url, {"a": 1})
        assert (outcomes(entry), entry.final) == (["delivered"], True)
        assert receiver.requests == [("POST", b'{"a":1}')]

    @pytest.mark.parametrize("status", [199, 301, 404, 500])
    async def test_a_late_success_shows_every_attempt_and_each_posts_the_same_bytes(
        self, delivery: WebhookDelivery, ledger: Ledger, receiver: Receiver, clock: Clock, status: int
    ) -> None:
        receiver.statuses = [status, 503]
        await finish(delivery.send("wuzapi", receiver.url, as_json({"a": 1})))
        (entry,) = ledger.callbacks
        assert entry.as_json() == {
            "vendor": "wuzapi",
            "url": receiver.url,
            "body": {"a": 1},
            "outcome": "delivered",
            "detail": "HTTP 200",
            "at": clock.now,
            "attempts": [
                {"outcome": "refused", "detail": f"HTTP {status}", "at": clock.now},
                {"outcome": "refused", "detail": "HTTP 503", "at": clock.now},
                {"outcome": "delivered", "detail": "HTTP 200", "at": clock.now},
            ],
            "final": True,
        }
        assert len(receiver.raw) == 3
        assert len(set(receiver.raw)) == 1

    @pytest.mark.parametrize(("vendor", "attempts"), [("wuzapi", 5), ("wa_portal", 1), ("checkwa", 3)])
    async def test_a_receiver_that_is_away_is_given_up(
        self, delivery: WebhookDelivery, ledger: Ledger, away: str, vendor: str, attempts: int
    ) -> None:
        await finish(delivery.send(vendor, away, as_json({})))
        (entry,) = ledger.callbacks
        assert (outcomes(entry), entry.final) == (["failed"] * attempts, True)
        assert "ConnectionRefused" in entry.attempts[0].detail

    async def test_an_attempt_that_failed_is_visible_before_the_next_one(
        self, delivery: WebhookDelivery, ledger: Ledger, receiver: Receiver
    ) -> None:
        receiver.statuses = [500]
        sending = delivery.send("wuzapi", receiver.url, as_json({}))
        await receiver.until(2)
        (entry,) = ledger.callbacks
        assert (outcomes(entry), entry.final) == (["refused"], False)
        await finish(sending)

    async def test_another_machine_is_never_called(self, delivery: WebhookDelivery, ledger: Ledger) -> None:
        await finish(delivery.send("green_api", "http://example.com/", as_json({})))
        (entry,) = ledger.callbacks
        assert (outcomes(entry), entry.final) == (["skipped"], True)


class TestOrder:
    async def test_green_api_tries_until_it_is_taken_and_later_ones_wait(
        self, delivery: WebhookDelivery, ledger: Ledger, receiver: Receiver
    ) -> None:
        receiver.statuses = [503] * 6
        await finish(*[delivery.send("green_api", receiver.url, post) for post in posts("a", "b", "c")])
        assert names(receiver) == ["a"] * 7 + ["b", "c"]
        assert [len(entry.attempts) for entry in ledger.callbacks] == [7, 1, 1]

    async def test_green_api_keeps_a_notification_for_a_day(
        self, delivery: WebhookDelivery, ledger: Ledger, receiver: Receiver, clock: Clock
    ) -> None:
        receiver.statuses = [503] * 100
        sending = delivery.send("green_api", receiver.url, as_json({}))
        await receiver.until(3)
        clock.now += 24 * 3600 - 1
        await receiver.until(5)
        clock.now += 1
        await finish(sending)
        (entry,) = ledger.callbacks
        assert entry.final
        assert len(entry.attempts) in (5, 6)

    async def test_a_post_of_wuzapi_does_not_wait_behind_one_that_fails(
        self, delivery: WebhookDelivery, receiver: Receiver
    ) -> None:
        receiver.statuses = [503]
        change(delivery, "wuzapi", gap=0.5)
        first, second = posts("a", "b")
        sending = delivery.send("wuzapi", receiver.url, first)
        await receiver.until(1)
        await finish(delivery.send("wuzapi", receiver.url, second), sending)
        assert names(receiver) == ["a", "b", "a"]

    async def test_the_portal_posts_one_after_the_other(self, delivery: WebhookDelivery, receiver: Receiver) -> None:
        await finish(*[delivery.send("wa_portal", receiver.url, post) for post in posts(*"abcdefgh")])
        assert names(receiver) == list("abcdefgh")
        assert receiver.peak == 1

    @pytest.mark.parametrize("vendor", ["wuzapi", "checkwa"])
    async def test_no_more_than_sixteen_at_once(
        self, delivery: WebhookDelivery, receiver: Receiver, vendor: str
    ) -> None:
        receiver.open.clear()
        tasks = [delivery.send(vendor, receiver.url, as_json({})) for _ in range(100)]
        await receiver.until(MAX_CONCURRENT)
        receiver.open.set()
        await finish(*tasks)
        assert receiver.peak == MAX_CONCURRENT == 16
        assert len(receiver.bodies) == 100

    @pytest.mark.parametrize("vendor", VENDORS)
    async def test_a_receiver_that_hangs_stops_nobody_else(
        self, delivery: WebhookDelivery, ledger: Ledger, receiver: Receiver, away: str, vendor: str
    ) -> None:
        receiver.open.clear()
        for _ in range(20):
            delivery.send(vendor, receiver.url, as_json({}))
        await receiver.until(1)
        others = [other for other in VENDORS if other != vendor]
        await finish(*[delivery.send(other, "http://example.com/", as_json({})) for other in others])
        assert {entry.vendor for entry in ledger.callbacks} == {*others}


class TestFaults:
    async def test_delay(self, delivery: WebhookDelivery, receiver: Receiver) -> None:
        change(delivery, "checkwa", delay=0.3)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await finish(*[delivery.send("checkwa", receiver.url, post) for post in posts(*"abcde")])
        # All come late, and none later than the others.
        assert 0.29 <= loop.time() - begun < 1.2

    @pytest.mark.parametrize("vendor", VENDORS)
    async def test_copies(self, delivery: WebhookDelivery, ledger: Ledger, receiver: Receiver, vendor: str) -> None:
        change(delivery, vendor, copies=3)
        await finish(*[delivery.send(vendor, receiver.url, post) for post in posts("a", "b")])
        assert sorted(names(receiver)) == ["a", "a", "a", "b", "b", "b"]
        assert [outcomes(entry) for entry in ledger.callbacks] == [["delivered"]] * 6

    @pytest.mark.parametrize("vendor", VENDORS)
    async def test_shuffle(self, delivery: WebhookDelivery, receiver: Receiver, vendor: str) -> None:
        change(delivery, vendor, shuffle=True, gap=0.05)
        await finish(*[delivery.send(vendor, receiver.url, post) for post in posts("a", "b", "c")])
        assert names(receiver) == ["c", "b", "a"]
        await finish(*[delivery.send(vendor, receiver.url, post) for post in posts("d", "e")])
        assert names(receiver)[3:] == ["e", "d"]

    async def test_all_together(self, delivery: WebhookDelivery, ledger: Ledger, receiver: Receiver) -> None:
        receiver.statuses = [500]
        change(delivery, "green_api", shuffle=True, copies=2, delay=0.05, gap=0.2)
        await finish(*[delivery.send("green_api", receiver.url, post) for post in posts("a", "b")])
        assert names(receiver) == ["b", "b", "b", "a", "a"]
        assert [len(entry.attempts) for entry in ledger.callbacks] == [2, 1, 1, 1]

    async def test_fewer_attempts_let_even_green_api_go_on(
        self, delivery: WebhookDelivery, ledger: Ledger, receiver: Receiver
    ) -> None:
        receiver.statuses = [500, 500]
        change(delivery, "green_api", attempts=2)
        await finish(*[delivery.send("green_api", receiver.url, post) for post in posts("a", "b")])
        assert names(receiver) == ["a", "a", "b"]

    async def test_posts_under_way_go_on_as_they_began(
        self, delivery: WebhookDelivery, ledger: Ledger, away: str
    ) -> None:
        sending = delivery.send("checkwa", away, as_json({}))
        change(delivery, "checkwa", attempts=1)
        await finish(sending)
        assert len(ledger.callbacks[0].attempts) == 3


class TestDemands:
    async def test_options_come_first_and_hold_for_five_seconds(
        self, delivery: WebhookDelivery, receiver: Receiver, clock: Clock
    ) -> None:
        receiver.allows = "Access-Control-Allow-Origin: *\r\n"
        for seconds in (0, 4.9, 0.2):
            clock.now += seconds
            await finish(delivery.send("checkwa", receiver.url, as_json({}), DEMANDS))
        assert [method for method, _ in receiver.requests] == ["OPTIONS", "POST", "POST", "OPTIONS", "POST"]

    async def test_each_address_is_asked(self, delivery: WebhookDelivery, receiver: Receiver) -> None:
        receiver.allows = "Access-Control-Allow-Origin: *\r\n"
        for address in (receiver.url, receiver.url + "/other"):
            await finish(delivery.send("checkwa", address, as_json({}), DEMANDS))
        assert [method for method, _ in receiver.requests] == ["OPTIONS", "POST", "OPTIONS", "POST"]

    async def test_a_blocked_post_is_tried_again_and_nothing_is_posted_before(
        self, delivery: WebhookDelivery, ledger: Ledger, receiver: Receiver
    ) -> None:
        sending = delivery.send("checkwa", receiver.url, as_json({}), DEMANDS)
        await receiver.until(2)
        receiver.allows = "Access-Control-Allow-Origin: *\r\n"
        await finish(sending)
        (entry,) = ledger.callbacks
        assert outcomes(entry)[0] == "blocked"
        assert outcomes(entry)[-1] == "delivered"
        assert "access-control-allow-origin" in entry.attempts[0].detail
        assert [method for method, _ in receiver.requests][-2:] == ["OPTIONS", "POST"]
        assert len(receiver.bodies) == 1


class TestEnd:
    async def test_a_reset_drops_what_hangs_what_waits_and_what_is_to_be_tried_again(
        self, delivery: WebhookDelivery, ledger: Ledger, receiver: Receiver, away: str
    ) -> None:
        receiver.open.clear()
        change(delivery, "wuzapi", delay=3600)
        change(delivery, "wa_portal", shuffle=True, gap=3600)
        change(delivery, "checkwa", gap=3600)
        urls = {"wuzapi": away, "wa_portal": away, "green_api": receiver.url, "checkwa": away}
        tasks = [delivery.send(vendor, url, as_json({})) for vendor, url in urls.items() for _ in range(30)]
        await receiver.until(1)
        delivery.reset(GAP)
        results = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 1)
        assert {type(result) for result in results} == {asyncio.CancelledError}
        assert {entry.vendor for entry in ledger.callbacks} <= {"checkwa"}
        # A new start: nothing waits behind what was dropped.
        receiver.open.set()
        ledger.clear()
        await finish(*[delivery.send(vendor, receiver.url, as_json({"vendor": vendor})) for vendor in VENDORS])
        assert sorted(entry.vendor for entry in ledger.callbacks) == sorted(VENDORS)

    async def test_the_end_of_the_sandbox_is_the_end_of_its_posts(self, sandbox: Sandbox, receiver: Receiver) -> None:
        receiver.open.clear()
        sending = sandbox.webhook_delivery.send("checkwa", receiver.url, as_json({}))
        await receiver.until(1)
        sandbox.close()
        await asyncio.wait({sending}, timeout=1)
        assert sending.cancelled()

    async def test_one_vendors_posts_can_be_dropped_alone(
        self, delivery: WebhookDelivery, ledger: Ledger, receiver: Receiver
    ) -> None:
        receiver.open.clear()
        dropped = delivery.send("green_api", receiver.url, as_json({}))
        other = delivery.send("wuzapi", receiver.url, as_json({}))
        await receiver.until(2)
        delivery.drop("green_api")
        receiver.open.set()
        await finish(other)
        assert dropped.cancelled()
        assert [entry.vendor for entry in ledger.callbacks] == ["wuzapi"]

    async def test_what_is_dropped_between_two_attempts_is_final(
        self, delivery: WebhookDelivery, ledger: Ledger, receiver: Receiver
    ) -> None:
        receiver.statuses = [500]
        sending = delivery.send("green_api", receiver.url, as_json({}))
        await receiver.until(2)
        delivery.drop("green_api")
        await asyncio.gather(sending, return_exceptions=True)
        assert ledger.callbacks[0].final

    async def test_a_reset_forgets_what_options_have_said(self, delivery: WebhookDelivery, receiver: Receiver) -> None:
        receiver.allows = "Access-Control-Allow-Origin: *\r\n"
        for _ in range(2):
            await finish(delivery.send("checkwa", receiver.url, as_json({}), DEMANDS))
            delivery.reset(GAP)
        assert [method for method, _ in receiver.requests] == ["OPTIONS", "POST"] * 2
