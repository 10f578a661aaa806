# SPDX-License-Identifier: Apache-2.0
"""CheckWA's samples both ways: what we send is the document's request, replies and callbacks become our records."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from contract.samples_checkwa import CALLBACK, CALLBACKS, CODES, NUMBER, SAMPLES, TOKEN, URL, Sample
from helpers.script import Played, play, reply

from airflow_provider_wa.api.errors import WaError
from airflow_provider_wa.api.flow import Effect, Reply, Request
from airflow_provider_wa.api.records import CheckResult, CheckStatus
from airflow_provider_wa.api.webhooks import EventKind, Post
from airflow_provider_wa.vendors.checkwa import client as checkwa
from airflow_provider_wa.vendors.checkwa.client import CheckWa
from airflow_provider_wa.vendors.checkwa.events import CheckCallback, parse_callback

CASES = [
    pytest.param(sample, id=f"{name} {place}")
    for name, samples in SAMPLES.items()
    for place, sample in enumerate(samples, 1)
]


@pytest.fixture(autouse=True)
def _known_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkwa.random_secrets, "token_urlsafe", lambda length: TOKEN)


def check(answer: Reply, *, split_number: bool = False) -> Played[list[CheckResult]]:
    vendor = CheckWa(
        base_url="https://w2.checkwa.com",
        user="YOUR-API-USER",
        api_key="YOUR-API-KEY",
        callback_url=CALLBACK,
        split_number=split_number,
    )
    return play(vendor.check([NUMBER]), [answer])


@pytest.mark.parametrize("sample", CASES)
def test_the_documents_request_goes_out(sample: Sample) -> None:
    request = check(reply(sample.reply), split_number=sample.split_number).request
    assert request == Request("POST", "/check/", Effect.READ, json=json.loads(sample.request))
    assert URL.endswith(request.path)


@pytest.mark.parametrize("sample", CASES)
def test_the_documents_reply_becomes_a_record(sample: Sample) -> None:
    (result,) = check(reply(sample.reply), split_number=sample.split_number).result
    assert result == sample.becomes
    assert result.raw == json.loads(sample.reply)


@pytest.mark.parametrize(("code", "meaning"), CODES.items())
def test_each_response_code(code: str, meaning: type[WaError] | CheckStatus) -> None:
    played = check(reply({"code": code}))
    assert (played.result[0].status if played.error is None else type(played.error)) is meaning


@pytest.mark.parametrize(("text", "becomes"), CALLBACKS.values(), ids=CALLBACKS)
def test_each_callback(text: str, becomes: CheckCallback) -> None:
    assert parse_callback(text) == becomes


@pytest.mark.parametrize(("text", "becomes"), CALLBACKS.values(), ids=CALLBACKS)
def test_each_callback_is_an_event(text: str, becomes: CheckCallback) -> None:
    body = json.loads(text)
    (event,) = CheckWa(base_url="x", user="u", api_key="k").events(Post(data=body))
    assert event.record == replace(becomes, picture=None)
    assert (event.file.content if event.file else None) == becomes.picture
    assert event.raw == {name: value for name, value in body.items() if name != "picture"}
    assert (event.kind, event.reference, event.party) == (EventKind.CHECK, TOKEN, body["num"])


def test_every_endpoint_has_a_sample_and_a_flow() -> None:
    assert list(SAMPLES) == [endpoint.name for endpoint in CheckWa.endpoints]
    assert all(callable(getattr(CheckWa, endpoint.flow)) for endpoint in CheckWa.endpoints)
