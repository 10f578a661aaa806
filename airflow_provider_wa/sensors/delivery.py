# SPDX-License-Identifier: Apache-2.0
"""Waits for the delivery of messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException, Context

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.arguments import is_one_message, one_of, refuse_over_limit, sent_messages
from airflow_provider_wa.sensors.base import WaSensor

if TYPE_CHECKING:
    from airflow_provider_wa.triggers.delivery import WaDeliveryTrigger
    from airflow_provider_wa.waiting.trigger import Found

WAIT_FOR = ("delivered", "read")
SOURCES = ("auto", "vendor", "store")


class WaDeliverySensor(WaSensor):
    """Waits until a message is delivered, or read. A message that failed fails the task.

    For one message it returns ``{"message_id", "to", "state"}``. For a list it waits until each is delivered or has
    failed, and returns ``{"total", "accepted", "sent", "delivered", "read", "failed", "unknown", "undelivered"}``;
    ``undelivered`` are those that did not get so far, as ``{"message_id", "to", "state"}``.

    :param wa_conn_id: the connection that the message was sent over (templated).
    :param message_id: an id, a list of at most 1,000, what ``WaSendMessageOperator`` returned, one or many, or
        what ``WaBulkSendOperator`` returned
        (templated).
    :param wait_for: ``delivered`` or ``read``.
    :param source: who tells: the ``vendor``, which is asked at each poke, or the ``store``, by what the receiver was
        posted. ``auto`` is the vendor if it can tell (portal, Green-API), else the store (WuzAPI).
    :param fail_on_timeout: with False a time-out is no failure: the states at that moment are returned. Useful for
        those who were not reached: try another channel for ``undelivered``.
    :param deferrable: wait in the triggerer and hold no worker slot. By default as ``[operators] default_deferrable``.
    :param max_failures: so many failures in a row are waited out.
    """

    template_fields: Sequence[str] = (*WaSensor.template_fields, "message_id", "wait_for")

    def __init__(
        self,
        *,
        message_id: Any,
        wait_for: str = "delivered",
        source: str = "auto",
        fail_on_timeout: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.message_id = message_id
        self.wait_for = wait_for
        self.source = source
        self.fail_on_timeout = fail_on_timeout

    def trigger(self, context: Context, deadline: float) -> WaDeliveryTrigger:
        from airflow_provider_wa.api.capabilities import ReportsDelivery
        from airflow_provider_wa.triggers.delivery import WaDeliveryTrigger

        return WaDeliveryTrigger(
            self.wa_conn_id,
            self.poke_interval,
            deadline,
            self.max_failures,
            messages=list(self._messages().items()),
            wait_for=one_of("wait_for", self.wait_for, WAIT_FOR),
            from_store=from_store(self.wa_conn_id, self.source, ReportsDelivery),
            settle_for_less=not self.fail_on_timeout,
        )

    def result(self, context: Context, found: Found) -> dict[str, Any]:
        from airflow_provider_wa.api.records import DeliveryState

        states: Mapping[str, str] = found["states"]
        rows = [
            {"message_id": message_id, "to": to, "state": states[message_id]}
            for message_id, to in self._messages().items()
        ]
        if self._is_one:
            (row,) = rows
            if row["state"] == DeliveryState.FAILED.value:
                raise AirflowFailException(f"message {row['message_id']} failed: it will not be delivered")
            return row
        counts = Counter(states.values())
        far_enough = WAIT_FOR[WAIT_FOR.index(self.wait_for) :]
        self.log.info("%s", ", ".join(f"{count:,} {state}" for state, count in counts.items()))
        return {
            "total": len(rows),
            **{state.value: counts[state.value] for state in DeliveryState},
            "undelivered": [row for row in rows if row["state"] not in far_enough],
        }

    @property
    def _is_one(self) -> bool:
        return is_one_message(self.message_id)

    def _messages(self) -> dict[str, str | None]:
        """Whom each message went to, by its id."""
        messages = sent_messages(self.message_id)
        refuse_over_limit(len(messages), "messages")
        if not messages:
            raise BadInput("message_id: there are no messages to wait for")
        return messages


def from_store(conn_id: str, source: str, capability: type[Any]) -> bool:
    """Whether the store is to be looked into, rather than the vendor asked for what it may be able to tell.

    :raises UnsupportedByVendor: nothing is sent over this connection, or nobody would tell.
    """
    one_of("source", source, SOURCES)
    from airflow_provider_wa.api.capabilities import SendsMessages
    from airflow_provider_wa.api.webhooks import PostsEvents
    from airflow_provider_wa.hooks.base import WaHook

    hook = WaHook.for_connection(conn_id)
    hook.able(SendsMessages)
    if source == "vendor" or (source == "auto" and isinstance(hook.vendor, capability)):
        hook.able(capability)
        return False
    hook.able(PostsEvents)
    return True
