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

    def make_vendor(self, settings: Settings) -> CheckWa:
        return CheckWa(
            base_url=settings.base_url,
            user=settings.required("login"),
            api_key=settings.required("password"),
            mode="sync" if settings.choice("mode") == "sync" else "queue",
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
        """Whether numbers are on WhatsApp, one result each; ``pending`` in queue mode: the result is called back.

        :param server: the number of the vendor's server to use; it has the choice otherwise.
        :param hide_image: whether to leave the account's picture out.
        :param split_number: send the number and its country code apart, the document's other form.
        :raises BadInput: one is not a valid phone number; nothing was asked then.
        """
        hook = copy.copy(self)
        hook._vendor = replace(self.checkwa, server=str(server), hide_image=hide_image, split_number=split_number)
        return super(CheckWaHook, hook).check(number)

    @staticmethod
    def parse_callback(payload: Any) -> CheckCallback:
        """What a callback's body tells: JSON text or bytes, or the object that they hold.

        :raises UnexpectedReply: it is no callback.
        """
        return parse_callback(payload)
