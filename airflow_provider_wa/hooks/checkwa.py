# SPDX-License-Identifier: Apache-2.0
"""The connection type ``checkwa``."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from airflow_provider_wa.api.records import CheckResult
from airflow_provider_wa.connections.settings import Settings
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.vendors.checkwa import FORM
from airflow_provider_wa.vendors.checkwa.client import CheckWa
from airflow_provider_wa.vendors.checkwa.events import CheckCallback, parse_callback


class CheckWaHook(WaHook):
    """A CheckWA user. Host: the server's URL; login: user; password: API key; extra ``mode``: queue or sync."""

    form = FORM

    @classmethod
    def make_vendor(cls, settings: Settings) -> CheckWa:
        return CheckWa(
            base_url=settings.base_url,
            user=settings.required("login"),
            api_key=settings.required("password"),
            mode="sync" if settings.extras["mode"] == "sync" else "queue",
            callback_url=settings.callback_url,
        )

    @property
    def checkwa(self) -> CheckWa:
        """The vendor, typed."""
        assert isinstance(self.vendor, CheckWa)
        return self.vendor

    def check(
        self,
        number: str | int | Sequence[str | int],
        *,
        server: str | int = "",
        hide_image: bool | None = None,
        split_number: bool = False,
    ) -> list[CheckResult]:
        """Check whether numbers are on WhatsApp, one result each; ``pending`` in queue mode: a callback has the result.

        :param server: number of the vendor's server to use; by default the vendor chooses.
        :param hide_image: leave the account's picture out.
        :param split_number: send the number and its country code apart, the document's other form.
        :raises BadInput: one is not a valid phone number; none is checked then.
        """
        vendor = replace(self.checkwa, server=str(server), hide_image=hide_image, split_number=split_number)
        hook = copy.copy(self)
        hook._connected = replace(self.connected, vendor=vendor)
        return super(CheckWaHook, hook).check(number)

    @staticmethod
    def parse_callback(payload: Any) -> CheckCallback:
        """Parse a callback's body: JSON text or bytes, or the decoded object.

        :raises UnexpectedReply: it is not a callback.
        """
        return parse_callback(payload)
