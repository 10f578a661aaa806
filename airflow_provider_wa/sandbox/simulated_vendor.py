# SPDX-License-Identifier: Apache-2.0
"""The record of a simulated vendor. Each vendor's folder exports one as `VENDOR` in its module `vendor`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from airflow_provider_wa.sandbox.profile import VendorProfile
from airflow_provider_wa.sandbox.replies import plain_not_found, plain_rate_limit, plain_server_error
from airflow_provider_wa.sandbox.state import Sandbox
from airflow_provider_wa.sandbox.webhooks import Subscribe

Handler = Callable[[Request, Sandbox], Awaitable[Response]]
Routes = Mapping[tuple[str, str], Handler]


@dataclass(frozen=True)
class Credentials:
    """Login and password of the vendor's account, as an Airflow connection has them. They are fixed and public."""

    login: str = ""
    password: str = ""


@dataclass(frozen=True, kw_only=True)
class SimulatedVendor(VendorProfile):
    """One simulated vendor: its profile, where it is mounted, its routes, and how it refuses.

    `prefix`: path prefix on the server. `routes`: handlers by (method, path). `codes`: error codes that the fault
    `refuse` accepts; `refuse` makes the reply with one of them, under another HTTP status if that is not 0.
    `route_of`: turns a request's path into the path of `routes`, for vendors with credentials or names in their paths.
    `rates`: documented requests per second of a route; they apply only while the fault `rate_limit` has `enforce`.
    `states`: account states that the control API can set. `subscribe`: starts a new webhook. `generation_routes`: for a
    generation, the routes that differ from `routes`. `event_samples`: for a type of event of the vendor, a body that
    the control API posts to the webhook; `queue_event` queues a body. `has_group_messages`: its inbox has messages to
    groups.
    """

    prefix: str
    routes: Routes
    credentials: Credentials
    codes: frozenset[str]
    refuse: Callable[[str, int], Response]
    not_found: Handler = plain_not_found
    rate_limited: Callable[[float | None], Response] = plain_rate_limit
    server_error: Callable[[int], Response] = plain_server_error
    route_of: Callable[[str], str] = str
    rates: Mapping[str, int] = field(default_factory=dict)
    states: Mapping[str, Callable[[Sandbox], None]] = field(default_factory=dict)
    subscribe: Subscribe | None = None
    generation_routes: Mapping[str, Routes] = field(default_factory=dict)
    event_samples: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    queue_event: Callable[[Sandbox, dict[str, Any]], None] | None = None
    has_group_messages: bool = False
