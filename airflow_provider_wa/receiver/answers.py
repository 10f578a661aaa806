# SPDX-License-Identifier: Apache-2.0
"""The receiver's answers, refusals above all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.responses import JSONResponse, Response

RETRY_SECONDS = 10
"""Seconds after which a vendor may repeat a post that could not be stored: a store restarts in less."""

_LATER = {"retry-after": str(RETRY_SECONDS)}
# The rest of the body is not read.
_CLOSE = {"connection": "close"}


@dataclass(eq=False)
class Refused(Exception):
    """A request that is answered with an error; ``reason`` is for its sender."""

    status: int
    reason: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.status} {self.reason}"

    @property
    def answer(self) -> Response:
        """The response."""
        return JSONResponse({"error": self.reason}, self.status, dict(self.headers))


def not_found() -> Refused:
    """Refuse with 404, without saying whether the connection exists."""
    return Refused(404, "not found", _CLOSE)


def try_again(reason: str) -> Refused:
    """Refuse with 503 for a fault of this side that will pass."""
    return Refused(503, reason, _LATER)


def too_busy() -> Refused:
    """Refuse with 503 while too many other requests wait for their refusal."""
    return Refused(503, "too many requests", {**_LATER, **_CLOSE})


def no_room() -> Refused:
    """Refuse a post with 503: the posts under way use all of the memory's budget."""
    return Refused(503, "too many posts at once", {**_LATER, **_CLOSE})


def too_slow() -> Refused:
    """Refuse a body with 408 that arrives too slowly."""
    return Refused(408, "body: too slow", _CLOSE)


def too_large(limit: int) -> Refused:
    """Refuse a body of more than ``limit`` bytes with 413."""
    return Refused(413, f"body: too long; expected at most {limit} bytes", _CLOSE)


def too_many_events(most: int) -> Refused:
    """Refuse a post of more than ``most`` events with 413."""
    return Refused(413, f"body: too many events; expected at most {most:,}")


def wrong_method() -> Refused:
    """Refuse a method with 405."""
    return Refused(405, "method: not allowed; expected POST or OPTIONS", {"allow": "POST, OPTIONS", **_CLOSE})


def malformed(reason: str) -> Refused:
    """Refuse with 400 a request that no vendor makes."""
    return Refused(400, reason)


def unsupported(reason: str) -> Refused:
    """Refuse a form of the body that is not read here with 415."""
    return Refused(415, reason, _CLOSE)


def unauthorized(reason: str) -> Refused:
    """Refuse with 401 a post without proof that the vendor sent it."""
    return Refused(401, reason)
