# SPDX-License-Identifier: Apache-2.0
"""Events: what a vendor has to tell about its messages, each told once and in the order of time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from airflow_provider_wa.sandbox.inbox import Incoming
from airflow_provider_wa.sandbox.ledger import Message


@dataclass(frozen=True)
class Received:
    """A message came in."""

    message: Incoming
    at: float


@dataclass(frozen=True)
class Progress:
    """A message that was sent got on: `status` is sent, delivered, read or failed."""

    message: Message
    status: str
    at: float


Event = Received | Progress


def _all(sent: Iterable[Message], incoming: Iterable[Incoming], now: float, seconds: float) -> Iterator[Event]:
    for received in incoming:
        yield Received(received, received.at)
    for message in sent:
        moments = {
            "sent" if message.known else "failed": message.sent_at,
            "delivered": message.delivered_at(now, seconds),
            "read": message.read_at(now, seconds),
        }
        for status, moment in moments.items():
            if moment is not None:
                yield Progress(message, status, moment)


class Feed:
    """The events of one vendor."""

    def __init__(self) -> None:
        self._told: set[tuple[str, str]] = set()

    def fresh(self, sent: Iterable[Message], incoming: Iterable[Incoming], now: float, seconds: float) -> list[Event]:
        """Return what has happened by now and was not told before."""
        fresh = []
        for event in sorted(_all(sent, incoming, now, seconds), key=lambda event: event.at):
            key = (event.status if isinstance(event, Progress) else "incoming", event.message.message_id)
            if key not in self._told:
                self._told.add(key)
                fresh.append(event)
        return fresh
