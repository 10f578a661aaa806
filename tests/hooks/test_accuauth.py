# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from datetime import date
from typing import Any
from urllib.parse import parse_qsl

import pytest
from helpers.connections import SECRETS, Answers, Connect

from airflow_provider_wa.api.errors import BadInput, QuotaExceeded
from airflow_provider_wa.api.records import CheckStatus
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.vendors.accuauth.replies import AccuAuthResult

PERU = "https://cloudapi.peru.accuauth.com"
EXISTS = {"status": "OK", "result": {"whatsapp": "yes"}}


@pytest.mark.parametrize(
    ("extra", "url", "content_type"),
    [
        ({}, f"{PERU}/check/whatsapp_advanced", "application/json"),
        ({"encoding": "Form"}, f"{PERU}/check/whatsapp_advanced", "application/x-www-form-urlencoded"),
        ({"path": "check/whatsapp"}, f"{PERU}/check/whatsapp", "application/json"),
        ({"path": "//check/wa", "host": "http://af.test/v1/"}, "http://af.test/v1/check/wa", "application/json"),
    ],
)
def test_check_goes_to_the_path_in_the_encoding_of_the_connection(
    connect: Connect, answers: Answers, extra: dict[str, Any], url: str, content_type: str
) -> None:
    requests = answers(EXISTS)

    (result,) = WaHook.for_connection(connect("accuauth", **extra)).check("+51 912 345 678")

    assert result.status is CheckStatus.EXISTS
    (request,) = requests
    assert str(request.url) == url
    assert request.headers["content-type"] == content_type
    assert (request.headers["x-df-api-id"], request.headers["x-df-api-secret"]) == ("api-id-1", SECRETS["password"])
    content = request.content.decode()
    sent = json.loads(content) if content_type.endswith("json") else dict(parse_qsl(content))
    assert sent == {"number": "912345678"}


@pytest.mark.parametrize(
    ("region", "number", "other"), [("", "+51912345678", "+34666666666"), ("ES", "666666666", "+51912345678")]
)
def test_country_of_the_host_is_the_default_region_and_else_peru(
    connect: Connect, answers: Answers, region: str, number: str, other: str
) -> None:
    requests = answers(EXISTS)
    hook = WaHook.for_connection(connect("accuauth", default_region=region))

    assert hook.check(number)[0].status is CheckStatus.EXISTS
    with pytest.raises(BadInput, match="only one this host checks"):
        hook.check(other)
    assert len(requests) == 1


def test_what_the_vendor_tells_of_an_account_comes_typed(connect: Connect, answers: Answers) -> None:
    told = {"whatsapp": "yes", "signature": "Hello", "status_update": "20231212", "business_user": "no"}
    answers({"status": "OK", "result": told, "request_id": "TID1"})

    (result,) = WaHook.for_connection(connect("accuauth")).check("+51912345678")

    assert isinstance(result, AccuAuthResult)
    assert (result.signature, result.status_update, result.business_user) == ("Hello", date(2023, 12, 12), False)


def test_an_error_says_the_vendors_reason(connect: Connect, answers: Answers) -> None:
    answers({"status": "OUT_OF_QUOTA", "reason": "0 calls left"}, 403)

    with pytest.raises(QuotaExceeded, match=r"\(OUT_OF_QUOTA: 0 calls left\)"):
        WaHook.for_connection(connect("accuauth")).check("+51912345678")
