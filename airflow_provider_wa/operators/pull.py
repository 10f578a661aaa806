# SPDX-License-Identifier: Apache-2.0
"""Bases of the operators that pull a list: to a file, or into an XCom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from airflow_provider_wa.operators.base import WaOperator


class WaPullOperator(WaOperator):
    """Base of the operators that pull a list. An empty list is not an error.

    Returns ``{"count", "cursor", "output", "items"}``: ``cursor`` is the id of the last item, for the next pull;
    ``items`` is the list, only without ``output_path`` and at most 1,000 items.

    :param output_path: path or URI of the list, ``.csv``, ``.jsonl`` or ``.parquet`` (templated). Replaced if it
        exists.
    :param spreadsheet_safe: in ``.csv`` and ``.tsv`` results, put an apostrophe before texts that a spreadsheet would
        run as formulas. They begin with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return.
    """

    template_fields: Sequence[str] = ("wa_conn_id", "output_path")

    def __init__(self, *, output_path: str | None = None, spreadsheet_safe: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.output_path = output_path
        self.spreadsheet_safe = spreadsheet_safe


class WaPullPeriodOperator(WaPullOperator):
    """Base of the operators that pull the events of a period.

    :param since: beginning of the time: a datetime or ISO 8601 text (templated). UTC if it has no time zone.
    :param until: end of the time, which is not part of it (templated). With neither it is the run's data interval, or
        all that the vendor keeps if the run has none.
    :param limit: maximum number of items.
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
