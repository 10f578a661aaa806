# SPDX-License-Identifier: Apache-2.0
"""Waits for a pending check."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import Context

from airflow_provider_wa.sensors.base import WaSensor

if TYPE_CHECKING:
    from airflow_provider_wa.triggers.check import WaPendingCheckTrigger
    from airflow_provider_wa.waiting.source import Found


class WaPendingCheckSensor(WaSensor):
    """Repeats the check of a number until it is no longer pending, for a vendor that answers later requests.

    A vendor that answers by a callback must not be asked again, which would cost another credit: use
    ``WaCallbackSensor`` for it. Use ``WaBulkCheckOperator(deferrable=True)`` for long lists.

    Returns the check: ``{"vendor", "number", "status", "jid", "detail", "reference"}`` and further fields of the
    vendor.

    :param wa_conn_id: the connection (templated); its type picks the vendor.
    :param number: the phone number, in any common spelling (templated).
    :param default_region: country of a number without + and country code; the connection's by default (templated).
    :param international_without_plus: as for the bulk operators, for a number without +.
    :param poke_interval: seconds between two calls, plus or minus a fifth; 25 by default.
    :param deferrable: wait in the triggerer, without a worker slot. ``[operators] default_deferrable`` by default.
    :param max_failures: maximum number of consecutive failures that do not end the wait.
    """

    template_fields: Sequence[str] = (*WaSensor.template_fields, "number", "default_region")

    def __init__(
        self,
        *,
        number: str | int,
        default_region: str | None = None,
        international_without_plus: bool | None = None,
        poke_interval: float = 25.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(poke_interval=poke_interval, **kwargs)
        self.number = number
        self.default_region = default_region
        self.international_without_plus = international_without_plus

    def trigger(self, context: Context, deadline: float) -> WaPendingCheckTrigger:
        from airflow_provider_wa.triggers.check import WaPendingCheckTrigger
        from airflow_provider_wa.waiting.lookups import number_to_check

        number = number_to_check(self.wa_conn_id, self.number, self.default_region, self.international_without_plus)
        return WaPendingCheckTrigger(self.wa_conn_id, self.poke_interval, deadline, self.max_failures, number=number)

    def result(self, context: Context, found: Found) -> dict[str, Any]:
        check: dict[str, Any] = found["check"]
        detail = f": {check['detail']}" if check["detail"] else ""
        self.log.info("%s: %s%s", check["number"], check["status"], detail)
        return check
