# SPDX-License-Identifier: Apache-2.0
"""Waits until a WhatsApp session is logged in."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSensorTimeout,
    BaseSensorOperator,
    Context,
    PokeReturnValue,
    conf,
)

from airflow_provider_wa.api.errors import Retry, WaError
from airflow_provider_wa.hooks.airflow_errors import airflow_errors
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.triggers.session import WaSessionTrigger


class WaSessionSensor(BaseSensorOperator):
    """Waits until the WhatsApp account behind a connection is logged in, its QR code scanned.

    A vendor that cannot be reached for a while is waited for as well; wrong credentials fail the task at once.

    Returns the session: ``{"vendor", "state", "jid", "name", "detail"}``.

    :param wa_conn_id: the connection (templated); its type picks the vendor.
    :param deferrable: wait in the triggerer and hold no worker slot. By default as ``[operators] default_deferrable``.
    """

    template_fields: Sequence[str] = ("wa_conn_id",)
    ui_color = "#dcf8c6"

    def __init__(self, *, wa_conn_id: str, deferrable: bool | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.wa_conn_id = wa_conn_id
        self.deferrable = (
            conf.getboolean("operators", "default_deferrable", fallback=False) if deferrable is None else deferrable
        )

    def execute(self, context: Context) -> Any:
        """Wait here, or look once and then wait in the triggerer."""
        if not self.deferrable:
            return super().execute(context)
        found = self.poke(context)
        if found.is_done:
            return found.xcom_value
        trigger = WaSessionTrigger(self.wa_conn_id, self.poke_interval, time.time() + self.timeout)
        self.defer(trigger=trigger, method_name="execute_complete")

    def poke(self, context: Context) -> PokeReturnValue:
        """Whether the session is logged in at this moment."""
        with airflow_errors():
            try:
                session = WaHook.for_connection(self.wa_conn_id).session()
            except WaError as error:
                if error.retry is Retry.NEVER:
                    raise
                self.log.warning("The session's state is not known: %s", error)
                return PokeReturnValue(is_done=False)
        self.log.info("The session is %s: %s", session.state.value, session.detail)
        return PokeReturnValue(is_done=session.logged_in, xcom_value=session.to_dict())

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Take over from the trigger.

        :raises AirflowSensorTimeout: the session was not logged in in time.
        :raises AirflowFailException: the trigger met what waiting does not mend.
        """
        if event["status"] == "success":
            session: dict[str, Any] = event["session"]
            return session
        if event["status"] == "timeout":
            raise AirflowSensorTimeout(event["message"])
        raise AirflowFailException(event["message"])
