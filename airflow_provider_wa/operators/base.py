# SPDX-License-Identifier: Apache-2.0
"""What the operators share: the connection, the output, and which errors Airflow retries."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from airflow.providers.common.compat.sdk import BaseOperator, Context, ObjectStoragePath

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.bulk.files import Write, row_writer
from airflow_provider_wa.hooks.airflow_errors import airflow_errors
from airflow_provider_wa.hooks.base import WaHook

XCOM_RESULTS = 1000
"""How many results go into an XCom; more need a file."""


class WaOperator(BaseOperator):
    """Base of the operators.

    :param wa_conn_id: the connection (templated); its type picks the vendor.
    """

    template_fields: Sequence[str] = ("wa_conn_id",)
    ui_color = "#dcf8c6"

    def __init__(self, *, wa_conn_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.wa_conn_id = wa_conn_id

    def execute(self, context: Context) -> Any:
        """Do the work; errors that must not be retried fail the task at once."""
        with airflow_errors():
            return self.work(context)

    @abstractmethod
    def work(self, context: Context) -> Any:
        """The operator's work. Whatever ``WaError`` it raises is sorted by ``execute``."""

    @cached_property
    def hook(self) -> WaHook:
        """The hook for the connection, by its type."""
        return WaHook.for_connection(self.wa_conn_id)

    @contextmanager
    def collected(
        self, output_path: str | None, columns: Sequence[str]
    ) -> Iterator[tuple[Write, list[dict[str, Any]]]]:
        """Where rows go: to the file, if there is one, else into the list beside it, for the XCom.

        :raises BadInput: the path cannot be written to; more rows than an XCom is to hold.
        """
        results: list[dict[str, Any]] = []
        if output_path:
            with row_writer(ObjectStoragePath(output_path), columns) as write:
                yield write, results
            return

        def keep(row: Any) -> None:
            results.append(dict(row))

        yield keep, results


def as_list(value: Iterable[Any]) -> list[Any]:
    """The items of a list, or of the XComs of a mapped task, which a slice fetches in one call instead of one each."""
    return list(value[:] if isinstance(value, Sequence) else value)


def refuse_over_limit(count: int, what: str) -> None:
    """Raise ``BadInput`` if so many results are too many for an XCom."""
    if count > XCOM_RESULTS:
        raise BadInput(
            f"more than {XCOM_RESULTS:,} {what} are too many for an XCom: give an output_path for the results"
        )
