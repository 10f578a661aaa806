# SPDX-License-Identifier: Apache-2.0
"""The time that each parser takes grows with its input, and not with its square.

What strangers write is parsed on the event loop that serves all others. Each parser gets its worst input in two sizes,
one eight times the other: the CPU time may grow by far more than eight times only if it grows with the square.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import pytest

from airflow_provider_wa.api import jids, json_fields, numbers
from airflow_provider_wa.api.errors import WaError
from airflow_provider_wa.api.media_types import sniff
from airflow_provider_wa.api.webhooks import Post, RawPost
from airflow_provider_wa.bulk.columns import is_like_a_number
from airflow_provider_wa.bulk.csv_reader import _well_quoted
from airflow_provider_wa.connections import suppression
from airflow_provider_wa.receiver import bodies
from airflow_provider_wa.receiver.answers import Refused
from airflow_provider_wa.vendors.checkwa.client import CheckWa
from airflow_provider_wa.vendors.green_api.client import GreenApi
from airflow_provider_wa.vendors.retry_policy import http_date
from airflow_provider_wa.vendors.wa_portal.client import WaPortal
from airflow_provider_wa.vendors.wuzapi import signatures
from airflow_provider_wa.vendors.wuzapi.client import WuzApi

LARGE = 1_000_000
TIMES = 8
MOST = 3.5 * TIMES
"""Growth that is still taken for linear: the square would be 64."""
SOON = 0.02
"""Seconds of CPU under which the growth is not looked at: a parser of the square takes minutes for a megabyte."""

PIECES = {
    "digits": "1", "letters": "a", "blanks": " ", "line ends": "\n", "quotes": '"', "backslashes": "\\", "dots": ".",
    "colons": "0:", "devices": ".1", "at": "@", "jids": "1@", "signs": "+", "dashes": "-1", "commas": ",", "zeros": "0",
    "brackets": "(1) ", "slashes": "1/", "percent": "%22",
    "marks": '"base64":"', "ends": '"base64":""', "names": 'name="',
}  # fmt: skip
"""Texts that are repeated to the size of the input."""

WUZAPI = WuzApi(base_url="https://wuz.test", token="token-a3f9", hmac_secret="hmac-91c2aa04")
VENDORS = {
    "wuzapi": WUZAPI,
    "portal": WaPortal(base_url="https://portal.test", token="token-77d0"),
    "green": GreenApi(base_url="https://green.test", instance_id="7103000001", token="token-10"),
    "checkwa": CheckWa(base_url="https://ck.test", user="ana", api_key="key-5b1e"),
}
FORM = "multipart/form-data; boundary=x"

Parser = Callable[[str], object]


def receipt(text: str) -> dict[str, Any]:
    source = {"Sender": text, "SenderAlt": text, "Chat": text, "Timestamp": text, "MessageIDs": [text]}
    return {"type": "ReadReceipt", "state": "Read", "event": source}


def message(text: str) -> dict[str, Any]:
    info = {
        "ID": text,
        "Chat": text,
        "Sender": text,
        "SenderAlt": text,
        "Timestamp": text,
        "PushName": text,
        "Edit": text,
    }
    return {"type": "Message", "event": {"Info": info, "Message": {"conversation": text}}, "base64": text}


def green(text: str) -> dict[str, Any]:
    sender = {"chatId": text, "sender": text, "senderName": text}
    words = {"typeMessage": "textMessage", "textMessageData": {"textMessage": text}}
    common = {"typeWebhook": "incomingMessageReceived", "idMessage": text, "timestamp": text}
    return {**common, "senderData": sender, "messageData": words}


def portal(text: str) -> dict[str, Any]:
    return {"type": text, "messageId": text, "from": text, "to": text, "timestamp": text, "value": text, "status": text}


def callback(text: str) -> dict[str, Any]:
    return {"num": text, "token": text, "code": text, "picture": text}


def events(vendor: str, made: Callable[[str], dict[str, Any]]) -> Parser:
    return lambda text: [event.key for event in VENDORS[vendor].events(Post(data=made(text)))]  # type: ignore[attr-defined]


def signed_form(text: str) -> object:
    headers = {signatures.HEADER: "0", "content-type": FORM}
    head = f"--x\r\ncontent-disposition: form-data; {text}"
    return WUZAPI.verify(RawPost(headers, head.encode()))


def cut(text: str) -> object:
    cutter = bodies._FileCutter(WUZAPI.file_marks)
    cutter.feed(text.encode())
    return cutter.end()


PARSERS: Mapping[str, Parser] = {
    "jids.read": jids.read,
    "jids.parse": jids.parse,
    "jids.digits": jids.digits,
    "jids.without_device": jids.without_device,
    "jids.phone_or_jid": jids.phone_or_jid,
    "numbers.parse": numbers.parse,
    "numbers.recipient": numbers.recipient,
    "moment": json_fields.moment,
    "whole_number": json_fields.whole_number,
    "base64_bytes": json_fields.base64_bytes,
    "http_date": http_date,
    "sniff": lambda text: sniff(text.encode()),
    "is_like_a_number": is_like_a_number,
    "csv line": _well_quoted(",").fullmatch,
    "file name": suppression._FILE.fullmatch,
    "wuzapi message": events("wuzapi", message),
    "wuzapi receipt": events("wuzapi", receipt),
    "wuzapi signature": signed_form,
    "green": events("green", green),
    "portal": events("portal", portal),
    "checkwa": events("checkwa", callback),
    "json": lambda text: bodies._json(json.dumps({"a": text}).encode()),
    "form": lambda text: bodies._form_or_json(text.encode()),
    "query": lambda text: bodies.query_fields(text.encode()),
    "file cutter": cut,
}


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("name", PARSERS)
def test_a_megabyte_takes_eight_times_as_long_as_an_eighth(name: str, piece: str) -> None:
    parser = PARSERS[name]
    # What comes last fits no pattern: each has to try all that it can.
    small, large = (PIECES[piece] * (size // len(PIECES[piece])) + "!" for size in (LARGE // TIMES, LARGE))
    if (longer := seconds(parser, large)) > SOON:
        rounds = [(seconds(parser, small), min(longer, seconds(parser, large))) for _ in range(3)]
        assert min(long / max(short, 1e-6) for short, long in rounds) < MOST


def seconds(parser: Parser, text: str) -> float:
    """The CPU time of a parser, whatever its answer."""
    begun = time.thread_time()
    with suppress(WaError, Refused):
        parser(text)
    return time.thread_time() - begun
