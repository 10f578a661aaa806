# SPDX-License-Identifier: Apache-2.0
"""CheckWA's replies to a check, queued or answered at once (vendor-docs/checkwa; field-notes, CheckWA)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_wa.api import jids
from airflow_provider_wa.api.json_fields import pick, text, truth
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import CheckResult, CheckStatus
from airflow_provider_wa.vendors.checkwa.tables import NAME, QUEUE_FIELDS, SYNC_STATUSES


def check_result(number: PhoneNumber, reference: str, reply: dict[str, Any], *, queued: bool) -> CheckResult:
    """Return the result for a number: ``pending`` with its ``reference`` when it was queued.

    :param queued: the check was submitted to the queue; otherwise the reply's fields decide.
    """
    code, detail = text(pick(reply, "code")), ""
    if queued or not QUEUE_FIELDS.isdisjoint(name.casefold() for name in reply):
        status = CheckStatus.PENDING if code == "1" else CheckStatus.UNKNOWN
        detail = ", ".join(("queued", *_queue_words(reply)))
    else:
        status = SYNC_STATUSES.get(code, CheckStatus.UNKNOWN)
    if status is CheckStatus.UNKNOWN:
        detail = f"the vendor answered code {code}, which it does not document"
    return CheckResult(
        vendor=NAME,
        number=number.digits,
        status=status,
        jid=jids.of_person(number.digits) if status is CheckStatus.EXISTS else None,
        detail=detail,
        reference=reference if status is CheckStatus.PENDING else None,
        raw=reply,
    )


def _queue_words(reply: Mapping[str, Any]) -> list[str]:
    """Return the state of the queue and of its server, in words."""
    waiting, server, ping = (text(pick(reply, name)) for name in ("queue", "server", "server_ping"))
    state = {True: "active", False: "inactive", None: ""}[truth(pick(reply, "server_status"))]
    words = [f"{waiting} in the queue"] if waiting else []
    if server or state:
        words.append(" ".join(part for part in ("server", server, state) if part))
    return [*words, f"last active {ping}"] if ping else words
