# SPDX-License-Identifier: Apache-2.0
"""AccuAuth's samples both ways: what we send is the document's request, its replies become our records."""

from __future__ import annotations

import json
from itertools import repeat

import pytest
from contract.samples_accuauth import CODES, HEADERS, HOST, NUMBER, SAMPLES, Sample
from helpers.script import play, reply

from airflow_provider_wa.api.errors import WaError
from airflow_provider_wa.api.flow import Effect, Request
from airflow_provider_wa.api.records import CheckStatus
from airflow_provider_wa.vendors.accuauth.client import AccuAuth

CASES = [
    pytest.param(name, sample, id=f"{name} {i}")
    for name, samples in SAMPLES.items()
    for i, sample in enumerate(samples)
]


def vendor(path: str, encoding: str = "json") -> AccuAuth:
    return AccuAuth(base_url=HOST, api_id="AN-ID", api_secret="A-SECRET", path=path, encoding=encoding)  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "sample"), CASES)
@pytest.mark.parametrize("encoding", ["json", "form"])
def test_the_documents_request_goes_out(name: str, sample: Sample, encoding: str) -> None:
    method, _, path = name.partition(" ")
    request = play(vendor(path, encoding).check([NUMBER]), [reply(sample.reply, sample.status)]).request
    assert request == Request(method, path, Effect.READ, headers=HEADERS, **{encoding: sample.request})


@pytest.mark.parametrize(("name", "sample"), CASES)
def test_the_documents_reply_becomes_a_record(name: str, sample: Sample) -> None:
    played = play(vendor(name.partition(" ")[2]).check([NUMBER]), [reply(sample.reply, sample.status)])
    if isinstance(sample.becomes, str):
        assert str(played.error) == sample.becomes
    else:
        assert played.result == [sample.becomes]
        assert played.result[0].raw == json.loads(sample.reply)


@pytest.mark.parametrize(("http", "status", "meaning"), CODES)
def test_each_error_code_and_its_reason(http: int, status: str, meaning: type[WaError] | CheckStatus) -> None:
    answer = reply({"status": status, "reason": "because", "request_id": "TID1"}, http)
    played = play(vendor("/check/whatsapp_advanced").check([NUMBER]), repeat(answer))
    if isinstance(meaning, CheckStatus):
        assert played.result[0].status is meaning
    else:
        assert type(played.error) is meaning
        assert f"({status}: because)" in str(played.error)


def test_every_endpoint_has_a_sample_and_a_flow() -> None:
    assert list(SAMPLES) == [endpoint.name for endpoint in AccuAuth.endpoints]
    assert all(callable(getattr(AccuAuth, endpoint.flow)) for endpoint in AccuAuth.endpoints)
