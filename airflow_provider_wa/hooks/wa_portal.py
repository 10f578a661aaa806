# SPDX-License-Identifier: Apache-2.0
"""The connection type ``wa_portal``."""

from __future__ import annotations

from airflow_provider_wa.api.vendors.wa_portal import WaPortal
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.hooks.forms import FORMS
from airflow_provider_wa.hooks.settings import Settings


class WaPortalHook(WaHook):
    """An instance at a portal of "HTTP API 2.0". Host: the portal's URL; password: the instance token."""

    form = FORMS["wa_portal"]

    def make_vendor(self, settings: Settings) -> WaPortal:
        return WaPortal(base_url=settings.base_url, token=settings.required("password"))
