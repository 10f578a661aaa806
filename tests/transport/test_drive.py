# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from helpers.driving import Driver, Tiny

from airflow_provider_wa.api.errors import (
    BadInput,
    OutcomeUnknown,
    RateLimited,
    Unauthorized,
    UnexpectedReply,
    VendorUnavailable,
    WaError,
)
from airflow_provider_wa.api.flow import Effect, Flow, Reply, Request, Sleep, exchange
from airflow_provider_wa.transport.channel import AsyncChannel, Channel, Endpoint
from airflow_provider_wa.transport.drive import adrive, drive

VENDOR = Endpoint("http://vendor", secrets=("S3cr3tT0k3n",))


def _vendor(request: httpx.Request) -> httpx.Response:
    """Answers by the path: a status, a fault, or an echo."""
    word = request.url.path.strip("/")
    if word.isdigit():
        return httpx.Response(int(word), json={"error": "S3cr3tT0k3n refused"})
    if word == "refused":
        raise httpx.ConnectError("Connection refused")
    if word == "dropped":
        raise httpx.ReadError("http://vendor/S3cr3tT0k3n")
    return httpx.Response(200, content=json.dumps({"word": word, "text": request.content.decode()}))


TRANSPORT = httpx.MockTransport(_vendor)


def _get(path: str, effect: Effect = Effect.READ) -> Request:
    return Request("GET", path, effect)


def _at_once() -> Flow[Any]:
    yield from ()
    return 42


def _nothing() -> Flow[Any]:
    yield from exchange(_get("/a"))


def _one() -> Flow[Any]:
    reply = yield from exchange(_get("/a"))
    return reply.object


def _secret() -> Flow[Any]:
    reply = yield from exchange(Request("POST", "/a", json="S3cr3tT0k3n"))
    return [reply.beginning, {"S3cr3tT0k3n": 1}]


def _several() -> Flow[Any]:
    words = []
    for path in ("/a", "/b", "/c"):
        reply = yield from exchange(_get(path))
        words.append(reply.object["word"])
        slept = yield Sleep(1.5)
        words.append(slept)
    yield Sleep(2, everyone=True)
    return words


def _catches() -> Flow[Any]:
    caught: list[Any] = []
    for path, effect in (("/refused", Effect.SEND), ("/dropped", Effect.SEND), ("/dropped", Effect.READ)):
        try:
            yield _get(path, effect)
        except WaError as error:
            caught.append((type(error).__name__, getattr(error, "never_left", None)))
    reply = yield from exchange(_get("/on"))
    return [*caught, reply.object["word"]]


def _catches_in_turn() -> Flow[Any]:
    try:
        yield _get("/refused")
    except VendorUnavailable:
        try:
            yield _get("/dropped", Effect.SEND)
        except OutcomeUnknown:
            return "fallen through"
    return "no"


def _does_not_catch() -> Flow[Any]:
    yield _get("/dropped", Effect.SEND)


def _replaces() -> Flow[Any]:
    try:
        yield _get("/dropped", Effect.SEND)
    except OutcomeUnknown as error:
        raise UnexpectedReply("S3cr3tT0k3n", raw="S3cr3tT0k3n") from error


def _raises() -> Flow[Any]:
    yield Sleep(1)
    raise BadInput("S3cr3tT0k3n is no number")


def _tidies_up() -> Flow[Any]:
    try:
        yield _get("/dropped", Effect.SEND)
    finally:
        yield from exchange(_get("/tidy"))


def _status(status: int, effect: Effect) -> Callable[[], Flow[Any]]:
    return lambda: Tiny().call(effect, path=f"/{status}")


FLOWS: dict[str, tuple[Callable[[], Flow[Any]], Any]] = {
    "returns at once": (_at_once, 42),
    "returns nothing": (_nothing, None),
    "asks once": (_one, {"word": "a", "text": ""}),
    "returns a secret": (_secret, ['{"word": "a", "text": "\\"***\\""}', {"***": 1}]),
    "asks and sleeps in turn": (_several, ["a", None, "b", None, "c", None]),
    "goes on after errors": (
        _catches,
        [("VendorUnavailable", True), ("OutcomeUnknown", None), ("VendorUnavailable", False), "on"],
    ),
    "meets an error after an error": (_catches_in_turn, "fallen through"),
    "is ended by an error": (_does_not_catch, OutcomeUnknown),
    "replaces an error": (_replaces, UnexpectedReply),
    "raises an error": (_raises, BadInput),
    "tidies up": (_tidies_up, OutcomeUnknown),
    "is refused": (_status(401, Effect.SEND), Unauthorized),
    "is too fast": (_status(429, Effect.SEND), RateLimited),
    "fails a read": (_status(503, Effect.READ), VendorUnavailable),
    "fails a send": (_status(503, Effect.SEND), OutcomeUnknown),
}


@pytest.mark.parametrize(("flow", "expected"), FLOWS.values(), ids=FLOWS)
def test_a_flow_ends_as_it_should(run: Driver, flow: Callable[[], Flow[Any]], expected: Any) -> None:
    ended = run(flow(), VENDOR, transport=TRANSPORT)
    if isinstance(expected, type):
        assert ended.kind is expected
        assert "S3cr3tT0k3n" not in f"{ended.error} {vars(ended.error)}"
    else:
        assert ended.error is None
        assert ended.value == expected


@pytest.mark.parametrize("flow", [flow for flow, _ in FLOWS.values()], ids=FLOWS)
def test_both_channels_come_to_the_same(monkeypatch: pytest.MonkeyPatch, flow: Callable[[], Flow[Any]]) -> None:
    monkeypatch.setattr("random.random", lambda: 0.5)
    one, other = (Driver(kind)(flow(), VENDOR, transport=TRANSPORT) for kind in ("sync", "async"))  # type: ignore[arg-type]
    assert one.value == other.value
    assert one.kind is other.kind
    assert one.error is None or vars(one.error) == vars(other.error)
    assert one.error is None or one.error.args == other.error.args  # type: ignore[union-attr]
    assert one.calls == other.calls
    assert one.sleeps == other.sleeps


@pytest.mark.parametrize("bug", [KeyError("S3cr3tT0k3n"), ValueError(), TimeoutError(), KeyboardInterrupt()], ids=repr)
def test_a_bug_in_a_flow_goes_through_untouched(run: Driver, bug: BaseException) -> None:
    def flow() -> Flow[None]:
        yield from exchange(_get("/a"))
        raise bug

    with pytest.raises(type(bug)) as raised:
        run(flow(), VENDOR, transport=TRANSPORT)
    assert raised.value is bug


def test_a_stray_stop_iteration_does_not_look_like_a_result(run: Driver) -> None:
    def flow() -> Flow[None]:
        yield from exchange(_get("/a"))
        next(iter(()))

    with pytest.raises(RuntimeError, match="StopIteration"):
        run(flow(), VENDOR, transport=TRANSPORT)


def test_the_errors_traceback_leads_into_the_flow(run: Driver) -> None:
    ended = run(_raises(), VENDOR, transport=TRANSPORT)
    assert ended.error is not None
    names, trace = [], ended.error.__traceback__
    while trace:
        names.append(trace.tb_frame.f_code.co_name)
        trace = trace.tb_next
    assert names[-1] == "_raises"


def test_steps_are_carried_out_in_their_order_and_answered_in_turn() -> None:
    trace: list[Any] = []

    class Recorder(Channel):
        def carry_out(self, step: Any) -> Any:
            trace.append(step)
            return Reply(200, str(len(trace)).encode()) if isinstance(step, Request) else None

    def flow() -> Flow[Any]:
        first = yield _get("/a")
        pause = yield Sleep(0.5)
        second = yield _get("/b")
        return [first, pause, second]

    assert drive(flow(), Recorder(VENDOR)) == [Reply(200, b"1"), None, Reply(200, b"3")]
    assert trace == [_get("/a"), Sleep(0.5), _get("/b")]


def test_sleeps_are_slept() -> None:
    def flow() -> Flow[None]:
        yield Sleep(0.05)

    for kind in ("sync", "async"):
        assert Driver(kind)(flow(), VENDOR, transport=TRANSPORT, real_sleeps=True).seconds >= 0.05  # type: ignore[arg-type]


async def test_cancelling_is_no_failure_of_the_vendor() -> None:
    failures = []

    def flow() -> Flow[None]:
        try:
            yield _get("/slow", Effect.SEND)
        except WaError as error:
            failures.append(error)

    async def slow(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        return httpx.Response(200)

    async with AsyncChannel(VENDOR, transport=httpx.MockTransport(slow)) as channel:
        task = asyncio.ensure_future(adrive(flow(), channel))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert failures == []


async def test_flows_run_at_once_over_one_channel() -> None:
    arrived = asyncio.Event()
    waiting = []

    async def together(request: httpx.Request) -> httpx.Response:
        waiting.append(request)
        if len(waiting) == 5:
            arrived.set()
        await asyncio.wait_for(arrived.wait(), 5)
        return httpx.Response(200, json={"path": request.url.path})

    def flow(number: int) -> Flow[Any]:
        reply = yield from exchange(_get(f"/{number}"))
        return reply.object

    async with AsyncChannel(VENDOR, transport=httpx.MockTransport(together)) as channel:
        results = await asyncio.gather(*(adrive(flow(number), channel) for number in range(5)))
    assert results == [{"path": f"/{number}"} for number in range(5)]
