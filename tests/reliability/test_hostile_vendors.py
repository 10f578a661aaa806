# SPDX-License-Identifier: Apache-2.0
"""A vendor that means harm: bounded time and memory, the right error, and nothing told to another host."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from helpers.driving import Driver, Ended, Tiny
from helpers.hostile_server import BODIES, BROKEN, CODINGS, DEEP, DRIPS, HEADS
from helpers.raw_server import Answer, DiskIntSet, RawServer, reply

from airflow_provider_wa.api.errors import BadInput, OutcomeUnknown, UnexpectedReply, VendorUnavailable
from airflow_provider_wa.api.flow import Effect, Reply, Request, exchange
from airflow_provider_wa.transport import body as body_module
from airflow_provider_wa.transport import channel as channel_module
from airflow_provider_wa.transport.channel import Endpoint

pytestmark = pytest.mark.sockets

LIMIT = 4 << 20
"""Bytes of the longest reply, in these tests."""
SPARE = 2 << 20
"""Bytes for all else that an exchange takes: buffers, modules that it loads."""
TOKEN = "S3cr3tT0k3nXyz"

EFFECTS = pytest.mark.parametrize("effect", Effect)


@pytest.fixture(params=["sync", "async"])
def run(request: pytest.FixtureRequest) -> Driver:
    return Driver(request.param)


@pytest.fixture(autouse=True)
def _limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_module, "REPLY_BYTES", LIMIT)
    monkeypatch.setattr(channel_module, "CONNECT_TIMEOUT", 0.5)


@pytest.fixture
def peak(run: Driver) -> Iterator[Any]:
    """The most memory that was held at once, in bytes; what the first exchange loads is loaded before."""
    for effect in Effect:
        with RawServer(reply()) as server:
            run(exchange(Request("GET", "/", effect)), server.url)
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


def _ask(run: Driver, answer: Answer, effect: Effect, timeout: float = 0.5) -> tuple[Ended[Reply], list[DiskIntSet]]:
    with RawServer(answer) as server:
        endpoint = Endpoint(server.url, secrets=(TOKEN,), timeout=timeout)
        ended = run(exchange(Request("POST", "/", effect, headers={"Token": TOKEN})), endpoint)
    return ended, server.requests


def _assert_no_reply(ended: Ended[Reply], effect: Effect) -> None:
    """A read may be repeated; a send may or may not have gone out, and is never said to be the caller's fault."""
    assert ended.kind is (OutcomeUnknown if effect is Effect.SEND else VendorUnavailable)
    assert not getattr(ended.error, "never_left", False)


@EFFECTS
@pytest.mark.parametrize("attack", BODIES)
def test_a_body_beyond_the_limit_is_given_up(run: Driver, peak: Any, attack: str, effect: Effect) -> None:
    ended, _ = _ask(run, BODIES[attack], effect, timeout=20)
    _assert_no_reply(ended, effect)
    assert "ReplyTooLong" in str(ended.error)
    assert peak() < 2 * LIMIT + SPARE


@EFFECTS
@pytest.mark.parametrize("attack", CODINGS)
def test_a_body_packed_in_another_way_is_refused(run: Driver, peak: Any, attack: str, effect: Effect) -> None:
    ended, _ = _ask(run, CODINGS[attack], effect)
    assert ended.kind is (OutcomeUnknown if effect is Effect.SEND else UnexpectedReply)
    assert peak() < 2 * LIMIT + SPARE


@EFFECTS
@pytest.mark.parametrize("attack", HEADS)
def test_a_head_without_an_end_is_given_up(run: Driver, peak: Any, attack: str, effect: Effect) -> None:
    ended, _ = _ask(run, HEADS[attack], effect)
    _assert_no_reply(ended, effect)
    assert peak() < 2 * LIMIT + SPARE


@EFFECTS
@pytest.mark.parametrize("attack", DRIPS)
def test_a_reply_that_drips_is_given_up_at_the_deadline(run: Driver, attack: str, effect: Effect) -> None:
    ended, requests = _ask(run, DRIPS[attack], effect, timeout=0.2)
    _assert_no_reply(ended, effect)
    assert len(requests) == 1


@EFFECTS
@pytest.mark.parametrize("attack", BROKEN)
def test_what_is_no_http_is_no_reply_and_nobodys_fault_but_the_servers(
    run: Driver, attack: str, effect: Effect
) -> None:
    ended, requests = _ask(run, BROKEN[attack], effect)
    assert ended.kind is not BadInput
    if ended.error is None:
        # Some clients take what others refuse; a flow then sees a status, and not more of a body than there was.
        assert ended.value
        assert len(ended.value.body) <= 2
    else:
        _assert_no_reply(ended, effect)
    assert len(requests) == 1


@EFFECTS
@pytest.mark.parametrize("body", DEEP.values(), ids=DEEP)
@pytest.mark.parametrize("status", [200, 400])
def test_json_beyond_its_bounds_is_an_unexpected_reply(run: Driver, body: bytes, status: int, effect: Effect) -> None:
    def flow() -> Any:
        answer = yield from exchange(Request("POST", "/", effect))
        if answer.json is None:
            raise Tiny().unexpected(answer, effect)
        return answer.json

    with RawServer(reply(body, status)) as server:
        ended = run(flow(), Endpoint(server.url, secrets=(TOKEN,), timeout=20))
    assert ended.kind is (OutcomeUnknown if effect is Effect.SEND else UnexpectedReply)


@EFFECTS
@pytest.mark.parametrize("status", [201, 300, 301, 302, 303, 305, 307, 308, 401, 407])
def test_credentials_never_follow_to_another_host(run: Driver, status: int, effect: Effect) -> None:
    with RawServer(reply()) as other:
        there = f"{other.url}/?token={TOKEN}"
        headers = {"location": there, "content_location": there, "refresh": f"0; url={there}", "link": f"<{there}>"}
        answer = reply({"url": there, "next": there}, status, **headers, alt_svc=f'h2="127.0.0.1:{other.port}"')
        with RawServer(answer) as server:
            for host in (server.url, server.url.replace("127.0.0.1", f"user:{TOKEN}@127.0.0.1")):
                endpoint = Endpoint(host, secrets=(TOKEN,), timeout=5)
                ended = run(Tiny().call(effect, headers={"Token": TOKEN}), endpoint)
                assert TOKEN not in f"{ended.error!r} {json.dumps(getattr(ended.error, 'raw', None))}"
    assert other.connections == 0
    assert server.requests
