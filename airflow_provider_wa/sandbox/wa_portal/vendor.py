# SPDX-License-Identifier: Apache-2.0
"""The record of the portal, "Whatsapp - HTTP API Specification" 2.0.0 (vendor-docs/wa_portal.txt, field-notes.md).

Every route accepts GET and POST, with its parameters in the query, in a form, or in both.
"""

from __future__ import annotations

from airflow_provider_wa.sandbox import message_ids
from airflow_provider_wa.sandbox.profile import AccountProfile
from airflow_provider_wa.sandbox.simulated_vendor import Credentials, SimulatedVendor
from airflow_provider_wa.sandbox.wa_portal import account, reports, send, webhook
from airflow_provider_wa.sandbox.wa_portal.protocol import ERRORS, NAME, TOKEN, refuse
from airflow_provider_wa.sandbox.webhook_retry import RetryPolicy

API_ROUTES = {**send.ROUTES, **reports.ROUTES, **account.ROUTES}


def route_of(path: str) -> str:
    """Return the path in `routes`: the folder for a picture of the QR code."""
    return account.QR_FILES if path.startswith(account.QR_FILES) else path


VENDOR = SimulatedVendor(
    name=NAME,
    prefix="/portal",
    credentials=Credentials(password=TOKEN),
    account=AccountProfile(message_ids.object_id),
    has_quota=True,
    # One attempt, one after the other: assumed, since the document does not say.
    retry=RetryPolicy(attempts=1, in_turn=True),
    subscribe=webhook.subscribe,
    routes={
        **{(method, path): handler for path, handler in API_ROUTES.items() for method in ("GET", "POST")},
        ("GET", account.QR_FILES): account.qr_file,
    },
    route_of=route_of,
    codes=frozenset(ERRORS),
    refuse=refuse,
)
