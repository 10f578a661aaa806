# SPDX-License-Identifier: Apache-2.0
"""Webhooks: what the three vendors with an account post by themselves, to loopback addresses only."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from airflow_provider_wa.sandbox import green_events, portal_events, wuzapi_events
from airflow_provider_wa.sandbox.green_base import NAME as GREEN_API
from airflow_provider_wa.sandbox.state import Notification, Sandbox, Webhook

POLL = 0.02
PAUSE = 4  # times as long as it took to look

POSTS = {
    "wuzapi": wuzapi_events.post,
    "wa_portal": portal_events.post,
}


def point(sandbox: Sandbox, vendor: str, url: str, events: list[str]) -> None:
    """Point a vendor's webhook to a URL ("": nowhere); what comes from now on is posted there."""
    set_webhook(sandbox, vendor, replace(sandbox.webhooks[vendor], url=url, events=events))


def set_webhook(sandbox: Sandbox, vendor: str, webhook: Webhook) -> None:
    """Replace a vendor's webhook.

    Green-API tells the new one what the old one has not taken. The others forget what had nowhere to go, and go on
    trying to post at the old address what they have begun to post there.
    """
    known = sandbox.webhooks[vendor]
    if webhook == known:
        return
    sandbox.webhooks[vendor] = webhook
    if vendor == GREEN_API:
        sandbox.courier.drop(vendor)
        tell = _teller_of_queue(sandbox, webhook)
    else:
        if not known.url:
            sandbox.fresh_events(vendor)
        tell = partial(_tell, sandbox, vendor, webhook)
    if webhook.url:
        sandbox.watch(_watch(sandbox, vendor, webhook, tell))


async def _watch(sandbox: Sandbox, vendor: str, webhook: Webhook, tell: Callable[[], None]) -> None:
    while sandbox.webhooks[vendor] is webhook and not sandbox.closing:
        begun = time.monotonic()
        tell()
        # The more there was, the longer looking for news takes: most of the time is for others all the same.
        await sandbox.sleep(max(POLL, PAUSE * (time.monotonic() - begun)))


def _tell(sandbox: Sandbox, vendor: str, webhook: Webhook) -> None:
    for event in sandbox.fresh_events(vendor):
        post = POSTS[vendor](event, webhook)
        if post is not None:
            sandbox.courier.send(vendor, webhook.url, post)


def _teller_of_queue(sandbox: Sandbox, webhook: Webhook) -> Callable[[], None]:
    """Tell Green-API's queue, which keeps what was not taken: for the next webhook, or for whoever asks."""
    last = 0

    def tell() -> None:
        nonlocal last
        for notification in green_events.kept(sandbox):
            if notification.receipt > last:
                last = notification.receipt
                sending = sandbox.courier.send(GREEN_API, webhook.url, green_events.post(notification, webhook))
                sending.add_done_callback(partial(_take, sandbox, notification))

    return tell


def _take(sandbox: Sandbox, notification: Notification, sending: asyncio.Task[None]) -> None:
    if not sending.cancelled() and notification in sandbox.notifications:
        sandbox.notifications.remove(notification)
