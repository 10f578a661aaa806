# SPDX-License-Identifier: Apache-2.0
"""What goes over the wire and what comes back, on real sockets and over both channels."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
import time
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from helpers.certificates import Certificate
from helpers.driving import Driver, Tiny
from helpers.raw_server import DiskIntSet, RawServer, Wire, reply, say

from airflow_provider_wa.api.errors import BadInput, OutcomeUnknown, UnexpectedReply, VendorUnavailable
from airflow_provider_wa.api.flow import Effect, Flow, Reply, Request, Upload, exchange
from airflow_provider_wa.transport import body as body_module
from airflow_provider_wa.transport.channel import AsyncChannel, Channel, Endpoint

pytestmark = pytest.mark.sockets

TEXT = "¡Hola! ¿Qué tal? 😀 a+b=c&d%e/f#g\n\"'\\"
EFFECTS = pytest.mark.parametrize("effect", Effect)
"""Reads and sends go over connections of their own."""


def _ask(request: Request) -> Flow[Reply]:
    return exchange(request)


def _seen(run: Driver, effect: Effect, base_path: str = "", **options: Any) -> DiskIntSet:
    """The request as it arrived."""
    with RawServer(reply()) as server:
        request = Request(**{"method": "POST", "path": "/call", "effect": effect, **options})
        ended = run(_ask(request), server.url + base_path)
    assert ended.error is None
    (seen,) = server.requests
    return seen


@EFFECTS
def test_parameters_arrive_as_they_were(run: Driver, effect: Effect) -> None:
    params = {"text": TEXT, "empty": "", "to": "+51 987"}
    seen = _seen(run, effect, params=params)
    assert dict(parse_qsl(urlsplit(seen.target).query, keep_blank_values=True)) == params


@EFFECTS
def test_json_arrives_as_it_was(run: Driver, effect: Effect) -> None:
    body = {"text": TEXT, "numbers": ["1", "2"], "yes": True, "none": None}
    seen = _seen(run, effect, json=body)
    assert json.loads(seen.body) == body
    assert seen.headers["content-type"] == "application/json"


@EFFECTS
def test_a_form_arrives_as_it_was(run: Driver, effect: Effect) -> None:
    seen = _seen(run, effect, form={"text": TEXT, "to": "51987"})
    assert dict(parse_qsl(seen.body.decode())) == {"text": TEXT, "to": "51987"}
    assert seen.headers["content-type"] == "application/x-www-form-urlencoded"


@EFFECTS
def test_files_arrive_as_they_were(run: Driver, effect: Effect) -> None:
    files = (Upload("file", "a.png", b"\x89PNG\r\n\x00", "image/png"), Upload("other", "b.txt", b"text"))
    seen = _seen(run, effect, params={"to": "1"}, files=files)
    assert seen.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert "content-length" in seen.headers
    assert seen.target == "/call?to=1"
    assert b'name="file"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\x00\r\n' in seen.body
    assert b'name="other"; filename="b.txt"\r\nContent-Type: application/octet-stream\r\n\r\ntext\r\n' in seen.body


@EFFECTS
def test_headers_and_method_arrive_as_they_were(run: Driver, effect: Effect) -> None:
    seen = _seen(run, effect, method="PUT", headers={"Token": "a+/=", "X-Df-Api-Id": "7"})
    assert seen.method == "PUT"
    assert (seen.headers["token"], seen.headers["x-df-api-id"]) == ("a+/=", "7")
    assert seen.body == b""


@EFFECTS
def test_the_base_urls_path_is_kept(run: Driver, effect: Effect) -> None:
    assert _seen(run, effect, "/api/v1").target == "/api/v1/call"


@EFFECTS
def test_a_quoted_path_means_the_same_to_the_server(run: Driver, effect: Effect) -> None:
    seen = _seen(run, effect, path=f"/send/{quote('a/b?c#d%e+f@g é', safe='')}/x")
    assert seen.target == f"/send/{quote('a/b?c#d%e+f@g é', safe='')}/x"


@EFFECTS
def test_the_reply_comes_back_as_it_was(run: Driver, effect: Effect) -> None:
    with RawServer(reply(b"\x89PNG", 404, x_Mixed_case="Yes")) as server:
        answer = run(_ask(Request("GET", "/", effect)), server.url).value
    assert isinstance(answer, Reply)
    assert (answer.status, answer.body) == (404, b"\x89PNG")
    assert answer.headers["x-mixed-case"] == "Yes"
    assert all(name == name.lower() for name in answer.headers)


@EFFECTS
def test_a_compressed_reply_is_unpacked(run: Driver, effect: Effect) -> None:
    with RawServer(reply(gzip.compress(b'{"a": 1}' * 5000), content_encoding="gzip")) as server:
        answer = run(_ask(Request("GET", "/", effect)), server.url).value
    assert isinstance(answer, Reply)
    assert answer.body == b'{"a": 1}' * 5000


@EFFECTS
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(run: Driver, effect: Effect, status: int) -> None:
    with RawServer(reply(b"", status, location="/elsewhere")) as server:
        ended = run(Tiny().call(effect), server.url)
    assert ended.error is not None
    assert ended.error.status == status
    assert len(server.requests) == 1


@EFFECTS
def test_a_call_does_not_depend_on_the_calls_before_it(run: Driver, effect: Effect) -> None:
    def flow() -> Flow[None]:
        for _ in range(2):
            yield from Tiny().call(effect)

    with RawServer(reply(set_cookie="session=1; Path=/")) as server:
        assert run(flow(), server.url).error is None
    assert [request.headers.get("cookie") for request in server.requests] == [None, None]


@EFFECTS
@pytest.mark.parametrize("packed", [False, True])
def test_a_reply_must_not_fill_the_memory(
    run: Driver, monkeypatch: pytest.MonkeyPatch, effect: Effect, packed: bool
) -> None:
    monkeypatch.setattr(body_module, "REPLY_BYTES", 1000)
    long = b"x" * 100_000
    answer = reply(gzip.compress(long), content_encoding="gzip") if packed else reply(long)
    with RawServer(answer) as server:
        ended = run(_ask(Request("GET", "/", effect)), server.url)
    assert ended.kind is (OutcomeUnknown if effect is Effect.SEND else VendorUnavailable)
    assert "ReplyTooLong" in str(ended.error)
    with RawServer(reply(b"x" * 1000)) as server:
        assert run(_ask(Request("GET", "/", effect)), server.url).error is None


@EFFECTS
def test_a_reply_packed_in_layers_is_not_unpacked(run: Driver, effect: Effect) -> None:
    """2.4 GB in 5 KB: each layer of gzip makes a body of zeros a thousand times smaller."""
    bomb = gzip.compress(gzip.compress(bytes(1_000_000)))
    with RawServer(reply(bomb, content_encoding="gzip, gzip")) as server:
        ended = run(Tiny().call(effect), server.url)
    assert ended.kind is (OutcomeUnknown if effect is Effect.SEND else UnexpectedReply)
    assert "one layer of gzip" in str(ended.error)
    assert len(server.requests) == 1, "it is not asked for again"


# Time.


def test_a_request_may_say_how_long_it_waits() -> None:
    endpoint = Endpoint("http://h", timeout=7)
    for request, wait in ((Request("GET", "/"), 7), (Request("GET", "/", timeout=90), 90)):
        timeout = endpoint.build(request).extensions["timeout"]
        assert timeout == {"connect": 10, "read": wait, "write": wait, "pool": 20}
    assert endpoint.deadline(Request("GET", "/")) == 24
    assert endpoint.deadline(Request("GET", "/", timeout=0.5)) == 11


@EFFECTS
def test_a_requests_own_wait_counts(run: Driver, effect: Effect) -> None:
    def late(wire: Wire) -> None:
        time.sleep(0.1)
        reply()(wire)

    with RawServer(late) as server:
        ended = run(_ask(Request("POST", "/", effect, timeout=0.05)), Endpoint(server.url, timeout=5))
        assert "ReadTimeout" in str(ended.error)
        ended = run(_ask(Request("POST", "/", effect, timeout=5)), Endpoint(server.url, timeout=0.05))
        assert ended.error is None


# What is no request.

BAD_TOKENS = {"line break": "tok\nen", "zero": "tok\x00en", "not ASCII": "tokén"}


@EFFECTS
@pytest.mark.parametrize("token", BAD_TOKENS.values(), ids=BAD_TOKENS)
def test_a_token_that_cannot_be_a_header_is_bad_input(run: Driver, effect: Effect, token: str) -> None:
    with RawServer(reply()) as server:
        ended = run(Tiny().call(effect, headers={"Token": token}), server.url)
    assert ended.kind is BadInput
    assert "check the connection's host and token" in str(ended.error)
    assert token not in str(ended.error)
    assert server.requests == server.fragments == []
    assert ended.sleeps == []


@EFFECTS
@pytest.mark.parametrize("place", ["params", "form"])
def test_half_a_surrogate_pair_is_bad_input(run: Driver, effect: Effect, place: str) -> None:
    with RawServer(reply()) as server:
        ended = run(Tiny().call(effect, **{place: {"text": "broken \ud83d"}}), server.url)
    assert ended.kind is BadInput, "nothing has left: a send is not unknown"
    assert server.connections == ended.calls == 0


@EFFECTS
def test_half_a_surrogate_pair_in_json_is_bad_input_or_escaped(run: Driver, effect: Effect) -> None:
    with RawServer(reply()) as server:
        ended = run(Tiny().call(effect, json={"text": "broken \ud83d"}), server.url)
    if ended.error:
        assert ended.kind is BadInput
        assert server.connections == 0
    else:  # httpx 0.27 writes ASCII
        assert json.loads(server.requests[0].body) == {"text": "broken \ud83d"}


@EFFECTS
@pytest.mark.parametrize("url", ["vendor.example", "ftp://vendor.example", "http://"])
def test_a_host_that_is_none_is_bad_input(run: Driver, effect: Effect, url: str) -> None:
    assert run(Tiny().call(effect), url).kind is BadInput


@EFFECTS
def test_a_bug_in_a_request_is_not_a_failure_of_the_vendor(run: Driver, effect: Effect) -> None:
    with RawServer(reply()) as server, pytest.raises(TypeError, match="not JSON serializable"):
        run(Tiny().call(effect, json={"when": object()}), server.url)
    assert server.connections == 0


# Connections.


@pytest.mark.parametrize("proxied", [True, False])
@EFFECTS
def test_the_environments_proxy_is_used(
    run: Driver, monkeypatch: pytest.MonkeyPatch, effect: Effect, proxied: bool
) -> None:
    with RawServer(reply({"from": "vendor"})) as vendor, RawServer(reply({"from": "proxy"})) as proxy:
        monkeypatch.setenv("HTTP_PROXY" if proxied else "no_proxy", proxy.url if proxied else "*")
        monkeypatch.setenv("http_proxy", proxy.url)
        ended = run(Tiny().call(effect), vendor.url)
    assert ended.value == {"from": "proxy" if proxied else "vendor"}


async def test_no_more_reads_run_at_once_than_the_connection_allows() -> None:
    lock, now, most = threading.Lock(), 0, 0

    def slow(wire: Wire) -> bool:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.03)
        with lock:
            now -= 1
        return bool(reply(keep=True)(wire))

    with RawServer(slow) as server:
        async with AsyncChannel(Endpoint(server.url, concurrency=3)) as channel:
            replies = await asyncio.gather(*(channel.carry_out(Request("GET", "/")) for _ in range(9)))
    assert [answer.status for answer in replies if isinstance(answer, Reply)] == [200] * 9
    assert most == server.connections == 3


async def test_reads_and_sends_keep_connections_of_their_own() -> None:
    with RawServer(reply(keep=True)) as server:
        async with AsyncChannel(Endpoint(server.url)) as channel:
            for effect in (Effect.READ, Effect.READ, Effect.SEND, Effect.SEND, Effect.READ):
                await channel.carry_out(Request("POST", "/", effect))
    assert [(seen.connection, seen.turn) for seen in server.requests] == [(1, 1), (1, 2), (2, 1), (2, 2), (1, 3)]


def test_a_closed_channel_has_closed_its_connections(run: Driver) -> None:
    gone = threading.Event()

    def wait_for_the_end(wire: Wire) -> None:
        reply(keep=True)(wire)
        wire.sock.settimeout(5)
        if wire.sock.recv(1) == b"":
            gone.set()

    with RawServer(wait_for_the_end) as server:
        assert run(Tiny().call(Effect.READ), server.url).value == {"ok": True}
        assert gone.wait(2)


def test_calls_are_counted(run: Driver) -> None:
    with RawServer(reply(status=503), say(b"junk\r\n\r\n"), reply()) as server:
        assert run(Tiny().call(Effect.READ), server.url).calls == 3


def test_a_channel_takes_its_rate_from_the_endpoint() -> None:
    limiter = Channel(Endpoint("http://h", rate=4)).limiter
    assert [limiter.reserve(0), limiter.reserve(0)] == [0, 0.25]


# TLS.


@pytest.mark.filterwarnings("error::DeprecationWarning")
@EFFECTS
@pytest.mark.parametrize("verify", ["by default", "not at all", "by a bundle"])
def test_tls_is_verified_as_the_connection_says(
    run: Driver, certificate: Certificate, effect: Effect, verify: str
) -> None:
    choice: dict[str, bool | str] = {"by default": True, "not at all": False, "by a bundle": str(certificate.path)}
    with RawServer(reply(), tls=certificate.server) as server:
        ended = run(Tiny().call(effect), Endpoint(server.url, verify=choice[verify], timeout=5))
    if verify == "by default":
        assert ended.kind is VendorUnavailable
        assert "CERTIFICATE_VERIFY_FAILED" in str(ended.error)
        assert server.requests == []
    else:
        assert ended.value == {"ok": True}
