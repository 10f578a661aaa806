# SPDX-License-Identifier: Apache-2.0
"""Checks which numbers are on WhatsApp."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta, timezone
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from airflow.providers.common.compat.sdk import Context, conf

from airflow_provider_wa.api.errors import BadInput, WaError
from airflow_provider_wa.api.numbers import region
from airflow_provider_wa.hooks.airflow_errors import airflow_errors
from airflow_provider_wa.operators.base import XCOM_RESULTS, WaOperator, batch_name, refuse_over_limit

if TYPE_CHECKING:
    from airflow_provider_wa.bulk.batches import Batch
    from airflow_provider_wa.bulk.checks import Tally
    from airflow_provider_wa.operators.sources import ListSource
    from airflow_provider_wa.transport.channel import AsyncChannel

ASK_AGAIN_SECONDS = 25.0
"""How long a vendor is left in peace that is still checking (field-notes, AccuAuth: 20 to 30 s)."""

LOOK_SECONDS = 5.0
"""How often the store is asked whether callbacks have come: all that wait share the question."""


class WaBulkCheckOperator(WaOperator):
    """Checks which of many numbers are on WhatsApp, each once, and writes an answer for every one.

    Numbers may be spelt in any common way. What is no phone number and what comes again costs no call. A number whose
    check fails is ``unknown``, with the reason beside it, and never ``absent``. The task fails only on what would stop
    all checks (credentials, quota, budget, a session that is down, a vendor or a store out of reach), after writing
    what it has.

    Each answer is stored before the next number is asked for. A retry of the task, or its Clear, goes on where it was:
    what has an answer costs nothing again, but for what was under way when a worker was killed: at most one and a half
    times ``concurrency`` numbers. What is ``unknown`` is asked for again.

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

    :param wa_conn_id: the connection (templated); its type picks the vendor.
    :param numbers: the numbers, a list or the XCom that holds one (templated).
    :param input_path: instead of ``numbers``, a CSV, JSON Lines or Parquet file (``.csv``, ``.jsonl``, ``.parquet``),
        as a path or an ``ObjectStoragePath`` URI (templated).
    :param sql: instead of ``numbers``, a query (templated), over ``sql_conn_id``.
    :param sql_conn_id: any connection to a database that Airflow has a hook for (templated).
    :param column: the column of ``input_path`` or ``sql`` that holds the numbers (templated).
    :param part: which rows of ``input_path`` to check, as ``partition()`` gives them, for ``.expand(part=...)``. The
        rate limit and the budget are shared out between the parts.
    :param output_path: where to write the results, ``.csv``, ``.jsonl`` or ``.parquet`` (templated). Replaced if it
        exists. Required for more than 1,000 numbers.
    :param concurrency: how many calls at once; the connection's by default.
    :param rate_limit: calls at most, such as ``"10/s"``; the connection's by default.
    :param default_region: country of numbers without + and country code, such as ``"PE"``; the connection's by default
        (templated).
    :param max_age: take an answer that an earlier run got over this connection, if it is no older than this: a
        ``timedelta``, or seconds. By default each run asks anew.
    :param budget: how many calls all tries may make; one more fails the task for good. Clear it with a higher budget to
        go on.
    :param resume: go on where an earlier try was. False: each try starts anew, and pays again.
    :param deferrable: wait for answers that do not come at once, in the triggerer. By default as
        ``[operators] default_deferrable``.
    :param pending_timeout: how many seconds to wait for them at most; an hour by default.
    :param poll_interval: seconds between two looks for them: by default 25 where the vendor is asked again, 5 where it
        calls back.
    """

    template_fields: Sequence[str] = (
        "wa_conn_id",
        "numbers",
        "input_path",
        "sql",
        "sql_conn_id",
        "column",
        "part",
        "output_path",
        "default_region",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"sql": "sql"}

    def __init__(
        self,
        *,
        wa_conn_id: str,
        numbers: Any = None,
        input_path: str | None = None,
        sql: str | None = None,
        sql_conn_id: str | None = None,
        column: str = "phone",
        part: Any = None,
        output_path: str | None = None,
        concurrency: int | None = None,
        rate_limit: str | None = None,
        default_region: str | None = None,
        max_age: timedelta | float | None = None,
        budget: int | None = None,
        resume: bool = True,
        deferrable: bool | None = None,
        pending_timeout: float = 3600.0,
        poll_interval: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(wa_conn_id=wa_conn_id, **kwargs)
        self.numbers = numbers
        self.input_path = input_path
        self.sql = sql
        self.sql_conn_id = sql_conn_id
        self.column = column
        self.part = part
        self.output_path = output_path
        self.concurrency = concurrency
        self.rate_limit = rate_limit
        self.default_region = default_region
        self.max_age = max_age
        self.budget = budget
        self.resume = resume
        self.deferrable = (
            conf.getboolean("operators", "default_deferrable", fallback=False) if deferrable is None else deferrable
        )
        self.pending_timeout = pending_timeout
        self.poll_interval = poll_interval

    def work(self, context: Context) -> dict[str, Any]:
        from airflow_provider_wa.bulk.batches import COLUMNS
        from airflow_provider_wa.transport.limiter import calls_per_second

        if self.concurrency is not None and self.concurrency < 1:
            raise BadInput(f"concurrency: {self.concurrency} is less than 1")
        if self.budget is not None and self.budget < 1:
            raise BadInput(f"budget: {self.budget} is less than 1")
        calls_per_second(self.rate_limit)
        source = self._source()
        spellings = self._proved(source)
        with self.collected(self.output_path, COLUMNS):
            pass  # a path that cannot be written to is found before anything is spent
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
        from airflow_provider_wa.triggers.base import failure

        raise failure(event, f"; {finished['pending']:,} numbers are left pending")

    def _check(self, spellings: Iterable[Any], source: ListSource, batch: Batch, since: datetime | None) -> Tally:
        from airflow_provider_wa.api.capabilities import ChecksNumbers
        from airflow_provider_wa.bulk.checks import BulkCheck

        vendor = self.hook.able(ChecksNumbers)
        default_region = region(self.default_region) or self.hook.settings.default_region

        async def run() -> Tally:
            async with self._channel(source) as channel:
                spent = batch.count_calls(channel)
                if self.budget is not None:
                    channel.budget = max(self.budget // source.parts - spent, 0)
                bulk = BulkCheck(vendor, channel, batch, self.log, default_region, since, source.first)
                return await bulk.run(spellings, channel.endpoint.concurrency, source.total)

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

    def _wait(
        self, batch: Batch, tally: dict[str, int], deadline: float, *, until: float, other_forms: bool
    ) -> NoReturn:
        from airflow_provider_wa.api.capabilities import ChecksAgain
        from airflow_provider_wa.triggers.check import WaBatchCheckTrigger

        again = isinstance(self.hook.vendor, ChecksAgain)
        interval = self.poll_interval or (ASK_AGAIN_SECONDS if again else LOOK_SECONDS)
        carry = {"batch": batch.name, "tally": tally, "deadline": deadline, "other_forms": other_forms}
        trigger = WaBatchCheckTrigger(self.wa_conn_id, interval, until, batch=batch.name, carry=carry)
        self.defer(trigger=trigger, method_name="execute_complete")

    def _ask_for_other_forms(self, batch: Batch) -> None:
        """Give those that were called absent a second chance."""
        from airflow_provider_wa.api.capabilities import ChecksNumbers

        vendor = self.hook.able(ChecksNumbers)
        if next(batch.other_forms(), None) is None:
            return

        async def run() -> None:
            source = self._source()
            async with self._channel(source) as channel:
                spent = batch.count_calls(channel)
                if self.budget is not None:
                    channel.budget = max(self.budget // source.parts - spent, 0)
                await batch.ask_for_other_forms(vendor, channel)

        asyncio.run(run())

    def _finish(self, batch: Batch, tally: dict[str, int]) -> dict[str, Any]:
        """Write the results from the store, those of the list as it is in this try."""
        from airflow_provider_wa.bulk.batches import ANSWERS

        source = self._source()
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
        from airflow_provider_wa.bulk.batches import COLUMNS

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
        from airflow_provider_wa.bulk.batches import Batch
        from airflow_provider_wa.hooks.store import get_store

        return Batch(get_store, name, self.wa_conn_id)

    def _reuse_since(self, context: Context) -> datetime | None:
        """Since when answers are taken in place of asking; those of the other parts of a list are."""
        run: Any = context
        if self.max_age is not None:
            age = self.max_age if isinstance(self.max_age, timedelta) else timedelta(seconds=self.max_age)
            return datetime.now(timezone.utc) - age
        return getattr(run.get("dag_run"), "start_date", None) if self.part is not None else None

    def _channel(self, source: ListSource) -> AsyncChannel:
        from airflow_provider_wa.transport.limiter import calls_per_second

        rate = calls_per_second(self.rate_limit) or self.hook.endpoint.rate
        return self.hook.async_channel(concurrency=self.concurrency, rate=rate / source.parts if rate else None)

    def _source(self) -> ListSource:
        from airflow_provider_wa.operators.sources import ListSource

        return ListSource(
            items=self.numbers,
            input_path=self.input_path,
            sql=self.sql,
            sql_conn_id=self.sql_conn_id,
            part=self.part,
            what="numbers",
        )

    def _proved(self, source: ListSource) -> Iterator[Any]:
        """The numbers as they are given; all mistakes are found here."""
        values = iter(source.values(self.column))
        first = list(islice(values, 1 if self.output_path else XCOM_RESULTS + 1))
        if not first:
            raise BadInput("there are no numbers to check" + (f" in {self.input_path}" if self.input_path else ""))
        if not self.output_path:
            refuse_over_limit(len(first), "numbers")
        return chain(first, values)
