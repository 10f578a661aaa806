# SPDX-License-Identifier: Apache-2.0
"""Ask a vendor again for the pending checks of a batch, and store its answers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timezone
from functools import partial
from typing import Any

import anyio

from airflow_provider_wa.api import numbers
from airflow_provider_wa.api.capabilities import ChecksAgain
from airflow_provider_wa.api.errors import BadInput, WaError
from airflow_provider_wa.api.records import CheckStatus
from airflow_provider_wa.bulk.check_results import OTHER_FORM, absent_batch
from airflow_provider_wa.bulk.workers import FAILURES_TO_STOP
from airflow_provider_wa.connections.store import aget_store
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.store.checks import CheckRow
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.transport.budget import CallBudget, within_budget
from airflow_provider_wa.waiting.patience import Patience
from airflow_provider_wa.waiting.source import Found, NotYet
from airflow_provider_wa.waiting.store_poller import StorePoller
from airflow_provider_wa.waiting.vendor_source import Run, ask_each

ROWS_AT_ONCE = 500
"""Maximum pending rows of a batch that are in memory at the same time."""


async def ask_again(hook: WaHook, run: Run, batch: str, budget: int | None = None) -> Found | NotYet:
    """Ask for all pending rows, each once.

    :param budget: maximum calls for the batch, all tries and looks together.
    :raises WaError: the next number would fail as well, or no number was answered. The answers so far are stored.
    """
    store = await aget_store()
    spent = await asyncio.to_thread(store.batches.calls, batch)
    calls = CallBudget(None if budget is None else max(budget - spent, 0))
    again = _Again(hook.able(ChecksAgain), run, calls)
    for form in (0, OTHER_FORM):
        last = 0
        while rows := await asyncio.to_thread(_pending, store, batch, form, last):
            last = rows[-1].row
            answers: list[CheckRow] = []
            try:
                await ask_each(hook, rows, partial(again.ask, answers))
            finally:
                # The answers so far are stored, even if another row's failure or the deadline ends the look.
                with anyio.CancelScope(shield=True):
                    put = partial(store.checks.put, calls=spent + calls.calls)
                    await asyncio.to_thread(put, batch, hook.wa_conn_id, answers)
    again.patience.raise_if_unanswered()
    return _outcome(batch, await asyncio.to_thread(store.checks.counts, batch))


async def count_pending(poller: StorePoller, batch: str) -> Found | NotYet:
    """Look into the store alone: the receiver enters the answers."""
    return _outcome(batch, await poller.counts(batch))


def _outcome(batch: str, counts: Mapping[str, int]) -> Found | NotYet:
    """Return the outcome of a look, from the number of rows by status.

    :raises BadInput: there are no rows.
    """
    if not any(counts.values()):
        raise absent_batch(batch)
    pending = counts.get(CheckStatus.PENDING.value, 0)
    return NotYet(f"{pending:,} of {sum(counts.values()):,} checks are pending") if pending else {}


class _Again:
    """Asks for numbers again, one by one, and gives up when the vendor seems to be out of reach."""

    def __init__(self, vendor: ChecksAgain, run: Run, budget: CallBudget) -> None:
        self._vendor = vendor
        self._run = run
        self._budget = budget
        self.patience = Patience(FAILURES_TO_STOP - 1, bearable=lambda error: not error.stops_all)

    async def ask(self, answers: list[CheckRow], row: CheckRow) -> None:
        """Ask for one row, and add it to ``answers`` unless it is still pending."""
        try:
            flow = within_budget(self._vendor.check_again([numbers.parse(row.number)]), self._budget)
            (result,) = await self._run(flow)
        except BadInput as error:
            # The vendor refuses only this number: keep waiting for the others.
            detail = f"{type(error).__name__}: {error}"
            answers.append(_answered(row, status=CheckStatus.UNKNOWN.value, detail=detail))
        except WaError as error:
            self.patience.failed(error)
        else:
            self.patience.succeeded()
            if result.status is not CheckStatus.PENDING:
                answers.append(_answered(row, status=result.status.value, jid=result.jid, detail=result.detail))


def _pending(store: Store, batch: str, form: int, after: int) -> list[CheckRow]:
    return list(store.checks.rows(batch, form=form, status=CheckStatus.PENDING.value, after=after, limit=ROWS_AT_ONCE))


def _answered(row: CheckRow, **answer: Any) -> CheckRow:
    return row._replace(checked_at=datetime.now(timezone.utc), **answer)
