# SPDX-License-Identifier: Apache-2.0
"""The session routes of WuzAPI: connect, login, state, and what the server keeps or signs for the user."""

from __future__ import annotations

import base64
import uuid
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from airflow_provider_wa.sandbox import pictures, webhooks
from airflow_provider_wa.sandbox.replies import json_reply
from airflow_provider_wa.sandbox.simulated_vendor import Handler
from airflow_provider_wa.sandbox.state import Sandbox
from airflow_provider_wa.sandbox.wuzapi import subscriptions
from airflow_provider_wa.sandbox.wuzapi import webhook as wuzapi_webhook
from airflow_provider_wa.sandbox.wuzapi.account import (
    DOCUMENT,
    NAME,
    NEWEST,
    State,
    account,
    generation,
    state,
)
from airflow_provider_wa.sandbox.wuzapi.protocol import (
    JID,
    NO_WEBSOCKET,
    TOKEN,
    Refused,
    authenticated,
    failure,
    payload,
    require_session,
    required,
    success,
    typed,
)

CONNECT_WAIT = 10.0
CONNECT_POLL = 0.1
QR_DELAY = 0.2  # right after connecting QRCode is "", as on a real server
HMAC_KEY = 32  # shortest key

ALREADY_CONNECTED = {DOCUMENT: (500, "Already Connected"), NEWEST: (409, "already connected")}

# Its access key is masked even where there is none.
S3_CONFIG = {
    "enabled": False,
    "endpoint": "",
    "region": "",
    "bucket": "",
    "access_key": "***",
    "path_style": False,
    "public_url": "",
    "media_delivery": "base64",
    "retention_days": 30,
}


@authenticated
async def connect(request: Request, sandbox: Sandbox) -> Response:
    """Connect; unless Immediate is true, wait up to 10 s. The events in Subscribe replace the subscriptions.

    A user that has a client already gets a second one.
    """
    data = await payload(request)
    session, own = sandbox.session(NAME), account(sandbox)
    if session.connected:
        return failure(*ALREADY_CONNECTED.get(generation(sandbox), (500, "already connected")))
    events = subscriptions.known(sandbox, data, "Subscribe")
    immediate = typed(data, "Immediate", "bool") or (generation(sandbox) == DOCUMENT and "immediate" not in data)
    subscriptions.store(sandbox, events=events)
    if own.client:
        own.clients += 1
        sandbox.record_action(NAME, "second client", {"clients": own.clients})
    own.client = True
    session.connected, session.connected_at = own.reachable, sandbox.clock()
    if own.reachable:
        own.client = False
        sandbox.expect_scan(NAME)
    if not immediate:
        await _wait(sandbox)
        if not sandbox.session(NAME).connected:
            raise Refused(500, "failed to Connect")
    webhook = sandbox.webhooks[NAME]
    return success(
        {
            "details": "Connected!",
            "events": ",".join(events),
            "jid": JID if session.paired else "",
            "webhook": webhook.url,
        }
    )


async def _wait(sandbox: Sandbox) -> None:
    """Wait for the login, at most 10 s."""
    waited = 0.0
    while not sandbox.session(NAME).logged_in and waited < CONNECT_WAIT and not sandbox.closing:
        await sandbox.sleep(CONNECT_POLL)
        waited += CONNECT_POLL


@authenticated
async def status(request: Request, sandbox: Sandbox) -> Response:
    """Return the state of the session, with the user's token as the real server does."""
    session, webhook, own = sandbox.session(NAME), sandbox.webhooks[NAME], account(sandbox)
    return success(
        {
            "id": wuzapi_webhook.USER,
            "name": "sandbox",
            "token": TOKEN,
            "connected": session.connected,
            "loggedIn": session.logged_in,
            "jid": JID if session.paired else "",
            "webhook": webhook.url,
            "events": "" if own.deaf else ",".join(webhook.events),
            "proxy_url": "",
            "qrcode": qr_code(sandbox) if state(sandbox) is State.QR_SHOWN else "",
            "history": str(own.history),
            "proxy_config": {"enabled": False, "proxy_url": ""},
            "s3_config": S3_CONFIG,
            "hmac_configured": bool(webhook.hmac_key),
        }
    )


@authenticated
async def old_status(request: Request, sandbox: Sandbox) -> Response:
    """Return the state of the session as the document has it."""
    session = sandbox.session(NAME)
    return success({"Connected": session.connected, "LoggedIn": session.logged_in})


def _require_websocket(sandbox: Sandbox, status: int, error: str) -> None:
    require_session(sandbox)
    if not sandbox.session(NAME).connected:
        raise Refused(status, error)


@authenticated
async def qr(request: Request, sandbox: Sandbox) -> Response:
    """Return the QR code to scan."""
    _require_websocket(sandbox, 500, "not connected")
    if sandbox.session(NAME).logged_in:
        raise Refused(500, "already logged in")
    sandbox.expect_scan(NAME)
    return success({"QRCode": qr_code(sandbox)})


def qr_code(sandbox: Sandbox) -> str:
    """Return the QR code as a data URL; empty a moment after connecting."""
    now = sandbox.clock()
    if now < sandbox.session(NAME).connected_at + QR_DELAY:
        return ""
    png = pictures.qr_png(pictures.qr_seed(NAME, now))
    return "data:image/png;base64," + base64.b64encode(png).decode()


@authenticated
async def pair_phone(request: Request, sandbox: Sandbox) -> Response:
    """Return the code to enter on the phone, instead of the QR code."""
    require_session(sandbox)
    required(await payload(request), "Phone")
    if sandbox.session(NAME).logged_in:
        raise Refused(400, "already paired")
    _require_websocket(sandbox, 400, NO_WEBSOCKET)
    sandbox.expect_scan(NAME)
    code = uuid.uuid4().hex[:8].upper()
    return success({"LinkingCode": f"{code[:4]}-{code[4:]}"})


@authenticated
async def disconnect(request: Request, sandbox: Sandbox) -> Response:
    """Disconnect and keep the login; servers up to 1.0.6 forget the subscriptions."""
    _require_websocket(sandbox, 500, "cannot disconnect because it is not logged in")
    if generation(sandbox) != NEWEST:
        subscriptions.store(sandbox, events=[])
    _end(sandbox)
    return success({"Details": "Disconnected"})


def _end(sandbox: Sandbox) -> None:
    """End the connection by request: no event tells of it."""
    session, own = sandbox.session(NAME), account(sandbox)
    session.connected, session.scan_due, own.client = False, None, False
    own.seen = (session.connected, session.paired)


@authenticated
async def logout(request: Request, sandbox: Sandbox) -> Response:
    """Log the account out: the next connection needs a scan."""
    _require_websocket(sandbox, 500, "could not disconnect as it was not connected")
    if not sandbox.session(NAME).paired:
        raise Refused(500, "could not logout as it was not logged in")
    sandbox.log_out(NAME)
    _end(sandbox)
    return success({"Details": "Logged out"})


def _bare(data: Any, status: int = 200) -> Response:
    """Return a reply without the envelope, as the HMAC routes answer."""
    return json_reply(data, status)


@authenticated
async def set_hmac(request: Request, sandbox: Sandbox) -> Response:
    """Set the key that posts to the webhook are signed with."""
    key = typed(await payload(request, "could not decode payload"), "hmac_key")
    if len(key.encode()) < HMAC_KEY:
        raise Refused(400, "HMAC key must be at least 32 characters long")
    _key(sandbox, key)
    return _bare({"Details": "HMAC configuration saved successfully"})


def _key(sandbox: Sandbox, key: str) -> None:
    account(sandbox).signs = True
    changed = replace(sandbox.webhooks[NAME], hmac_key=key)
    webhooks.set_webhook(sandbox, NAME, changed, wuzapi_webhook.subscribe)


@authenticated
async def get_hmac(request: Request, sandbox: Sandbox) -> Response:
    """Return whether there is a key."""
    return _bare({"hmac_key": "***" if sandbox.webhooks[NAME].hmac_key else ""})


@authenticated
async def delete_hmac(request: Request, sandbox: Sandbox) -> Response:
    """Remove the key."""
    _key(sandbox, "")
    return _bare({"Details": "HMAC configuration deleted successfully"})


async def health(request: Request, sandbox: Sandbox) -> Response:
    """Report the server's version and users, without a token."""
    session = sandbox.session(NAME)
    return json_reply(
        {
            "status": "ok",
            "timestamp": wuzapi_webhook.time_text(sandbox.clock()),
            "uptime": "1h0m0s",
            "active_connections": int(state(sandbox) is not State.NEVER_CONNECTED),
            "total_users": 1,
            "connected_users": int(session.connected),
            "logged_in_users": int(session.logged_in),
            "memory_stats": {"alloc_mb": 8, "total_alloc_mb": 20, "sys_mb": 30, "num_gc": 5},
            "goroutines": 20,
            "version": generation(sandbox),
        }
    )


ROUTES: dict[tuple[str, str], Handler] = {
    ("POST", "/session/connect"): connect,
    ("GET", "/session/status"): status,
    ("GET", "/session/qr"): qr,
    ("POST", "/session/pairphone"): pair_phone,
    ("POST", "/session/disconnect"): disconnect,
    ("POST", "/session/logout"): logout,
    ("POST", "/session/hmac/config"): set_hmac,
    ("GET", "/session/hmac/config"): get_hmac,
    ("DELETE", "/session/hmac/config"): delete_hmac,
    ("GET", "/health"): health,
}
