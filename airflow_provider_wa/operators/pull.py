# SPDX-License-Identifier: Apache-2.0
"""What all operators share that pull a list from a vendor: to a file, or to the XCom."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import Context

from airflow_provider_wa.api.errors import BadInput

if TYPE_CHECKING:
    from airflow_provider_wa.api.records import Record
from airflow_provider_wa.operators.base import WaOperator, refuse_over_limit


class WaPullOperator(WaOperator):
    """Base of the operators that pull a list. An empty list is no error.

    Returns ``{"count", "cursor", "output", "items"}``: ``cursor`` is the id of the last item, to go on from; ``items``
    holds the list only without ``output_path``, and at most 1,000.

    :param output_path: where to write the list, ``.csv`` or ``.jsonl`` (templated). Replaced if it exists.
    """

    template_fields: Sequence[str] = ("wa_conn_id", "output_path")
    columns: ClassVar[tuple[str, ...]]
    """What is written of each item."""
    key: ClassVar[str]

    def __init__(self, *, output_path: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.output_path = output_path

    @abstractmethod
    def pull(self, context: Context) -> Sequence[Record]:
        """Ask the vendor for the list, the oldest first."""

    def work(self, context: Context) -> dict[str, Any]:
        with self.collected(self.output_path, self.columns) as (write, items):
            found = self.pull(context)
            if not self.output_path:
                refuse_over_limit(len(found), "items")
            for record in found:
                write(record.to_dict())
        self.log.info("%s: %s found", self.hook.conn_type, f"{len(found):,}")
        return {
            "count": len(found),
            "cursor": getattr(found[-1], self.key) if found else None,
            "output": self.output_path,
            "items": None if self.output_path else items,
        }


class WaPullPeriodOperator(WaPullOperator):
    """Base of the operators that pull what happened in some time.

    :param since: from this moment on, a datetime or ISO 8601 text (templated). UTC if it has no time zone.
    :param until: until before this moment (templated). With neither it is the run's data interval, or all that the
        vendor keeps if the run has none.
    :param limit: at most so many.
    """

    template_fields: Sequence[str] = (*WaPullOperator.template_fields, "since", "until")

    def __init__(
        self,
        *,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        limit: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.since = since
        self.until = until
        self.limit = limit

    def period(self, context: Context) -> tuple[datetime | None, datetime | None]:
        """The moments that were asked for.

        :raises BadInput: one is no moment, or the end is not after the beginning.
        """
        since, until = as_moment("since", self.since), as_moment("until", self.until)
        if since is None and until is None:
            run: Any = context
            since, until = run.get("data_interval_start"), run.get("data_interval_end")
            if since is None or until is None or since >= until:
                return None, None
        if since and until and since >= until:
            raise BadInput(f"until ({until}) is not after since ({since})")
        return since, until


def as_moment(name: str, value: datetime | str | None) -> datetime | None:
    """An argument that is a moment, a datetime or ISO 8601 text; None or an empty text is none.

    :raises BadInput: it is no moment.
    """
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=timezone.utc)
    # A date alone is its first moment.
    from airflow_provider_wa.api.json_fields import moment

    found = moment(value if "T" in str(value) or " " in str(value) else f"{value}T00:00:00")
    if found is None:
        raise BadInput(f"{name}: {value!r} is no moment; write for example 2026-11-21 or 2026-11-21T08:00:00+05:30")
    return found
