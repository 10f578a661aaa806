# SPDX-License-Identifier: Apache-2.0
"""Base of the runners of the bulk operators: the list, its results, the call rate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, ClassVar, TypeVar

from airflow.providers.common.compat.sdk import Context

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.numbers import NumberRules, region
from airflow_provider_wa.arguments import XCOM_RESULTS, refuse_over_limit
from airflow_provider_wa.bulk.columns import column_named
from airflow_provider_wa.bulk.output_files import prove_writable
from airflow_provider_wa.connections.input_list import InputList
from airflow_provider_wa.links import publish
from airflow_provider_wa.operators._run.list_numbers import InvalidLimit, ListNumbers
from airflow_provider_wa.operators._run.task import DeferringTask
from airflow_provider_wa.paths import open_path
from airflow_provider_wa.transport.limiter import calls_per_second

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class ListRunner:
    """The arguments of ``WaListOperator``, and the parts of the work that both bulk operators share.

    ``items`` is the operator's own argument for a list, ``items_name`` its name. ``takes_jids`` is True
    if an item may be a JID.
    """

    items_name: ClassVar[str]
    takes_jids: ClassVar[bool]

    task: DeferringTask
    items: Any = None
    input_path: str | None = None
    sql: str | None = None
    sql_conn_id: str | None = None
    column: str = "phone"
    part: Any = None
    delimiter: str | None = None
    encoding: str | None = None
    output_path: str | None = None
    concurrency: int | None = None
    rate_limit: str | None = None
    default_region: str | None = None
    country_column: str | None = None
    international_without_plus: bool | None = None
    max_invalid: float | str | None = None
    deferrable: bool = False

    @cached_property
    def input_list(self) -> InputList:
        """The list.

        :raises BadInput: no list is given, or more than one.
        """
        return InputList(
            items=self.items,
            input_path=self.input_path,
            sql=self.sql,
            sql_conn_id=self.sql_conn_id,
            part=self.part,
            delimiter=self.delimiter,
            encoding=self.encoding,
            items_name=self.items_name,
        )

    def rate(self) -> float | None:
        """Return the maximum call rate of this part of the list, in calls a second.

        :raises BadInput: ``rate_limit`` is invalid.
        """
        rate = calls_per_second(self.rate_limit) or self.task.hook.endpoint.rate
        return rate / self.input_list.parts if rate else None

    def region(self) -> str | None:
        """Return the country of numbers without a country code."""
        return region(self.default_region) or self.task.hook.settings.default_region

    @cached_property
    def numbers(self) -> ListNumbers:
        """The numbers of the list, and how they are read.

        :raises BadInput: an argument for that is wrong.
        """
        if self.international_without_plus not in (None, True, False):
            raise BadInput(
                f"international_without_plus: got {self.international_without_plus!r}; expected True or False"
            )
        rules = NumberRules(self.region(), self.international_without_plus)
        return ListNumbers(self.column, self.country_column or None, rules, self.takes_jids)

    def find_country_column(self) -> None:
        """Find the name under which rows have ``country_column``; needed before a row's country is read.

        :raises BadInput: the list does not have the column, or has several of this name.
        """
        if self.numbers.country_column:
            listed = self.input_list
            names, repeated = listed.names(self.column), listed.repeated(self.column)
            self.numbers.country_column = column_named("country_column", self.numbers.country_column, names, repeated)

    def refuse_less_than_one(self, *names: str) -> None:
        """Raise ``BadInput`` if one of these arguments is given and less than 1."""
        for name in names:
            if (value := getattr(self, name)) is not None and value < 1:
                raise BadInput(f"{name}: must be at least 1, got {value}")

    def beginning(self, rows: Iterable[T], count: int) -> list[T]:
        """Return the first rows of the list: up to ``count``, or up to what fits into an XCom without a file.

        :raises BadInput: the list is empty, has more rows than fit into an XCom, or a row that cannot be read.
        """
        first = list(islice(rows, count if self.output_path else XCOM_RESULTS + 1))
        if not first:
            raise BadInput(self._empty())
        if not self.output_path:
            refuse_over_limit(len(first), self.items_name)
        if self.input_path:
            self.input_list.prove(self.column)
        self._judge()
        return first

    def _judge(self) -> None:
        """Find out whether the numbers can be read by the author's rules.

        :raises BadInput: an argument is wrong, or more numbers are invalid than ``max_invalid`` allows.
        """
        self.find_country_column()
        if self.max_invalid not in (None, ""):
            limit = InvalidLimit.of(self.max_invalid)
            rows, first = self.input_list.rows(self.column), self.input_list.first
            self.numbers.refuse_over(limit, rows, first, self.left_out())

    def left_out(self) -> Callable[[Mapping[str, Any]], object] | None:
        """Return a function that is true for rows that a filter leaves out; None without a filter."""
        return None

    def show_campaign(self, batch: str, context: Context) -> None:
        """Show the link to the campaign's page while the task runs."""
        self.task.batch = batch
        publish(self.task, context)

    def prove_output(self) -> None:
        """Make sure that results can be written; results of an earlier run stay as they are.

        :raises BadInput: the path cannot be written to.
        """
        if self.output_path:
            prove_writable(open_path(self.output_path, "output_path"))

    def _empty(self) -> str:
        if self.input_path:
            return f"input_path: there are no rows in {self.input_path}; expected at least one"
        if self.sql:
            return "sql: the query returned no rows; expected at least one"
        return f"{self.items_name}: the list is empty; expected at least one row"
