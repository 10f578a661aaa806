# SPDX-License-Identifier: Apache-2.0
"""The maximum number of messages that one person gets in a period, over all campaigns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.store.send_intents import RecipientLimit
from airflow_provider_wa.store.sends import Recent

LONGEST = timedelta(days=3660)
"""Maximum period: more than ten years is a slip."""

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


@dataclass(frozen=True)
class Cap:
    """At most ``limit`` messages to one person in a ``period``, over all connections and tasks."""

    limit: int
    period: timedelta

    @classmethod
    def of(cls, value: Any) -> Cap:
        """Return a cap from ``(2, timedelta(days=7))``, or from a number and seconds, ``(2, 604800)``.

        :raises BadInput: the value is not a whole number from 1 and a duration.
        """
        given = value if isinstance(value, Sequence) and not isinstance(value, (str, bytes)) else ()
        limit: Any
        limit, period = given if len(given) == 2 else (None, None)
        if isinstance(period, (int, float)) and not isinstance(period, bool) and 0 < period <= LONGEST.total_seconds():
            period = timedelta(seconds=period)
        whole = isinstance(limit, int) and not isinstance(limit, bool) and limit >= 1
        if not whole or not isinstance(period, timedelta) or not timedelta(0) < period <= LONGEST:
            raise BadInput(
                f"cap: {str(value)[:60]!r} is invalid; expected a number of messages from 1, and a duration of up to "
                "ten years as timedelta or seconds: (2, timedelta(days=7))"
            )
        return cls(limit, period)

    def limit_at(self, now: datetime) -> RecipientLimit:
        """Return the limit that holds at a moment."""
        return RecipientLimit(limit=self.limit, since=now - self.period)

    def reached(self, recent: Recent | None) -> bool:
        """Return True if a person has got as many messages as they may get."""
        return recent is not None and recent.count >= self.limit

    def reason(self, recent: Recent) -> str:
        """Return the reason for not sending a further message."""
        messages = "1 message" if recent.count == 1 else f"{recent.count:,} messages"
        last = recent.last.isoformat(timespec="seconds")
        return f"capped: {messages} in {_duration(self.period)}, the last at {last}"


def _duration(period: timedelta) -> str:
    """Return a duration in its largest unit that leaves no fraction."""
    seconds = period.total_seconds()
    unit, length = next(((unit, length) for unit, length in _UNITS if seconds % length == 0), _UNITS[-1])
    count = seconds / length
    return f"{count:,g} {unit}{'' if count == 1 else 's'}"
