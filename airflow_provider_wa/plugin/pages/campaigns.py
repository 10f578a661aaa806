# SPDX-License-Identifier: Apache-2.0
"""Campaigns: bulk sends and checks, the newest first, with their progress."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from starlette.responses import Response

from airflow_provider_wa.connections.store import get_store
from airflow_provider_wa.plugin.pages.connections import accounts_of
from airflow_provider_wa.plugin.pages.rendering import page, redirect
from airflow_provider_wa.plugin.pages.visit import MOST_ROWS, Page, Visit, number_in
from airflow_provider_wa.store.batches import BatchFilter, BatchKind, BatchState

ON_A_PAGE = 25

_AT_WORK = (BatchState.RUNNING, BatchState.HELD)


def overview(visit: Visit) -> Response:
    """Show the campaigns of the connections that the user may see, optionally of one DAG run or task."""
    accounts = [account.conn_id for account in accounts_of(visit)]
    wanted = _wanted(visit, accounts)
    batches = get_store().batches
    before = batches.get(visit.query.get("before", ""))
    found = batches.newest(ON_A_PAGE + 1, wanted, before=before)
    if len(found) == 1 and visit.query.get("task_id") and before is None:
        return redirect(visit, f"campaigns/{quote(found[0].name, safe='')}")
    shown = found[:ON_A_PAGE]
    query = {name: value for name, value in visit.query.items() if name != "before" and value}
    at_work = [batch for batch in shown if batch.state in _AT_WORK]
    return page(
        visit,
        "campaigns.html",
        tab="campaigns",
        accounts=accounts,
        batches=shown,
        paused={batch.name for batch in at_work if get_store().pauses.of(batch.name)},
        every=5 if at_work and before is None else 0,
        next=urlencode({**query, "before": shown[-1].name}) if len(found) > ON_A_PAGE else "",
        conn_id=visit.query.get("conn_id", ""),
        kind=visit.query.get("kind", ""),
        run=visit.query.get("run_id", ""),
        task=visit.query.get("task_id", ""),
    )


def _wanted(visit: Visit, accounts: list[str]) -> BatchFilter:
    """Return the filter from the address, limited to the user's connections."""
    conn_id, kind, map_index = (visit.query.get(name, "") for name in ("conn_id", "kind", "map_index"))
    return BatchFilter(
        conn_ids=[each for each in accounts if conn_id in ("", each)],
        kind=BatchKind(kind) if kind in [*BatchKind] else None,
        dag_id=visit.query.get("dag_id") or None,
        run_id=visit.query.get("run_id") or None,
        task_id=visit.query.get("task_id") or None,
        map_index=number_in(map_index, MOST_ROWS),
    )


VIEWS: tuple[tuple[str, Page], ...] = (("/campaigns", overview),)
