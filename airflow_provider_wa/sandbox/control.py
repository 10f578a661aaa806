# SPDX-License-Identifier: Apache-2.0
"""The control API, /sandbox/*: a test inspects the sandbox and changes its behaviour."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from airflow_provider_wa.sandbox import webhook_retry, webhooks
from airflow_provider_wa.sandbox.faults import Fault, parse_fault
from airflow_provider_wa.sandbox.inbox import mimetype_of
from airflow_provider_wa.sandbox.replies import json_reply
from airflow_provider_wa.sandbox.simulated_vendor import SimulatedVendor
from airflow_provider_wa.sandbox.state import Sandbox

NUMBER = re.compile(r"\d{8,15}")

Handler = Callable[[Request], Awaitable[Response]]

# feature that a request asks for -> test of a vendor for it
FEATURES: Mapping[str, Callable[[SimulatedVendor], bool]] = {
    "ledger": lambda vendor: True,
    "session": lambda vendor: vendor.account is not None,
    "inbox": lambda vendor: vendor.account is not None,
    "webhook": lambda vendor: vendor.subscribe is not None,
    "webhook or callback": lambda vendor: vendor.retry is not None,
    "quota": lambda vendor: vendor.has_quota,
    "account state": lambda vendor: bool(vendor.states),
    "documented rates": lambda vendor: bool(vendor.rates),
    "generation": lambda vendor: bool(vendor.generations),
    "events of its own": lambda vendor: vendor.queue_event is not None,
}


def _sandbox(request: Request) -> Sandbox:
    sandbox: Sandbox = request.app.state.sandbox
    return sandbox


def _vendors(request: Request, feature: str = "ledger") -> dict[str, SimulatedVendor]:
    """Return the vendors that have a feature, by their names."""
    vendors: dict[str, SimulatedVendor] = request.app.state.vendors
    return {name: vendor for name, vendor in vendors.items() if FEATURES[feature](vendor)}


def _vendor(request: Request, name: Any, feature: str) -> SimulatedVendor:
    vendors = _vendors(request, feature)
    if not isinstance(name, str) or name not in vendors:
        raise ValueError(f"vendor: {name!r} has no {feature}; expected one of {', '.join(vendors)}")
    return vendors[name]


async def _body(request: Request) -> dict[str, Any]:
    try:
        data = json.loads(await request.body())
    except ValueError:
        raise ValueError("body: invalid JSON; expected a JSON object") from None
    if not isinstance(data, dict):
        raise ValueError("body: wrong type; expected a JSON object")
    return data


def _explained(handler: Handler) -> Handler:
    async def explained(request: Request) -> Response:
        try:
            return await handler(request)
        except ValueError as error:
            return json_reply({"error": str(error)}, 400)

    return explained


async def health(request: Request) -> Response:
    """Report that the sandbox runs, and its vendors."""
    return json_reply({"status": "ok", "vendors": list(_vendors(request))})


async def ledger(request: Request) -> Response:
    """Show the ledger (`?vendor=` for one vendor)."""
    sandbox = _sandbox(request)
    vendor = request.query_params.get("vendor")
    if vendor is not None:
        _vendor(request, vendor, "ledger")
    return json_reply(sandbox.ledger.as_json(sandbox.clock(), sandbox.settings.delivery_seconds, vendor))


async def reset(request: Request) -> Response:
    """Return to the state of the start."""
    _sandbox(request).reset()
    return json_reply({"status": "reset"})


async def list_faults(request: Request) -> Response:
    """Show the faults that are switched on."""
    return json_reply({"faults": _sandbox(request).faults.as_json()})


async def add_fault(request: Request) -> Response:
    """Switch a fault on."""
    fault = parse_fault(await _body(request), tuple(_vendors(request)), tuple(_vendors(request, "session")))
    if fault.code:
        _require_code(request, fault)
    if fault.enforce:
        _vendor(request, fault.vendor, "documented rates")
    _sandbox(request).faults.add(fault)
    return await list_faults(request)


def _require_code(request: Request, fault: Fault) -> None:
    vendor = _vendors(request).get(fault.vendor)
    if vendor is None:
        raise ValueError(f"vendor: codes belong to one vendor; expected one of {', '.join(_vendors(request))}")
    if fault.code not in vendor.codes:
        raise ValueError(f"code: unknown code {fault.code!r}; expected one of {', '.join(sorted(vendor.codes))}")


async def clear_faults(request: Request) -> Response:
    """Switch all faults off."""
    _sandbox(request).faults.clear()
    return await list_faults(request)


async def scan(request: Request) -> Response:
    """Log a vendor's account in at once."""
    vendor = _vendor(request, (await _body(request)).get("vendor"), "session")
    _sandbox(request).scan(vendor.name)
    return json_reply({"vendor": vendor.name, "logged_in": True})


async def state(request: Request) -> Response:
    """Set the state of a vendor's account; JSON's null is the state "null"."""
    data = await _body(request)
    vendor, wanted = _vendor(request, data.get("vendor"), "account state"), data.get("state")
    if wanted is None:
        wanted = "null"
    if not isinstance(wanted, str) or wanted not in vendor.states:
        raise ValueError(f"state: unknown state {wanted!r}; expected one of {', '.join(vendor.states)}")
    vendor.states[wanted](_sandbox(request))
    return json_reply({"vendor": vendor.name, "state": wanted})


async def generation(request: Request) -> Response:
    """Set the server that a vendor plays, from now on."""
    data = await _body(request)
    vendor, wanted = _vendor(request, data.get("vendor"), "generation"), data.get("generation")
    if wanted not in vendor.generations:
        raise ValueError(f"generation: unknown {wanted!r}; expected one of {', '.join(vendor.generations)}")
    _sandbox(request).generations[vendor.name] = wanted
    return json_reply({"vendor": vendor.name, "generation": wanted})


async def event(request: Request) -> Response:
    """Post an event of a vendor to its webhook: a sample of its `type`, or the fields of `body` instead of its own."""
    data = await _body(request)
    vendor, kind, given = _vendor(request, data.get("vendor"), "events of its own"), data.get("type"), data.get("body")
    if not isinstance(kind, str) or kind not in vendor.event_samples:
        raise ValueError(f"type: unknown {kind!r}; expected one of {', '.join(vendor.event_samples)}")
    if given is not None and not isinstance(given, dict):
        raise ValueError("body: wrong type; expected a JSON object")
    if vendor.queue_event is not None:
        vendor.queue_event(_sandbox(request), {**vendor.event_samples[kind], **(given or {}), "type": kind})
    return json_reply({"vendor": vendor.name, "type": kind})


async def list_inbox(request: Request) -> Response:
    """Show the inbox, oldest first (`?vendor=` for one vendor)."""
    sandbox, vendor = _sandbox(request), request.query_params.get("vendor")
    vendors = list(_vendors(request, "inbox")) if vendor is None else [_vendor(request, vendor, "inbox").name]
    messages = [message.as_json() for name in vendors for message in sandbox.incoming(name)]
    return json_reply({"messages": messages})


async def add_to_inbox(request: Request) -> Response:
    """Add an incoming message: `from`, `text`, and optionally `group` and a file.

    A file is `media` in base64, with `mimetype` and `filename`.
    """
    data = await _body(request)
    vendor, sender = _vendor(request, data.get("vendor"), "inbox"), data.get("from")
    if not isinstance(sender, str) or not NUMBER.fullmatch(sender):
        raise ValueError("from: not a phone number; expected 8 to 15 digits with the country code, without +")
    values = {name: data.get(name, "") for name in ("text", "media", "mimetype", "filename")}
    for name, value in values.items():
        if not isinstance(value, str):
            raise ValueError(f"{name}: not a string; expected a string")
    if not values["text"] and not values["media"]:
        raise ValueError("text: missing; expected text, media, or both")
    try:
        media = base64.b64decode(values["media"], validate=True) if values["media"] else None
    except ValueError:
        raise ValueError("media: not base64; expected a file in base64") from None
    mimetype = (values["mimetype"] or mimetype_of(values["filename"])) if media is not None else ""
    group = _group(request, vendor, data.get("group"))
    message = _sandbox(request).receive(vendor.name, sender, values["text"], media, mimetype, values["filename"], group)
    return json_reply(message.as_json())


def _group(request: Request, vendor: SimulatedVendor, jid: Any) -> str:
    """Return the id of the group that a message is sent to; empty without a group."""
    if jid is None:
        return ""
    known = _sandbox(request).groups
    if not vendor.has_group_messages:
        raise ValueError(f"group: {vendor.name} has none in its inbox; leave it out")
    if not isinstance(jid, str) or jid.removesuffix("@g.us") not in known:
        raise ValueError(f"group: unknown {jid!r}; expected one of {', '.join(group.jid for group in known.values())}")
    return jid.removesuffix("@g.us")


async def actions(request: Request) -> Response:
    """Show the actions besides checks and sends (`?vendor=` for one vendor)."""
    vendor = request.query_params.get("vendor")
    if vendor is not None:
        _vendor(request, vendor, "ledger")
    done = _sandbox(request).ledger.actions
    return json_reply({"actions": [asdict(action) for action in done if vendor in (None, action.vendor)]})


async def webhook(request: Request) -> Response:
    """Set a vendor's webhook: `url` ("" or null for none), `hmac_key` to sign its requests, `json` for JSON bodies."""
    data = await _body(request)
    vendor = _vendor(request, data.get("vendor"), "webhook")
    url, key, as_json = data.get("url") or "", data.get("hmac_key") or "", data.get("json", False)
    for name, value, kind, expected in (
        ("url", url, str, "a string"),
        ("hmac_key", key, str, "a string"),
        ("json", as_json, bool, "true or false"),
    ):
        if not isinstance(value, kind):
            raise ValueError(f"{name}: invalid value; expected {expected}")
    sandbox = _sandbox(request)
    changed = replace(sandbox.webhooks[vendor.name], url=url, hmac_key=key, as_json=as_json)
    if vendor.subscribe is not None:
        webhooks.set_webhook(sandbox, vendor.name, changed, vendor.subscribe)
    return json_reply({"vendor": vendor.name, "url": url, "json": as_json, "signed": bool(key)})


async def list_retry_policies(request: Request) -> Response:
    """Show how the vendors post webhooks and callbacks."""
    policies = _sandbox(request).webhook_delivery.policies
    return json_reply({"posting": {vendor: policy.as_json() for vendor, policy in policies.items()}})


async def set_retry_policy(request: Request) -> Response:
    """Change how a vendor posts from now on; options that are not given stay the same."""
    data = await _body(request)
    policies = _sandbox(request).webhook_delivery.policies
    vendor = _vendor(request, data.pop("vendor", None), "webhook or callback").name
    policies[vendor] = webhook_retry.changed(policies[vendor], data)
    return await list_retry_policies(request)


async def quota(request: Request) -> Response:
    """Set the number of calls that a vendor still allows; null is unlimited."""
    data = await _body(request)
    vendor, left = _vendor(request, data.get("vendor"), "quota"), data.get("left")
    if left is not None and (not isinstance(left, int) or isinstance(left, bool) or left < 0):
        raise ValueError("left: not a count; expected a whole number from 0, or null for unlimited")
    _sandbox(request).quotas[vendor.name].left = left
    return json_reply({"vendor": vendor.name, "left": left})


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
    ("POST", "/sandbox/generation", generation),
    ("POST", "/sandbox/events", event),
    ("GET", "/sandbox/inbox", list_inbox),
    ("POST", "/sandbox/inbox", add_to_inbox),
    ("GET", "/sandbox/actions", actions),
    ("POST", "/sandbox/webhook", webhook),
    ("GET", "/sandbox/posting", list_retry_policies),
    ("POST", "/sandbox/posting", set_retry_policy),
)

ROUTES = [Route(path, _explained(handler), methods=[method]) for method, path, handler in TABLE]
