# SPDX-License-Identifier: Apache-2.0
"""Posts with files: a vendor says how long they may be, and a longer one is stored without its file."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Sequence
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from airflow_provider_wa.receiver import bodies
from airflow_provider_wa.receiver.answers import Refused
from airflow_provider_wa.receiver.budget import Budget
from airflow_provider_wa.vendors.wuzapi.tables import FILE_MARKS

FILE = base64.b64encode(b"a picture" * 400).decode()
TEXT = 'he said "base64":"x" & so on'
EVENT = {"base64": FILE, "event": {"Message": {"conversation": TEXT}}, "mimeType": "image/jpeg", "type": "Message"}
WITHOUT = {**EVENT, "base64": ""}


def as_json(event: dict[str, object]) -> bytes:
    return json.dumps(event, separators=(",", ":")).encode()


def as_form(event: dict[str, object]) -> bytes:
    return urlencode({"jsonData": as_json(event).decode(), "userID": "1"}).encode()


FORMS = pytest.mark.parametrize("written", [as_json, as_form])


def read(
    parts: Sequence[bytes], limit: int, marks: bodies.Marks = FILE_MARKS, length: int | None = None
) -> bodies.Body:
    async def messages() -> AsyncIterator[Message]:
        for part in parts:
            yield {"type": "http.request", "body": part, "more_body": True}
        yield {"type": "http.request", "body": b"", "more_body": False}

    coming = messages()

    async def receive() -> Message:
        return await anext(coming)

    headers = {} if length is None else {"content-length": str(length)}
    return asyncio.run(bodies.read(headers, receive, limit, Budget(1 << 40).share(), marks))


@FORMS
def test_a_body_within_the_limit_is_whole(written: object) -> None:
    body = written(EVENT)  # type: ignore[operator]
    assert read([body], len(body)) == bodies.Body(body)


@FORMS
@given(size=st.integers(1, 97))
def test_a_longer_one_lacks_its_file_however_it_comes_in(written: object, size: int) -> None:
    body, without = written(EVENT), written(WITHOUT)  # type: ignore[operator]
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    assert read(parts, 1000, length=len(body)) == bodies.Body(without, is_whole=False)


@FORMS
def test_one_that_is_too_long_without_its_file_is_refused(written: object) -> None:
    body = written({**EVENT, "event": "x" * 2000})  # type: ignore[operator]
    with pytest.raises(Refused, match="too long; expected at most 1000 bytes"):
        read([body], 1000)


def test_without_marks_a_longer_one_is_refused() -> None:
    for length in (None, 1001):
        with pytest.raises(Refused, match="too long"):
            read([b"x" * 1001], 1000, (), length)


def test_there_is_an_end_to_all_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "LONGEST", 5000)
    with pytest.raises(Refused, match="too long; expected at most 5000 bytes"):
        read([b'{"base64":"', *[b"x" * 1000] * 6], 1000)
