# SPDX-License-Identifier: Apache-2.0
"""Waits in the triggerer until a WhatsApp session is logged in."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from airflow_provider_wa.waiting.source import Source
from airflow_provider_wa.waiting.trigger import WaTrigger


class WaSessionTrigger(WaTrigger):
    """Waits for a session to be logged in; its event has the ``session``.

    The vendor is asked every ``poll_interval`` seconds. A state that the receiver stores meanwhile counts at once.
    """

    expired = "the session was not logged in in time"

    def source(self) -> AbstractAsyncContextManager[Source]:
        from airflow_provider_wa.waiting import looks

        return looks.session(self.wa_conn_id, self.poll_interval)
