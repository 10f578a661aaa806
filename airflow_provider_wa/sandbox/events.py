# SPDX-License-Identifier: Apache-2.0
"""Events of an account: messages that come in, and status changes of messages that were sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from airflow_provider_wa.sandbox.inbox import IncomingMessage
from airflow_provider_wa.sandbox.ledger import Message


@dataclass(frozen=True)
class MessageReceived:
    """A message that came in."""

    message: IncomingMessage
    at: float


@dataclass(frozen=True)
class StatusChanged:
    """A new status of a message: sent, delivered, read or failed."""

    message: Message
    status: str
    at: float


Event = MessageReceived | StatusChanged


def _all(sent: Iterable[Message], incoming: Iterable[IncomingMessage], now: float, seconds: float) -> Iterator[Event]:
    for received in incoming:
        yield MessageReceived(received, received.at)
    for message in sent:
        moments = {
            "sent" if message.known else "failed": message.sent_at,
            "delivered": message.delivered_at(now, seconds),
            "read": message.read_at(now, seconds),
        }
        for status, moment in moments.items():
            if moment is not None:
                yield StatusChanged(message, status, moment)


class EventFeed:
    """The events of one account, each reported once, in the order of time."""

    def __init__(self) -> None:
        self._reported: set[tuple[str, str]] = set()

    def new(
        self, sent: Iterable[Message], incoming: Iterable[IncomingMessage], now: float, seconds: float
    ) -> list[Event]:
        """Return the events up to `now` that were not returned before."""
        new = []
        for event in sorted(_all(sent, incoming, now, seconds), key=lambda event: event.at):
            key = (event.status if isinstance(event, StatusChanged) else "incoming", event.message.message_id)
            if key not in self._reported:
                self._reported.add(key)
                new.append(event)
        return new
