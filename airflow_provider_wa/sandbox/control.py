# SPDX-License-Identifier: Apache-2.0
"""The control API, /sandbox/*: how a test looks into the sandbox and decides what goes wrong."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from airflow_provider_wa.sandbox import posting, webhooks
from airflow_provider_wa.sandbox.faults import parse_fault
from airflow_provider_wa.sandbox.inbox import mimetype_of
from airflow_provider_wa.sandbox.state import QUOTA_VENDORS, SESSION_VENDORS, VENDORS, Sandbox
from airflow_provider_wa.sandbox.vendor import json_reply

NUMBER = re.compile(r"\d{8,15}")
STATE_VENDORS = ("green_api",)
STATES = ("authorized", "notAuthorized", "blocked", "sleepMode", "starting", "yellowCard", "null")

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
    codes: dict[str, frozenset[str]] = request.app.state.codes
    if fault.code and fault.code not in codes.get(fault.vendor, frozenset()):
        known = ", ".join(sorted(codes.get(fault.vendor, ()))) or "each vendor's own: name the vendor"
        raise ValueError(f"unknown code {fault.code!r}; codes are {known}")
    if fault.enforce and fault.vendor != "green_api":
        raise ValueError("only green_api documents rates")
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


async def state(request: Request) -> Response:
    """Put Green-API's instance into a state; "authorized" is a scan, "notAuthorized" a logout."""
    data = await _body(request)
    vendor, wanted = _one_of(data.get("vendor"), STATE_VENDORS, "states"), data.get("state")
    if wanted is None:
        wanted = "null"
    if wanted not in STATES:
        raise ValueError(f"state is one of {', '.join(STATES)}")
    sandbox = _sandbox(request)
    if wanted == "authorized":
        sandbox.scan(vendor)
    elif wanted == "notAuthorized":
        sandbox.log_out(vendor)
    else:
        sandbox.session(vendor).state = wanted
    return json_reply({"vendor": vendor, "state": wanted})


async def list_inbox(request: Request) -> Response:
    """Show what came in (`?vendor=` for one vendor), oldest first."""
    sandbox, vendor = _sandbox(request), request.query_params.get("vendor")
    vendors = SESSION_VENDORS if vendor is None else (_one_of(vendor, SESSION_VENDORS, "an inbox"),)
    messages = [message.as_json() for name in vendors for message in sandbox.incoming(name)]
    return json_reply({"messages": messages})


async def add_to_inbox(request: Request) -> Response:
    """Let a message come in: `from`, `text`, and perhaps a file (`media` in base64, `mimetype`, `filename`)."""
    data = await _body(request)
    vendor, sender = _one_of(data.get("vendor"), SESSION_VENDORS, "an inbox"), data.get("from")
    if not isinstance(sender, str) or not NUMBER.fullmatch(sender):
        raise ValueError("from is a phone number, 8 to 15 digits with its country code and no +")
    values = {name: data.get(name, "") for name in ("text", "media", "mimetype", "filename")}
    if not all(isinstance(value, str) for value in values.values()):
        raise ValueError(f"{', '.join(values)} are text")
    if not values["text"] and not values["media"]:
        raise ValueError("a message has text, media, or both")
    try:
        media = base64.b64decode(values["media"], validate=True) if values["media"] else None
    except ValueError:
        raise ValueError("media is base64") from None
    mimetype = (values["mimetype"] or mimetype_of(values["filename"])) if media is not None else ""
    message = _sandbox(request).receive(vendor, sender, values["text"], media, mimetype, values["filename"])
    return json_reply(message.as_json())


async def actions(request: Request) -> Response:
    """Show what was done besides checking and sending (`?vendor=` for one vendor)."""
    vendor = request.query_params.get("vendor")
    if vendor is not None:
        _one_of(vendor, VENDORS, "a ledger")
    done = _sandbox(request).ledger.actions
    return json_reply({"actions": [asdict(action) for action in done if vendor in (None, action.vendor)]})


async def webhook(request: Request) -> Response:
    """Point a vendor's webhook to a URL ("" or null: nowhere), signed (WuzAPI: `hmac_key`) and as JSON (`json`)."""
    data = await _body(request)
    vendor = _one_of(data.get("vendor"), SESSION_VENDORS, "a webhook")
    url, key, as_json = data.get("url") or "", data.get("hmac_key") or "", data.get("json", False)
    if not isinstance(url, str) or not isinstance(key, str) or not isinstance(as_json, bool):
        raise ValueError("url and hmac_key are text, json is true or false")
    sandbox = _sandbox(request)
    known = sandbox.webhooks[vendor]
    webhooks.set_webhook(sandbox, vendor, replace(known, url=url, hmac_key=key, as_json=as_json))
    return json_reply({"vendor": vendor, "url": url, "json": as_json, "signed": bool(key)})


async def list_posting(request: Request) -> Response:
    """Show how the vendors post."""
    postings = _sandbox(request).courier.postings
    return json_reply({"posting": {vendor: known.as_json() for vendor, known in postings.items()}})


async def set_posting(request: Request) -> Response:
    """Change how a vendor posts from now on; what is not named stays as it is."""
    data = await _body(request)
    postings = _sandbox(request).courier.postings
    vendor = _one_of(data.pop("vendor", None), tuple(postings), "webhooks or callbacks")
    postings[vendor] = posting.changed(postings[vendor], data)
    return await list_posting(request)


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
    ("POST", "/sandbox/state", state),
    ("GET", "/sandbox/inbox", list_inbox),
    ("POST", "/sandbox/inbox", add_to_inbox),
    ("GET", "/sandbox/actions", actions),
    ("POST", "/sandbox/webhook", webhook),
    ("GET", "/sandbox/posting", list_posting),
    ("POST", "/sandbox/posting", set_posting),
)

ROUTES = [Route(path, _explained(handler), methods=[method]) for method, path, handler in TABLE]
