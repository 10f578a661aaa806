# SPDX-License-Identifier: Apache-2.0
"""Waits for a WhatsApp session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import Context

from airflow_provider_wa.links import QrCodeLink, publish
from airflow_provider_wa.sensors.base import WaSensor

if TYPE_CHECKING:
    from airflow_provider_wa.triggers.session import WaSessionTrigger
    from airflow_provider_wa.waiting.source import Found


class WaSessionSensor(WaSensor):
    """Waits until the WhatsApp account behind a connection is logged in, its QR code scanned.

    Returns the session: ``{"vendor", "state", "jid", "name", "detail"}``.

    :param wa_conn_id: the connection (templated); its type picks the vendor.
    :param deferrable: wait in the triggerer and hold no worker slot. By default as ``[operators] default_deferrable``.
    :param max_failures: maximum number of consecutive failures that do not end the wait (an unreachable vendor).
    """

    operator_extra_links = (QrCodeLink(),)

    def execute(self, context: Context) -> Any:
        """Wait for the login; the link to the QR code is shown immediately."""
        publish(self, context)
        return super().execute(context)

    def trigger(self, context: Context, deadline: float) -> WaSessionTrigger:
        from airflow_provider_wa.triggers.session import WaSessionTrigger

        return WaSessionTrigger(self.wa_conn_id, self.poke_interval, deadline, self.max_failures)

    def result(self, context: Context, found: Found) -> dict[str, Any]:
        session: dict[str, Any] = found["session"]
        who = " ".join(filter(None, (session["name"], session["jid"])))
        self.log.info("Connection %s: logged in%s", self.wa_conn_id, f" as {who}" if who else "")
        return session
