# SPDX-License-Identifier: Apache-2.0
"""What the operators share that go through a list: where it comes from, where results go, how fast."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from airflow.providers.common.compat.sdk import ObjectStoragePath, conf

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.numbers import region
from airflow_provider_wa.operators.base import XCOM_RESULTS, WaOperator, refuse_over_limit

if TYPE_CHECKING:
    from airflow_provider_wa.operators._run.list_source import ListSource

T = TypeVar("T")


class WaListOperator(WaOperator):
    """Base of the operators that go through a list: of a subclass's own argument, or one of the following.

    :param input_path: a CSV, JSON Lines or Parquet file (``.csv``, ``.jsonl``, ``.parquet``), as a path or an
        ``ObjectStoragePath`` URI (templated).
    :param sql: a query (templated), over ``sql_conn_id``. Give it an ORDER BY: a retry goes on where the list was.
    :param sql_conn_id: any connection to a database that Airflow has a hook for (templated).
    :param column: the column that holds the number or JID (templated).
    :param part: which rows of ``input_path``, as ``partition()`` gives them, for ``.expand(part=...)``. What limits the
        speed is shared out between the parts.
    :param output_path: where to write the results, ``.csv``, ``.jsonl`` or ``.parquet`` (templated). Replaced if it
        exists. Required for more than 1,000 rows.
    :param concurrency: how many calls at once.
    :param rate_limit: calls at most, such as ``"10/s"``; the connection's by default.
    :param default_region: country of numbers without + and country code, such as ``"PE"``; the connection's by default
        (templated).
    :param deferrable: wait in the triggerer, which holds no worker slot. By default as
        ``[operators] default_deferrable``.
    """

    items: ClassVar[str]
    """The argument that is a list, or the XCom that holds one."""

    nothing: ClassVar[str]
    """What is said of an empty list."""

    template_fields: Sequence[str] = (
        "wa_conn_id",
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
        input_path: str | None = None,
        sql: str | None = None,
        sql_conn_id: str | None = None,
        column: str = "phone",
        part: Any = None,
        output_path: str | None = None,
        concurrency: int | None = None,
        rate_limit: str | None = None,
        default_region: str | None = None,
        deferrable: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.input_path = input_path
        self.sql = sql
        self.sql_conn_id = sql_conn_id
        self.column = column
        self.part = part
        self.output_path = output_path
        self.concurrency = concurrency
        self.rate_limit = rate_limit
        self.default_region = default_region
        self.deferrable = (
            conf.getboolean("operators", "default_deferrable", fallback=False) if deferrable is None else deferrable
        )

    def source(self) -> ListSource:
        """The list.

        :raises BadInput: no list is given, or more than one.
        """
        from airflow_provider_wa.operators._run.list_source import ListSource

        return ListSource(
            items=getattr(self, self.items),
            input_path=self.input_path,
            sql=self.sql,
            sql_conn_id=self.sql_conn_id,
            part=self.part,
            what=self.items,
        )

    def rate(self, source: ListSource) -> float | None:
        """Calls a second at most, of this part of the list.

        :raises BadInput: ``rate_limit`` is no rate.
        """
        from airflow_provider_wa.transport.limiter import calls_per_second

        rate = calls_per_second(self.rate_limit) or self.hook.endpoint.rate
        return rate / source.parts if rate else None

    def read_as(self) -> str | None:
        """The country of numbers that tell none."""
        return region(self.default_region) or self.hook.settings.default_region

    def refuse_less_than_one(self, *names: str) -> None:
        """Raise ``BadInput`` if one of these arguments is given and less than 1."""
        for name in names:
            if (value := getattr(self, name)) is not None and value < 1:
                raise BadInput(f"{name}: {value} is less than 1")

    def beginning(self, rows: Iterable[T], most: int) -> list[T]:
        """The first rows of the list, ``most`` of them at most; as many as an XCom holds if it is to hold the results.

        :raises BadInput: there are none, or more than the XCom is to hold.
        """
        first = list(islice(rows, most if self.output_path else XCOM_RESULTS + 1))
        if not first:
            raise BadInput(self.nothing + (f" in {self.input_path}" if self.input_path else ""))
        if not self.output_path:
            refuse_over_limit(len(first), self.items)
        return first

    def prove_output(self) -> None:
        """See to it that results can be written, and leave those alone that are there.

        :raises BadInput: the path cannot be written to.
        """
        if self.output_path:
            from airflow_provider_wa.bulk.files import prove_writable

            prove_writable(ObjectStoragePath(self.output_path))
