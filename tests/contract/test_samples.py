# SPDX-License-Identifier: Apache-2.0
"""The samples of all vendors both ways: what goes out is the document's request, its replies become our records.

A further vendor adds ``samples_<name>.py``: ``VENDOR``, its ``SECRETS``, ``SAMPLES`` by the endpoint's name,
``EXCHANGES`` and ``INCOMING``; ``PATCHES`` for what is random in it, ``UNDOCUMENTED`` for fields of requests that no
document has.
"""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import import_module
from types import ModuleType
from typing import Any

import httpx
import pytest
from contract.exchange import Exchange, Incoming
from helpers.script import play

from airflow_provider_wa.api.flow import Request
from airflow_provider_wa.api.records import CheckStatus
from airflow_provider_wa.api.webhooks import EventKind
from airflow_provider_wa.transport.channel import Channel, Endpoint
from airflow_provider_wa.vendors.registry import VENDORS

SAMPLES = {vendor.name: import_module(f"contract.samples_{vendor.name}") for vendor in VENDORS}


def each(asked: bool = False) -> Any:
    """Every exchange of every vendor; ``asked``: those that show a request."""
    cases = [
        pytest.param(samples, exchange, id=f"{name} {exchange.endpoint} {number}")
        for name, samples in SAMPLES.items()
        for number, exchange in enumerate(samples.EXCHANGES, 1)
        if exchange.request or not asked
    ]
    return pytest.mark.parametrize(("samples", "exchange"), cases)


EACH_POST = pytest.mark.parametrize(
    ("samples", "incoming"),
    [
        pytest.param(samples, incoming, id=f"{name} {title}")
        for name, samples in SAMPLES.items()
        for title, incoming in samples.INCOMING.items()
    ],
)
EACH_VENDOR = pytest.mark.parametrize(("vendor", "samples"), [(vendor, SAMPLES[vendor.name]) for vendor in VENDORS])


@pytest.fixture(autouse=True)
def _as_in_the_documents(samples: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    for target, value in getattr(samples, "PATCHES", {}).items():
        monkeypatch.setattr(target, value)


@each(asked=True)
def test_the_documents_request_goes_out(samples: ModuleType, exchange: Exchange) -> None:
    asked, expected = play(exchange.call(), exchange.replies).requests[exchange.at], exchange.request
    ours = {name: getattr(asked, name) for name in getattr(samples, "UNDOCUMENTED", ())}
    assert expected is not None
    assert asked == replace(expected, **ours)


@each(asked=True)
def test_the_request_on_the_wire_says_the_same(samples: ModuleType, exchange: Exchange) -> None:
    request = exchange.request
    assert request is not None
    wire = on_the_wire(samples.VENDOR.base_url, request)
    assert wire.method == request.method
    assert str(wire.url).partition("?")[0] == f"{request.base or samples.VENDOR.base_url}{request.path}"
    pairs = [
        (name, item)
        for name, value in request.params.items()
        for item in (value if isinstance(value, tuple) else (value,))
    ]
    assert wire.url.params.multi_items() == pairs
    assert wire.headers.get("content-type", "").startswith("multipart/form-data") is bool(request.files)
    assert {*request.headers.items()} <= {(name, wire.headers.get(name)) for name in request.headers}
    if request.json is not None:
        assert json.loads(wire.content) == request.json


def on_the_wire(base_url: str, request: Request) -> httpx.Request:
    seen: list[httpx.Request] = []

    def answer(received: httpx.Request) -> httpx.Response:
        received.read()
        seen.append(received)
        return httpx.Response(200)

    with Channel(Endpoint(base_url), transport=httpx.MockTransport(answer)) as channel:
        channel.carry_out(request)
    (wire,) = seen
    return wire


@each()
def test_the_documents_reply_becomes(samples: ModuleType, exchange: Exchange) -> None:
    played = play(exchange.call(), exchange.replies)
    shown = f"{played.error} {played.error!r} {played.requests!r} {played.outcome!r}"
    assert [secret for secret in samples.SECRETS if secret in shown] == []
    if isinstance(exchange.becomes, CheckStatus):
        assert [result.status for result in played.result] == [exchange.becomes]
    elif isinstance(exchange.becomes, type):
        assert type(played.error) is exchange.becomes
        assert exchange.part in str(played.error)
        assert not exchange.text or str(played.error) == exchange.text
        assert not exchange.code or (played.error is not None and played.error.code == exchange.code)
    else:
        assert played.result == exchange.becomes
    if exchange.raw is not None:
        first = played.result[0] if isinstance(played.result, list) else played.result
        assert first.raw == exchange.raw


@EACH_POST
def test_each_post_becomes_events_in_every_spelling(samples: ModuleType, incoming: Incoming) -> None:
    told = [samples.VENDOR.events(post) for post in incoming.posts]
    for events in told:
        assert events == told[0]
        assert [event.key for event in events] == [event.key for event in told[0]]
        assert [
            {name: getattr(event, name) for name in expected}
            for event, expected in zip(events, incoming.events, strict=True)
        ] == [dict(expected) for expected in incoming.events]
        assert all((event.kind is EventKind.OTHER) == (event.record is None) for event in events)


@EACH_VENDOR
def test_every_endpoint_has_samples_and_names_the_flow_that_speaks_it(vendor: Any, samples: ModuleType) -> None:
    assert set(samples.SAMPLES) == {line.name for line in vendor.endpoints}
    assert all(samples.SAMPLES.values())
    for line in vendor.endpoints:
        flows = {exchange.call().__name__ for exchange in samples.EXCHANGES if exchange.endpoint == line.name}
        others = getattr(samples, "FURTHER_FLOWS", {}).get(line.name, set())
        assert flows - others == {other.flow for other in vendor.endpoints if other.name == line.name}, line
