# SPDX-License-Identifier: Apache-2.0
"""Checks which numbers are on WhatsApp."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from operator import itemgetter
from typing import Any

from airflow.providers.common.compat.sdk import Context, ObjectStoragePath

from airflow_provider_wa.api.capabilities import ChecksNumbers
from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.numbers import region
from airflow_provider_wa.bulk.checks import COLUMNS, ROW, BulkCheck, Tally
from airflow_provider_wa.bulk.files import read_column
from airflow_provider_wa.operators.base import XCOM_RESULTS, WaOperator, as_list, refuse_over_limit
from airflow_provider_wa.transport.limiter import calls_per_second


class WaBulkCheckOperator(WaOperator):
    """Checks which of many numbers are on WhatsApp, each once, and writes an answer for every one.

    Numbers may be spelt in any common way. What is no phone number and what comes again costs no call. A number whose
    check fails is ``unknown``, with the reason beside it, and never ``absent``. The task fails only on what would stop
    all checks (credentials, quota, a session that is down, a vendor out of reach), after writing what it has.

    Returns ``{"total", "exists", "absent", "pending", "unknown", "invalid", "duplicates", "calls", "output",
    "results"}``. A result is ``{"input", "number", "status", "jid", "checked_at", "detail"}``; ``results`` holds them
    only without ``output_path``, in the order of the numbers, and is None otherwise.

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

    def work(self, context: Context) -> dict[str, Any]:
        if self.concurrency is not None and self.concurrency < 1:
            raise BadInput(f"concurrency: {self.concurrency} is less than 1")
        channel = self.hook.async_channel(concurrency=self.concurrency, rate=calls_per_second(self.rate_limit))
        vendor = self.hook.able(ChecksNumbers)
        default_region = region(self.default_region) or self.hook.settings.default_region
        spellings, total = self._spellings()
        with self.collected(self.output_path, COLUMNS) as (write, results):
            bulk = BulkCheck(vendor, channel, write, self.log, default_region)
            tally = asyncio.run(self._check(bulk, spellings, total))
        ordered = [{name: result[name] for name in COLUMNS} for result in sorted(results, key=itemgetter(ROW))]
        return {**tally.to_dict(), "output": self.output_path, "results": None if self.output_path else ordered}

    async def _check(self, bulk: BulkCheck, spellings: Iterable[Any], total: int | None) -> Tally:
        async with bulk.channel as channel:
            return await bulk.run(spellings, channel.endpoint.concurrency, total)

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
