# SPDX-License-Identifier: Apache-2.0
"""Waits for the delivery of messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException, Context

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.arguments import XCOM_RESULTS, is_one_message, one_of, sent_messages
from airflow_provider_wa.sensors.base import WaSensor
from airflow_provider_wa.waiting.source import SOURCES

if TYPE_CHECKING:
    from airflow_provider_wa.triggers.delivery import WaDeliveryTrigger
    from airflow_provider_wa.waiting.source import Found

WAIT_FOR = ("delivered", "read")


class WaDeliverySensor(WaSensor):
    """Waits until a message is delivered, or read. A message that failed fails the task.

    For one message it returns ``{"message_id", "to", "state"}``. For a list it waits until each is delivered or has
    failed, and returns ``{"total", "accepted", "sent", "delivered", "read", "failed", "unknown", "undelivered"}``;
    ``undelivered`` lists the messages that did not reach the state, as ``{"message_id", "to", "state"}``.

    :param wa_conn_id: the connection that the message was sent over (templated).
    :param message_id: an id or a list of at most 1,000, the output of ``WaSendMessageOperator``, one or many, or the
        output of ``WaBulkSendOperator`` (templated).
    :param wait_for: ``delivered`` or ``read``.
    :param source: ``vendor`` asks the vendor at each poke; ``store`` reads the events that the receiver stored;
        ``auto`` does both, as far as the vendor reports deliveries and posts events: the later state of the two counts.
    :param fail_on_timeout: with False a time-out is not a failure: the states at that moment are returned, for instance
        to try another channel for ``undelivered``.
    :param deferrable: wait in the triggerer and hold no worker slot. By default as ``[operators] default_deferrable``.
    :param max_failures: maximum number of consecutive failures that do not end the wait.
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
        from airflow_provider_wa.triggers.delivery import WaDeliveryTrigger
        from airflow_provider_wa.waiting.lookups import delivery_sources

        sources = delivery_sources(self.wa_conn_id, one_of("source", self.source, SOURCES))
        return WaDeliveryTrigger(
            self.wa_conn_id,
            self.poke_interval,
            deadline,
            self.max_failures,
            messages=list(self._messages().items()),
            wait_for=one_of("wait_for", self.wait_for, WAIT_FOR),
            from_store=sources.from_store,
            ask_vendor=sources.ask_vendor,
            fail_on_timeout=self.fail_on_timeout,
        )

    def awaited(self) -> str:
        count = len(self._messages())
        return f" for {count:,} {'message' if count == 1 else 'messages'} to be {self.wait_for}"

    def result(self, context: Context, found: Found) -> dict[str, Any]:
        from airflow_provider_wa.api.records import DeliveryState, in_states

        states: Mapping[str, str] = found["states"]
        rows = [
            {"message_id": message_id, "to": to, "state": states[message_id]}
            for message_id, to in self._messages().items()
        ]
        if self._is_one:
            (row,) = rows
            if row["state"] == DeliveryState.FAILED.value:
                raise AirflowFailException(f"message {row['message_id']} has failed and will not be delivered")
            self.log.info("Message %s is %s", row["message_id"], row["state"])
            return row
        counts = Counter(states.values())
        reached = WAIT_FOR[WAIT_FOR.index(self.wait_for) :]
        self.log.info("%s", in_states(counts))
        return {
            "total": len(rows),
            **{state.value: counts[state.value] for state in DeliveryState},
            "undelivered": [row for row in rows if row["state"] not in reached],
        }

    @property
    def _is_one(self) -> bool:
        return is_one_message(self.message_id)

    def _messages(self) -> dict[str, str | None]:
        """Return the recipient of each message, by its id."""
        messages = sent_messages(self.message_id)
        if not 0 < len(messages) <= XCOM_RESULTS:
            raise BadInput(f"message_id: {len(messages):,} messages; expected 1 to {XCOM_RESULTS:,}")
        return messages
