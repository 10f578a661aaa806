# SPDX-License-Identifier: Apache-2.0
"""The session and webhook routes of WuzAPI."""

from __future__ import annotations

import base64
import uuid
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from airflow_provider_wa.sandbox import pictures, webhooks
from airflow_provider_wa.sandbox.simulated_vendor import Handler
from airflow_provider_wa.sandbox.state import Sandbox
from airflow_provider_wa.sandbox.wuzapi import webhook as wuzapi_webhook
from airflow_provider_wa.sandbox.wuzapi.protocol import (
    JID,
    NAME,
    TOKEN,
    Refused,
    authenticated,
    failure,
    payload,
    require_session,
    required,
    strings,
    success,
    typed,
)

EVENTS = ("Message", "ReadReceipt", "HistorySync", "ChatPresence", "All")

CONNECT_WAIT = 10.0
CONNECT_POLL = 0.1
QR_DELAY = 0.2  # right after connecting QRCode is "", as on a real server


def _subscriptions(data: dict[str, Any], name: str) -> list[str]:
    return [event for event in strings(data, name) if event in EVENTS]


@authenticated
async def connect(request: Request, sandbox: Sandbox) -> Response:
    """Connect; unless Immediate is true, wait up to 10 s for the login. No Subscribe removes the subscriptions."""
    data = await payload(request)
    session, webhook = sandbox.session(NAME), sandbox.webhooks[NAME]
    if session.connected:
        return failure(409, "already connected")
    webhook.events = _subscriptions(data, "Subscribe")
    immediate = typed(data, "Immediate", "bool")
    session.connected, session.connected_at = True, sandbox.clock()
    sandbox.expect_scan(NAME)
    waited = 0.0
    while not immediate and not sandbox.session(NAME).logged_in:
        if waited >= CONNECT_WAIT or sandbox.closing:
            break
        await sandbox.sleep(CONNECT_POLL)
        waited += CONNECT_POLL
    return success(
        {
            "details": "Connected!",
            "events": ",".join(webhook.events),
            "jid": JID if session.paired else "",
            "webhook": webhook.url,
        }
    )


@authenticated
async def status(request: Request, sandbox: Sandbox) -> Response:
    """Return the state of the session, with the user's token as the real server does."""
    session, webhook = sandbox.session(NAME), sandbox.webhooks[NAME]
    return success(
        {
            "id": "1",
            "name": "sandbox",
            "token": TOKEN,
            "connected": session.connected,
            "loggedIn": session.logged_in,
            "jid": JID if session.paired else "",
            "webhook": webhook.url,
            "events": ",".join(webhook.events),
            "proxy_url": "",
            "qrcode": _qr_code(sandbox) if session.connected and not session.paired else "",
        }
    )


@authenticated
async def qr(request: Request, sandbox: Sandbox) -> Response:
    """Return the QR code to scan."""
    require_session(sandbox)
    if sandbox.session(NAME).logged_in:
        raise Refused(500, "already logged in")
    sandbox.expect_scan(NAME)
    return success({"QRCode": _qr_code(sandbox)})


def _qr_code(sandbox: Sandbox) -> str:
    now = sandbox.clock()
    if now < sandbox.session(NAME).connected_at + QR_DELAY:
        return ""
    png = pictures.qr_png(pictures.qr_seed(NAME, now))
    return "data:image/png;base64," + base64.b64encode(png).decode()


@authenticated
async def pair_phone(request: Request, sandbox: Sandbox) -> Response:
    """Return the code to enter on the phone, in place of the QR code."""
    require_session(sandbox)
    required(await payload(request), "Phone")
    if sandbox.session(NAME).logged_in:
        raise Refused(400, "already paired")
    sandbox.expect_scan(NAME)
    code = uuid.uuid4().hex[:8].upper()
    return success({"LinkingCode": f"{code[:4]}-{code[4:]}"})


@authenticated
async def disconnect(request: Request, sandbox: Sandbox) -> Response:
    """Disconnect and keep the login."""
    require_session(sandbox)
    session = sandbox.session(NAME)
    session.connected, session.scan_due = False, None
    return success({"Details": "Disconnected"})


@authenticated
async def logout(request: Request, sandbox: Sandbox) -> Response:
    """Log the account out: the next connection needs a scan."""
    require_session(sandbox)
    if not sandbox.session(NAME).paired:
        raise Refused(500, "could not logout as it was not logged in")
    sandbox.log_out(NAME)
    return success({"Details": "Logged out"})


def _point(sandbox: Sandbox, url: str, events: list[str]) -> None:
    changed = replace(sandbox.webhooks[NAME], url=url, events=events)
    webhooks.set_webhook(sandbox, NAME, changed, wuzapi_webhook.subscribe)


@authenticated
async def get_webhook(request: Request, sandbox: Sandbox) -> Response:
    """Return the webhook; without subscriptions the list has one empty string."""
    webhook = sandbox.webhooks[NAME]
    return success({"subscribe": webhook.events or [""], "webhook": webhook.url})


@authenticated
async def set_webhook(request: Request, sandbox: Sandbox) -> Response:
    """Set the webhook; without events the subscriptions are removed."""
    data = await payload(request)
    _point(sandbox, typed(data, "webhookURL"), _subscriptions(data, "events"))
    reply: dict[str, Any] = {"webhook": sandbox.webhooks[NAME].url}
    if asked := strings(data, "events"):
        reply["events"] = asked
    return success(reply)


@authenticated
async def update_webhook(request: Request, sandbox: Sandbox) -> Response:
    """Set the webhook; without `active` true, webhook and subscriptions are removed."""
    data = await payload(request)
    url, events, active = typed(data, "webhook"), _subscriptions(data, "events"), typed(data, "active", "bool")
    _point(sandbox, url if active else "", events if active else [])
    webhook = sandbox.webhooks[NAME]
    return success({"webhook": webhook.url, "events": webhook.events, "active": active})


@authenticated
async def delete_webhook(request: Request, sandbox: Sandbox) -> Response:
    """Remove the webhook and the subscriptions."""
    _point(sandbox, "", [])
    return success({"Details": "Webhook and events deleted successfully"})


ROUTES: dict[tuple[str, str], Handler] = {
    ("POST", "/session/connect"): connect,
    ("GET", "/session/status"): status,
    ("GET", "/session/qr"): qr,
    ("POST", "/session/pairphone"): pair_phone,
    ("POST", "/session/disconnect"): disconnect,
    ("POST", "/session/logout"): logout,
    ("GET", "/webhook"): get_webhook,
    ("POST", "/webhook"): set_webhook,
    ("PUT", "/webhook"): update_webhook,
    ("DELETE", "/webhook"): delete_webhook,
}
