# SPDX-License-Identifier: Apache-2.0
"""Asks a vendor again for the checks of a batch that are pending, and stores what it answers."""

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
from airflow_provider_wa.bulk.check_results import calls_cursor, count_rows, parts
from airflow_provider_wa.bulk.workers import FAILURES_TO_STOP, for_each
from airflow_provider_wa.connections.store import aget_store
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.store.checks import CheckRow
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.transport.budget import CallBudget, within_budget
from airflow_provider_wa.waiting.patience import Patience
from airflow_provider_wa.waiting.trigger import Found, NotYet
from airflow_provider_wa.waiting.vendor_source import Run

ROWS_AT_ONCE = 500
"""How many pending rows of a batch are held in memory while they are asked for again."""


async def ask_again(hook: WaHook, run: Run, batch: str, budget: int | None = None) -> Found | NotYet:
    """Ask for all rows that are pending, each once.

    :param budget: how many calls may be made for the batch, all tries and looks together.
    :raises WaError: the next number would fare no better, or none was answered. What was answered is stored.
    """
    store = await aget_store()
    cursor = calls_cursor(batch)
    spent: int = await asyncio.to_thread(store.positions.get, cursor) or 0
    meter = CallBudget(None if budget is None else max(budget - spent, 0))
    again = _Again(hook.able(ChecksAgain), run, meter)
    for part in parts(batch):
        last = 0
        while rows := await asyncio.to_thread(_pending, store, part, last):
            last = rows[-1].row
            answers: list[CheckRow] = []
            try:
                await for_each(rows, partial(again.ask, answers), hook.endpoint.concurrency)
            finally:
                # What was answered is kept, even if another's failure or the deadline ends the look.
                with anyio.CancelScope(shield=True):
                    changed = [(part, hook.wa_conn_id, row) for row in answers]
                    await asyncio.to_thread(store.checks.put_all, changed, (cursor, spent + meter.calls))
    again.patience.raise_if_unanswered()
    counts = await asyncio.to_thread(count_rows, store, parts(batch))
    return how_many(*counts.values())


def how_many(first: Mapping[str, int], second: Mapping[str, int]) -> Found | NotYet:
    """Whether rows are pending still: of the numbers as they are, or in their country's other form.

    :param first: how many rows of the numbers as they are there are of each status.
    :param second: the same of the other forms.
    """
    pending = first.get(CheckStatus.PENDING.value, 0) + second.get(CheckStatus.PENDING.value, 0)
    total = sum(first.values()) + sum(second.values())
    return NotYet(f"{pending:,} of {total:,} checks are pending") if pending else {}


class _Again:
    """Asks for numbers again, one by one, and gives up when the vendor seems to be away."""

    def __init__(self, vendor: ChecksAgain, run: Run, meter: CallBudget) -> None:
        self._vendor = vendor
        self._run = run
        self._meter = meter
        self.patience = Patience(FAILURES_TO_STOP - 1, bearable=lambda error: not error.stops_all)

    async def ask(self, answers: list[CheckRow], row: CheckRow) -> None:
        """Ask for one row, and add it to ``answers`` unless it is still pending."""
        try:
            (result,) = await self._run(
                within_budget(self._vendor.check_again([numbers.parse(row.number)]), self._meter)
            )
        except BadInput as error:
            # It is this number that is refused, which is no reason not to wait for the others.
            detail = f"{type(error).__name__}: {error}"
            answers.append(_answered(row, status=CheckStatus.UNKNOWN.value, detail=detail))
        except WaError as error:
            self.patience.failed(error)
        else:
            self.patience.succeeded()
            if result.status is not CheckStatus.PENDING:
                answers.append(_answered(row, status=result.status.value, jid=result.jid, detail=result.detail))


def _pending(store: Store, part: str, after: int) -> list[CheckRow]:
    return list(store.checks.rows(part, status=CheckStatus.PENDING.value, after=after, limit=ROWS_AT_ONCE))


def _answered(row: CheckRow, **answer: Any) -> CheckRow:
    return row._replace(checked_at=datetime.now(timezone.utc), **answer)
