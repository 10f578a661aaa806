# SPDX-License-Identifier: Apache-2.0
"""The record of AccuAuth for Peru (vendor-docs/accuauth.txt, field-notes.md "AccuAuth")."""

from __future__ import annotations

from airflow_provider_wa.sandbox.accuauth.check import (
    API_ID,
    API_SECRET,
    ERRORS,
    NAME,
    advanced,
    basic,
    not_found,
    rate_limited,
    refuse,
    server_error,
)
from airflow_provider_wa.sandbox.simulated_vendor import Credentials, SimulatedVendor

VENDOR = SimulatedVendor(
    name=NAME,
    prefix="/accuauth",
    credentials=Credentials(login=API_ID, password=API_SECRET),
    has_quota=True,
    routes={("POST", "/check/whatsapp_advanced"): advanced, ("POST", "/check/whatsapp_basic"): basic},
    codes=frozenset(ERRORS),
    refuse=refuse,
    not_found=not_found,
    rate_limited=rate_limited,
    server_error=server_error,
)
