# SPDX-License-Identifier: Apache-2.0
"""The record of Green-API (vendor-docs/green_api.txt, field-notes.md "Green-API").

The credentials are a part of every path: /waInstance{idInstance}/{method}/{apiTokenInstance}. Errors with status 400
come as a JSON string; those with 401, 403 and 429 have no body. One host serves the API and its media.
"""

from __future__ import annotations

from airflow_provider_wa.sandbox import message_ids
from airflow_provider_wa.sandbox.green_api import (
    account,
    actions,
    event_samples,
    journal,
    notifications,
    older,
    send,
    settings,
)
from airflow_provider_wa.sandbox.green_api.protocol import (
    ERRORS,
    GENERATIONS,
    ID_INSTANCE,
    NAME,
    TOKEN,
    method_of,
    rate_limited,
    refuse,
)
from airflow_provider_wa.sandbox.profile import AccountProfile
from airflow_provider_wa.sandbox.simulated_vendor import Credentials, SimulatedVendor
from airflow_provider_wa.sandbox.webhook_retry import RetryPolicy

# Documented requests per second of each method, for one instance.
RATES = {
    **{method: 50 for _, method in send.ROUTES},
    **dict.fromkeys(("checkWhatsapp", "getAvatar", "getMessage", "deleteMessage", "readChat"), 10),
    **dict.fromkeys(("receiveNotification", "deleteNotification"), 100),
    "forwardMessages": 50,
    "downloadFile": 5,
    "qr": 3,
    **dict.fromkeys(
        (
            "getStateInstance",
            "getSettings",
            "setSettings",
            "lastIncomingMessages",
            "lastOutgoingMessages",
            "getContacts",
            "getGroupData",
            "getChatHistory",
            "editMessage",
            "logout",
        ),
        1,
    ),
}


def route_of(path: str) -> str:
    """Return the path in `routes`: the method, or the folder of pictures or files."""
    folder = next((folder for folder in (account.PICTURES, actions.FILES) if path.startswith(folder)), None)
    return folder or method_of(path)


VENDOR = SimulatedVendor(
    name=NAME,
    prefix="/green",
    credentials=Credentials(login=ID_INSTANCE, password=TOKEN),
    account=AccountProfile(message_ids.stanza_id),
    has_quota=True,
    # A queue in order: each notification until it is delivered, for 24 hours (field-notes.md).
    retry=RetryPolicy(attempts=None, in_turn=True, blocking=True),
    subscribe=notifications.subscribe,
    states=account.STATES,
    routes={**account.ROUTES, **settings.ROUTES, **send.ROUTES, **actions.ROUTES, **journal.ROUTES},
    generations=GENERATIONS,
    generation_routes=older.GENERATION_ROUTES,
    event_samples=event_samples.SAMPLES,
    queue_event=event_samples.queue_event,
    has_group_messages=True,
    route_of=route_of,
    rates=RATES,
    codes=frozenset(ERRORS),
    refuse=refuse,
    rate_limited=rate_limited,
)
