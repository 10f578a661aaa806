# SPDX-License-Identifier: Apache-2.0
"""The operator as its runner sees it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any, NoReturn, Protocol

from airflow_provider_wa.hooks.base import WaHook


class Task(Protocol):
    """The attributes of an operator that all runners use; a notice has them as well."""

    wa_conn_id: str
    retries: int | None
    execution_timeout: timedelta | None
    killed: bool
    spreadsheet_safe: bool
    batch: str | None
    recipient: str | None

    @property
    def hook(self) -> WaHook:
        """The hook for the operator's connection."""

    @property
    def log(self) -> Any:
        """The task's log."""

    @property
    def operator_extra_links(self) -> Collection[Any]:
        """The links to pages."""


class DeferringTask(Task, Protocol):
    """The attributes of an operator with a list, which can wait in the triggerer."""

    def defer(
        self, *, trigger: Any, method_name: str, kwargs: dict[str, Any] | None = None, timeout: timedelta | None = None
    ) -> NoReturn:
        """Wait in the triggerer, then call this method of the operator with ``kwargs``; fail after ``timeout``."""


def hook_for(conn_id: str) -> WaHook:
    """Return the hook for a connection, by the connection's type."""
    return WaHook.for_connection(conn_id)
