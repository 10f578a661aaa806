# SPDX-License-Identifier: Apache-2.0
"""Waits for the callbacks of checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import Context

from airflow_provider_wa.api.errors import BadInput, UnexpectedReply
from airflow_provider_wa.sensors.base import WaSensor

if TYPE_CHECKING:
    from airflow_provider_wa.triggers.callback import WaCallbackTrigger
    from airflow_provider_wa.triggers.check import WaBatchCheckTrigger
    from airflow_provider_wa.waiting.trigger import Found


class WaCallbackSensor(WaSensor):
    """Waits until the receiver was told the answer of a check that was queued (CheckWA), or of all checks of a batch.

    For one check it returns ``{"vendor", "number", "status", "jid", "detail", "reference", "has_picture",
    "picture"}``; ``picture`` is the path of its file. For a batch it returns ``{"batch", "total", "exists", "absent",
    "pending", "unknown", "invalid"}``. A number that is called absent, and whose
    country has two forms of it, is ``unknown`` there: the other form, which ``WaBulkCheckOperator(deferrable=True)``
    asks for, may be the one that WhatsApp knows.

    :param wa_conn_id: the connection (templated).
    :param reference: what the check is known by, as ``CheckResult.reference`` has it (templated).
    :param batch: instead, the ``batch`` that ``WaBulkCheckOperator`` returned (templated).
    :param wait_for_picture: wait for the account's picture as well, if it has one that can be seen. One that does not
        come until the time-out keeps nobody from the answer.
    :param deferrable: wait in the triggerer and hold no worker slot. By default as ``[operators] default_deferrable``.
    :param max_failures: so many failures in a row (the store out of reach) are waited out.
    """

    template_fields: Sequence[str] = (*WaSensor.template_fields, "reference", "batch")

    def __init__(
        self,
        *,
        reference: str | None = None,
        batch: str | None = None,
        wait_for_picture: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.reference = reference
        self.batch = batch
        self.wait_for_picture = wait_for_picture

    def trigger(self, context: Context, deadline: float) -> WaCallbackTrigger | WaBatchCheckTrigger:
        from airflow_provider_wa.triggers.callback import WaCallbackTrigger
        from airflow_provider_wa.triggers.check import WaBatchCheckTrigger

        if bool(self.reference) == bool(self.batch):
            raise BadInput("give either reference, what one check is known by, or batch, what a bulk check returned")
        arguments = (self.wa_conn_id, self.poke_interval, deadline, self.max_failures)
        if self.batch:
            return WaBatchCheckTrigger(*arguments, batch=self.batch)
        return WaCallbackTrigger(*arguments, reference=str(self.reference), wait_for_picture=self.wait_for_picture)

    def result(self, context: Context, found: Found) -> dict[str, Any]:
        from airflow_provider_wa.bulk.check_results import ANSWERS, Batch
        from airflow_provider_wa.connections.store import get_store

        store = get_store()
        if self.batch:
            rows = Batch(lambda: store, self.batch, self.wa_conn_id).results()
            counts = Counter(row["status"] for row in rows)
            return {"batch": self.batch, "total": counts.total(), **{status: counts[status] for status in ANSWERS}}
        for event in store.events.get([found["event_id"]]):
            self.log.info("%s: %s", event.party, event.status)
            return {**event.content, "picture": found["picture"]}
        raise UnexpectedReply("the callback is not in the store any more")
