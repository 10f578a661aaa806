# SPDX-License-Identifier: Apache-2.0
"""Contacts, groups and credit: the work of the operators in ``operators.directory``."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import AirflowSkipException

from airflow_provider_wa.api.errors import BadInput, QuotaExceeded
from airflow_provider_wa.api.records import Contact, Group
from airflow_provider_wa.arguments import one_of
from airflow_provider_wa.operators._run.pull import pull
from airflow_provider_wa.operators._run.task import Task


def contacts(task: Task, *, output_path: str | None) -> dict[str, Any]:
    """Pull the account's contacts."""
    return pull(task, task.hook.contacts, Contact, "jid", output_path)


def groups(task: Task, *, output_path: str | None) -> dict[str, Any]:
    """Pull the account's groups."""
    return pull(task, task.hook.groups, Group, "jid", output_path)


def balance(task: Task, *, min_balance: float | str | None, on_low: str) -> dict[str, Any]:
    """Return the credit left, unless it is too low."""
    one_of("on_low", on_low, ("fail", "skip"))
    least = _number("min_balance", min_balance)
    found = task.hook.balance()
    until = f", until {found.expires_at.isoformat(' ', 'seconds')}" if found.expires_at else ""
    left = "unknown" if found.left is None else found.left
    task.log.info("Connection %s: credit left: %s%s", task.wa_conn_id, left, until)
    if least is not None and (found.left is None or found.left < least):
        message = f"{found.left} left, {least:g} needed"
        if on_low == "skip":
            raise AirflowSkipException(message)
        raise QuotaExceeded(message, vendor=found.vendor)
    return found.to_dict()


def _number(name: str, value: float | str | None) -> float | None:
    if value is None or value == "":
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        raise BadInput(f"{name}: not a number: {value!r}; expected for example 100") from None
