# SPDX-License-Identifier: Apache-2.0
"""Base of all vendors: requests with repeats, and errors by a table."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, ClassVar

from airflow_provider_wa.api.errors import (
    BadInput,
    OutcomeUnknown,
    RateLimited,
    Unauthorized,
    UnexpectedReply,
    VendorUnavailable,
    WaError,
)
from airflow_provider_wa.api.flow import Effect, Flow, Reply, Request, Sleep, exchange
from airflow_provider_wa.api.webhooks import RawPost
from airflow_provider_wa.vendors.retry_policy import http_date, retry_after_seconds, seconds_before_repeat


@dataclass(frozen=True)
class ErrorRule:
    """A line of a vendor's error table: the error for a reply with this status and this code.

    ``code`` is compared with the vendor's code without regard to case; with ``part`` it may be any part of it. None
    matches every status or code. ``advice`` is the text of the error: what is wrong and what to do. ``not_sent``: the
    vendor reports that a SEND was not taken, with any error.
    """

    error: type[WaError]
    advice: str
    status: int | None = None
    code: str | None = None
    part: bool = False
    not_sent: bool = False

    def matches(self, status: int, code: str) -> bool:
        """Return whether the line is for a reply with this HTTP status and vendor's code."""
        if self.status is not None and self.status != status:
            return False
        if self.code is None:
            return True
        wanted, given = self.code.casefold(), code.casefold()
        return wanted in given if self.part else wanted == given


@dataclass(frozen=True)
class Documented:
    """A line of a vendor's list of endpoints: its name in the document, and the flow that calls it.

    ``name`` is as the document has it, HTTP method first (``POST /user/check``); ``flow`` is the vendor's method;
    ``since`` names the servers that have it, where not all of them do.
    """

    name: str
    flow: str
    since: str = "all"


_TURNED_AWAY = frozenset({301, 302, 307, 308, 404, 405})
"""HTTP statuses of requests that a server refuses before it carries out any of them (RFC 9110, 15.4 and 15.5)."""

HTTP_ERRORS: tuple[ErrorRule, ...] = (
    ErrorRule(Unauthorized, "the credentials were refused: check the connection", status=401),
    ErrorRule(Unauthorized, "access was refused: check the connection", status=403),
    ErrorRule(UnexpectedReply, "there is no such endpoint: check the connection's host and path", status=404),
    ErrorRule(VendorUnavailable, "the server gave up waiting for the request", status=408),
    ErrorRule(RateLimited, "too many requests", status=429),
)
"""Errors by HTTP status, where the vendor's own table has no line for the reply (RFC 9110, 15; RFC 6585, 4)."""


def secret(default: Any = MISSING) -> Any:
    """Declare a vendor's field as a secret: not in its representation, masked in everything that leaves the package."""
    return field(default=default, repr=False, metadata={"secret": True})


@dataclass(frozen=True, kw_only=True)
class Vendor(ABC):
    """One account at one vendor; its methods are flows. ``base_url`` ends without a slash."""

    name: ClassVar[str]
    errors: ClassVar[tuple[ErrorRule, ...]]
    endpoints: ClassVar[tuple[Documented, ...]] = ()
    longest_send: ClassVar[float] = 0.0
    """Maximum seconds to wait for the reply to a send, where that is longer than the connection's time-out."""

    answer_headers: ClassVar[Mapping[str, str]] = {}
    """Headers that the vendor demands of each answer to its webhooks and callbacks."""

    largest_post: ClassVar[int] = 0
    """Bytes of the longest post that the vendor may send, with a file in it; 0 leaves the limit to the receiver."""

    file_marks: ClassVar[tuple[tuple[bytes, bytes], ...]] = ()
    """Bytes before and after the file in a post: a longer post is stored without what is between them."""

    base_url: str

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values of the fields declared by ``secret()``, which must never be seen outside, in a log for instance."""
        return tuple(value for f in fields(self) if "secret" in f.metadata and (value := getattr(self, f.name)))

    @abstractmethod
    def probe(self) -> Flow[str]:
        """Prove the credentials without side effects or cost, and return the finding in words."""

    @abstractmethod
    def error_code(self, reply: Reply) -> str | None:
        """Return the vendor's own code or text if the reply is an error, None if it is a success."""

    def verify(self, post: RawPost) -> None:
        """Prove that a post comes from the vendor. By default the secret in the webhook's URL is the only proof.

        :raises Unauthorized: it does not.
        """
        return

    def answer_challenge(self, query: Mapping[str, str]) -> str | None:
        """Return the answer to the GET with which the vendor tests a webhook. By default a vendor sends none.

        :raises Unauthorized: the query does not prove that the vendor sent it.
        """
        return None

    def error_detail(self, reply: Reply) -> str:
        """Return more of a reply's error than the code, for the message; empty if there is no more."""
        return ""

    def ask(self, request: Request, *, accept: Collection[int] = ()) -> Flow[Reply]:
        """Exchange ``request`` for a reply that is not an error, and repeat it where that is safe.

        :param accept: HTTP statuses that the caller reads itself, though they are errors elsewhere.
        """
        tries = 0
        while True:
            tries += 1
            try:
                reply = yield from exchange(request)
                if reply.status in accept:
                    return reply
                error = self.error_in(reply, request.effect)
            except (VendorUnavailable, OutcomeUnknown) as failure:
                failure.vendor = self.name
                error = failure
            if error is None:
                return reply
            if tries == 1 and (cause := (yield from self.cause_of(error, request))) is not None:
                raise cause
            wait = seconds_before_repeat(error, request.effect, tries, random.random())
            if wait is None:
                raise error
            yield Sleep(wait, everyone=isinstance(error, RateLimited))

    def cause_of(self, error: WaError, request: Request) -> Flow[WaError | None]:
        """Ask for the cause of a failure whose reply does not name it; return None to keep the failure.

        It is called after the first try. By default no request is made.
        """
        yield from ()
        return None

    def error_in(self, reply: Reply, effect: Effect) -> WaError | None:
        """Return the error of a reply, None for a success. A SEND not clearly refused is ``OutcomeUnknown``."""
        code = self.error_code(reply)
        if code is None:
            return None
        said = ": ".join(part for part in (code, self.error_detail(reply)) if part)
        for rule in (*self.errors, *HTTP_ERRORS):
            if rule.matches(reply.status, code):
                known = Effect.READ if rule.not_sent else effect
                return self._error(rule.error, f"{rule.advice} ({said or f'HTTP {reply.status}'})", reply, known, code)
        if reply.status >= 500:
            return self._error(VendorUnavailable, f"HTTP {reply.status} {said}".strip(), reply, effect, code)
        if 300 <= reply.status < 400:
            return self._error(UnexpectedReply, "the host redirects elsewhere: put that address in the connection",
                               reply, effect, code)  # fmt: skip
        if code and reply.status >= 400:
            return self._error(BadInput, f"refused: {said}", reply, effect, code)
        return self.unexpected(reply, effect, f"an undocumented answer: {said}" if said else "")

    def unexpected(self, reply: Reply, effect: Effect = Effect.READ, what: str = "") -> WaError:
        """Return the error for a reply that the vendor does not document."""
        kind = reply.headers.get("content-type", "no content type").partition(";")[0]
        said = what or f"unexpected reply (HTTP {reply.status}, {kind}, {len(reply.body)} bytes)"
        return self._error(UnexpectedReply, said, reply, effect, None)

    def _error(self, kind: type[WaError], message: str, reply: Reply, effect: Effect, code: str | None) -> WaError:
        unclear = (VendorUnavailable,) if reply.status in _TURNED_AWAY else (VendorUnavailable, UnexpectedReply)
        if effect is Effect.SEND and issubclass(kind, unclear):
            kind, message = OutcomeUnknown, f"it may or may not have gone out: {message}"
        return kind(
            message,
            vendor=self.name,
            code=code or None,
            status=reply.status,
            retry_after=retry_after_seconds(
                reply.headers.get("retry-after", ""), http_date(reply.headers.get("date", ""))
            ),
            raw=_raw(reply),
        )


def _raw(reply: Reply) -> Any:
    value = reply.json
    return value if isinstance(value, (dict, list)) else reply.beginning
