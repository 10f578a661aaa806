# SPDX-License-Identifier: Apache-2.0
"""Every request and reply sample of vendor-docs/accuauth as data; none is broken, but none shows a request whole."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from contract.exchange import Exchange, Incoming
from helpers.script import reply

from airflow_provider_wa.api.errors import (
    BadInput,
    QuotaExceeded,
    RateLimited,
    Unauthorized,
    UnexpectedReply,
    VendorUnavailable,
    WaError,
)
from airflow_provider_wa.api.flow import Flow, Request
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import CheckStatus
from airflow_provider_wa.vendors.accuauth.client import AccuAuth
from airflow_provider_wa.vendors.accuauth.replies import AccuAuthResult

ENCODINGS: tuple[Literal["json", "form"], ...] = ("json", "form")
HOST = "https://cloudapi.peru.accuauth.com"
NUMBER = PhoneNumber("51987654321", "51")
HEADERS = {"X-DF-API-ID": "AN-ID", "X-DF-API-SECRET": "A-SECRET"}
BODY = {"number": "987654321"}
"""The number without its country code; ``callback`` is not supported yet, says the document, so it is not sent."""


@dataclass(frozen=True)
class Sample:
    """A reply with its HTTP status and what it becomes: a result (compared without ``raw``) or an error's words."""

    reply: str
    becomes: AccuAuthResult | str
    status: int = 200
    request: dict[str, Any] = field(default_factory=lambda: BODY)


OK = """{
    "status": "OK",
    "result": {
      "number": "+5275293XXXX",
      "whatsapp": "yes",
      "status_update": "20231212",
      "signature": "Hello world",
      "business_user": "no",
      "avatar": "yes"
    },
    "request_id": "TID591cb9fb0e284cf296912a4d0ffea889"
}"""

INVALID = """{
    "status": "INVALID_ARGUMENT",
    "reason": "argument 'number': not found",
    "request_id": "TID0bb59f6aa6454717b870b16202ccf36f"
}"""

# field-notes, AccuAuth: the sibling tells number and whatsapp alone.
BASIC_OK = """{
    "status": "OK",
    "result": {"number": "987654321", "whatsapp": "no"},
    "request_id": "TID591cb9fb0e284cf296912a4d0ffea890"
}"""

SAMPLES: dict[str, list[Sample]] = {
    "POST /check/whatsapp_advanced": [
        Sample(
            OK,
            AccuAuthResult(
                vendor="accuauth",
                number="51987654321",
                status=CheckStatus.EXISTS,
                jid="51987654321@s.whatsapp.net",
                reference="TID591cb9fb0e284cf296912a4d0ffea889",
                vendor_number="+5275293XXXX",
                signature="Hello world",
                status_update=date(2023, 12, 12),
                business_user=False,
                avatar=True,
            ),
        ),
        Sample(INVALID, "accuauth: a parameter was refused (INVALID_ARGUMENT: argument 'number': not found)", 400),
    ],
    "POST /check/whatsapp_basic": [
        Sample(
            BASIC_OK,
            AccuAuthResult(
                vendor="accuauth",
                number="51987654321",
                status=CheckStatus.ABSENT,
                reference="TID591cb9fb0e284cf296912a4d0ffea890",
                vendor_number="987654321",
            ),
        ),
    ],
}
"""Each endpoint's samples, by its name in ``AccuAuth.endpoints``."""

CODES: list[tuple[int, str, type[WaError] | CheckStatus]] = [
    (400, "PENDING", CheckStatus.PENDING),
    (400, "INVALID_ARGUMENT", BadInput),
    (401, "UNAUTHORIZED", Unauthorized),
    (401, "KEY_EXPIRED", Unauthorized),
    (403, "NO_PERMISSION", Unauthorized),
    (403, "OUT_OF_QUOTA", QuotaExceeded),
    (403, "RATE_LIMIT_EXCEEDED", RateLimited),
    (404, "NOT_FOUND", UnexpectedReply),
    (500, "INTERNAL_ERROR", VendorUnavailable),
]
"""Section 4, "Error Codes"."""

SECRETS = ("AN-ID", "A-SECRET")


def vendor(path: str = "/check/whatsapp_advanced", encoding: Literal["json", "form"] = "json") -> AccuAuth:
    return AccuAuth(base_url=HOST, api_id="AN-ID", api_secret="A-SECRET", path=path, encoding=encoding)


VENDOR = vendor()


def _exchange(name: str, sample: Sample, encoding: Literal["json", "form"]) -> Exchange:
    method, _, path = name.partition(" ")
    request = Request(method, path, headers=HEADERS, **{encoding: sample.request})  # type: ignore[arg-type]
    replies = (reply(sample.reply, sample.status),)

    def call() -> Flow[Any]:
        return vendor(path, encoding).check([NUMBER])

    if isinstance(sample.becomes, str):
        return Exchange(name, call, replies, BadInput, request, text=sample.becomes)
    return Exchange(name, call, replies, [sample.becomes], request, raw=json.loads(sample.reply))


def _coded(http: int, status: str, meaning: type[WaError] | CheckStatus) -> Exchange:
    body = {"status": status, "reason": "because", "request_id": "TID1"}
    calls = 4 if meaning in (VendorUnavailable, RateLimited) else 1
    part = f"({status}: because)" if isinstance(meaning, type) else ""
    return Exchange("", lambda: VENDOR.check([NUMBER]), (reply(body, http),) * calls, meaning, part=part)


EXCHANGES = [
    *(_exchange(name, sample, how) for name, samples in SAMPLES.items() for sample in samples for how in ENCODINGS),
    *(_coded(*line) for line in CODES),
]
INCOMING: dict[str, Incoming] = {}
