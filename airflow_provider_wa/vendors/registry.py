# SPDX-License-Identifier: Apache-2.0
"""List of the vendors that come with the package. Import it where a vendor is needed: it loads all of them."""

from __future__ import annotations

from airflow_provider_wa.vendors.accuauth.client import AccuAuth
from airflow_provider_wa.vendors.base import Vendor
from airflow_provider_wa.vendors.checkwa.client import CheckWa
from airflow_provider_wa.vendors.green_api.client import GreenApi
from airflow_provider_wa.vendors.wa_portal.client import WaPortal
from airflow_provider_wa.vendors.wuzapi.client import WuzApi

VENDORS: tuple[type[Vendor], ...] = (AccuAuth, CheckWa, GreenApi, WaPortal, WuzApi)
"""All of them, by name; ``name`` is the connection type."""
