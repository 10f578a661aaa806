# SPDX-License-Identifier: Apache-2.0
"""AccuAuth's replies as records (vendor-docs/accuauth)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from airflow_provider_wa.api import jids
from airflow_provider_wa.api.json_fields import pick, text, truth
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import CheckResult, CheckStatus
from airflow_provider_wa.vendors.accuauth.tables import NAME


@dataclass(frozen=True, kw_only=True)
class AccuAuthResult(CheckResult):
    """A check's result with the further fields of the advanced check; None where the reply does not have them.

    ``vendor_number`` is the number as the vendor spells it; ``signature`` the account's own status text, set on
    ``status_update``; ``business_user`` whether it is a business; ``avatar`` whether it has a picture.
    """

    vendor_number: str | None = None
    signature: str | None = None
    status_update: date | None = None
    business_user: bool | None = None
    avatar: bool | None = None


def check_result(number: PhoneNumber, reply: dict[str, Any]) -> AccuAuthResult:
    """Return the result for a number; ``pending`` while the vendor is still checking."""
    status, detail, result = CheckStatus.PENDING, "the vendor is still checking", None
    if text(pick(reply, "status")).upper() == "OK":
        result = pick(reply, "result")
        status = CheckStatus.of(truth(pick(result, "whatsapp")))
        detail = "the answer says neither" if status is CheckStatus.UNKNOWN else ""
    return AccuAuthResult(
        vendor=NAME,
        number=number.digits,
        status=status,
        jid=jids.of_person(number.digits) if status is CheckStatus.EXISTS else None,
        detail=detail,
        reference=text(pick(reply, "request_id")) or None,
        vendor_number=text(pick(result, "number")) or None,
        signature=text(pick(result, "signature")) or None,
        status_update=_date(pick(result, "status_update")),
        business_user=truth(pick(result, "business_user")),
        avatar=truth(pick(result, "avatar")),
        raw=reply,
    )


def _date(value: Any) -> date | None:
    """Return a date such as 20231212 or 2023-12-12; None for all else."""
    if not re.fullmatch(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}", text(value)):
        return None
    try:
        return datetime.strptime(text(value).replace("-", ""), "%Y%m%d").date()
    except ValueError:
        return None
