# SPDX-License-Identifier: Apache-2.0
"""Operators for the account's contacts, groups and credit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from airflow.providers.common.compat.sdk import Context

from airflow_provider_wa.operators.base import WaOperator
from airflow_provider_wa.operators.pull import WaPullOperator


class WaPullContactsOperator(WaPullOperator):
    """Pulls the account's contacts.

    Rows are ``{"vendor", "jid", "name"}``. Returns ``{"count", "cursor", "output", "items"}``; see ``WaPullOperator``.

    :param wa_conn_id: the connection (templated).
    :param output_path: path or URI of the list, ``.csv``, ``.jsonl`` or ``.parquet`` (templated).
    """

    def work(self, context: Context) -> dict[str, Any]:
        from airflow_provider_wa.operators._run import directory

        return directory.contacts(self, output_path=self.output_path)


class WaPullGroupsOperator(WaPullOperator):
    """Pulls the account's groups.

    Rows are ``{"vendor", "jid", "name", "participants", "owner", "topic", "created_at"}``.
    Returns ``{"count", "cursor", "output", "items"}``; see ``WaPullOperator``.

    :param wa_conn_id: the connection (templated).
    :param output_path: path or URI of the list, ``.csv``, ``.jsonl`` or ``.parquet`` (templated).
    """

    def work(self, context: Context) -> dict[str, Any]:
        from airflow_provider_wa.operators._run import directory

        return directory.groups(self, output_path=self.output_path)


class WaBalanceOperator(WaOperator):
    """Asks for the credit left, and fails or skips if it is too little, before a campaign begins.

    Returns ``{"vendor", "left", "expires_at", "state"}``.

    :param wa_conn_id: the connection (templated).
    :param min_balance: minimum credit (templated).
    :param on_low: ``fail`` (for good) or ``skip`` if there is less.
    """

    template_fields: Sequence[str] = ("wa_conn_id", "min_balance")

    def __init__(
        self, *, min_balance: float | str | None = None, on_low: Literal["fail", "skip"] = "fail", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.min_balance = min_balance
        self.on_low = on_low

    def work(self, context: Context) -> dict[str, Any]:
        from airflow_provider_wa.operators._run import directory

        return directory.balance(self, min_balance=self.min_balance, on_low=self.on_low)
