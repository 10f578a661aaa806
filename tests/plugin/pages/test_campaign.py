# SPDX-License-Identifier: Apache-2.0
"""The funnel of a campaign, whose counts come from two places: the task's reports, and the events of the vendor."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from airflow_provider_wa.plugin.pages import campaign
from airflow_provider_wa.store.batches import Batch, BatchKind

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


def funnel(counts: dict[str, int], totals: dict[str, int], **fields: Any) -> dict[str, tuple[int, float | None]]:
    """Return count and percent of the bars of a send of 180 rows."""
    known = {"counts": counts, "calls": 0, "created_at": NOW, "ended_at": None, "rows": 180, **fields}
    batch = Batch(name="b", kind=BatchKind.SEND, conn_id="my_wa", **known)
    return {bar.name: (bar.count, bar.percent) for bar in campaign._bars(batch, counts, totals)}


def test_while_a_campaign_runs_its_funnel_has_the_whole_list_and_no_step_exceeds_the_one_before() -> None:
    bars = funnel({"total": 26, "accepted": 24, "failed": 2}, {"delivered": 45, "failed": 3, "read": 9})
    assert {name: count for name, (count, _) in bars.items() if count} == {
        "Rows": 180, "Accepted": 48, "Delivered": 45, "Read": 9, "Not delivered": 3, "Failed": 2,
    }  # fmt: skip
    assert all(percent is not None and percent <= 100 for _, percent in bars.values())
    assert bars["Read"] == (9, 5.0)


def test_a_campaign_that_has_ended_shows_the_counts_of_its_task() -> None:
    bars = funnel({"total": 180, "accepted": 170, "failed": 10}, {"delivered": 171}, ended_at=NOW)
    assert bars["Accepted"][0] == 170
    assert bars["Rows"][0] == 180


def test_rows_are_counted_where_the_length_of_the_list_is_not_known() -> None:
    assert funnel({"accepted": 3, "failed": 2}, {}, rows=None)["Rows"] == (5, 100.0)
