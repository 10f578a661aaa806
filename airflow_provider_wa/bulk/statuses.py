# SPDX-License-Identifier: Apache-2.0
"""Asks for the delivery status of many messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from airflow_provider_wa.api.capabilities import ReportsDelivery
from airflow_provider_wa.api.errors import WaError
from airflow_provider_wa.api.records import DeliveryState, in_states
from airflow_provider_wa.bulk.output_files import Write
from airflow_provider_wa.bulk.progress import Log, Progress
from airflow_provider_wa.bulk.workers import for_each
from airflow_provider_wa.transport.channel import AsyncChannel
from airflow_provider_wa.transport.drive import adrive

COLUMNS = (
    "message_id",
    "to",
    "state",
    "code",
    "detail",
    "sent_at",
    "delivered_at",
    "read_at",
)
"""A status's columns, as in ``DeliveryStatus``."""


async def ask_statuses(
    vendor: ReportsDelivery,
    channel: AsyncChannel,
    messages: Sequence[tuple[str, str | None]],
    write: Write,
    log: Log,
    workers: int,
) -> Counter[str]:
    """Write the status of each message, and return how many there are of each state.

    A message that could not be asked for is ``unknown``, with the reason in ``detail``.

    :param messages: their ids, each with its recipient where that is known.
    :raises WaError: an error that would stop all others.
    """
    counts = _StatusCounts()
    progress = Progress(log, "messages", counts, len(messages))

    async def ask(message: tuple[str, str | None]) -> None:
        message_id, to = message
        try:
            row = (await adrive(vendor.message_status(message_id, to=to), channel)).to_dict()
        except WaError as error:
            if error.stops_all:
                raise
            detail = f"{type(error).__name__}: {error}"
            row = {"message_id": message_id, "to": to, "state": DeliveryState.UNKNOWN.value, "detail": detail}
        counts.states[row["state"]] += 1
        write({name: row.get(name) for name in COLUMNS})
        progress.report()

    await for_each(messages, ask, workers)
    progress.finish()
    return counts.states


@dataclass
class _StatusCounts:
    states: Counter[str] = field(default_factory=Counter)

    def so_far(self) -> Counter[str]:
        return self.states

    @property
    def done(self) -> int:
        return self.states.total()

    @property
    def remark(self) -> str:
        return in_states(self.states)
