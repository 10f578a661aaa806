# SPDX-License-Identifier: Apache-2.0
"""One tree of errors: the class decides what the caller may do next."""

from __future__ import annotations

from enum import Enum
from typing import Any, ClassVar


class Retry(Enum):
    """Advice on repeating what failed."""

    NEVER = "never"
    LATER = "later"


class WaError(Exception):
    """Base of all errors of a vendor, its connection or the request to it.

    ``vendor`` is the connection type, ``code`` the vendor's own error code or text, ``status`` the HTTP status,
    ``retry_after`` the seconds that the vendor asks to wait, ``raw`` the reply (secrets are masked before an error
    leaves the package). All but the message may be missing.
    """

    retry: ClassVar[Retry] = Retry.NEVER
    stops_all: ClassVar[bool] = False
    """True if the next call with the same connection would fail as well, so that a bulk run must stop."""

    def __init__(
        self,
        message: str,
        *,
        vendor: str = "",
        code: str | None = None,
        status: int | None = None,
        retry_after: float | None = None,
        raw: Any = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.vendor = vendor
        self.code = code
        self.status = status
        self.retry_after = retry_after
        self.raw = raw

    def __str__(self) -> str:
        return f"{self.vendor}: {self.message}" if self.vendor else self.message


class BadInput(WaError):
    """The request is wrong: the number, a text too long, an unknown file type. Never retry it as it is."""


class Unauthorized(WaError):
    """The token, key or instance is wrong or expired. Never retry before the connection is corrected."""

    stops_all = True


class SessionDown(WaError):
    """The WhatsApp account is logged out or still starting. Retry after a login."""

    retry = Retry.LATER
    stops_all = True


class QuotaExceeded(WaError):
    """Credit or the monthly quota is used up. Never retry before it is renewed."""

    stops_all = True


class RateLimited(WaError):
    """Too many requests: refused without any effect. Retry later."""

    retry = Retry.LATER


class VendorUnavailable(WaError):
    """The vendor cannot be reached or is failing. Retry.

    ``never_left`` is true if the request provably did not leave this machine (refused, unknown host, time-out while
    connecting), so that even a send may be repeated.
    """

    retry = Retry.LATER

    def __init__(self, message: str, *, never_left: bool = False, **details: Any) -> None:
        super().__init__(message, **details)
        self.never_left = never_left


class OutcomeUnknown(WaError):
    """A send that may or may not have gone out. Never repeat it without finding out."""


class UnsupportedByVendor(WaError):
    """The vendor does not have the capability."""


class QueueClosed(WaError):
    """The vendor posts its events to a webhook, so its queue is closed. Read them from the store of the receiver."""


class UnexpectedReply(WaError):
    """A reply that is not what the vendor documents; ``raw`` holds it, masked and shortened."""
