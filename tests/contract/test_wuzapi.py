# SPDX-License-Identifier: Apache-2.0
"""WuzAPI's samples both ways: what we send is the document's request, its replies become our records."""

from __future__ import annotations

import json
from typing import Any

import pytest
from contract.samples_wuzapi import JPEG, POSTS, SAMPLES, VENDOR, Sample
from helpers.script import play

from airflow_provider_wa.api.flow import Effect
from airflow_provider_wa.api.records import MediaFile, Record
from airflow_provider_wa.api.webhooks import EventKind, Post
from airflow_provider_wa.vendors.base import Documented
from airflow_provider_wa.vendors.wuzapi.client import WuzApi

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


ACCOUNT = {"userID": "4e4942c7dee1deef99ab8fd9f7350de5", "instanceName": "shop"}


@pytest.mark.parametrize(("body", "records"), POSTS.values(), ids=POSTS)
def test_each_post_to_the_webhook_in_either_spelling(body: dict[str, Any], records: tuple[Record | None, ...]) -> None:
    form = VENDOR.events(Post(fields={"jsonData": json.dumps(body), **ACCOUNT}))
    flat = VENDOR.events(Post(data={**body, **ACCOUNT}))
    assert form == flat
    assert [event.key for event in form] == [event.key for event in flat]
    assert tuple(event.record for event in form) == records
    kept = {name: value for name, value in body.items() if name not in ("base64", "mimeType", "fileName")}
    assert all((event.raw, event.vendor_kind) == (kept, body["type"]) for event in form)
    assert all((event.kind is EventKind.OTHER) == (event.record is None) for event in form)


def test_a_picture_is_the_posts_file() -> None:
    (event,) = VENDOR.events(Post(data=POSTS["a picture"][0]))
    assert event.file == MediaFile(
        vendor="wuzapi", content=JPEG, media_type="image/jpeg", filename="3EB06F9067F80BAB89FF.jpg"
    )
