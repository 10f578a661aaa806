# SPDX-License-Identifier: Apache-2.0
"""Checks which numbers are on WhatsApp."""

from __future__ import annotations

import ast
import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain, islice
from operator import itemgetter
from typing import Any, NoReturn

from airflow.providers.common.compat.sdk import Context, ObjectStoragePath, conf

from airflow_provider_wa.api.capabilities import ChecksAgain, ChecksNumbers
from airflow_provider_wa.api.errors import BadInput, WaError
from airflow_provider_wa.api.numbers import region
from airflow_provider_wa.api.records import CheckStatus
from airflow_provider_wa.bulk.batches import Batch
from airflow_provider_wa.bulk.checks import ANSWERS, COLUMNS, ROW, BulkCheck, Tally
from airflow_provider_wa.bulk.files import Row, Write, read_column
from airflow_provider_wa.hooks.airflow_errors import airflow_errors
from airflow_provider_wa.hooks.store import get_store
from airflow_provider_wa.operators.base import XCOM_RESULTS, WaOperator, as_list, batch_name, refuse_over_limit
from airflow_provider_wa.transport.channel import AsyncChannel
from airflow_provider_wa.transport.limiter import calls_per_second

ASK_AGAIN_SECONDS = 25.0
"""How long a vendor is left in peace that is still checking (field-notes, AccuAuth: 20 to 30 s)."""

LOOK_SECONDS = 5.0
"""How often the store is asked whether callbacks have come: all that wait share the question."""


class WaBulkCheckOperator(WaOperator):
    """Checks which of many numbers are on WhatsApp, each once, and writes an answer for every one.

    Numbers may be spelt in any common way. What is no phone number and what comes again costs no call. A number whose
    check fails is ``unknown``, with the reason beside it, and never ``absent``. The task fails only on what would stop
    all checks (credentials, quota, a session that is down, a vendor out of reach), after writing what it has.

    Some vendors do not answer at once: CheckWA calls back, AccuAuth answers PENDING for a while. With ``deferrable``
    the numbers are submitted in the worker, their answers awaited in the triggerer, which holds no worker slot, and the
    results written in a worker again. What is still open after ``pending_timeout`` is ``pending``. A number that a
    callback calls absent is asked for again in its country's other form, if there is one; it is ``unknown`` if no time
    is left for that. Without ``deferrable``, what is not answered at once is ``pending``;
    ``WaCallbackSensor(batch=...)`` can wait for it.

    Returns ``{"total", "exists", "absent", "pending", "unknown", "invalid", "duplicates", "calls", "output", "results",
    "batch"}``. A result is ``{"input", "number", "status", "jid", "checked_at", "detail"}``; ``results`` holds them
    only without ``output_path``, in the order of the numbers, and is None otherwise. ``batch`` is the name of the rows
    in the store: of all with ``deferrable``, of those that are pending without it.

    :param wa_conn_id: the connection (templated); its type picks the vendor.
    :param numbers: the numbers, a list or the XCom that holds one (templated).
    :param input_path: instead of ``numbers``, a CSV or JSON Lines file (``.csv``, ``.jsonl``), as a path or an
        ``ObjectStoragePath`` URI (templated).
    :param column: the column of ``input_path`` that holds the numbers (templated).
    :param output_path: where to write the results, ``.csv`` or ``.jsonl`` (templated). Replaced if it exists.
        Required for more than 1,000 numbers.
    :param concurrency: how many calls at once; the connection's by default.
    :param rate_limit: calls at most, such as ``"10/s"``; the connection's by default.
    :param default_region: country of numbers without + and country code, such as ``"PE"``; the connection's by default
        (templated).
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
        "column",
        "output_path",
        "default_region",
    )

    def __init__(
        self,
        *,
        wa_conn_id: str,
        numbers: Any = None,
        input_path: str | None = None,
        column: str = "phone",
        output_path: str | None = None,
        concurrency: int | None = None,
        rate_limit: str | None = None,
        default_region: str | None = None,
        deferrable: bool | None = None,
        pending_timeout: float = 3600.0,
        poll_interval: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(wa_conn_id=wa_conn_id, **kwargs)
        self.numbers = numbers
        self.input_path = input_path
        self.column = column
        self.output_path = output_path
        self.concurrency = concurrency
        self.rate_limit = rate_limit
        self.default_region = default_region
        self.deferrable = (
            conf.getboolean("operators", "default_deferrable", fallback=False) if deferrable is None else deferrable
        )
        self.pending_timeout = pending_timeout
        self.poll_interval = poll_interval

    def work(self, context: Context) -> dict[str, Any]:
        if self.concurrency is not None and self.concurrency < 1:
            raise BadInput(f"concurrency: {self.concurrency} is less than 1")
        calls_per_second(self.rate_limit)
        spellings, total = self._spellings()
        batch = self._batch(batch_name(context, self.wa_conn_id))
        if not self.deferrable:
            with batch:
                return self._check_at_once(spellings, total, batch)
        with self._written_on_failure(batch):
            deadline = time.time() + self.pending_timeout
            tally = self._check(spellings, total, batch.write, batch.known()).to_dict()
            batch.flush()
            batch.settle()
            if batch.may_need_other_forms():
                # Half of the time is for those that may be called absent, to be asked for again.
                self._wait(batch, tally, deadline, until=(time.time() + deadline) / 2, other_forms=False)
            return self._go_on(batch, tally, deadline, other_forms=False)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Take over from the trigger: wait on, or write the results.

        :raises AirflowFailException: the trigger met what waiting does not mend; the results are written all the same.
        :raises AirflowException: what might pass has not; a retry goes on with what is known.
        """
        carry = dict(event["carry"])
        batch = self._batch(carry.pop("batch"))
        with airflow_errors():
            if event["status"] != "error":
                with self._written_on_failure(batch):
                    return self._go_on(batch, **carry)
            finished = self._finish(batch, carry["tally"])
        from airflow_provider_wa.triggers.base import failure

        raise failure(event, f"; {finished['pending']:,} numbers are left pending")

    def _check(
        self, spellings: Iterable[Any], total: int | None, write: Write, known: dict[int, tuple[str, str]] | None = None
    ) -> Tally:
        vendor = self.hook.able(ChecksNumbers)
        default_region = region(self.default_region) or self.hook.settings.default_region

        async def run() -> Tally:
            async with self._channel() as channel:
                bulk = BulkCheck(vendor, channel, write, self.log, default_region, known or {})
                return await bulk.run(spellings, channel.endpoint.concurrency, total)

        return asyncio.run(run())

    def _check_at_once(self, spellings: Iterable[Any], total: int | None, batch: Batch) -> dict[str, Any]:
        """Check, and write each result as it comes; what is pending is kept in the store for who waits for it."""
        with self.collected(self.output_path, COLUMNS) as (write, results):

            def write_and_keep(result: Row) -> None:
                write(result)
                if result["status"] == CheckStatus.PENDING.value:
                    batch.write(result)

            tally = self._check(spellings, total, write_and_keep)
        batch.flush()
        if tally.statuses[CheckStatus.PENDING.value]:
            batch.settle()
        ordered = [{name: result[name] for name in COLUMNS} for result in sorted(results, key=itemgetter(ROW))]
        return self._returned(tally.to_dict(), ordered, batch)

    def _go_on(self, batch: Batch, tally: dict[str, int], deadline: float, other_forms: bool) -> dict[str, Any]:
        """Wait if there is something to wait for, else write the results.

        :param other_forms: whether the absent ones were asked for under their other form.
        """
        if not other_forms and time.time() < deadline:
            tally = {**tally, "calls": tally["calls"] + self._ask_for_other_forms(batch)}
        if batch.is_open() and time.time() < deadline:
            self._wait(batch, tally, deadline, until=deadline, other_forms=True)
        return self._finish(batch, tally)

    def _wait(
        self, batch: Batch, tally: dict[str, int], deadline: float, *, until: float, other_forms: bool
    ) -> NoReturn:
        from airflow_provider_wa.triggers.check import WaBatchCheckTrigger

        again = isinstance(self.hook.vendor, ChecksAgain)
        interval = self.poll_interval or (ASK_AGAIN_SECONDS if again else LOOK_SECONDS)
        carry = {"batch": batch.name, "tally": tally, "deadline": deadline, "other_forms": other_forms}
        trigger = WaBatchCheckTrigger(self.wa_conn_id, interval, until, batch=batch.name, carry=carry)
        self.defer(trigger=trigger, method_name="execute_complete")

    def _ask_for_other_forms(self, batch: Batch) -> int:
        """Give those that were called absent a second chance; how many calls it took."""
        vendor = self.hook.able(ChecksNumbers)
        if next(batch.other_forms(), None) is None:
            return 0

        async def run() -> int:
            async with self._channel() as channel:
                await batch.ask_for_other_forms(vendor, channel)
                return channel.calls

        return asyncio.run(run())

    def _finish(self, batch: Batch, tally: dict[str, int]) -> dict[str, Any]:
        """Write the results from the store."""
        results, counts = self._write(batch, tally["total"])
        updated = {name: counts[name] if name in ANSWERS else count for name, count in tally.items()}
        self.log.info("%s", ", ".join(f"{count:,} {name}" for name, count in updated.items()))
        return self._returned(updated, results, batch)

    def _write(self, batch: Batch, total: int | None = None) -> tuple[list[dict[str, Any]], Counter[str]]:
        """Write what is in the store, of the list's first ``total`` places or of all; how many there are of each."""
        counts: Counter[str] = Counter()
        with self.collected(self.output_path, COLUMNS) as (write, results):
            for result in batch.results(total):
                write(result)
                counts[result["status"]] += 1
        return results, counts

    @contextmanager
    def _written_on_failure(self, batch: Batch) -> Iterator[None]:
        """See to it that what is known is kept, and written, whatever goes wrong."""
        try:
            with batch:
                yield
        except WaError:
            with suppress(WaError):  # the first one tells more
                batch.settle()
                if self.output_path:
                    self._write(batch)
            raise

    def _returned(self, tally: dict[str, int], results: list[dict[str, Any]], batch: Batch) -> dict[str, Any]:
        return {
            **tally,
            "output": self.output_path,
            "results": None if self.output_path else results,
            "batch": batch.name,
        }

    def _batch(self, name: str) -> Batch:
        return Batch(lambda: get_store().checks, name, self.wa_conn_id)

    def _channel(self) -> AsyncChannel:
        return self.hook.async_channel(concurrency=self.concurrency, rate=calls_per_second(self.rate_limit))

    def _spellings(self) -> tuple[Iterable[Any], int | None]:
        """The numbers as they are given, and how many, where that is known; all mistakes are found here."""
        if (self.numbers is None) == (self.input_path is None):
            raise BadInput("give either numbers or input_path")
        if self.input_path is not None:
            values = read_column(ObjectStoragePath(self.input_path), self.column)
            first = list(islice(values, 1 if self.output_path else XCOM_RESULTS + 1))
            spellings: Iterable[Any] = chain(first, values)
            total = len(first) if len(first) <= XCOM_RESULTS and not self.output_path else None
        else:
            first = self._listed()
            spellings, total = first, len(first)
        if not first:
            raise BadInput("there are no numbers to check" + (f" in {self.input_path}" if self.input_path else ""))
        if not self.output_path:
            refuse_over_limit(len(first), "numbers")
        return spellings, total

    def _listed(self) -> list[Any]:
        numbers = self.numbers
        if isinstance(numbers, str) and numbers.lstrip().startswith("["):
            # What a template makes of an XCom's list, unless the DAG renders native objects.
            try:
                numbers = ast.literal_eval(numbers.strip())
            except (ValueError, SyntaxError):
                raise BadInput("numbers: the text looks like a list, but cannot be read as one") from None
        if isinstance(numbers, (str, int)):
            return [numbers]
        if not isinstance(numbers, Iterable) or isinstance(numbers, (bytes, dict)):
            raise BadInput(f"numbers: expected a list of phone numbers, got {type(numbers).__name__}")
        return as_list(numbers)
