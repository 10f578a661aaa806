# SPDX-License-Identifier: Apache-2.0
"""Every request, reply and callback sample of vendor-docs/checkwa as data.

Mended throughout: straight quotes in place of typographic ones, the comments (``//`` and ``<-``) taken out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from contract.exchange import Exchange, Incoming
from helpers.script import reply

from airflow_provider_wa.api.errors import BadInput, QuotaExceeded, Unauthorized, UnexpectedReply, WaError
from airflow_provider_wa.api.flow import Request
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import CheckResult, CheckStatus, MediaFile
from airflow_provider_wa.api.webhooks import EventKind, Post
from airflow_provider_wa.vendors.checkwa.client import CheckWa
from airflow_provider_wa.vendors.checkwa.events import CheckCallback

URL = "https://w2.checkwa.com/check/"
TOKEN = "193e123x2"
CALLBACK = "https://www.callbackurl.com/"
NUMBER = PhoneNumber("34666666666", "34")


@dataclass(frozen=True)
class Sample:
    """A request's JSON text, in either form, the reply to it, and what that becomes (compared without ``raw``)."""

    request: str
    split_number: bool
    reply: str
    becomes: CheckResult
    note: str = ""


# "RESPONSE"; mended: nothing but the above.
QUEUED = """{
"code": "1",
"server": "462",
"server_status": "1",
"server_ping": "2020-05-23 23:21:33",
"token": "193e123x2",
"callback": "https://www.callbackurl.com/",
"queue": "8"
}"""
PENDING = CheckResult(
    vendor="checkwa",
    number="34666666666",
    status=CheckStatus.PENDING,
    detail="queued, 8 in the queue, server 462 active, last active 2020-05-23 23:21:33",
    reference=TOKEN,
)

SAMPLES: dict[str, list[Sample]] = {
    "POST /check/": [
        Sample(
            """{
"user": "YOUR-API-USER",
"apikey": "YOUR-API-KEY",
"action": "check",
"token": "193e123x2",
"callback": "https://www.callbackurl.com/",
"num": "666666666",
"cod": "34"
}""",
            True,
            QUEUED,
            PENDING,
            note="the document has a comma after the last field",
        ),
        Sample(
            """{
"user": "YOUR-API-USER",
"apikey": "YOUR-API-KEY",
"action": "check",
"token": "193e123x2",
"callback": "https://www.callbackurl.com/",
"number": "34666666666"
}""",
            False,
            QUEUED,
            PENDING,
        ),
    ],
}
"""Each endpoint's samples, by its name in ``CheckWa.endpoints``."""

CODES: dict[str, type[WaError] | CheckStatus] = {
    "1": CheckStatus.PENDING,
    "2": CheckStatus.UNKNOWN,  # "*" in the document
    "3": Unauthorized,
    "4": UnexpectedReply,
    "5": BadInput,
    "6": QuotaExceeded,
    "7": Unauthorized,
    "9": BadInput,
}
""""RESPONSE CODES IN YOUR CALL"."""

EXISTS = CheckCallback(
    vendor="checkwa",
    number="34666666666",
    status=CheckStatus.EXISTS,
    jid="34666666666@s.whatsapp.net",
    reference=TOKEN,
    has_picture=True,
)

CALLBACKS: dict[str, tuple[str, CheckCallback]] = {
    # Mended: a comma after the last field.
    "first": (
        """{
"code": "1",
"num": "34666666666",
"has_picture": "1",
"token": "193e123x2"
}""",
        EXISTS,
    ),
    # Mended: the document leaves the picture out ("…="); here is a short one.
    "second, with the picture": (
        """{
"code": "1",
"num": "34666666666",
"has_picture": "1",
"picture": "/9j/4AA=",
"token": "193e123x2"
}""",
        CheckCallback(
            vendor="checkwa",
            number="34666666666",
            status=CheckStatus.EXISTS,
            jid="34666666666@s.whatsapp.net",
            reference=TOKEN,
            has_picture=True,
            picture=b"\xff\xd8\xff\xe0\x00",
        ),
    ),
    # Mended: the colons after has_picture and token are missing.
    "not on WhatsApp": (
        """{
"code": "2",
"num": "34666666667",
"has_picture": "0",
"token": "193e123x2"
}""",
        CheckCallback(
            vendor="checkwa", number="34666666667", status=CheckStatus.ABSENT, reference=TOKEN, has_picture=False
        ),
    ),
}
"""The callbacks' samples, by what they say."""

SECRETS = ("YOUR-API-KEY",)


def vendor(*, split_number: bool = False) -> CheckWa:
    return CheckWa(
        base_url="https://w2.checkwa.com",
        user="YOUR-API-USER",
        api_key="YOUR-API-KEY",
        callback_url=CALLBACK,
        split_number=split_number,
    )


VENDOR = vendor()


def _exchange(name: str, sample: Sample) -> Exchange:
    method, _, path = name.partition(" ")
    return Exchange(
        name,
        lambda: vendor(split_number=sample.split_number).check([NUMBER]),
        (reply(sample.reply),),
        [sample.becomes],
        Request(method, path, json=json.loads(sample.request)),
        raw=json.loads(sample.reply),
    )


def _incoming(text: str, becomes: CheckCallback) -> Incoming:
    body = json.loads(text)
    file = becomes.picture and MediaFile(vendor="checkwa", content=becomes.picture, media_type="image/jpeg")
    event = {
        "record": replace(becomes, picture=None),
        "file": file,
        "raw": {name: value for name, value in body.items() if name != "picture"},
        "kind": EventKind.CHECK,
        "reference": TOKEN,
        "party": body["num"],
    }
    return Incoming((Post(data=body),), (event,))


EXCHANGES = [
    *(_exchange(name, sample) for name, samples in SAMPLES.items() for sample in samples),
    *(
        Exchange("", lambda: VENDOR.check([NUMBER]), (reply({"code": code}),), meaning)
        for code, meaning in CODES.items()
    ),
]
INCOMING = {name: _incoming(*callback) for name, callback in CALLBACKS.items()}
PATCHES = {"airflow_provider_wa.vendors.checkwa.client.random_secrets.token_urlsafe": lambda length: TOKEN}
