# SPDX-License-Identifier: Apache-2.0
"""Who and what an account has: contacts, groups, credit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from airflow.providers.common.compat.sdk import AirflowSkipException, Context

from airflow_provider_wa.api.errors import BadInput, QuotaExceeded
from airflow_provider_wa.operators.base import WaOperator
from airflow_provider_wa.operators.pull import WaPullOperator

if TYPE_CHECKING:
    from airflow_provider_wa.api.records import Contact, Group


class WaPullContactsOperator(WaPullOperator):
    """Pulls the account's contacts: rows of ``{"vendor", "jid", "name"}``.

    Returns ``{"count", "cursor", "output", "items"}``; see ``WaPullOperator``.

    :param wa_conn_id: the connection (templated).
    :param output_path: where to write them, ``.csv`` or ``.jsonl`` (templated).
    """

    columns = ("vendor", "jid", "name")
    key = "jid"

    def pull(self, context: Context) -> list[Contact]:
        return self.hook.contacts()


class WaPullGroupsOperator(WaPullOperator):
    """Pulls the account's groups.

    Rows are ``{"vendor", "jid", "name", "participants", "owner", "topic", "created_at"}``.
    Returns ``{"count", "cursor", "output", "items"}``; see ``WaPullOperator``.

    :param wa_conn_id: the connection (templated).
    :param output_path: where to write them, ``.csv`` or ``.jsonl`` (templated).
    """

    columns = ("vendor", "jid", "name", "participants", "owner", "topic", "created_at")
    key = "jid"

    def pull(self, context: Context) -> list[Group]:
        return self.hook.groups()


class WaBalanceOperator(WaOperator):
    """Asks for the credit left, and fails or skips if it is too little, before a campaign is begun.

    Returns ``{"vendor", "left", "expires_at", "state"}``.

    :param wa_conn_id: the connection (templated).
    :param min_balance: what there must be at least (templated).
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
        least = self._least()
        balance = self.hook.balance()
        self.log.info("%s: %s left, until %s", balance.vendor, balance.left, balance.expires_at)
        if least is not None and (balance.left is None or balance.left < least):
            message = f"{balance.left} left, {least:g} needed"
            if self.on_low == "skip":
                raise AirflowSkipException(message)
            raise QuotaExceeded(message, vendor=balance.vendor)
        return balance.to_dict()

    def _least(self) -> float | None:
        if self.on_low not in ("fail", "skip"):
            raise BadInput(f"on_low: {self.on_low!r} is neither fail nor skip")
        if self.min_balance is None or self.min_balance == "":
            return None
        try:
            return float(self.min_balance)
        except (TypeError, ValueError):
            raise BadInput(f"min_balance: {self.min_balance!r} is no number") from None
