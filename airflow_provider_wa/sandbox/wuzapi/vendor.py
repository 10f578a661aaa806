# SPDX-License-Identifier: Apache-2.0
"""The record of WuzAPI: version 1.0.6, as a real server answered (vendor-docs/wuzapi-server.md)."""

from __future__ import annotations

from airflow_provider_wa.sandbox import message_ids
from airflow_provider_wa.sandbox.profile import AccountProfile
from airflow_provider_wa.sandbox.simulated_vendor import Credentials, SimulatedVendor
from airflow_provider_wa.sandbox.webhook_retry import RetryPolicy
from airflow_provider_wa.sandbox.wuzapi import (
    actions,
    chat,
    event_samples,
    groups,
    history,
    media,
    older,
    session,
    subscriptions,
    users,
    webhook,
)
from airflow_provider_wa.sandbox.wuzapi.account import GENERATIONS, NAME, STATES
from airflow_provider_wa.sandbox.wuzapi.protocol import ERRORS, TOKEN, refuse

VENDOR = SimulatedVendor(
    name=NAME,
    prefix="/wuzapi",
    credentials=Credentials(password=TOKEN),
    account=AccountProfile(
        message_ids.stanza_id,
        always_connected=False,
        subscriptions=("Message", "ReadReceipt"),
    ),
    # Five attempts in no order; on a real server after 30, 60, 120 and 240 s, which are its options.
    retry=RetryPolicy(attempts=5),
    subscribe=webhook.subscribe,
    generations=GENERATIONS,
    generation_routes=older.GENERATION_ROUTES,
    states=STATES,
    event_samples=event_samples.SAMPLES,
    queue_event=webhook.queue_event,
    has_group_messages=True,
    routes={
        **session.ROUTES,
        **subscriptions.ROUTES,
        **users.ROUTES,
        **chat.ROUTES,
        **actions.ROUTES,
        **media.ROUTES,
        **groups.ROUTES,
        **history.ROUTES,
    },
    route_of=users.route_of,
    codes=frozenset(ERRORS),
    refuse=refuse,
)
