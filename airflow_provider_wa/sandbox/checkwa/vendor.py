# SPDX-License-Identifier: Apache-2.0
"""The record of CheckWA, private server (vendor-docs/checkwa.txt, field-notes.md "CheckWA")."""

from __future__ import annotations

from airflow_provider_wa.sandbox.checkwa.check import API_KEY, CODES, NAME, USER, check, not_found, refuse
from airflow_provider_wa.sandbox.simulated_vendor import Credentials, SimulatedVendor
from airflow_provider_wa.sandbox.webhook_retry import RetryPolicy

VENDOR = SimulatedVendor(
    name=NAME,
    prefix="/checkwa",
    credentials=Credentials(login=USER, password=API_KEY),
    has_quota=True,
    # Three attempts: assumed, since the document does not say.
    retry=RetryPolicy(attempts=3),
    routes={("POST", "/check/"): check},
    codes=frozenset(CODES),
    refuse=refuse,
    not_found=not_found,
)
