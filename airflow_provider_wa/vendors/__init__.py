# SPDX-License-Identifier: Apache-2.0
"""The vendors that come with the package, one module each."""

from __future__ import annotations

from airflow_provider_wa.vendors.accuauth import AccuAuth
from airflow_provider_wa.vendors.base import Vendor
from airflow_provider_wa.vendors.checkwa import CheckWa
from airflow_provider_wa.vendors.green_api.client import GreenApi
from airflow_provider_wa.vendors.wa_portal.client import WaPortal
from airflow_provider_wa.vendors.wuzapi.client import WuzApi

VENDORS: tuple[type[Vendor], ...] = (AccuAuth, CheckWa, GreenApi, WaPortal, WuzApi)
"""All of them, by name; ``name`` is the connection type."""
