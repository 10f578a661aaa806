# SPDX-License-Identifier: Apache-2.0
"""Webhooks: what the three vendors with an account post by themselves, to loopback addresses only.

One attempt for each event; the real WuzAPI makes five over some minutes.
"""

from __future__ import annotations

from dataclasses import replace

from airflow_provider_wa.sandbox import green_events, loopback, portal_events, wuzapi_events
from airflow_provider_wa.sandbox.ledger import Callback
from airflow_provider_wa.sandbox.posts import Post
from airflow_provider_wa.sandbox.state import Sandbox, Webhook

POLL = 0.02

POSTS = {
    "wuzapi": wuzapi_events.post,
    "wa_portal": portal_events.post,
    "green_api": green_events.post,
}
# Green-API keeps what it could not tell yet, and tells it to the next webhook; the others forget it.
KEEPS = frozenset({"green_api"})


def point(sandbox: Sandbox, vendor: str, url: str, events: list[str]) -> None:
    """Point a vendor's webhook to a URL ("": nowhere); what comes from now on is posted there."""
    set_webhook(sandbox, vendor, replace(sandbox.webhooks[vendor], url=url, events=events))


def set_webhook(sandbox: Sandbox, vendor: str, webhook: Webhook) -> None:
    """Replace a vendor's webhook."""
    sandbox.webhooks[vendor] = webhook
    if not webhook.url:
        return
    if vendor not in KEEPS:
        sandbox.fresh_events(vendor)
    sandbox.watch(_tell(sandbox, vendor, webhook))


async def _tell(sandbox: Sandbox, vendor: str, webhook: Webhook) -> None:
    while sandbox.webhooks[vendor] is webhook and not sandbox.closing:
        for event in sandbox.fresh_events(vendor):
            post = POSTS[vendor](event, webhook)
            if post is not None:
                await _post(sandbox, vendor, webhook.url, post)
        await sandbox.sleep(POLL)


async def _post(sandbox: Sandbox, vendor: str, url: str, post: Post) -> None:
    if not loopback.is_loopback(url):
        outcome, detail = "skipped", "the sandbox calls loopback addresses only"
    else:
        try:
            answer = await loopback.call("POST", url, post.headers, post.body)
        except loopback.CallFailed as error:
            outcome, detail = "failed", str(error)
        else:
            outcome, detail = ("delivered" if answer.status < 300 else "refused"), f"HTTP {answer.status}"
    sandbox.ledger.callbacks.append(Callback(vendor, url, post.shown, outcome, detail, sandbox.clock()))
