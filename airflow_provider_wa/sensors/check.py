# SPDX-License-Identifier: Apache-2.0
"""Waits for a check that is pending."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import Context

from airflow_provider_wa.api import numbers
from airflow_provider_wa.api.numbers import region
from airflow_provider_wa.sensors.base import WaSensor

if TYPE_CHECKING:
    from airflow_provider_wa.triggers.check import WaPendingCheckTrigger
    from airflow_provider_wa.waiting.trigger import Found


class WaPendingCheckSensor(WaSensor):
    """Asks for a number until its check is no longer pending (AccuAuth answers PENDING for some 20 seconds).

    A vendor whose answer comes as a callback is not asked again, which would cost another credit: for it there is
    ``WaCallbackSensor``; for long lists there is ``WaBulkCheckOperator(deferrable=True)``.

    Returns the check: ``{"vendor", "number", "status", "jid", "detail", "reference"}`` and what else the vendor tells.

    :param wa_conn_id: the connection (templated); its type picks the vendor.
    :param number: the phone number, in any common spelling (templated).
    :param default_region: country of a number without + and country code; the connection's by default (templated).
    :param poke_interval: seconds until it is asked again, give or take a fifth; 25 by default.
    :param deferrable: wait in the triggerer and hold no worker slot. By default as ``[operators] default_deferrable``.
    :param max_failures: so many failures in a row are waited out.
    """

    template_fields: Sequence[str] = (*WaSensor.template_fields, "number", "default_region")

    def __init__(
        self, *, number: str | int, default_region: str | None = None, poke_interval: float = 25.0, **kwargs: Any
    ) -> None:
        super().__init__(poke_interval=poke_interval, **kwargs)
        self.number = number
        self.default_region = default_region

    def trigger(self, context: Context, deadline: float) -> WaPendingCheckTrigger:
        from airflow_provider_wa.api.capabilities import ChecksAgain
        from airflow_provider_wa.hooks.base import WaHook
        from airflow_provider_wa.triggers.check import WaPendingCheckTrigger

        hook = WaHook.for_connection(self.wa_conn_id)
        hook.able(ChecksAgain)
        number = numbers.parse(self.number, region(self.default_region) or hook.settings.default_region)
        return WaPendingCheckTrigger(
            self.wa_conn_id, self.poke_interval, deadline, self.max_failures, number=number.e164
        )

    def result(self, context: Context, found: Found) -> dict[str, Any]:
        check: dict[str, Any] = found["check"]
        self.log.info("%s: %s %s", check["number"], check["status"], check["detail"])
        return check
