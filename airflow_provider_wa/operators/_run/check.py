# SPDX-License-Identifier: Apache-2.0
"""Checks a list of numbers: the work of ``WaBulkCheckOperator``, in the worker before and after its deferral."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import chain
from typing import Any, NoReturn

from airflow.providers.common.compat.sdk import AirflowTaskTimeout, Context

from airflow_provider_wa.api.capabilities import ChecksAgain, ChecksNumbers
from airflow_provider_wa.api.errors import WaError
from airflow_provider_wa.api.numbers import region
from airflow_provider_wa.arguments import TRIGGERER_SECONDS, execution_deadline, names_of, time_left
from airflow_provider_wa.bulk.carry import CarriedRows, Carry
from airflow_provider_wa.bulk.check_results import ANSWERS, COLUMNS, CheckBatch, RowsMissing
from airflow_provider_wa.bulk.check_run import BulkCheck, CheckCounts, InCountry
from airflow_provider_wa.connections.store import get_store
from airflow_provider_wa.interpreter import heap_spared
from airflow_provider_wa.operators._run.list_runner import ListRunner
from airflow_provider_wa.operators._run.message_keys import batch_info, batch_name
from airflow_provider_wa.operators._run.metrics import CHECKS, count_outcomes
from airflow_provider_wa.operators._run.output import results_to
from airflow_provider_wa.operators._run.reporter import Reporter, stopped_on_failure
from airflow_provider_wa.store.batches import BatchKind
from airflow_provider_wa.transport.channel import AsyncChannel
from airflow_provider_wa.triggers.check import WaBatchCheckTrigger
from airflow_provider_wa.waiting.trigger import failure

LOOK_SECONDS = 5.0
"""Interval between two looks into the store for callbacks: all that wait share the question."""


@dataclass(frozen=True, kw_only=True)
class CheckRunner(ListRunner):
    """The arguments of ``WaBulkCheckOperator``, and its work."""

    items_name = "numbers"
    takes_jids = False

    carry: Any = None
    max_age: timedelta | float | None
    budget: int | None
    resume: bool
    pending_timeout: float
    poll_interval: float | None

    def begin(self, context: Context) -> dict[str, Any]:
        """Check the numbers; then return the summary, or defer while answers are pending."""
        # Mistakes are found before any call is made.
        self.refuse_less_than_one("concurrency", "budget")
        self.rate()
        values = self._values()
        spellings = chain(self.beginning(values, 1), values)
        self._carried()
        self.prove_output()
        batch = self._batch(self._batch_name(context))
        batch.begin(batch_info(context, batch.name, BatchKind.CHECK, self.task.wa_conn_id))
        self.show_campaign(batch.name, context)
        with stopped_on_failure(get_store(), batch.name), self._written_on_failure(batch):
            ends = execution_deadline(self.task, context)
            deadline = min(time.time() + self.pending_timeout, ends or float("inf"))
            tally = self._check(spellings, batch, context).to_dict()
            batch.enter_early_callbacks()
            if self.deferrable and batch.may_need_other_forms():
                # Half of the time is for those that may be called absent, to be asked for again.
                self._wait(batch, tally, deadline, ends, until=(time.time() + deadline) / 2, other_forms=False)
            return self._go_on(batch, tally, deadline if self.deferrable else 0.0, other_forms=False, ends=ends)

    def take_over(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Continue after the trigger: wait on, or return the summary.

        :raises AirflowFailException: the trigger met an error that waiting does not mend; the results are written
            first.
        :raises AirflowException: temporary failures lasted too long; a retry continues with the answers so far.
        """
        state = dict(event["carry"])
        # A clock that was set back during the wait must not make it longer.
        state["deadline"] = min(state["deadline"], time.time() + self.pending_timeout)
        if event["status"] == "timeout" and state["other_forms"]:
            state["deadline"] = 0.0
        batch = self._batch(state.pop("batch"))
        self.task.batch = batch.name
        if event["status"] != "error":
            with stopped_on_failure(get_store(), batch.name), self._written_on_failure(batch):
                return self._go_on(batch, **state)
        try:
            left = f"{self._finish(batch, state['tally'], carried=False)['pending']:,} numbers are left pending"
        except RowsMissing as error:
            left = str(error)
        raise failure(event, f"; {left}")

    def _values(self) -> Iterator[Any]:
        """Return the numbers as the list has them, each with its row's country if there is a column for it."""
        if not self.country_column:
            return iter(self.input_list.values(self.column))
        rows = self.input_list.rows(self.column)
        self.find_country_column()
        return (InCountry.of(row.get(self.column), self.numbers.country(row)) for row in rows)

    def _check(self, spellings: Iterable[Any], batch: CheckBatch, context: Context) -> CheckCounts:
        vendor = self.task.hook.able(ChecksNumbers)
        rules, since = self.numbers.rules, self._reuse_since(context)
        reporter = Reporter(get_store(), batch.name, context, self.task.log)

        async def run() -> CheckCounts:
            async with self._channel() as channel:
                channel.budget = self._budget(batch.count_calls(channel))
                first, interrupted = self.input_list.first, lambda: self.task.killed
                bulk = BulkCheck(vendor, channel, batch, self.task.log, rules, since, first, interrupted, reporter)
                try:
                    return await bulk.run(spellings, channel.endpoint.concurrency, self.input_list.total)
                finally:
                    count_outcomes(CHECKS, self.task.hook, bulk.counts.answers, channel.calls)

        with closing(reporter), heap_spared():
            return asyncio.run(run())

    def _go_on(
        self,
        batch: CheckBatch,
        tally: dict[str, int],
        deadline: float,
        other_forms: bool,
        ends: float | None = None,
    ) -> dict[str, Any]:
        """Wait if there is something to wait for, else write the results.

        :param deadline: end of the wait, a Unix time.
        :param other_forms: absent numbers were asked for again in their other form already.
        :param ends: end of ``execution_timeout``, a Unix time.
        :raises AirflowTaskTimeout: that is over, and answers are pending.
        """
        if not other_forms and time.time() < deadline:
            self._ask_for_other_forms(batch)
        if time.time() < deadline and batch.is_open():
            self._wait(batch, tally, deadline, ends, until=deadline, other_forms=True)
        finished = self._finish(batch, tally)
        if self.deferrable and ends is not None and finished["pending"] and time.time() >= ends:
            raise AirflowTaskTimeout(f"execution_timeout: {finished['pending']:,} numbers are left pending")
        return finished

    def _budget(self, spent: int = 0) -> int | None:
        """Return the number of calls that are left for this part of the list."""
        return None if self.budget is None else max(self.budget // self.input_list.parts - spent, 0)

    def _wait(
        self,
        batch: CheckBatch,
        tally: dict[str, int],
        deadline: float,
        ends: float | None,
        *,
        until: float,
        other_forms: bool,
    ) -> NoReturn:
        vendor = self.task.hook.vendor
        interval = self.poll_interval or (vendor.ask_again_seconds if isinstance(vendor, ChecksAgain) else LOOK_SECONDS)
        state = {
            "batch": batch.name,
            "tally": tally,
            "deadline": deadline,
            "other_forms": other_forms,
            "ends": ends,
        }
        trigger = WaBatchCheckTrigger(
            self.task.wa_conn_id, interval, until, batch=batch.name, carry=state, budget=self._budget()
        )
        timeout = time_left(ends, TRIGGERER_SECONDS)
        self.task.defer(trigger=trigger, method_name="execute_complete", timeout=timeout)

    def _ask_for_other_forms(self, batch: CheckBatch) -> None:
        """Ask again for numbers that a callback called absent, in their country's other form."""
        vendor = self.task.hook.able(ChecksNumbers)
        if next(batch.other_forms(), None) is None:
            return

        async def run() -> None:
            async with self._channel() as channel:
                channel.budget = self._budget(batch.count_calls(channel))
                await batch.ask_for_other_forms(vendor, channel)

        asyncio.run(run())

    def _finish(self, batch: CheckBatch, tally: dict[str, int], *, carried: bool = True) -> dict[str, Any]:
        """Write the results from the store, for the rows that the list has in this try.

        :param carried: the list's carried columns must be in all of them.
        :raises RowsMissing: the store lacks some.
        """
        # Before a file of an earlier run is replaced; this count includes other forms and rows that the list had.
        _refuse_missing(batch, batch.count(), tally)
        results, counts = self._write(batch, self.input_list.first + tally["total"] - 1, carried=carried)
        _refuse_missing(batch, counts.total(), tally)
        answers = {name: counts[name] if name in ANSWERS else count for name, count in tally.items()}
        updated = {**answers, "calls": batch.calls}
        batch.end(updated)
        self.numbers.warn(self.task.log, tally["total"])
        summary = ", ".join(f"{count:,} {name}" for name, count in updated.items())
        self.task.log.info("%s%s", summary, f"; results in {self.output_path}" if self.output_path else "")
        return {
            **updated,
            "output": self.output_path,
            "results": None if self.output_path else results,
            "batch": batch.name,
        }

    def _write(
        self, batch: CheckBatch, last: int | None = None, *, carried: bool = False
    ) -> tuple[list[dict[str, Any]], Counter[str]]:
        """Write the results in the store, up to the list's place ``last`` or all, and count them by status.

        :param carried: raise what kept the list's carried columns from being read, after all results are written.
        """
        counts: Counter[str] = Counter()
        rows = self._carried_rows()
        with results_to(self.output_path, (*COLUMNS, *rows.columns), self.task.spreadsheet_safe) as (write, results):
            for place, result in batch.placed_results(last):
                noted = self.numbers.noted(result, "number")
                write({**noted, **rows.beside(place, result["input"])})
                counts[result["status"]] += 1
        if rows.failure and carried:
            raise rows.failure
        return results, counts

    def _carried_rows(self) -> CarriedRows:
        """Return the list, to be read again in step with the results."""
        try:
            carry, failure = self._carried(), None
        except Exception as error:  # noqa: BLE001 - raised when the results are written
            carry, failure = Carry(), error
        rows = CarriedRows(carry, lambda: self.input_list.rows(self.column), self.column, self.input_list.first)
        rows.failure = failure
        return rows

    def _carried(self) -> Carry:
        """Return the columns of the list that go into the results.

        :raises BadInput: the list does not have the column.
        """
        wanted = names_of("carry", self.carry)
        if not wanted:
            return Carry()
        names, repeated = self.input_list.names(self.column), self.input_list.repeated(self.column)
        return Carry.of(wanted, names, repeated, self.column, COLUMNS)

    @contextmanager
    def _written_on_failure(self, batch: CheckBatch) -> Iterator[None]:
        """Write the results so far if the block fails."""
        try:
            yield
        except RowsMissing:
            raise
        except Exception:
            with suppress(WaError):  # the first error says more
                batch.enter_early_callbacks()
                if self.output_path:
                    self._write(batch)
            raise

    def _batch_name(self, context: Context) -> str:
        run: Any = context
        again = None if self.resume else getattr(run.get("ti"), "try_number", None)
        # By other rules the same list has other numbers.
        rules = (region(self.default_region), self.country_column, self.international_without_plus)
        return batch_name(context, self.task.wa_conn_id, *filter(None, map(_text, (*rules, again))))

    def _batch(self, name: str) -> CheckBatch:
        return CheckBatch(get_store, name, self.task.wa_conn_id)

    def _reuse_since(self, context: Context) -> datetime | None:
        """Return the moment since which stored answers are reused: for a part, by default the start of the run."""
        run: Any = context
        if self.max_age is not None:
            age = self.max_age if isinstance(self.max_age, timedelta) else timedelta(seconds=self.max_age)
            return datetime.now(timezone.utc) - age
        return getattr(run.get("dag_run"), "start_date", None) if self.part is not None else None

    def _channel(self) -> AsyncChannel:
        return self.task.hook.async_channel(concurrency=self.concurrency, rate=self.rate())


def _refuse_missing(batch: CheckBatch, found: int, tally: Mapping[str, int]) -> None:
    """Raise ``RowsMissing`` if there are too few results for the rows of the list."""
    if found < tally["total"] - tally["duplicates"]:
        raise RowsMissing(
            f"batch: the store has {found:,} results and {tally['duplicates']:,} duplicates of a list of "
            f"{tally['total']:,} rows ({batch.name}); expected one for each row: make sure that wa_store_default is "
            "the same for all workers and the triggerer"
        )


def _text(value: Any) -> str:
    return "" if value in (None, "") else str(value)
