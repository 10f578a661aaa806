# SPDX-License-Identifier: Apache-2.0
"""What the receiver answers: the headers that CheckWA demands, and the refusals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import JSONResponse, Response

CORS = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET, POST, PUT, DELETE, OPTIONS",
    "access-control-allow-headers": "x-test-header, Origin, X-Requested-With, Content-Type, Accept",
}
"""Without these, on each answer, CheckWA does not post its results (vendor-docs/checkwa.txt)."""

RETRY_SECONDS = 10
"""After how long a vendor may try again what could not be stored."""

_LATER = {"retry-after": str(RETRY_SECONDS)}
# What is left of the body is not worth reading.
_CLOSE = {"connection": "close"}


@dataclass(eq=False)
class Refused(Exception):
    """A request that is answered with an error; ``reason`` is what its sender may know."""

    status: int
    reason: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.status} {self.reason}"

    @property
    def answer(self) -> Response:
        """The response."""
        return answer({"error": self.reason}, self.status, self.headers)


def answer(content: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer on a hook's path."""
    return JSONResponse(dict(content), status, {**CORS, **(headers or {})})


def not_found() -> Refused:
    """There is nothing here, or the sender may not know of it: nobody can tell one from the other."""
    return Refused(404, "not found", _CLOSE)


def try_again(reason: str) -> Refused:
    """It is our fault, and not for long."""
    return Refused(503, reason, _LATER)


def too_busy() -> Refused:
    """Too many others are being refused."""
    return Refused(503, "too many requests", {**_LATER, **_CLOSE})


def too_large(limit: int) -> Refused:
    """The body is longer than ``limit`` bytes."""
    return Refused(413, f"the body is longer than {limit} bytes", _CLOSE)


def wrong_method() -> Refused:
    """Neither POST nor OPTIONS."""
    return Refused(405, "only POST and OPTIONS", {"allow": "POST, OPTIONS", **_CLOSE})


def malformed(reason: str) -> Refused:
    """The body is not what the vendor posts."""
    return Refused(400, reason)


def unsupported(reason: str) -> Refused:
    """The body is in a form that is not read here."""
    return Refused(415, reason, _CLOSE)


def unsigned(reason: str) -> Refused:
    """The signature is missing or wrong."""
    return Refused(401, reason)
