# SPDX-License-Identifier: Apache-2.0
"""The webhook routes of WuzAPI: its URL, and the events that the user is subscribed to.

The server has the events twice: stored, which GET /webhook shows, and in its memory, by which it posts. A request
that sets the URL without events blanks the memory alone (field-notes, WuzAPI: the live subscriptions are blanked).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from airflow_provider_wa.sandbox import webhooks
from airflow_provider_wa.sandbox.simulated_vendor import Handler
from airflow_provider_wa.sandbox.state import Sandbox
from airflow_provider_wa.sandbox.wuzapi import webhook as wuzapi_webhook
from airflow_provider_wa.sandbox.wuzapi.account import CURRENT, DOCUMENT, NAME, NEWEST, account, generation
from airflow_provider_wa.sandbox.wuzapi.protocol import authenticated, payload, strings, success, typed

UNDECODED = "could not decode payload"

OLD_EVENTS = ("Message", "ReadReceipt", "HistorySync", "ChatPresence", "All")

EVENTS = (
    *("Message", "UndecryptableMessage", "Receipt", "MediaRetry", "ReadReceipt"),
    *("GroupInfo", "JoinedGroup", "Picture", "BlocklistChange", "Blocklist"),
    *("Connected", "Disconnected", "ConnectFailure", "KeepAliveRestored", "KeepAliveTimeout", "QRTimeout", "LoggedOut"),
    *("ClientOutdated", "TemporaryBan", "StreamError", "StreamReplaced", "PairSuccess", "PairError", "QR"),
    *("QRScannedWithoutMultidevice", "PrivacySettings", "PushNameSetting", "UserAbout"),
    *("AppState", "AppStateSyncComplete", "HistorySync", "OfflineSyncCompleted", "OfflineSyncPreview"),
    *("CallOffer", "CallAccept", "CallTerminate", "CallOfferNotice", "CallRelayLatency"),
    *("Presence", "ChatPresence", "IdentityChange", "CATRefreshError"),
    *("NewsletterJoin", "NewsletterLeave", "NewsletterMuteChange", "NewsletterLiveUpdate", "FBMessage", "All"),
)
"""The 48 names that version 1.0.6 knows."""

NEW_EVENTS = (
    *("LabelEdit", "LabelAssociationChat", "LabelAssociationMessage", "ChatNew"),
    *("PasskeyRequest", "PasskeyConfirmation", "PairPasskeyError"),
)

KNOWN = {DOCUMENT: OLD_EVENTS, CURRENT: EVENTS, NEWEST: (*EVENTS, *NEW_EVENTS)}


def known(sandbox: Sandbox, data: dict[str, Any], name: str) -> list[str]:
    """Return the events in a field, each once; unknown names are dropped silently."""
    names = KNOWN.get(generation(sandbox), EVENTS)
    return [event for event in dict.fromkeys(strings(data, name)) if event in names]


def store(sandbox: Sandbox, url: str | None = None, events: Sequence[str] | None = None) -> None:
    """Set the URL, the events, or both. The URL alone leaves the stored events, but then no events are posted."""
    webhook = sandbox.webhooks[NAME]
    if webhook.url:
        wuzapi_webhook.publish(sandbox)
    account(sandbox).deaf = events is None
    changed = replace(
        webhook,
        url=webhook.url if url is None else url,
        events=webhook.events if events is None else [*events],
    )
    webhooks.set_webhook(sandbox, NAME, changed, wuzapi_webhook.subscribe)


@authenticated
async def get_webhook(request: Request, sandbox: Sandbox) -> Response:
    """Return the webhook; without subscriptions the list has one empty string."""
    webhook = sandbox.webhooks[NAME]
    return success({"subscribe": webhook.events or [""], "webhook": webhook.url})


@authenticated
async def set_webhook(request: Request, sandbox: Sandbox) -> Response:
    """Set the webhook; the reply does not tell the events."""
    data = await payload(request, UNDECODED)
    asked = strings(data, "events")
    store(sandbox, typed(data, "webhookURL"), known(sandbox, data, "events") if asked else None)
    return success({"webhook": sandbox.webhooks[NAME].url})


@authenticated
async def update_webhook(request: Request, sandbox: Sandbox) -> Response:
    """Set the webhook; without `active` true the server forgets both, and the reply still lists the events."""
    data = await payload(request, UNDECODED)
    url, active = typed(data, "webhook"), typed(data, "active", "bool")
    events = known(sandbox, data, "events")
    asked = strings(data, "events")
    store(sandbox, url if active else "", (events if active else []) if asked else None)
    return success({"webhook": sandbox.webhooks[NAME].url, "events": events or None, "active": active})


@authenticated
async def delete_webhook(request: Request, sandbox: Sandbox) -> Response:
    """Remove the webhook and the subscriptions."""
    store(sandbox, "", [])
    return success({"Details": "Webhook and events deleted successfully"})


@authenticated
async def set_old_webhook(request: Request, sandbox: Sandbox) -> Response:
    """Set the URL alone, as the document's servers do: the subscriptions are those of connecting."""
    url = typed(await payload(request, UNDECODED), "webhookURL")
    store(sandbox, url, sandbox.webhooks[NAME].events)
    return success({"webhook": url})


ROUTES: dict[tuple[str, str], Handler] = {
    ("GET", "/webhook"): get_webhook,
    ("POST", "/webhook"): set_webhook,
    ("PUT", "/webhook"): update_webhook,
    ("DELETE", "/webhook"): delete_webhook,
}
