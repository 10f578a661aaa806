# SPDX-License-Identifier: Apache-2.0
"""Green-API's samples both ways: what we send is the document's request, its replies become our records."""

from __future__ import annotations

import json

import pytest
from contract.samples_green_api import POSTS, SAMPLES, VENDOR, Sample
from helpers.script import play, reply

from airflow_provider_wa.api.errors import BadInput, SessionDown, VendorUnavailable, WaError
from airflow_provider_wa.api.flow import Effect, MethodRate
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import Record
from airflow_provider_wa.api.webhooks import Post
from airflow_provider_wa.vendors.base import Documented
from airflow_provider_wa.vendors.green_api.client import GreenApi
from airflow_provider_wa.vendors.green_api.tables import METHODS

CASES = [
    pytest.param(name, sample, id=f"{name} {place}")
    for name, samples in SAMPLES.items()
    for place, sample in enumerate(samples, 1)
]

# field-notes, Green-API: calls per second and instance
RATES = {"checkWhatsapp": 10, "getAvatar": 10, "getMessage": 10, "receiveNotification": 100, "deleteNotification": 100,
         "qr": 3, "getStateInstance": 1, "logout": 1, "lastIncomingMessages": 1, "lastOutgoingMessages": 1,
         "getContacts": 1, "getGroupData": 1}  # fmt: skip


@pytest.mark.parametrize(("name", "sample"), CASES)
def test_the_documents_request_goes_out(name: str, sample: Sample) -> None:
    request = play(sample.call(VENDOR), [reply(sample.reply)]).request
    verb, _, method = name.partition(" ")
    assert (request.method, request.path) == (verb, f"/waInstance1101000001/{method}/A-TOKEN{sample.rest}")
    assert request.json == sample.json
    assert (request.params, request.form, request.files) == (sample.params, sample.form, sample.files)
    assert request.base == ("https://media.green-api.com" if sample.files else None)
    assert request.effect is (Effect.SEND if method.startswith("send") else Effect.READ)
    # A little below the documented rate: at all of it the jitter of the network makes some calls come too soon.
    assert request.method_rate == MethodRate(method, RATES.get(method, 50) * 0.95)


@pytest.mark.parametrize(("name", "sample"), CASES)
def test_the_documents_reply_becomes_a_record(name: str, sample: Sample) -> None:
    assert play(sample.call(VENDOR), [reply(sample.reply)]).result == sample.becomes


def test_every_endpoint_has_a_sample_and_a_method_in_the_table() -> None:
    assert list(SAMPLES) == [endpoint.name for endpoint in GreenApi.endpoints]
    assert all(SAMPLES.values())
    assert [f"{verb} {method}" for method, (verb, _) in METHODS.items()] == list(SAMPLES)


@pytest.mark.parametrize("endpoint", GreenApi.endpoints, ids=lambda endpoint: endpoint.name)
def test_every_endpoint_names_the_flow_that_speaks_it(endpoint: Documented) -> None:
    assert endpoint.flow in {sample.call(VENDOR).__name__ for sample in SAMPLES[endpoint.name]}


@pytest.mark.parametrize(
    ("words", "kind", "tries"),
    [
        ("bad phone number, valid 11 or 12 digits", BadInput, 1),
        ("check phone number timeout limit exceeded", VendorUnavailable, 4),
        ("instance is starting or not authorized", SessionDown, 1),
    ],
)
def test_the_documents_errors(words: str, kind: type[WaError], tries: int) -> None:
    error = play(VENDOR.check([PhoneNumber("11001234567", "1")]), [reply({"message": words}, 400)] * tries).error
    assert type(error) is kind
    assert words in str(error)


@pytest.mark.parametrize(("kind", "text", "told"), [(kind, *post) for kind, post in POSTS.items()], ids=POSTS)
def test_each_post_to_the_webhook(kind: str, text: str, told: Record | None) -> None:
    body = json.loads(text)
    (event,) = VENDOR.events(Post(data=body))
    assert (event.record, event.vendor_kind, event.raw, event.file) == (told, kind, body, None)


@pytest.mark.parametrize("text", [text for text, _ in POSTS.values()], ids=POSTS)
def test_the_queue_and_the_webhook_tell_the_same(text: str) -> None:
    body = json.loads(text)
    (event,) = VENDOR.events(Post(data=body))
    told = play(VENDOR.receive_notification(), [reply({"receiptId": 7, "body": body})]).result
    assert told is not None
    assert (told.content, told.kind, told.raw) == (event.record, event.vendor_kind, event.raw)
