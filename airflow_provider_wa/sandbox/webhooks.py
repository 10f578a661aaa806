# SPDX-License-Identifier: Apache-2.0
"""Webhooks: watch an account's events and post them to the URL that is set."""

from __future__ import annotations

import time
from collections.abc import Callable

from airflow_provider_wa.sandbox.events import Event
from airflow_provider_wa.sandbox.profile import Webhook
from airflow_provider_wa.sandbox.state import Sandbox
from airflow_provider_wa.sandbox.webhook_request import WebhookRequest

POLL_SECONDS = 0.02
PAUSE_FACTOR = 4  # a pause is at least this many times as long as the last look at the events

MakeRequest = Callable[[Event, Webhook], WebhookRequest | None]
Publish = Callable[[], None]
Subscribe = Callable[[Sandbox, Webhook, Webhook], Publish]
"""Starts a webhook, given the previous and the new one; returns the function that posts what is new."""


def event_subscriber(vendor: str, make_request: MakeRequest) -> Subscribe:
    """Return the `subscribe` of a vendor that posts each event once, at the URL that is set when it happens.

    Events from the time without a URL are forgotten. Posts under way go on to the previous URL.
    """

    def subscribe(sandbox: Sandbox, previous: Webhook, webhook: Webhook) -> Publish:
        if not previous.url:
            sandbox.new_events(vendor)

        def publish() -> None:
            for event in sandbox.new_events(vendor):
                request = make_request(event, webhook)
                if request is not None:
                    sandbox.webhook_delivery.send(vendor, webhook.url, request)

        return publish

    return subscribe


def set_webhook(sandbox: Sandbox, vendor: str, webhook: Webhook, subscribe: Subscribe) -> None:
    """Replace the webhook of a vendor's account."""
    previous = sandbox.webhooks[vendor]
    if webhook == previous:
        return
    sandbox.webhooks[vendor] = webhook
    publish = subscribe(sandbox, previous, webhook)
    if webhook.url:
        sandbox.watch(_watch(sandbox, vendor, webhook, publish))


async def _watch(sandbox: Sandbox, vendor: str, webhook: Webhook, publish: Publish) -> None:
    while sandbox.webhooks[vendor] is webhook and not sandbox.closing:
        begun = time.monotonic()
        publish()
        # The more events there are, the longer a look takes; most of the time must stay free for requests.
        await sandbox.sleep(max(POLL_SECONDS, PAUSE_FACTOR * (time.monotonic() - begun)))
