# SPDX-License-Identifier: Apache-2.0
"""The vendor's hook: the connection type and how a connection becomes a client."""

from __future__ import annotations

from airflow_provider_wa.connections.settings import Settings
from airflow_provider_wa.hooks.base import WaHook
from pigeon_wa import FORM
from pigeon_wa.client import Pigeon


class PigeonHook(WaHook):
    """An account at Pigeon."""

    form = FORM

    @classmethod
    def make_vendor(cls, settings: Settings) -> Pigeon:
        return Pigeon(base_url=settings.base_url, token=settings.required("password"))
