# SPDX-License-Identifier: Apache-2.0
"""One campaign: the funnel, deliveries over time, its rows, their download, pause and resume."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from starlette.responses import Response, StreamingResponse

from airflow_provider_wa.connections.store import get_store
from airflow_provider_wa.plugin.pages.audit import note
from airflow_provider_wa.plugin.pages.charts import Bar, funnel, over_time
from airflow_provider_wa.plugin.pages.errors import not_found
from airflow_provider_wa.plugin.pages.following import follow
from airflow_provider_wa.plugin.pages.rendering import page, redirect
from airflow_provider_wa.plugin.pages.visit import MOST_ROWS, Page, Visit, number_in
from airflow_provider_wa.store.batch_rows import BEGINNING, STAGES, BatchRow
from airflow_provider_wa.store.batches import Batch, BatchFilter, BatchKind, BatchState

ON_A_PAGE = 50

STATUSES: Mapping[BatchKind, tuple[str, ...]] = {
    BatchKind.SEND: ("accepted", "failed", "skipped", "unknown", "delayed", *STAGES),
    BatchKind.CHECK: ("exists", "absent", "pending", "unknown"),
}
"""Filters of the rows, by the batch's kind."""

_STEPS: Mapping[BatchKind, tuple[tuple[str, str, str, str, bool], ...]] = {
    BatchKind.SEND: (
        ("Accepted", "accepted", "", "accepted", True),
        ("Delivered", "later_delivered", "good", "delivered", True),
        ("Read", "later_read", "good", "read", True),
        ("Answered", "later_answered", "good", "answered", True),
        ("Opted out", "later_opted_out", "warn", "opted_out", True),
        ("Not delivered", "later_failed", "bad", "failed_later", False),
        ("Skipped", "skipped", "warn", "skipped", False),
        ("Waiting", "held", "busy", "delayed", False),
        ("In doubt", "unknown", "warn", "unknown", False),
        ("Failed", "failed", "bad", "failed", False),
    ),
    BatchKind.CHECK: (
        ("Valid numbers", "valid", "", "", False),
        ("On WhatsApp", "exists", "good", "exists", True),
        ("Not on WhatsApp", "absent", "warn", "absent", True),
        ("Pending", "pending", "busy", "pending", False),
        ("Not known", "unknown", "bad", "unknown", False),
    ),
}
"""The bars of the funnel: label, count, tone, filter of the rows, and True if the bar is shown with a count of 0."""

COLUMNS = ("row", "given", "person", "status", "stage", "answer", "message_id", "detail", "at")

_PLAIN_NUMBER = re.compile(r"[+-]?[\d .()/-]*")


@dataclass(frozen=True)
class _Counts:
    """Counts of a batch by status. Before the first report of its task, only the first rows may be counted."""

    by_status: Counter[str]
    whole: bool = True


def overview(visit: Visit) -> Response:
    """Show a campaign."""
    batch = _readable(visit)
    store, followed = get_store(), follow()
    counts, over = _counts(batch), store.deliveries.over_time(batch.name)
    at_work = batch.state in (BatchState.RUNNING, BatchState.HELD)
    return page(
        visit,
        "campaign.html",
        tab="campaigns",
        batch=batch,
        counts=counts,
        bars=_bars(batch, counts.by_status, over.totals),
        reasons=store.batch_rows.reasons(batch.name) if batch.kind is BatchKind.SEND else [],
        chart=over_time(over.buckets, ("delivered", "read"), over.step),
        followed=followed,
        pause=store.pauses.of(batch.name),
        at_work=at_work,
        every=3 if at_work else 15 if batch.kind is BatchKind.SEND else 0,
        may_edit=visit.rights.may("PUT", batch.conn_id),
        siblings=_siblings(visit, batch),
        run_url=_run_url(visit, batch),
        **_rows(visit, batch),
    )


def download(visit: Visit) -> Response:
    """Answer with the rows that match the filter, as CSV."""
    batch, status = _readable(visit), _status(visit)
    note(visit.user, "wa_campaign_download", batch=batch.name, conn_id=batch.conn_id, status=status, **_task(batch))
    rows = get_store().batch_rows.all(batch.name, batch.kind, status=status)
    headers = {"content-disposition": f'attachment; filename="{_file_name(batch, status)}"'}
    return StreamingResponse(_lines(rows), media_type="text/csv; charset=utf-8", headers=headers)


def pause(visit: Visit) -> Response:
    """Pause the task: it sends no further message until it is resumed."""
    batch = _editable(visit)
    note(visit.user, "wa_campaign_pause", batch=batch.name, conn_id=batch.conn_id, **_task(batch))
    get_store().pauses.pause(batch.name, visit.user.get_name())
    return _back(visit, batch)


def resume(visit: Visit) -> Response:
    """End the pause."""
    batch = _editable(visit)
    note(visit.user, "wa_campaign_resume", batch=batch.name, conn_id=batch.conn_id, **_task(batch))
    get_store().pauses.resume(batch.name)
    return _back(visit, batch)


def _readable(visit: Visit) -> Batch:
    batch = get_store().batches.get(visit.path["name"])
    if batch is None:
        if not visit.rights.may_some("GET"):
            visit.rights.require("GET", "")
        raise not_found("This campaign")
    visit.rights.require("GET", batch.conn_id)
    return batch


def _editable(visit: Visit) -> Batch:
    batch = _readable(visit)
    visit.rights.require("PUT", batch.conn_id)
    return batch


def _back(visit: Visit, batch: Batch) -> Response:
    return redirect(visit, f"campaigns/{quote(batch.name, safe='')}")


def _counts(batch: Batch) -> _Counts:
    """Return the counts that the task has reported, or the counts of the stored rows before its first report."""
    if batch.counts is not None:
        return _Counts(Counter({name: count for name, count in batch.counts.items() if isinstance(count, int)}))
    return _Counts(*get_store().batch_rows.counts(batch.name, batch.kind))


def _bars(batch: Batch, counts: Mapping[str, int], totals: Mapping[str, int]) -> list[Bar]:
    """Return the bars of the funnel: all main steps, and other outcomes with a count."""
    reported = counts.get("total") or sum(counts.get(name, 0) for name in STATUSES[batch.kind])
    rows = max(reported, batch.rows or 0)
    known = {**{f"later_{name}": count for name, count in totals.items()}, **counts}
    if not batch.ended_at:
        # Deliveries are counted at once, accepted messages with the next report of the task.
        arrived = known.get("later_delivered", 0) + known.get("later_failed", 0)
        known["accepted"] = max(known.get("accepted", 0), arrived)
    if "invalid" in counts:
        known["valid"] = rows - counts["invalid"]
    steps = [("Rows", rows, "", "")]
    for label, name, tone, filter_, always in _STEPS[batch.kind]:
        if always or known.get(name):
            steps.append((label, known.get(name, 0), tone, filter_))
    return funnel(steps)


def _siblings(visit: Visit, batch: Batch) -> list[Batch]:
    """Return the other campaigns of the same DAG run: the check before a send, for instance."""
    if not batch.run_id or not batch.dag_id:
        return []
    found = get_store().batches.newest(20, BatchFilter(dag_id=batch.dag_id, run_id=batch.run_id))
    return [each for each in found if each.name != batch.name and visit.rights.may("GET", each.conn_id)]


def _rows(visit: Visit, batch: Batch) -> dict[str, Any]:
    status, search = _status(visit), visit.query.get("search", "").strip()
    store = get_store()
    people: list[str] = []
    if search:
        names = store.identities.names([search.replace(" ", "")])
        people = sorted({name for each in names.values() for name in each})
    place, _, key = visit.query.get("after", "").partition("-")
    row = number_in(place, MOST_ROWS)
    after = BEGINNING if row is None else (row, key)
    found = store.batch_rows.page(batch.name, batch.kind, ON_A_PAGE, status=status, after=after, people=people)
    query = {name: value for name, value in (("status", status), ("search", search)) if value}
    last = found.next
    return {
        "rows": found.rows,
        "chosen": status,
        "search": search,
        "statuses": STATUSES[batch.kind],
        "next": urlencode({**query, "after": f"{last[0]}-{last[1]}"}) if last else "",
        "looked_at": last[0] if last and not found.rows else 0,
        "is_first": after == BEGINNING,
    }


def _status(visit: Visit) -> str:
    status = visit.query.get("status", "")
    return status if status in {name for names in STATUSES.values() for name in names} else ""


def _run_url(visit: Visit, batch: Batch) -> str:
    """Return the address of the task instance in Airflow's UI; empty for a batch outside of a DAG run."""
    if not (batch.dag_id and batch.run_id and batch.task_id):
        return ""
    dag, run, task = (quote(each, safe="") for each in (batch.dag_id, batch.run_id, batch.task_id))
    mapped = f"/mapped/{batch.map_index}" if (batch.map_index if batch.map_index is not None else -1) >= 0 else ""
    return f"{visit.airflow}/dags/{dag}/runs/{run}/tasks/{task}{mapped}"


def _task(batch: Batch) -> dict[str, str]:
    found = {"dag_id": batch.dag_id, "run_id": batch.run_id, "task_id": batch.task_id}
    return {name: value for name, value in found.items() if value}


def _file_name(batch: Batch, status: str) -> str:
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", f"{batch.dag_id or 'wa'}-{batch.task_id or batch.kind.value}")
    return f"{name}{'-' + status if status else ''}.csv"


def _lines(rows: Iterable[BatchRow]) -> Iterator[str]:
    """Yield the lines of the file, several at a time."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for number, row in enumerate(rows, 1):
        writer.writerow([_cell(getattr(row, name)) for name in COLUMNS])
        if number % 500 == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _cell(value: object) -> object:
    """Return a value that no spreadsheet reads as a formula; names and numbers come from strangers."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") and not _PLAIN_NUMBER.fullmatch(value):
        return f"'{value}"
    return "" if value is None else value


VIEWS: tuple[tuple[str, Page], ...] = (("/campaigns/{name}", overview), ("/campaigns/{name}/rows.csv", download))
ACTIONS: tuple[tuple[str, Page], ...] = (("/campaigns/{name}/pause", pause), ("/campaigns/{name}/resume", resume))
