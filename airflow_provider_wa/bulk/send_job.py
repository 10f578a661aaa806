# SPDX-License-Identifier: Apache-2.0
"""The arguments of one try to send to a list."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from airflow_provider_wa.api.capabilities import RepeatsById, SendsMessages
from airflow_provider_wa.bulk.pacing import SendingPolicy
from airflow_provider_wa.bulk.progress import Log, Watch, unwatched
from airflow_provider_wa.bulk.send_results import Addressed, Unaddressed
from airflow_provider_wa.bulk.workers import never
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.transport.channel import AsyncChannel

PASSES = 3
"""Maximum number of passes that send in one try, and maximum number of passes that clear up. Both count the first."""

TURN_SECONDS = 20.0
"""Maximum time from an intent to its request, in seconds, without a rate limit. Half of it is for waits within a flow,
before it repeats a request that was refused as too early."""


@dataclass(frozen=True)
class TrySoFar:
    """The part of a try before a wait in the triggerer.

    :param began: earliest moment that the wall clock has shown during the try.
    :param clear_ups: number of passes that cleared up.
    :param waited: the vendor's report must show by now all messages that were in doubt before the wait.
    """

    began: datetime
    clear_ups: int = 0
    waited: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"began": self.began.isoformat(), "clear_ups": self.clear_ups, "waited": self.waited}

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> TrySoFar:
        """Read the JSON of ``to_dict``."""
        return cls(datetime.fromisoformat(value["began"]), int(value["clear_ups"]), bool(value.get("waited")))


@dataclass
class SendJob:
    """The arguments of one try to send to a list.

    :param address: returns the message for a row, from its place in the list and its values; or the reason why the row
        makes no message.
    :param turn_seconds: maximum time from an intent to its request, in seconds; a later request is not made.
    :param doubt_seconds: the same to the end of its request: the request of a younger intent may still be in progress.
    :param watch_session: check at the beginning, and then regularly, that the account is logged in.
    :param interrupted: returns True once the run must end; then no further message is sent.
    :param resend_unknown: send a message in doubt again, even if the doubt cannot be cleared up.
    :param watch: function that is called with the progress of each pass.
    :param first: the place of the first row; above 1 for a later part of a divided list. ``places`` are all places of
        the part.
    :param passes: maximum number of passes, as in ``PASSES``.
    :param patience: maximum seconds to wait for a vendor's report; the run ends instead of a longer wait.
    :param so_far: the part of the try before a wait in the triggerer; None at the beginning of the try.
    """

    vendor: SendsMessages
    channel: AsyncChannel
    store: Store
    batch: str
    conn_id: str
    log: Log
    address: Callable[[int, Mapping[str, Any]], Addressed | Unaddressed]
    policy: SendingPolicy = field(default_factory=SendingPolicy)
    turn_seconds: float = TURN_SECONDS
    doubt_seconds: float = 0.0
    watch_session: bool = True
    resend_unknown: bool = False
    interrupted: Callable[[], bool] = never
    watch: Watch = unwatched
    first: int = 1
    places: range | None = None
    passes: int = PASSES
    patience: float = math.inf
    so_far: TrySoFar | None = None

    def may_repeat(self, addressed: Addressed) -> bool:
        """Return True if a message in doubt may be sent again: it is the same message, or the author allows it."""
        by_id = isinstance(self.vendor, RepeatsById) and self.vendor.repeats_by_id(addressed.message)
        return by_id or self.resend_unknown
