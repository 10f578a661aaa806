# SPDX-License-Identifier: Apache-2.0
"""The connection type ``green_api``."""

from __future__ import annotations

from airflow_provider_wa.api.vendors.green_api import GreenApi
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.hooks.forms import FORMS
from airflow_provider_wa.hooks.settings import Settings


class GreenApiHook(WaHook):
    """A Green-API instance. Host: its apiUrl; login: idInstance; password: apiTokenInstance."""

    form = FORMS["green_api"]

    def make_vendor(self, settings: Settings) -> GreenApi:
        instance_id = settings.required("login")
        if not instance_id.isdigit():
            raise settings.wrong("Instance id (login) is to be digits only")
        return GreenApi(base_url=settings.base_url, instance_id=instance_id, token=settings.required("password"))
