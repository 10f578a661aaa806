# SPDX-License-Identifier: Apache-2.0
"""Waits in the triggerer until a WhatsApp session is logged in."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from airflow_provider_wa.waiting.source import Found, NotYet, Source
from airflow_provider_wa.waiting.trigger import WaTrigger

if TYPE_CHECKING:
    from airflow_provider_wa.hooks.base import WaHook
    from airflow_provider_wa.waiting.vendor_source import Run


class WaSessionTrigger(WaTrigger):
    """Reads the session's state until it is logged in; its event has the ``session``."""

    expired = "the session was not logged in in time"

    def source(self) -> AbstractAsyncContextManager[Source]:
        from airflow_provider_wa.waiting.vendor_source import asking

        return asking(self.wa_conn_id, self._ask)

    async def _ask(self, hook: WaHook, run: Run) -> Found | NotYet:
        from airflow_provider_wa.api.capabilities import HasSession

        session = await run(hook.able(HasSession).session())
        if session.logged_in:
            return {"session": session.to_dict()}
        return NotYet(f"the session is {session.state.value}: {session.detail}")
