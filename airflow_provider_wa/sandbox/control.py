# SPDX-License-Identifier: Apache-2.0
"""The control API, /sandbox/*: how a test looks into the sandbox and decides what goes wrong."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from airflow_provider_wa.sandbox.faults import parse_fault
from airflow_provider_wa.sandbox.state import QUOTA_VENDORS, SESSION_VENDORS, VENDORS, Sandbox
from airflow_provider_wa.sandbox.vendor import json_reply

Handler = Callable[[Request], Awaitable[Response]]


def _sandbox(request: Request) -> Sandbox:
    sandbox: Sandbox = request.app.state.sandbox
    return sandbox


async def _body(request: Request) -> dict[str, Any]:
    try:
        data = json.loads(await request.body())
    except ValueError:
        raise ValueError("the body is not JSON") from None
    if not isinstance(data, dict):
        raise ValueError("the body is a JSON object")
    return data


def _one_of(vendor: Any, vendors: tuple[str, ...], has: str) -> str:
    if vendor not in vendors:
        raise ValueError(f"vendor is one of {', '.join(vendors)}: only they have {has}")
    return str(vendor)


def _explained(handler: Handler) -> Handler:
    async def explained(request: Request) -> Response:
        try:
            return await handler(request)
        except ValueError as error:
            return json_reply({"error": str(error)}, 400)

    return explained


async def health(request: Request) -> Response:
    """Tell that the sandbox runs."""
    return json_reply({"status": "ok", "vendors": VENDORS})


async def ledger(request: Request) -> Response:
    """Show what reached the vendors (`?vendor=` for one of them)."""
    sandbox = _sandbox(request)
    vendor = request.query_params.get("vendor")
    if vendor is not None:
        _one_of(vendor, VENDORS, "a ledger")
    return json_reply(sandbox.ledger.as_json(sandbox.clock(), sandbox.settings.delivery_seconds, vendor))


async def reset(request: Request) -> Response:
    """Back to the start."""
    _sandbox(request).reset()
    return json_reply({"status": "reset"})


async def list_faults(request: Request) -> Response:
    """Show the faults that are switched on."""
    return json_reply({"faults": _sandbox(request).faults.as_json()})


async def add_fault(request: Request) -> Response:
    """Switch a fault on."""
    fault = parse_fault(await _body(request), VENDORS, SESSION_VENDORS)
    _sandbox(request).faults.add(fault)
    return await list_faults(request)


async def clear_faults(request: Request) -> Response:
    """Switch all faults off."""
    _sandbox(request).faults.clear()
    return await list_faults(request)


async def scan(request: Request) -> Response:
    """Scan a vendor's code at once."""
    vendor = _one_of((await _body(request)).get("vendor"), SESSION_VENDORS, "a session")
    _sandbox(request).scan(vendor)
    return json_reply({"vendor": vendor, "logged_in": True})


async def quota(request: Request) -> Response:
    """Set how much a vendor still allows; null is unlimited."""
    data = await _body(request)
    vendor, left = _one_of(data.get("vendor"), QUOTA_VENDORS, "a quota"), data.get("left")
    if left is not None and (not isinstance(left, int) or isinstance(left, bool) or left < 0):
        raise ValueError("left is a whole number, or null for unlimited")
    _sandbox(request).quotas[vendor].left = left
    return json_reply({"vendor": vendor, "left": left})


TABLE: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/sandbox/health", health),
    ("GET", "/sandbox/ledger", ledger),
    ("POST", "/sandbox/reset", reset),
    ("GET", "/sandbox/faults", list_faults),
    ("POST", "/sandbox/faults", add_fault),
    ("DELETE", "/sandbox/faults", clear_faults),
    ("POST", "/sandbox/scan", scan),
    ("POST", "/sandbox/quota", quota),
)

ROUTES = [Route(path, _explained(handler), methods=[method]) for method, path, handler in TABLE]
