# SPDX-License-Identifier: Apache-2.0
"""Source of a wait, which is the vendor or the store, and the two outcomes of a look."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

SOURCES = ("auto", "vendor", "store")
"""Values of the argument ``source``: ``auto`` is both, as far as the connection has them."""

Found = Mapping[str, Any]
"""Outcome of a look that found what it looked for, as JSON: small, ids rather than contents."""


@dataclass(frozen=True)
class NotYet:
    """Outcome of a look that did not find it yet.

    :param detail: how things stand, for the log and for the message of a time-out.
    :param otherwise: result at the deadline, instead of a time-out.
    """

    detail: str
    otherwise: Found | None = None


@dataclass(frozen=True)
class Source:
    """The vendor or the store, for the time of one wait.

    :param look: looks once.
    :param pause: waits until another look may be worth it, at most for the seconds given.
    """

    look: Callable[[], Awaitable[Found | NotYet]]
    pause: Callable[[float], Awaitable[None]]
