# SPDX-License-Identifier: Apache-2.0
"""Filter of a bulk send over a check's results: rows with other statuses are skipped."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.arguments import names_of
from airflow_provider_wa.bulk.check_results import ANSWERS
from airflow_provider_wa.bulk.columns import column_named, named

STATUS = "status"
"""Column of a check's results."""


@dataclass(frozen=True)
class StatusFilter:
    """Filter of the rows that are sent to, by their status; without statuses all rows are sent to.

    :param column: the name of the column with the status.
    """

    wanted: tuple[str, ...] = ()
    column: str = STATUS

    @classmethod
    def of(cls, only: Any) -> StatusFilter:
        """Return the filter that an author means: a status, a list of them, or None.

        :raises BadInput: there is no such status, or the list is empty.
        """
        if only is None:
            return cls()
        wanted = names_of("only", only)
        if not wanted or not set(wanted) <= set(ANSWERS):
            unknown = named(name for name in wanted if name not in ANSWERS)
            raise BadInput(f"only: unknown status {unknown}; expected one or several of {', '.join(ANSWERS)}")
        return cls(tuple(wanted))

    def over(self, names: Collection[str]) -> StatusFilter:
        """Return the filter over a list whose rows may have these names.

        :raises BadInput: the list has no column with a status.
        """
        if not self.wanted:
            return self
        advice = "give it the results of a check"
        return replace(self, column=column_named("only", self.column, list(names), advice=advice))

    def reason(self, row: Mapping[str, Any]) -> str:
        """Return the reason why a row is not sent to; the empty text if it is."""
        status = str(row.get(self.column, "")).strip()
        if not self.wanted or status in self.wanted:
            return ""
        return f"status is {status or 'missing'}; only {', '.join(self.wanted)}"
