# SPDX-License-Identifier: Apache-2.0
"""The record of WuzAPI: its newest servers (vendor-docs/wuzapi.txt, field-notes.md "WuzAPI")."""

from __future__ import annotations

from airflow_provider_wa.sandbox import message_ids
from airflow_provider_wa.sandbox.profile import AccountProfile
from airflow_provider_wa.sandbox.simulated_vendor import Credentials, SimulatedVendor
from airflow_provider_wa.sandbox.webhook_retry import RetryPolicy
from airflow_provider_wa.sandbox.wuzapi import actions, chat, groups, media, session, users, webhook
from airflow_provider_wa.sandbox.wuzapi.protocol import ERRORS, NAME, TOKEN, refuse

VENDOR = SimulatedVendor(
    name=NAME,
    prefix="/wuzapi",
    credentials=Credentials(password=TOKEN),
    account=AccountProfile(
        message_ids.stanza_id,
        always_connected=False,
        subscriptions=("Message", "ReadReceipt"),
    ),
    # Five attempts in no order (field-notes.md).
    retry=RetryPolicy(attempts=5),
    subscribe=webhook.subscribe,
    routes={
        **session.ROUTES,
        **users.ROUTES,
        **chat.ROUTES,
        **actions.ROUTES,
        **media.ROUTES,
        **groups.ROUTES,
    },
    route_of=users.route_of,
    codes=frozenset(ERRORS),
    refuse=refuse,
)
