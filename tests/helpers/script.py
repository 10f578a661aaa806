# SPDX-License-Identifier: Apache-2.0
"""Plays a flow against a list of replies: no network, no clock."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sized
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from airflow_provider_wa.api.errors import WaError
from airflow_provider_wa.api.flow import Flow, Reply, Request, Sleep

T = TypeVar("T")


@dataclass
class Played(Generic[T]):
    """What a flow did. Asking for ``result`` raises the error that the flow ended with, if it did."""

    requests: list[Request] = field(default_factory=list)
    sleeps: list[Sleep] = field(default_factory=list)
    error: WaError | None = None
    outcome: T | None = None

    @property
    def result(self) -> T:
        if self.error is not None:
            raise self.error
        return self.outcome  # type: ignore[return-value]

    @property
    def request(self) -> Request:
        (request,) = self.requests
        return request

    @property
    def waits(self) -> list[float]:
        return [sleep.seconds for sleep in self.sleeps]


def play(flow: Flow[T], replies: Iterable[Reply | Exception] = ()) -> Played[T]:
    """Answer a flow's requests with ``replies`` in turn; an exception is raised at the flow's ``yield``.

    A ``WaError`` that ends the flow is kept in ``error``, anything else goes through. The flow must use up a list of
    replies; an endless iterator is fine.
    """
    played: Played[T] = Played()
    script = iter(replies)
    try:
        step = next(flow)
        while True:
            if isinstance(step, Sleep):
                played.sleeps.append(step)
                step = flow.send(None)
                continue
            played.requests.append(step)
            answer = next(script, None)
            assert answer is not None, f"no reply is left for request {len(played.requests)}: {step.method} {step.path}"
            step = flow.send(answer) if isinstance(answer, Reply) else flow.throw(answer)
    except StopIteration as stop:
        played.outcome = stop.value
    except WaError as error:
        played.error = error
    if isinstance(replies, Sized):
        left = len(replies) - len(played.requests)
        assert left == 0, f"{left} replies were not asked for; the flow ended with {played.error or played.outcome!r}"
    return played


def reply(body: Any = b"", status: int = 200, **headers: str) -> Reply:
    """A reply: bytes and text as they are, other values as JSON; ``retry_after="5"`` makes that header."""
    if isinstance(body, str):
        body = body.encode()
    elif not isinstance(body, bytes):
        body = json.dumps(body).encode()
    return Reply(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


HTML = "<html><head><title>502 Bad Gateway</title></head><body><center>nginx</center></body></html>"

GARBAGE: dict[str, str | bytes] = {
    "html": HTML,
    "empty": b"",
    "truncated JSON": b'{"status":"success","code":200,"data":{"Id":"9',
    "a list": b'[{"data":{"Id":"1"}}]',
    "a word": b'"success"',
    "null": b"null",
    "no UTF-8": b"\xff\xfe\x00{\x80",
    "an empty object": b"{}",
}
"""Bodies that no vendor documents."""
