# SPDX-License-Identifier: Apache-2.0
"""The connection type ``accuauth``."""

from __future__ import annotations

from airflow_provider_wa.api.numbers import country_code
from airflow_provider_wa.connections.settings import Settings
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.vendors.accuauth import FORM
from airflow_provider_wa.vendors.accuauth.client import AccuAuth


class AccuAuthHook(WaHook):
    """An AccuAuth API credential. Host: one country's API; login: API id; password: API secret."""

    form = FORM

    @classmethod
    def make_vendor(cls, settings: Settings) -> AccuAuth:
        return AccuAuth(
            base_url=settings.base_url,
            api_id=settings.required("login"),
            api_secret=settings.required("password"),
            country_code=country_code(settings.default_region or "PE"),
            path="/" + settings.extras["path"].lstrip("/"),
            encoding="form" if settings.extras["encoding"] == "form" else "json",
        )
