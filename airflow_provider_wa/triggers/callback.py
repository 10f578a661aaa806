# SPDX-License-Identifier: Apache-2.0
"""Waits in the triggerer for the callback with a check's answer."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from airflow_provider_wa.waiting.patience import MAX_FAILURES
from airflow_provider_wa.waiting.source import Source
from airflow_provider_wa.waiting.trigger import WaTrigger


class WaCallbackTrigger(WaTrigger):
    """Waits for the callback of one check; its event has the ``event_id`` of the first callback, which decides.

    With ``wait_for_picture`` it waits for the account's picture as well, if the callback says that there is one, and
    its event has ``picture``, the path of its file. A missing picture does not hold up the answer: at the deadline the
    event goes without it.

    :param reference: the check's id at the vendor, as in ``CheckResult.reference``.
    """

    arguments = (*WaTrigger.arguments, "reference", "wait_for_picture")
    expired = "no callback came in time"

    def __init__(
        self,
        wa_conn_id: str,
        poll_interval: float,
        deadline: float,
        max_failures: int = MAX_FAILURES,
        store: Mapping[str, Any] | None = None,
        *,
        reference: str,
        wait_for_picture: bool = False,
    ) -> None:
        super().__init__(wa_conn_id, poll_interval, deadline, max_failures, store)
        self.reference = reference
        self.wait_for_picture = wait_for_picture

    @property
    def reads_store(self) -> bool:
        return True

    def source(self) -> AbstractAsyncContextManager[Source]:
        from airflow_provider_wa.waiting import looks

        return looks.callback(self.wa_conn_id, self.reference, self.poll_interval, self.wait_for_picture)
