# SPDX-License-Identifier: Apache-2.0
"""The shape of a vendor's samples: ``EXCHANGES`` and ``INCOMING`` of each ``samples_<vendor>.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_wa.api.flow import Flow, Reply, Request
from airflow_provider_wa.api.webhooks import Post


@dataclass(frozen=True)
class Exchange:
    """A call, the requests of the document that it makes, the replies to them, and what becomes of these.

    ``becomes`` is the result (compared without ``raw``), the status of a check, or the class of an error, of which
    ``text`` is the whole text, ``part`` a part of that, and ``code`` the code. ``request`` is the call's request number
    ``at``, whole; None where another exchange has it. ``raw`` is what the result's first record keeps of the reply.
    """

    endpoint: str
    """Name in the vendor's ``endpoints``; empty for a reply that any of them may have."""
    call: Callable[[], Flow[Any]]
    replies: tuple[Reply, ...]
    becomes: Any
    request: Request | None = None
    at: int = 0
    raw: Any = None
    text: str = ""
    part: str = ""
    code: str = ""


@dataclass(frozen=True)
class Incoming:
    """A post to the webhook in each spelling that the vendor has, and the attributes of the events in it."""

    posts: tuple[Post, ...]
    events: tuple[Mapping[str, Any], ...]
