# SPDX-License-Identifier: Apache-2.0
"""WuzAPI's samples both ways: what we send is the document's request, its replies become our records."""

from __future__ import annotations

import json

import pytest
from contract.samples_wuzapi import SAMPLES, VENDOR, Sample
from helpers.script import play

from airflow_provider_wa.api.flow import Effect
from airflow_provider_wa.api.vendors.base import Documented
from airflow_provider_wa.api.vendors.wuzapi import WuzApi

CASES = [
    pytest.param(name, sample, id=f"{name} {place}")
    for name, samples in SAMPLES.items()
    for place, sample in enumerate(samples, 1)
]

# What happens twice in the world if the request is repeated.
SENDING = {name for name in SAMPLES if name.startswith("POST /chat/send/")} | {
    "POST /chat/react",
    "POST /chat/delete",
    "POST /group/photo",
    "POST /group/name",
}


@pytest.mark.parametrize(("name", "sample"), CASES)
def test_the_documents_request_goes_out(name: str, sample: Sample) -> None:
    request = play(sample.call(VENDOR), sample.answers).requests[sample.at]
    method, _, path = name.partition(" ")
    assert (request.method, request.path) == (method, sample.path or path)
    assert request.headers == {"Token": "1234ABCD"}
    assert request.json == sample.request
    assert request.params == sample.params
    assert (request.form, request.files) == (None, ())
    assert (request.effect is Effect.SEND) == (name in SENDING)


@pytest.mark.parametrize(("name", "sample"), CASES)
def test_the_documents_reply_becomes_a_record(name: str, sample: Sample) -> None:
    assert play(sample.call(VENDOR), sample.answers).result == sample.becomes


def test_every_endpoint_has_a_sample() -> None:
    assert list(SAMPLES) == [endpoint.name for endpoint in WuzApi.endpoints]
    assert all(SAMPLES.values())


@pytest.mark.parametrize("endpoint", WuzApi.endpoints, ids=lambda endpoint: endpoint.name)
def test_every_endpoint_names_the_flow_that_speaks_it(endpoint: Documented) -> None:
    assert {sample.call(VENDOR).__name__ for sample in SAMPLES[endpoint.name]} == {endpoint.flow}


@pytest.mark.parametrize(("name", "sample"), CASES)
def test_what_is_mended_says_why(name: str, sample: Sample) -> None:
    if sample.body and sample.request != json.loads(sample.body):
        assert sample.note


def test_no_secret_shows() -> None:
    for name, samples in SAMPLES.items():
        for sample in samples:
            played = play(sample.call(VENDOR), sample.answers)
            for secret in ("1234ABCD", "9H3J-H3J8"):
                assert secret not in repr(played.requests) + repr(played.outcome), name
