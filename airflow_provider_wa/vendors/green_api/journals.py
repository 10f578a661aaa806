# SPDX-License-Identifier: Apache-2.0
"""Green-API's journals of the last messages: how far back to ask, and what of the answer lies in a period."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TypeVar

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.records import DeliveryStatus, InboxMessage
from airflow_provider_wa.vendors.green_api.messages import NAME

DAY = 24 * 60
MONTH = 30 * DAY
"""Minutes: what a journal tells by default, and how far back a message is looked for."""

R = TypeVar("R", InboxMessage, DeliveryStatus)

_LONG_AGO = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Period:
    """What happened from ``since`` until before ``until``, at most ``limit`` of it."""

    since: datetime | None
    until: datetime | None
    limit: int | None

    @classmethod
    def of(cls, since: datetime | None, until: datetime | None, limit: int | None) -> Period:
        """A period between two moments; one without a time zone is read as UTC.

        :raises BadInput: it ends before it begins, or the limit is below 1.
        """
        begin, end = _utc(since), _utc(until)
        if begin and end and end < begin:
            raise BadInput(f"until ({until}) is before since ({since})", vendor=NAME)
        if limit is not None and limit < 1:
            raise BadInput(f"limit is {limit}; it must be 1 or more", vendor=NAME)
        return cls(begin, end, limit)

    @property
    def is_empty(self) -> bool:
        """Whether it ends as it begins, so that nothing can have happened in it."""
        return self.since is not None and self.since == self.until

    def minutes(self, now: datetime) -> int | None:
        """How far back a journal must go; None for its default, a day. Without ``since`` it is a day before the end."""
        begin = self.since or (self.until and max(self.until, _LONG_AGO + timedelta(days=1)) - timedelta(days=1))
        # One more: the vendor's clock is not ours, and time passes until it reads the request.
        return max(1, math.ceil((now - begin).total_seconds() / 60) + 1) if begin else None

    def select(self, rows: Sequence[R], when: Callable[[R], datetime | None], after: str | None = None) -> list[R]:
        """The rows that lie in the period and behind the one with the id ``after``, the oldest first, each once."""
        ordered = _oldest_first(rows, when)
        ids = [row.message_id for row in ordered]
        behind = ordered[ids.index(after) + 1 :] if after in ids else ordered
        return [row for row in behind if self._holds(when(row))][: self.limit]

    def _holds(self, at: datetime | None) -> bool:
        if at is None:
            return self.since is None and self.until is None
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


def _oldest_first(rows: Sequence[R], when: Callable[[R], datetime | None]) -> list[R]:
    """Sorted by time; of one second, in the order in which they came: the vendor lists the newest first."""
    moments = [at for row in rows if (at := when(row))]
    newest_first = not moments or moments[0] >= moments[-1]
    # Of two rows with one id the newest tells most.
    once = {row.message_id: row for row in (reversed(rows) if newest_first else rows)}
    return sorted(once.values(), key=lambda row: when(row) or _LONG_AGO)


def _utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=timezone.utc) if at is not None and at.tzinfo is None else at
