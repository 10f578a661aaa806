# SPDX-License-Identifier: Apache-2.0
"""Checks which numbers are on WhatsApp."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta, timezone
from itertools import chain
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.providers.common.compat.sdk import Context

from airflow_provider_wa.api.errors import WaError
from airflow_provider_wa.api.numbers import region
from airflow_provider_wa.connections.retry import airflow_errors
from airflow_provider_wa.operators.base import batch_name
from airflow_provider_wa.operators.list_operator import WaListOperator

if TYPE_CHECKING:
    from airflow_provider_wa.bulk.check_results import Batch
    from airflow_provider_wa.bulk.check_run import Tally
    from airflow_provider_wa.operators._run.list_source import ListSource
    from airflow_provider_wa.transport.channel import AsyncChannel

ASK_AGAIN_SECONDS = 25.0
"""How long a vendor is left in peace that is still checking (field-notes, AccuAuth: 20 to 30 s)."""

LOOK_SECONDS = 5.0
"""How often the store is asked whether callbacks have come: all that wait share the question."""


class WaBulkCheckOperator(WaListOperator):
    """Checks which of many numbers are on WhatsApp, each once, and writes an answer for every one.

    Numbers may be spelt in any common way. What is no phone number and what comes again costs no call. A number whose
    check fails is ``unknown``, with the reason beside it, and never ``absent``. The task fails only on what would stop
    all checks (credentials, quota, budget, a session that is down, a vendor or a store out of reach), after writing
    what it has.

    Each answer is stored before the next number is asked for. A retry of the task, or its Clear, goes on where it was:
    what has an answer costs nothing again, but for what was under way when a worker was killed: at most ``concurrency``
    calls. What is ``unknown`` is asked for again.

    Some vendors do not answer at once: CheckWA calls back, AccuAuth answers PENDING for a while. With ``deferrable``
    the numbers are submitted in the worker, their answers awaited in the triggerer, which holds no worker slot, and the
    results written in a worker again. What is still open after ``pending_timeout`` is ``pending``. A number that a
    callback calls absent is asked for again in its country's other form, if there is one; it is ``unknown`` if no time
    is left for that. Without ``deferrable``, what is not answered at once is ``pending``;
    ``WaCallbackSensor(batch=...)`` can wait for it.

    Returns ``{"total", "exists", "absent", "pending", "unknown", "invalid", "duplicates", "reused", "calls", "output",
    "results", "batch"}``. A result is ``{"input", "number", "status", "jid", "checked_at", "detail"}``; ``results``
    holds them only without ``output_path``, in the order of the numbers, and is None otherwise. ``reused`` are the
    answers that ``max_age`` saved a call for, ``calls`` the requests that all tries have made. ``batch`` is the name of
    the rows in the store.

    Beside those of ``WaListOperator`` it takes these arguments; ``concurrency`` is the connection's by default, and the
    parts of a list share the budget.

    :param numbers: the numbers, a list or the XCom that holds one (templated).
    :param max_age: take an answer that an earlier run got over this connection, if it is no older than this: a
        ``timedelta``, or seconds. By default each run asks anew.
    :param budget: how many calls all tries may make; one more fails the task for good. Clear it with a higher budget to
        go on.
    :param resume: go on where an earlier try was. False: each try starts anew, and pays again.
    :param pending_timeout: how many seconds to wait, at most, for answers that do not come at once; an hour by default.
    :param poll_interval: seconds between two looks for them: by default 25 where the vendor is asked again, 5 where it
        calls back.
    """

    items, nothing = "numbers", "there are no numbers to check"
    template_fields: Sequence[str] = (*WaListOperator.template_fields, "numbers")

    def __init__(
        self,
        *,
        numbers: Any = None,
        max_age: timedelta | float | None = None,
        budget: int | None = None,
        resume: bool = True,
        pending_timeout: float = 3600.0,
        poll_interval: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.numbers = numbers
        self.max_age = max_age
        self.budget = budget
        self.resume = resume
        self.pending_timeout = pending_timeout
        self.poll_interval = poll_interval

    def work(self, context: Context) -> dict[str, Any]:
        # All mistakes are found before anything is spent.
        self.refuse_less_than_one("concurrency", "budget")
        source = self.source()
        self.rate(source)
        values = iter(source.values(self.column))
        spellings = chain(self.beginning(values, 1), values)
        self.prove_output()
        batch = self._batch(self._batch_name(context))
        with self._written_on_failure(batch):
            deadline = time.time() + self.pending_timeout
            tally = self._check(spellings, source, batch, self._reuse_since(context)).to_dict()
            batch.settle()
            if self.deferrable and batch.may_need_other_forms():
                # Half of the time is for those that may be called absent, to be asked for again.
                self._wait(batch, tally, deadline, until=(time.time() + deadline) / 2, other_forms=False)
            return self._go_on(batch, tally, deadline if self.deferrable else 0.0, other_forms=False)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Take over from the trigger: wait on, or write the results.

        :raises AirflowFailException: the trigger met what waiting does not mend; the results are written all the same.
        :raises AirflowException: what might pass has not; a retry goes on with what is known.
        """
        carry = dict(event["carry"])
        with airflow_errors():
            batch = self._batch(carry.pop("batch"))
            if event["status"] != "error":
                with self._written_on_failure(batch):
                    return self._go_on(batch, **carry)
            finished = self._finish(batch, carry["tally"])
        from airflow_provider_wa.waiting.trigger import failure

        raise failure(event, f"; {finished['pending']:,} numbers are left pending")

    def _check(self, spellings: Iterable[Any], source: ListSource, batch: Batch, since: datetime | None) -> Tally:
        from airflow_provider_wa.api.capabilities import ChecksNumbers
        from airflow_provider_wa.bulk.check_run import BulkCheck
        from airflow_provider_wa.bulk.workers import heap_spared

        vendor = self.hook.able(ChecksNumbers)
        default_region = self.read_as()

        async def run() -> Tally:
            async with self._channel(source) as channel:
                channel.budget = self._budget(source, batch.count_calls(channel))
                bulk = BulkCheck(vendor, channel, batch, self.log, default_region, since, source.first)
                return await bulk.run(spellings, channel.endpoint.concurrency, source.length)

        with heap_spared():
            return asyncio.run(run())

    def _go_on(self, batch: Batch, tally: dict[str, int], deadline: float, other_forms: bool) -> dict[str, Any]:
        """Wait if there is something to wait for, else write the results.

        :param other_forms: whether the absent ones were asked for under their other form.
        """
        if not other_forms and time.time() < deadline:
            self._ask_for_other_forms(batch)
        if time.time() < deadline and batch.is_open():
            self._wait(batch, tally, deadline, until=deadline, other_forms=True)
        return self._finish(batch, tally)

    def _budget(self, source: ListSource, spent: int = 0) -> int | None:
        """How many calls may be made for this part of the list, beside those that were."""
        return None if self.budget is None else max(self.budget // source.parts - spent, 0)

    def _wait(
        self, batch: Batch, tally: dict[str, int], deadline: float, *, until: float, other_forms: bool
    ) -> NoReturn:
        from airflow_provider_wa.api.capabilities import ChecksAgain
        from airflow_provider_wa.triggers.check import WaBatchCheckTrigger

        again = isinstance(self.hook.vendor, ChecksAgain)
        interval = self.poll_interval or (ASK_AGAIN_SECONDS if again else LOOK_SECONDS)
        carry = {"batch": batch.name, "tally": tally, "deadline": deadline, "other_forms": other_forms}
        budget = self._budget(self.source())
        trigger = WaBatchCheckTrigger(self.wa_conn_id, interval, until, batch=batch.name, carry=carry, budget=budget)
        self.defer(trigger=trigger, method_name="execute_complete")

    def _ask_for_other_forms(self, batch: Batch) -> None:
        """Give those that were called absent a second chance."""
        from airflow_provider_wa.api.capabilities import ChecksNumbers

        vendor = self.hook.able(ChecksNumbers)
        if next(batch.other_forms(), None) is None:
            return

        async def run() -> None:
            source = self.source()
            async with self._channel(source) as channel:
                channel.budget = self._budget(source, batch.count_calls(channel))
                await batch.ask_for_other_forms(vendor, channel)

        asyncio.run(run())

    def _finish(self, batch: Batch, tally: dict[str, int]) -> dict[str, Any]:
        """Write the results from the store, those of the list as it is in this try."""
        from airflow_provider_wa.bulk.check_results import ANSWERS

        source = self.source()
        results, counts = self._write(batch, source.first + tally["total"] - 1)
        answers = {name: counts[name] if name in ANSWERS else count for name, count in tally.items()}
        updated = {**answers, "calls": batch.calls}
        self.log.info("%s", ", ".join(f"{count:,} {name}" for name, count in updated.items()))
        return {
            **updated,
            "output": self.output_path,
            "results": None if self.output_path else results,
            "batch": batch.name,
        }

    def _write(self, batch: Batch, last: int | None = None) -> tuple[list[dict[str, Any]], Counter[str]]:
        """Write what is in the store, up to the list's place ``last`` or all; how many there are of each status."""
        from airflow_provider_wa.bulk.check_results import COLUMNS

        counts: Counter[str] = Counter()
        with self.collected(self.output_path, COLUMNS) as (write, results):
            for result in batch.results(last):
                write(result)
                counts[result["status"]] += 1
        return results, counts

    @contextmanager
    def _written_on_failure(self, batch: Batch) -> Iterator[None]:
        """See to it that what is known is written, whatever goes wrong."""
        try:
            yield
        except Exception:
            with suppress(WaError):  # the first one tells more
                batch.settle()
                if self.output_path:
                    self._write(batch)
            raise

    def _batch_name(self, context: Context) -> str:
        run: Any = context
        read_as = region(self.default_region)
        again = None if self.resume else getattr(run.get("ti"), "try_number", None)
        return batch_name(context, self.wa_conn_id, *filter(None, (read_as, again)))

    def _batch(self, name: str) -> Batch:
        from airflow_provider_wa.bulk.check_results import Batch
        from airflow_provider_wa.connections.store import get_store

        return Batch(get_store, name, self.wa_conn_id)

    def _reuse_since(self, context: Context) -> datetime | None:
        """Since when answers are taken in place of asking; those of the other parts of a list are."""
        run: Any = context
        if self.max_age is not None:
            age = self.max_age if isinstance(self.max_age, timedelta) else timedelta(seconds=self.max_age)
            return datetime.now(timezone.utc) - age
        return getattr(run.get("dag_run"), "start_date", None) if self.part is not None else None

    def _channel(self, source: ListSource) -> AsyncChannel:
        return self.hook.async_channel(concurrency=self.concurrency, rate=self.rate(source))
