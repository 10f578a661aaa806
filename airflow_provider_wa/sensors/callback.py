# SPDX-License-Identifier: Apache-2.0
"""Waits for the callbacks of checks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import Context

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.sensors.base import WaSensor

if TYPE_CHECKING:
    from airflow_provider_wa.triggers.callback import WaCallbackTrigger
    from airflow_provider_wa.triggers.check import WaBatchCheckTrigger
    from airflow_provider_wa.waiting.source import Found


class WaCallbackSensor(WaSensor):
    """Waits for the callback of a check that the vendor has queued, or for the callbacks of all checks of a batch.

    For one check it returns ``{"vendor", "number", "status", "jid", "detail", "reference", "has_picture",
    "picture"}``; ``picture`` is the path of its file. For a batch it returns ``{"batch", "total", "exists", "absent",
    "pending", "unknown", "invalid"}``. A number that is absent, and whose country has two forms of it, is ``unknown``
    there: WhatsApp may know the other form, which only ``WaBulkCheckOperator(deferrable=True)`` asks for.

    :param wa_conn_id: the connection (templated).
    :param reference: the check's id at the vendor, as in ``CheckResult.reference`` (templated).
    :param batch: instead, the ``batch`` in the output of ``WaBulkCheckOperator`` (templated).
    :param wait_for_picture: wait for the account's picture as well, if it has one that can be seen. If it does not come
        before the time-out, the answer is returned without it.
    :param deferrable: wait in the triggerer and hold no worker slot. By default as ``[operators] default_deferrable``.
    :param max_failures: maximum number of consecutive failures that do not end the wait (an unreachable store).
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
            raise BadInput(
                "reference, batch: expected one of the two; reference is a check's id, batch that of a bulk check"
            )
        arguments = (self.wa_conn_id, self.poke_interval, deadline, self.max_failures)
        if self.batch:
            return WaBatchCheckTrigger(*arguments, batch=self.batch)
        return WaCallbackTrigger(*arguments, reference=str(self.reference), wait_for_picture=self.wait_for_picture)

    def result(self, context: Context, found: Found) -> dict[str, Any]:
        from airflow_provider_wa.waiting import lookups

        if self.batch:
            counts = lookups.batch_counts(self.wa_conn_id, self.batch)
            self.log.info("%s", ", ".join(f"{count:,} {name}" for name, count in counts.items() if count))
            return {"batch": self.batch, **counts}
        event = lookups.stored_event(found["event_id"])
        self.log.info("%s: %s", event.party, event.status)
        return {**event.content, "picture": found["picture"]}
