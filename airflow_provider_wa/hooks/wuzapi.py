# SPDX-License-Identifier: Apache-2.0
"""The connection type ``wuzapi``."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_wa.api.records import Session
from airflow_provider_wa.api.vendors.wuzapi import EVENTS, WuzApi
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.hooks.forms import FORMS
from airflow_provider_wa.hooks.settings import Settings


class WuzApiHook(WaHook):
    """A user of a self-hosted WuzAPI server. Host: the server's URL; password: the user's token."""

    form = FORMS["wuzapi"]

    def make_vendor(self, settings: Settings) -> WuzApi:
        return WuzApi(base_url=settings.base_url, token=settings.required("password"))

    @property
    def wuzapi(self) -> WuzApi:
        """The vendor, typed."""
        assert isinstance(self.vendor, WuzApi)
        return self.vendor

    def connect(self, events: Sequence[str] = EVENTS, *, immediate: bool = True) -> Session:
        """Connect to WhatsApp; fine if it is connected. Then scan the QR code unless the login still holds.

        :param events: what the webhook is sent.
        :param immediate: do not wait (up to 10 s) to see the login hold.
        """
        return self.run(self.wuzapi.connect(events, immediate=immediate))

    def disconnect(self) -> None:
        """Leave WhatsApp and keep the login."""
        self.run(self.wuzapi.disconnect())

    def logout(self) -> None:
        """Leave WhatsApp and end the login."""
        self.run(self.wuzapi.logout())
