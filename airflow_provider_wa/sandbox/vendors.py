# SPDX-License-Identifier: Apache-2.0
"""The list of simulated vendors. A further vendor is one folder and one line here."""

from __future__ import annotations

from airflow_provider_wa.sandbox.accuauth.vendor import VENDOR as ACCUAUTH
from airflow_provider_wa.sandbox.checkwa.vendor import VENDOR as CHECKWA
from airflow_provider_wa.sandbox.green_api.vendor import VENDOR as GREEN_API
from airflow_provider_wa.sandbox.simulated_vendor import SimulatedVendor
from airflow_provider_wa.sandbox.wa_portal.vendor import VENDOR as WA_PORTAL
from airflow_provider_wa.sandbox.wuzapi.vendor import VENDOR as WUZAPI

VENDORS: tuple[SimulatedVendor, ...] = (WUZAPI, WA_PORTAL, GREEN_API, CHECKWA, ACCUAUTH)
