# SPDX-License-Identifier: Apache-2.0
"""The connection type ``checkwa``."""

from __future__ import annotations

from airflow_provider_wa.api.vendors.checkwa import CheckWa
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.hooks.forms import FORMS
from airflow_provider_wa.hooks.settings import Settings


class CheckWaHook(WaHook):
    """A CheckWA user. Host: the server's URL; login: user; password: API key; extra ``mode``: queue or sync."""

    form = FORMS["checkwa"]

    def make_vendor(self, settings: Settings) -> CheckWa:
        base, secret = settings.text("callback_base_url").rstrip("/"), settings.text("webhook_secret")
        if base and not secret:
            raise settings.wrong("callback_base_url needs webhook_secret: the callback's path ends with it")
        return CheckWa(
            base_url=settings.base_url,
            user=settings.required("login"),
            api_key=settings.required("password"),
            mode="sync" if settings.choice("mode") == "sync" else "queue",
            callback_url=f"{base}/wa/hooks/{settings.conn_id}/{secret}" if base else "",
        )
