# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from helpers.script import play, reply
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_wa.api.errors import WaError
from airflow_provider_wa.api.flow import Effect, Flow, Reply, Request, Sleep, Upload, exchange, relayed

SECRET = "s3cr3t-t0k3n"


def test_exchange_yields_the_request_and_returns_its_reply() -> None:
    request, answer = Request("GET", "/x"), reply({"a": 1})
    played = play(exchange(request), [answer])
    assert played.request is request
    assert played.result is answer


def test_exchange_refuses_a_driver_that_answers_nothing() -> None:
    flow = exchange(Request("GET", "/x"))
    next(flow)
    with pytest.raises(TypeError, match="no reply"):
        flow.send(None)


def test_a_request_is_a_read_unless_it_says_otherwise() -> None:
    assert Request("GET", "/x").effect is Effect.READ
    assert not Sleep(1).everyone


@pytest.mark.parametrize(
    "place",
    [
        {"path": f"/{SECRET}"},
        {"params": {"token": SECRET}},
        {"headers": {"Token": SECRET}},
        {"json": {"apikey": SECRET}},
        {"form": {"token": SECRET}},
        {"files": (Upload("file", f"{SECRET}.txt", b"x"),)},
    ],
    ids=lambda place: next(iter(place)),
)
def test_a_request_shows_nothing_that_may_hold_a_secret(place: dict[str, Any]) -> None:
    request = Request("POST", **{"path": "/x", **place})
    assert SECRET not in repr(request)
    assert SECRET not in str(request)


def test_an_upload_does_not_show_its_bytes() -> None:
    assert SECRET not in repr(Upload("file", "a.txt", SECRET.encode()))


def test_a_reply_shows_neither_body_nor_headers() -> None:
    assert SECRET not in repr(Reply(200, SECRET.encode(), {"set-cookie": SECRET}))


@pytest.mark.parametrize(
    ("body", "value", "mapping"),
    [
        (b'{"a": 1}', {"a": 1}, {"a": 1}),
        (b"[1]", [1], {}),
        (b'"text"', "text", {}),
        (b"null", None, {}),
        (b"", None, {}),
        (b"<html></html>", None, {}),
        (b'{"a": ', None, {}),
        (b"\xff\xfe\xfd", None, {}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}, {"a": 1}),
        (b"[" * 100_000, None, {}),
        (b"1" * 5000, None, {}),
    ],
    ids=[
        "object",
        "list",
        "text",
        "null",
        "empty",
        "html",
        "truncated",
        "not UTF-8",
        "BOM",
        "too deep",
        "too long a number",
    ],
)
def test_a_reply_gives_its_json_or_nothing(body: bytes, value: object, mapping: dict[str, object]) -> None:
    assert Reply(200, body).json == value
    assert Reply(200, body).object == mapping


@given(st.binary(max_size=60))
def test_any_bytes_can_be_read(body: bytes) -> None:
    answer = Reply(200, body)
    assert isinstance(answer.beginning, str)
    assert isinstance(answer.object, dict)


@pytest.mark.parametrize(
    "step", [Request("GET", "/"), Reply(200), Sleep(1), Upload("f", "n", b"c")], ids=lambda s: type(s).__name__
)
def test_steps_and_replies_are_frozen(step: Any) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(step, dataclasses.fields(step)[0].name, "other")


def asking() -> Flow[list[str]]:
    """Ask twice, and return what came of it."""
    found: list[str] = []
    for path in ("/a", "/b"):
        try:
            found.append((yield from exchange(Request("GET", path))).text)
        except WaError as error:
            found.append(str(error))
    return found


def test_a_relayed_flow_shows_its_steps_and_the_outcomes_of_those_that_are_carried_out() -> None:
    steps: list[Any] = []
    outcomes: list[Any] = []

    def before(step: Any) -> WaError | None:
        steps.append(step.path)
        return WaError("not today") if step.path == "/b" else None

    flow = relayed(asking(), before, outcomes.append)
    assert next(flow).path == "/a"
    with pytest.raises(StopIteration) as done:
        flow.throw(WaError("away"))
    assert done.value.value == ["away", "not today"]
    assert steps == ["/a", "/b"]
    assert list(map(str, outcomes)) == ["away"]
