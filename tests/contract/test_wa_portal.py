# SPDX-License-Identifier: Apache-2.0
"""Both directions of vendor-docs/wa_portal: what goes out is the document's, and so is what its replies become."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import httpx
import pytest
from contract.samples_wa_portal import (
    CODES,
    HTTP_STATUSES,
    NOT_SENT,
    POSTS,
    SAMPLES,
    SENT,
    TO,
    TOKEN,
    URLS,
    VENDOR,
    Answer,
    Sample,
)
from helpers.script import play, reply

from airflow_provider_wa.api.errors import BadInput, OutcomeUnknown, Unauthorized, VendorUnavailable, WaError
from airflow_provider_wa.api.flow import Effect, Request
from airflow_provider_wa.api.messages import Text
from airflow_provider_wa.api.records import DeliveryStatus, InboxMessage, MediaFile
from airflow_provider_wa.api.webhooks import Post
from airflow_provider_wa.transport.channel import Channel, Endpoint
from airflow_provider_wa.vendors.wa_portal.client import WaPortal

ASKED = [pytest.param(name, sample, id=f"{name} {i}") for name in SAMPLES for i, sample in enumerate(SAMPLES[name])]
ANSWERED = [
    pytest.param(sample, answer, id=f"{name} {i} {answer.status} {number}")
    for name in SAMPLES
    for i, sample in enumerate(SAMPLES[name])
    for number, answer in enumerate(sample.answers)
]


def request_of(sample: Sample) -> Request:
    request = next(sample.ask())
    assert isinstance(request, Request)
    return request


def on_the_wire(request: Request) -> httpx.Request:
    seen: list[httpx.Request] = []

    def answer(received: httpx.Request) -> httpx.Response:
        seen.append(received)
        return httpx.Response(200)

    with Channel(Endpoint(VENDOR.base_url), transport=httpx.MockTransport(answer)) as channel:
        channel.carry_out(request)
    (wire,) = seen
    return wire


def pairs(request: Request) -> Iterator[tuple[str, str]]:
    for name, value in request.params.items():
        yield from ((name, item) for item in (value if isinstance(value, tuple) else (value,)))


def test_every_endpoint_has_its_samples_and_every_sample_an_endpoint() -> None:
    assert {line.name for line in WaPortal.endpoints} == set(SAMPLES) == set(URLS)


@pytest.mark.parametrize(("name", "sample"), ASKED)
def test_the_request_is_the_documents(name: str, sample: Sample) -> None:
    request = request_of(sample)
    assert request == Request(
        sample.method,
        URLS[name].partition("?")[0],
        Effect.SEND if sample.method == "POST" else Effect.READ,
        params={"token": TOKEN, **sample.parameters},
        files=(sample.upload,) if sample.upload else (),
    )
    assert f" {request.path}" in name


@pytest.mark.parametrize(("name", "sample"), ASKED)
def test_the_request_on_the_wire_says_the_same(name: str, sample: Sample) -> None:
    request = request_of(sample)
    wire = on_the_wire(request)
    assert wire.method == sample.method
    assert str(wire.url).startswith(f"{VENDOR.base_url}{request.path}?token={TOKEN}")
    assert wire.url.params.multi_items() == list(pairs(request))
    assert wire.headers.get("content-type", "").startswith("multipart/form-data") is bool(sample.upload)


@pytest.mark.parametrize("name", URLS)
def test_the_samples_use_every_parameter_of_the_documents_url(name: str) -> None:
    sent = {"token"}
    for sample in SAMPLES[name]:
        sent |= {*sample.parameters} | ({sample.upload.name} if sample.upload else set())
    assert sent == set(re.findall(r"[?&](\w+)=", URLS[name])) - NOT_SENT.get(name, set())


@pytest.mark.parametrize(("sample", "answer"), ANSWERED)
def test_the_reply_becomes(sample: Sample, answer: Answer) -> None:
    replies = [reply(answer.body, answer.status)]
    if answer.then:
        replies.append(reply(answer.then))
    sends = sample.method == "POST"
    if answer.becomes is VendorUnavailable and not sends:
        replies *= 4
    played = play(sample.ask(), replies)
    if not isinstance(answer.becomes, type):
        assert played.result == answer.becomes
        return
    # A send that the portal's gateway answers for may have gone out.
    unclear = sends and answer.becomes is VendorUnavailable
    assert type(played.error) is (OutcomeUnknown if unclear else answer.becomes)
    assert TOKEN not in f"{played.error} {played.error!r}"


@pytest.mark.parametrize("answer", [answer for samples in SAMPLES.values() for s in samples for answer in s.answers])
def test_the_mended_samples_are_json(answer: Answer) -> None:
    assert not answer.body or isinstance(json.loads(answer.body), dict)


@pytest.mark.parametrize(("words", "kind"), CODES)
@pytest.mark.parametrize(("http", "status"), [(400, "error"), (200, "error"), (200, "400")])
def test_each_code_is_an_error_of_its_own(words: str, kind: type[WaError] | None, http: int, status: str) -> None:
    if kind is None:
        assert play(VENDOR.send(TO, Text("x")), [reply(SENT)]).result.accepted
        return
    answer = reply({"status": status, "message": words}, http)
    error = play(VENDOR.balance(), [answer] * (4 if kind is VendorUnavailable else 1)).error
    assert type(error) is kind
    assert error.code == words[:2]
    assert not str(error).startswith("wa_portal: refused"), "what is documented has an advice of its own"


def test_all_16_codes_are_there() -> None:
    assert [words[:2] for words, _ in CODES] == [f"{number:02}" for number in range(16)]


@pytest.mark.parametrize("status", HTTP_STATUSES)
def test_each_http_status(status: int) -> None:
    read = {401: Unauthorized, 400: BadInput}.get(status, VendorUnavailable)
    sent = {401: Unauthorized, 400: BadInput}.get(status, OutcomeUnknown)
    if status == 200:
        assert play(VENDOR.send(TO, Text("x")), [reply(SENT)]).result.accepted
        return
    answer = reply({"status": "error", "message": "failed"}, status)
    assert type(play(VENDOR.session(), [answer] * (4 if read is VendorUnavailable else 1)).error) is read
    assert type(play(VENDOR.send(TO, Text("x")), [answer]).error) is sent


@pytest.mark.parametrize(("post", "told"), POSTS.values(), ids=POSTS)
def test_each_post_to_the_webhook(post: Post, told: DeliveryStatus | InboxMessage) -> None:
    (event,) = VENDOR.events(post)
    assert event.record == told
    body = json.loads(post.fields["json"]) if post.fields else dict(post.data)
    del body["instanceID"]
    assert event.raw == body
    assert event.vendor_kind == body["reportType"]


def test_the_webhooks_file() -> None:
    post, _ = POSTS["Incoming Media/Document Message"]
    (event,) = VENDOR.events(post)
    picture = MediaFile(vendor="wa_portal", content=b"\xff\xd8\xff\xe0", media_type="image/jpeg", filename="test.jpg")
    assert event.file == picture
