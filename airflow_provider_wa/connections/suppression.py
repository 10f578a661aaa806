# SPDX-License-Identifier: Apache-2.0
"""Suppressions: people who get no messages, by a list of the author's or by their own word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from airflow_provider_wa.api import jids
from airflow_provider_wa.api import numbers as phone_numbers
from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.records import InboxMessage
from airflow_provider_wa.config import read_config
from airflow_provider_wa.connections.store import get_store
from airflow_provider_wa.store.suppressions import OptOutWords

Numbers = Iterable[str | int] | str | int


def suppress(numbers: Numbers, reason: str = "", *, default_region: str | None = None) -> int:
    """Suppress these recipients, on all connections; return the number of those not suppressed before.

    The others keep their first reason. A number of Mexico, Argentina or Brazil stands for both its forms.

    :param numbers: phone numbers in any common spelling, or JIDs; one or many.
    :param default_region: country of numbers without + and country code, for example ``"PE"``.
    :raises BadInput: one of them is neither a phone number nor a JID; none is suppressed then.
    """
    return get_store().suppressions.add(_recipients(numbers, default_region), reason)


def unsuppress(numbers: Numbers, *, default_region: str | None = None) -> int:
    """Unsuppress these recipients, so that they get messages again; return the number of those suppressed before.

    :raises BadInput: one of them is neither a phone number nor a JID; all stay as they are then.
    """
    return get_store().suppressions.remove(_recipients(numbers, default_region))


def suppressed() -> list[dict[str, Any]]:
    """Return all suppressed recipients as ``{"recipient", "reason", "since"}``: digits or a JID, ISO 8601 in UTC."""
    return [
        {"recipient": found.recipient, "reason": found.reason, "since": found.since.isoformat(timespec="seconds")}
        for found in get_store().suppressions.all()
    ]


def refuse_suppressed(recipient: str) -> None:
    """Raise ``BadInput`` if a recipient (digits or a JID) is suppressed."""
    if get_store().suppressions.among([recipient]):
        raise BadInput(f"to: {recipient} is suppressed; call unsuppress() first to send them messages again")


def heed_opt_outs(messages: Sequence[InboxMessage]) -> int:
    """Suppress people who sent one of ``[wa] opt_out_words``; return the number of those not suppressed before."""
    said = [message for message in messages if message.is_message and not jids.is_group(message.sender)]
    reasons = OptOutWords(read_config().opt_out_words).written((message.sender, message.text) for message in said)
    # Where nobody opts out no store is needed: many who pull their inbox have none.
    return get_store().suppressions.put(reasons) if reasons else 0


def _recipients(numbers: Numbers, default_region: str | None) -> list[str]:
    region = phone_numbers.region(default_region)
    listed = [numbers] if isinstance(numbers, (str, int)) else numbers
    return [phone_numbers.recipient(number, region) for number in listed]
