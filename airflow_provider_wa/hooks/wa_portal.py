# SPDX-License-Identifier: Apache-2.0
"""The connection type ``wa_portal``."""

from __future__ import annotations

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.connections.settings import Settings
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.vendors.wa_portal import FORM
from airflow_provider_wa.vendors.wa_portal.client import QrLink, WaPortal


class WaPortalHook(WaHook):
    """An instance at a portal of "HTTP API 2.0". Host: the portal's URL; password: the instance token.

    The extra ``timezone`` is the time zone of the dates in reports (default Asia/Kolkata).
    """

    form = FORM

    @classmethod
    def make_vendor(cls, settings: Settings) -> WaPortal:
        base_url, token = settings.base_url, settings.required("password")
        try:
            return WaPortal(base_url=base_url, token=token, timezone=settings.extras["timezone"])
        except BadInput as error:
            raise settings.wrong(error.message) from None

    @property
    def portal(self) -> WaPortal:
        """The vendor, typed."""
        assert isinstance(self.vendor, WaPortal)
        return self.vendor

    def qr_link(self) -> QrLink:
        """Return the link to the QR code to log in with. Anyone who scans it owns the session: keep it out of logs."""
        return self.run(self.portal.qr_link())
