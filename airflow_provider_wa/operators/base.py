# SPDX-License-Identifier: Apache-2.0
"""Base of the operators: the connection, and the errors that Airflow does not retry."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator, Context

from airflow_provider_wa.connections.retry import airflow_errors
from airflow_provider_wa.templating import RendersOwnTemplates

if TYPE_CHECKING:
    from airflow_provider_wa.hooks.base import WaHook


class WaOperator(RendersOwnTemplates, BaseOperator):
    """Base of the operators.

    An operator holds arguments; its work is a runner in ``operators/_run/``, which is imported when the task runs: DAG
    files import operators each time that they are parsed.

    :param wa_conn_id: the connection (templated); its type picks the vendor.
    """

    template_fields: Sequence[str] = ("wa_conn_id",)
    ui_color = "#dcf8c6"
    spreadsheet_safe = False
    batch: str | None = None
    """Name of the task's rows in the store; None before it is known."""
    recipient: str | None = None
    """Digits or JID of the recipient; None before they are known."""

    def __init__(self, *, wa_conn_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.wa_conn_id = wa_conn_id
        self.killed = False

    def execute(self, context: Context) -> Any:
        """Do the work; errors that must not be retried fail the task at once."""
        self.killed = False  # with dag.test() one process may run a task more than once
        with airflow_errors():
            return self.work(context)

    def on_kill(self) -> None:
        """End the work: nothing more is begun, and what is under way is finished and stored.

        Airflow calls it when the task was marked failed or cleared while it runs, some seconds before it kills the
        process.
        """
        self.killed = True

    @abstractmethod
    def work(self, context: Context) -> Any:
        """Call the operator's runner. Any ``WaError`` is sorted by ``execute``."""

    @cached_property
    def hook(self) -> WaHook:
        """The hook for the connection, by its type."""
        from airflow_provider_wa.operators._run.task import hook_for

        return hook_for(self.wa_conn_id)
