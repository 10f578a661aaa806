# SPDX-License-Identifier: Apache-2.0
"""The vendors that come with the package, one module each."""

from __future__ import annotations

from airflow_provider_wa.api.vendors.accuauth import AccuAuth
from airflow_provider_wa.api.vendors.base import Vendor
from airflow_provider_wa.api.vendors.checkwa import CheckWa
from airflow_provider_wa.api.vendors.green_api import GreenApi
from airflow_provider_wa.api.vendors.wa_portal import WaPortal
from airflow_provider_wa.api.vendors.wuzapi import WuzApi

VENDORS: tuple[type[Vendor], ...] = (AccuAuth, CheckWa, GreenApi, WaPortal, WuzApi)
"""All of them, by name; ``name`` is the connection type."""
